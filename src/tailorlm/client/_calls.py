"""What both clients share: how each call is sent and what its answer is read as."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, BinaryIO, Generic, Literal, TypeVar

from tailorlm.errors import (
    FeedbackError,
    GatewayError,
    IdempotencyError,
    InputError,
    LLMAuthError,
    LLMConnectionError,
    LLMContextError,
    LLMError,
    LLMRateLimitError,
    LLMResponseError,
    NotFoundError,
    StoreError,
    TailorError,
)
from tailorlm.types import Belief, Message, Profile
from tailorlm.writing.documents import SUFFIXES, kind_of_file

Result = TypeVar("Result")
Json = dict[str, Any]

RETRIED = frozenset({429, 503})
"""Statuses after which a call is made again."""
LONGEST_WAIT = 60.0
"""Seconds that a Retry-After may ask for; longer ones are not waited for."""
PIECE = 1 << 16
_CODES: Mapping[str, type[TailorError]] = {
    "input": InputError,
    "feedback": FeedbackError,
    "not_found": NotFoundError,
    "idempotency": IdempotencyError,
    "store": StoreError,
    "llm": LLMError,
    "llm_auth": LLMAuthError,
    "llm_connection": LLMConnectionError,
    "llm_context": LLMContextError,
    "llm_rate_limit": LLMRateLimitError,
    "llm_response": LLMResponseError,
}
_STATUSES: Mapping[int, type[TailorError]] = {
    400: InputError, 404: NotFoundError, 409: IdempotencyError, 413: InputError, 415: InputError,
    502: LLMError, 503: StoreError, 504: LLMConnectionError,
}  # fmt: skip
_MEDIA = {
    "text": "text/plain",
    "mail": "message/rfc822",
    "mbox": "application/mbox",
    "jsonl": "application/jsonl",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer of a turn.

    Attributes:
        position: Its place in the turn, counted from 0.
        text: What it says.
        llm: What wrote it.
        method: What planned it.
        purpose: "best", "explore" or "generic".
        tags: Tags it draws on.
        rules: Rules it follows.
        left_out: What did not fit the budget.
    """

    position: int
    text: str
    llm: str
    method: str
    purpose: str
    tags: tuple[str, ...]
    rules: tuple[str, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ShownTurn:
    """A query with its answers, in the order shown.

    Attributes:
        id: To give feedback with.
        user: Whose turn it is.
        query: What was asked.
        answers: The answers.
        best: Position of the answer thought best.
        certainty: How sure the method is that asking would not improve it.
        notice: What people must be told, such as that the demo writer answers; "" for nothing.
    """

    id: str
    user: str
    query: str
    answers: tuple[Answer, ...]
    best: int
    certainty: float | None
    notice: str

    @property
    def text(self) -> str:
        """The answer thought best."""
        return self.answers[self.best].text


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The same query, answered for anybody and for one user."""

    generic: Answer
    personal: Answer


@dataclass(frozen=True, slots=True)
class Receipt:
    """Feedback that is durable.

    Attributes:
        event: Its id.
        position: Its place in the user's log.
        key: Its idempotency key.
        learned: Whether the method learns from this kind.
    """

    event: str
    position: int
    key: str
    learned: bool


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a user's log.

    Attributes:
        event: Its id.
        position: Its place in the log, counted from 1.
        time: When it was accepted, in seconds since 1970-01-01 UTC.
        key: Its idempotency key.
        kind: "turn", "ranking", "pick", ...
        turn: The turn it is, or is about, if any.
        payload: What was asked or given.
    """

    event: str
    position: int
    time: float
    key: str
    kind: str
    turn: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A text of an upload that was not taken: which one, and why."""

    where: str
    why: str


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of an upload.

    Attributes:
        taken: Texts that are durable now and were not before.
        known: Texts that were there already.
        left_out: Texts that were not taken, the first hundred.
        left_out_count: All of those.
    """

    taken: int
    known: int
    left_out: tuple[LeftOut, ...]
    left_out_count: int


@dataclass(frozen=True, slots=True)
class UserRow:
    """One user of the app, with the number of events and the time of the newest."""

    user: str
    events: int
    last_time: float | None


@dataclass(frozen=True, slots=True)
class Call(Generic[Result]):
    """A request and how its answer is read.

    Attributes:
        method: HTTP method.
        path: Below /tailor/v1.
        read: Makes the result of the answer's text.
        query: Query parameters.
        body: The JSON body, or None.
        file: A file that is the body, or None.
        headers: Further headers.
    """

    method: str
    path: str
    read: Callable[[str], Result]
    query: Mapping[str, str | int] = field(default_factory=dict)
    body: Json | None = None
    file: Path | bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def data(self) -> bytes | None:
        """The body where it is bytes already."""
        return self.file if isinstance(self.file, bytes) else None


def opened(file: Path | bytes | None) -> AbstractContextManager[BinaryIO | None]:
    """The file of a call for one attempt, closed however that ends; None where nothing is opened.

    Raises:
        InputError: If it cannot be read.
    """
    if not isinstance(file, Path):
        return nullcontext()
    try:
        return file.open("rb")
    except OSError as error:
        raise InputError(f"The file {file} cannot be read: {error.strerror}.") from None


def ask(
    user: str, query: str, n: int | Literal["auto"], history: Iterable[Message], model: str
) -> Call[ShownTurn]:
    """See `Client.ask`."""
    return Call("POST", "/ask", lambda text: _turn(user, json.loads(text)),
                body=_asked(user, query, history, model) | {"n": n})  # fmt: skip


def what_if(user: str, query: str, history: Iterable[Message], model: str) -> Call[WhatIf]:
    """See `Client.what_if`."""

    def read(text: str) -> WhatIf:
        both = json.loads(text)
        return WhatIf(_answer(both["generic"]), _answer(both["personal"]))

    return Call("POST", "/what-if", read, body=_asked(user, query, history, model))


def give(user: str, feedback: Json, key: str | None) -> Call[Receipt]:
    """Feedback under a key, which a call made again has as well."""
    return Call(
        "POST",
        "/feedback",
        lambda text: Receipt(**_known_fields(Receipt, json.loads(text))),
        body={"user": user, "feedback": feedback},
        headers={"Idempotency-Key": key or uuid.uuid4().hex},
    )


def order_of(order: Sequence[int | Sequence[int]]) -> list[int | list[int]]:
    """An order as JSON."""
    return [place if isinstance(place, int) else list(place) for place in order]


def upload(user: str, file: str | Path | bytes, title: str | None, kind: str) -> Call[Uploaded]:
    """See `Client.upload`.

    Raises:
        InputError: If it cannot be told what the file holds.
    """
    name = "" if isinstance(file, bytes) else Path(file).name
    found = kind or kind_of_file(name) or ("text" if isinstance(file, bytes) else None)
    if found not in _MEDIA:
        raise InputError(
            f"It cannot be told what {name or 'the bytes'!r} holds. Give kind= as one of "
            f"{', '.join(_MEDIA)}, or name the file with one of {', '.join(SUFFIXES)}."
        )

    def read(text: str) -> Uploaded:
        done = json.loads(text)
        left_out = tuple(LeftOut(**one) for one in done["left_out"])
        return Uploaded(done["taken"], done["known"], left_out, done["left_out_count"])

    return Call(
        "POST",
        "/documents",
        read,
        query={"user": user, "title": (name if title is None else title)[:200]},
        file=file if isinstance(file, bytes) else Path(file),
        headers={"Content-Type": _MEDIA[found]},
    )


def profile(user: str, method: str) -> Call[Profile]:
    """See `Client.profile`."""

    def read(text: str) -> Profile:
        found = json.loads(text)
        beliefs = tuple(Belief(**_known_fields(Belief, row)) for row in found.pop("beliefs"))
        return Profile(**_known_fields(Profile, found), beliefs=beliefs)

    return Call("GET", "/profile", read, query={"user": user, "method": method})


def history(user: str, after: int, limit: int) -> Call[tuple[list[Entry], int | None]]:
    """A part of the log, and where the next begins; None at the end."""

    def read(text: str) -> tuple[list[Entry], int | None]:
        found = json.loads(text)
        return [Entry(**_known_fields(Entry, row)) for row in found["events"]], found["next_after"]

    return Call("GET", "/history", read, query={"user": user, "after": after, "limit": limit})


def export(user: str) -> Call[str]:
    """See `Client.export`."""
    return Call("GET", "/export", lambda text: text, query={"user": user})


def erase(user: str) -> Call[int]:
    """See `Client.erase`."""

    def read(text: str) -> int:
        return int(json.loads(text)["events"])

    return Call("POST", "/erase", read, body={"user": user, "confirm": user})


def users() -> Call[list[UserRow]]:
    """See `Client.users`."""
    return Call("GET", "/users", lambda text: [UserRow(**row) for row in json.loads(text)["users"]])


def error_of(status: int, text: str) -> TailorError:
    """The error that an answer stands for; without an error object, one that names the status."""
    try:
        found = json.loads(text)["error"]
        message, code = str(found["message"]), str(found.get("code"))
    except (ValueError, TypeError, KeyError, AttributeError):
        message, code = f"The gateway answered with {status} and no reason.", ""
    kind = _CODES.get(code) or _STATUSES.get(status)
    return GatewayError(message, status, code) if kind is None else kind(message)


def wait_for(attempt: int, retry_after: str | None) -> float | None:
    """Seconds to wait before a call is made again; None where that is too long.

    Args:
        attempt: How often it was made, from 1.
        retry_after: The header of the answer, in seconds; other forms count as none.
    """
    if retry_after and retry_after.strip().isdigit():
        asked = float(retry_after)
        return asked if asked <= LONGEST_WAIT else None
    return float(min(0.5 * 2 ** (attempt - 1), 8.0))


def _asked(user: str, query: str, history: Iterable[Message], model: str) -> Json:
    said = [{"role": message.role, "content": message.content} for message in history]
    return {"user": user, "query": query, "history": said, "model": model}


def _answer(row: Json) -> Answer:
    listed = {name: tuple(row[name]) for name in ("tags", "rules", "left_out")}
    return Answer(**{**_known_fields(Answer, row), **listed})


def _turn(user: str, row: Json) -> ShownTurn:
    answers = tuple(_answer(one) for one in row["candidates"])
    return ShownTurn(row["turn"], user, row["query"], answers, row["best"], row["certainty"],
                     row["notice"])  # fmt: skip


def _known_fields(kind: type[Any], row: Json) -> Json:
    """What of an answer this version knows; a newer gateway may say more."""
    known = {field.name for field in fields(kind)}
    return {name: value for name, value in row.items() if name in known}
