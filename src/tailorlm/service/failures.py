"""What goes wrong, as OpenAI's error objects with the right status."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tailorlm.errors import (
    IdempotencyError,
    InputError,
    LLMAuthError,
    LLMConnectionError,
    LLMError,
    LLMRateLimitError,
    MissingExtraError,
    NotFoundError,
    StoreError,
    TailorError,
)

_KINDS = {400: "invalid_request_error", 401: "authentication_error", 403: "permission_error",
          404: "not_found_error", 409: "conflict_error", 413: "invalid_request_error",
          415: "invalid_request_error", 429: "rate_limit_error"}  # fmt: skip
_STATUSES: tuple[tuple[type[TailorError], int], ...] = (
    (NotFoundError, 404),
    (IdempotencyError, 409),
    (InputError, 400),
    (LLMRateLimitError, 429),
    (LLMAuthError, 502),
    (LLMConnectionError, 502),
    (LLMError, 502),
    (MissingExtraError, 501),
    (StoreError, 503),
)


class ServiceError(Exception):
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        message: What was given, why it fails, what to do.
        code: A word for programs, or None.
        param: The field at fault, or None.
        headers: Further headers of the answer, such as Retry-After.
        error: A whole error object, passed on as it came from upstream.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
        error: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.headers = dict(headers or {})
        self.error: dict[str, Any] = dict(error or {}) or {
            "message": message,
            "type": _KINDS.get(status, "server_error"),
            "param": param,
            "code": code,
        }

    @property
    def body(self) -> dict[str, Any]:
        """The answer: an object with the one key "error"."""
        return {"error": self.error}


def as_service_error(error: TailorError) -> ServiceError:
    """The answer that an error of tailorlm is given."""
    status = next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)
    return ServiceError(status, str(error), code=_code(error))


def _code(error: TailorError) -> str:
    """The error's class as a word: UnknownNameError is "unknown_name"."""
    name = type(error).__name__.removesuffix("Error")
    return "".join(f"_{c.lower()}" if c.isupper() and i else c.lower() for i, c in enumerate(name))
