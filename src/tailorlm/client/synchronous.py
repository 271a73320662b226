"""The client that waits for its answers."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Literal, TypeVar

import httpx

from tailorlm.client import _calls as calls
from tailorlm.client._calls import (
    PIECE,
    RETRIED,
    Call,
    Entry,
    Receipt,
    ShownTurn,
    Uploaded,
    UserRow,
    WhatIf,
)
from tailorlm.errors import GatewayError
from tailorlm.types import Message, Profile

Result = TypeVar("Result")


class Client:
    """Talks to a gateway.

    Calls raise the errors of `tailorlm.errors`: `InputError` for what cannot be used,
    `NotFoundError` for unknown users and turns, `LLMError` if no answer came, `GatewayError` for
    the rest. A call that meets 429 or 503 is made again after the time that the gateway asks for;
    feedback carries a key, so that it counts once.

    Args:
        url: Where the gateway is, such as "http://127.0.0.1:8600".
        key: An API key; "" without one.
        timeout: Seconds to wait for an answer.
        retries: How often a call is made again.
    """

    def __init__(
        self,
        url: str = "http://127.0.0.1:8600",
        *,
        key: str = "",
        timeout: float = 120.0,
        retries: int = 2,
    ) -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/tailor/v1", headers=headers, timeout=timeout
        )
        self._retries = retries

    def ask(
        self,
        user: str,
        query: str,
        *,
        n: int | Literal["auto"] = "auto",
        history: Iterable[Message] = (),
        model: str = "",
    ) -> ShownTurn:
        """Ask, with one or several answers.

        Args:
            user: Id of the user; "" for the one user of a key.
            query: What is asked.
            n: How many answers; "auto" is several while ranking them is worth the effort.
            history: Earlier messages of the conversation.
            model: The model, or "METHOD:MODEL"; "" for the gateway's own.
        """
        return self._call(calls.ask(user, query, n, history, model))

    def what_if(
        self, user: str, query: str, *, history: Iterable[Message] = (), model: str = ""
    ) -> WhatIf:
        """The answers that anybody and that this user would get; nothing is recorded."""
        return self._call(calls.what_if(user, query, history, model))

    def rank(
        self,
        turn: ShownTurn,
        order: Sequence[int | Sequence[int]],
        *,
        partial: bool = False,
        key: str | None = None,
    ) -> Receipt:
        """Order a turn's answers by position, best first; a nested sequence is a tie."""
        given = {"kind": "ranking", "turn": turn.id, "order": calls.order_of(order),
                 "partial": partial}  # fmt: skip
        return self._call(calls.give(turn.user, given, key))

    def pick(self, turn: ShownTurn, position: int, *, key: str | None = None) -> Receipt:
        """Choose one answer over all others."""
        given = {"kind": "pick", "turn": turn.id, "candidate": position}
        return self._call(calls.give(turn.user, given, key))

    def edit(self, turn: ShownTurn, position: int, text: str, *, key: str | None = None) -> Receipt:
        """Give an answer as the user would have it."""
        given = {"kind": "edit", "turn": turn.id, "candidate": position, "text": text}
        return self._call(calls.give(turn.user, given, key))

    def rate(
        self, turn: ShownTurn, position: int, score: float, *, key: str | None = None
    ) -> Receipt:
        """Score an answer from 1 to 5."""
        given = {"kind": "rating", "turn": turn.id, "candidate": position, "score": score}
        return self._call(calls.give(turn.user, given, key))

    def say(self, user: str, text: str, *, key: str | None = None) -> Receipt:
        """Say how the user wants to be answered, or something about them."""
        return self._call(calls.give(user, {"kind": "statement", "text": text}, key))

    def describe(self, user: str, name: str, value: str, *, key: str | None = None) -> Receipt:
        """Give a fact about the user."""
        given = {"kind": "attribute", "name": name, "value": value}
        return self._call(calls.give(user, given, key))

    def write(self, user: str, text: str, title: str = "", *, key: str | None = None) -> Receipt:
        """Give a text that the user wrote."""
        given = {"kind": "document", "text": text, "title": title}
        return self._call(calls.give(user, given, key))

    def correct(
        self,
        user: str,
        kind: str,
        name: str,
        action: Literal["lock", "set", "forget", "release"],
        value: Literal["", "liked", "disliked"] = "",
        *,
        key: str | None = None,
    ) -> Receipt:
        """Lock, set or forget a belief of the profile, or take that back; see `Correction`."""
        given = {"kind": "correction", "of": kind, "name": name, "action": action,
                 "value": value}  # fmt: skip
        return self._call(calls.give(user, given, key))

    def upload(
        self, user: str, file: str | Path | bytes, *, title: str | None = None, kind: str = ""
    ) -> Uploaded:
        """Give a file of texts that the user wrote; each counts once, however often it is sent.

        Args:
            user: Id of the user.
            file: Its path, or what it holds.
            title: Title of a single text; None takes the file's name.
            kind: "text", "mail", "mbox" or "jsonl"; "" tells it by the name's ending.
        """
        return self._call(calls.upload(user, file, title, kind))

    def profile(self, user: str, *, method: str = "") -> Profile:
        """What is believed about a user, by the gateway's method or another."""
        return self._call(calls.profile(user, method))

    def history(self, user: str, *, after: int = 0, page: int = 100) -> Iterator[Entry]:
        """Everything a user asked and gave, oldest first; read page by page while it is iterated.

        Args:
            user: Id of the user.
            after: Position to start behind.
            page: Entries of one call, 1 to 500.
        """
        start: int | None = after
        while start is not None:
            entries, start = self._call(calls.history(user, start, page))
            yield from entries

    def export(self, user: str) -> str:
        """Everything about a user as JSON Lines, as `tailorlm import` reads it."""
        return self._call(calls.export(user))

    def erase(self, user: str) -> int:
        """Remove everything about a user for good; returns how many entries that were."""
        return self._call(calls.erase(user))

    def users(self) -> list[UserRow]:
        """The users of the app."""
        return self._call(calls.users())

    def close(self) -> None:
        """Release the connections."""
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _call(self, call: Call[Result]) -> Result:
        """Send a call, again where the gateway asks to wait, and read its answer."""
        attempt = 0
        while True:
            attempt += 1
            try:
                with calls.opened(call.file) as file:
                    answer = self._http.request(
                        call.method,
                        call.path,
                        params=dict(call.query),
                        json=call.body,
                        content=call.data if file is None else _pieces(file),
                        headers=dict(call.headers),
                    )
            except httpx.HTTPError as error:
                raise GatewayError(
                    f"The gateway at {self._http.base_url.host} cannot be reached, or did not "
                    f"answer in time ({type(error).__name__}). Is it running?"
                ) from None
            if answer.is_success:
                return call.read(answer.text)
            wait = calls.wait_for(attempt, answer.headers.get("retry-after"))
            if answer.status_code not in RETRIED or attempt > self._retries or wait is None:
                raise calls.error_of(answer.status_code, answer.text)
            time.sleep(wait)


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    """A file in pieces."""
    while piece := file.read(PIECE):
        yield piece
