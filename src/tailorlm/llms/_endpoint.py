"""One OpenAI-compatible endpoint: its address and key, and what its failures mean to a user."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import suppress

import httpx

from tailorlm.errors import (
    InputError,
    LLMAuthError,
    LLMConnectionError,
    LLMContextError,
    LLMError,
    LLMRateLimitError,
    LLMResponseError,
    nearest,
)
from tailorlm.llms._chat_wire import code_of, is_too_long, note_of, without_echo
from tailorlm.llms._retry import Deadline, TryAgainError
from tailorlm.llms._text import one_line

OPENAI_HOST = "api.openai.com"
OLLAMA_PORT = 11434

_MAX_LISTING = 4 << 20
_LISTING_SECONDS = 5.0
_ADDRESS_HINT = "An address ends in the version, as in http://localhost:11434/v1."


class Endpoint:
    """Where requests go, who they are from, and how their failures read.

    Args:
        base_url: The address, to which "/chat/completions" is added. A user and password in it
            are sent as basic authentication and shown nowhere.
        api_key: The key, or "" to send none.

    Raises:
        InputError: If the address or the key cannot be used.
    """

    def __init__(self, base_url: str, api_key: str) -> None:
        url = _check_url(base_url)
        self.auth = httpx.BasicAuth(url.username, url.password) if url.userinfo else None
        self.url = url.copy_with(userinfo=b"")
        self.key = _check_key(api_key)
        self.host = self.url.netloc.decode("ascii")

    @property
    def headers(self) -> dict[str, str]:
        """Headers of every request; no Authorization where there is no key."""
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if self.key:
            headers["Authorization"] = f"Bearer {self.key}"
        return headers

    @property
    def limit_name(self) -> str:
        """What the endpoint calls the longest completion: OpenAI itself renamed it."""
        return "max_completion_tokens" if self.url.host == OPENAI_HOST else "max_tokens"

    def at(self, path: str) -> httpx.URL:
        """The address of a path under the base."""
        return self.url.copy_with(path=self.url.path.rstrip("/") + path)

    def refusal(
        self, status: int, body: bytes, private: tuple[str, ...], model: str, known: Iterable[str]
    ) -> LLMError:
        """The error that an HTTP status means.

        Args:
            status: The status, outside 200 to 299.
            body: The start of the answer.
            private: Texts that the message must not repeat.
            model: The model that was asked for.
            known: Models the endpoint has; only read for a 404.
        """
        note = without_echo(note_of(body), private)
        says = f" It says: {note}" if note else ""
        if status in (401, 403):
            return self._auth_error(status)
        if status == 404:
            return self._not_found(model, sorted(known))
        if status == 429:
            return LLMRateLimitError(self._rate_limit(body) + says)
        if 300 <= status < 400:
            return LLMResponseError(
                f"{self.host} redirects to another address (HTTP {status}). Set OPENAI_BASE_URL to "
                "the final address."
            )
        if status >= 500 or status in (408, 409):
            return LLMConnectionError(
                f"{self.host} cannot answer at the moment (HTTP {status}). Try again later.{says}"
            )
        if status in (400, 413, 422) and (
            code_of(body) == "context_length_exceeded" or is_too_long(note)
        ):
            return LLMContextError(f"The request is longer than {model!r} reads.{says}")
        return LLMError(f"{self.host} refuses the request (HTTP {status}).{says}")

    def unreachable(self, error: httpx.RequestError, timeout: float) -> LLMError | TryAgainError:
        """The error for a request that got no answer; worth another try if it may not have run."""
        if isinstance(error, httpx.ReadTimeout | httpx.WriteTimeout):
            return LLMConnectionError(
                f"{self.host} did not answer within {round(timeout, 1):g} s. If the model is slow, "
                "raise the timeout; otherwise check that the server is well."
            )
        reason = one_line(str(error), 120) or type(error).__name__
        return TryAgainError(
            LLMConnectionError(f"{self.host} cannot be reached ({reason}). {self._how_to_reach()}")
        )

    def unfinished(self, deadline: Deadline) -> LLMError:
        """The error for an answer that goes on past the deadline."""
        return LLMConnectionError(
            f"{self.host} did not finish its answer within {deadline.seconds:g} s. Ask for a "
            "shorter answer (max_tokens) or raise the deadline."
        )

    def list_models(self, client: httpx.Client, deadline: Deadline) -> list[str]:
        """The endpoint's models, or none where it does not tell quickly."""
        seconds = min(_LISTING_SECONDS, deadline.remaining)
        listing = Deadline.after(seconds)
        with suppress(httpx.HTTPError, ValueError, RecursionError, TypeError, KeyError):
            data = bytearray()
            timeout = httpx.Timeout(max(seconds, 0.01))
            with client.stream("GET", self.at("/models"), timeout=timeout) as response:
                for chunk in response.iter_bytes():
                    data += chunk
                    if len(data) > _MAX_LISTING or listing.remaining <= 0:
                        return []
            return list(_model_ids(json.loads(data)["data"]))
        return []

    def _auth_error(self, status: int) -> LLMAuthError:
        if self.auth:
            given = "the user and password in its address"
        elif self.key:
            given = "the API key"
        else:
            return LLMAuthError(
                f"{self.host} wants an API key (HTTP {status}) and none is set. Set OPENAI_API_KEY."
            )
        return LLMAuthError(
            f"{self.host} refuses {given} (HTTP {status}). Check that OPENAI_API_KEY belongs to "
            "this endpoint and may use this model."
        )

    def _not_found(self, model: str, known: list[str]) -> LLMError:
        shown = one_line(model, 80)
        near = nearest(model, known)
        if model in known or not known:
            hint = f"Check the model's name and the address. {_ADDRESS_HINT}"
        elif near:
            hint = f"Did you mean {one_line(near, 80)!r}?"
        else:
            hint = "It has: " + ", ".join(one_line(name, 60) for name in known[:8])
            hint += ", ..." if len(known) > 8 else "."
        if self.url.port == OLLAMA_PORT and model not in known:
            hint += f" To download it: ollama pull {shown}"
        return LLMError(f"{self.host} has no model {shown!r} (HTTP 404). {hint}")

    def _rate_limit(self, body: bytes) -> str:
        if code_of(body) == "insufficient_quota":
            return f"The quota of this key at {self.host} is used up. Check the plan and billing."
        return (
            f"{self.host} still refuses because of too many requests (HTTP 429). Wait a minute, "
            "or ask for fewer candidates."
        )

    def _how_to_reach(self) -> str:
        if self.url.host == OPENAI_HOST:
            return (
                "Check the network connection, or set OPENAI_BASE_URL to an endpoint of your own."
            )
        start = "Start the server"
        if self.url.port == OLLAMA_PORT:
            start = "Start Ollama (ollama serve)"
        return f"{start}, or set OPENAI_BASE_URL to the address of one that runs."


def _check_url(text: str) -> httpx.URL:
    try:
        url = httpx.URL(text.strip())
    except (httpx.InvalidURL, UnicodeError):
        raise InputError(f"The endpoint's address is not a URL. {_ADDRESS_HINT}") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise InputError(
            f"The endpoint's address must start with http:// or https://. {_ADDRESS_HINT}"
        )
    return url.copy_with(fragment=None)


def _check_key(text: str) -> str:
    key = text.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InputError(
            "The API key holds blanks or characters that no key has. Copy it again; it is not "
            "shown here."
        )
    return key


def _model_ids(entries: Iterable[object]) -> Iterator[str]:
    for entry in entries:
        name = entry.get("id") if isinstance(entry, dict) else None
        if isinstance(name, str) and name:
            yield name
