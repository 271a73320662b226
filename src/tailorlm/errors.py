"""Everything tailorlm raises on purpose.

Each message says what was given, why it fails and what to do next; the command line prints it
as one line and exits with the class's ``exit_code``. Below that line it prints the form of a file
that a `FormatError` is about.

```
TailorError
├── InputError             the caller's value cannot be used
│   ├── UnknownNameError   no such method, LLM, encoder, tag ... (carries near names)
│   ├── FormatError        a file that does not follow its form (carries the form)
│   ├── FeedbackError      feedback that does not fit its turn, or that a method refuses
│   └── TagLibraryError    a tag library that is malformed
├── NotFoundError          the store has no such user or turn
├── MissingExtraError      an optional part is not installed (names the pip command)
├── StoreError             the database cannot be used
│   ├── StoreVersionError  written by a newer tailorlm
│   ├── StoreCorruptError  not a tailorlm database, or damaged
│   └── IdempotencyError   one key, two different contents
├── StateError             learned state that cannot be read (rebuild it from the log)
├── EncoderError           the encoder's data is missing or damaged
├── TrainingError          training cannot go on (names what is kept)
├── GatewayError           a gateway cannot be reached, or refuses a call
└── LLMError               a completion failed
    ├── LLMConnectionError the endpoint cannot be reached, or timed out
    ├── LLMAuthError       the endpoint refuses the key
    ├── LLMRateLimitError  still refused after all retries
    ├── LLMResponseError   there is no answer to this request: it is malformed or was cut off
    │   └── LLMContextError    the request is longer than the model reads (an InputError as well)
    └── ScriptExhaustedError  a scripted LLM was asked once too often
```
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TailorError(Exception):
    """Base of all errors raised on purpose."""

    exit_code = 1


class InputError(TailorError):
    """A value given by the caller cannot be used."""

    exit_code = 2


class UnknownNameError(InputError):
    """A name that nothing answers to.

    Args:
        kind: What was looked up, in words ("method", "LLM", "tag").
        name: The name given.
        known: The names that exist.
        hint: What to do, appended to the message.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], hint: str = "") -> None:
        self.kind = kind
        self.name = name
        self.known = sorted(known)
        near = nearest(name, self.known)
        parts = [f"There is no {kind} named {name[:80]!r}."]
        if near:
            parts.append(f"Did you mean {near!r}?")
        elif self.known:
            listing = ", ".join(self.known[:12]) + (", ..." if len(self.known) > 12 else "")
            parts.append(f"Known: {listing}.")
        if hint:
            parts.append(hint)
        super().__init__(" ".join(parts))


class FormatError(InputError):
    """A file that is not written as it should be.

    Args:
        problem: What is wrong, and where.
        form: How such a file is written, with an example, on several lines.
    """

    def __init__(self, problem: str, form: str) -> None:
        self.problem = problem
        self.form = form
        super().__init__(f"{problem}\n\n{form}")


class FeedbackError(InputError):
    """Feedback that does not fit its turn or that the method does not accept."""


class TagLibraryError(InputError):
    """A tag library with a duplicate, empty or contradictory entry."""


class NotFoundError(TailorError):
    """The store has no such user or turn."""

    exit_code = 2


class MissingExtraError(TailorError):
    """An optional dependency is not installed.

    Args:
        what: The part that needs it.
        extra: The pip extra that brings it.
    """

    def __init__(self, what: str, extra: str) -> None:
        self.extra = extra
        super().__init__(
            f"{what} needs packages that are not installed. Run: pip install 'tailorlm[{extra}]'"
        )


class StoreError(TailorError):
    """The database cannot be opened, read or written."""


class StoreVersionError(StoreError):
    """The database was written by a newer tailorlm."""


class StoreCorruptError(StoreError):
    """The file is damaged or is no tailorlm database."""


class IdempotencyError(StoreError):
    """One idempotency key was used for two different contents."""


class StateError(TailorError):
    """Learned state that cannot be read; it can always be rebuilt from the log."""


class EncoderError(TailorError):
    """An encoder's data is missing or damaged."""


class TrainingError(TailorError):
    """A model cannot be trained any further."""


class GatewayError(TailorError):
    """A gateway cannot be reached, or refuses a call for a reason that no other error names.

    Args:
        message: What it said.
        status: The HTTP status, or None where no answer came.
        code: The gateway's word for it, or "".
    """

    def __init__(self, message: str, status: int | None = None, code: str = "") -> None:
        self.status = status
        self.code = code
        super().__init__(message)


class LLMError(TailorError):
    """A completion failed."""


class LLMConnectionError(LLMError):
    """The endpoint cannot be reached or did not answer in time."""


class LLMAuthError(LLMError):
    """The endpoint refuses the API key."""


class LLMRateLimitError(LLMError):
    """The endpoint still refuses after all retries."""


class LLMResponseError(LLMError):
    """The endpoint's answer is malformed or was cut off; another request may be answered."""


class LLMContextError(LLMResponseError, InputError):
    """The request is longer than the model reads; a shorter one may be answered."""


class ScriptExhaustedError(LLMError):
    """A scripted LLM was asked for more completions than its script holds."""


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name closest in spelling to `name`, ignoring case, or None when none is close."""
    by_folded = {item.casefold(): item for item in known}
    found = difflib.get_close_matches(name.casefold()[:200], by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None
