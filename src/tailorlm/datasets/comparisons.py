"""Who preferred which answer to what: the one form that loaders give and that training reads.

One JSON object per line: ``user``; ``prompt`` (a text) or ``messages`` (objects with ``role`` and
``content``, ending with what is to be answered); ``responses`` (best first) or ``chosen`` and
``rejected``; and, if something is known of the user in words, ``user_text``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args

from tailorlm.datasets.base import Row, read_rows
from tailorlm.errors import InputError
from tailorlm.types import Message, Role

_ROLES: tuple[Role, ...] = get_args(Role)


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What one user preferred in one place.

    Attributes:
        user: Id of the user; "" where it is not known.
        messages: The conversation, ending with what is to be answered.
        responses: Answers to it, the best first; two are a pair.
        user_text: What is known of the user in words, such as stated wishes; "" for nothing.
    """

    user: str
    messages: tuple[Message, ...]
    responses: tuple[str, ...]
    user_text: str = ""

    @classmethod
    def of_prompt(cls, user: str, prompt: str, *responses: str, user_text: str = "") -> Comparison:
        """A comparison of answers, best first, to one message of the user."""
        return cls(
            user=user,
            messages=(Message("user", prompt),),
            responses=responses,
            user_text=user_text,
        )

    def as_row(self) -> dict[str, Any]:
        """The comparison as a row of a file."""
        row: dict[str, Any] = {"user": self.user}
        if [message.role for message in self.messages] == ["user"]:
            row["prompt"] = self.messages[0].content
        else:
            row["messages"] = [
                {"role": message.role, "content": message.content} for message in self.messages
            ]
        row["responses"] = list(self.responses)
        if self.user_text:
            row["user_text"] = self.user_text
        return row


@dataclass(frozen=True, slots=True)
class Cleaned:
    """Comparisons that say something, and what was left out of the others.

    Attributes:
        comparisons: Each with at least two different answers, none of them empty.
        empty: Answers left out because they are empty.
        equal: Answers left out because a better one of the same comparison has the same text.
        left_out: Comparisons left out because fewer than two answers remained.
    """

    comparisons: tuple[Comparison, ...]
    empty: int = 0
    equal: int = 0
    left_out: int = 0


def cleaned(comparisons: Iterable[Comparison]) -> Cleaned:
    """Comparisons without answers that are empty, or that are there already, blanks aside."""
    kept: list[Comparison] = []
    empty = equal = left_out = 0
    for comparison in comparisons:
        seen: set[str] = set()
        responses: list[str] = []
        for response in comparison.responses:
            text = response.strip()
            empty += not text
            equal += text in seen
            if text and text not in seen:
                responses.append(response)
            seen |= {text} if text else set()
        if len(responses) < 2:
            left_out += 1
        elif len(responses) == len(comparison.responses):
            kept.append(comparison)
        else:
            kept.append(
                Comparison(
                    user=comparison.user,
                    messages=comparison.messages,
                    responses=tuple(responses),
                    user_text=comparison.user_text,
                )
            )
    return Cleaned(tuple(kept), empty, equal, left_out)


def read_comparisons(path: str | Path) -> Iterator[Comparison]:
    """Comparisons of a JSON Lines file, plain or gzip, in its order.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with its number.
    """
    for row in read_rows(path):
        yield _comparison(row)


def write_comparisons(
    path: str | Path, comparisons: Iterable[Comparison], *, replace: bool = False
) -> int:
    """Write comparisons as JSON Lines; the file is there whole or not at all.

    Args:
        path: The file.
        comparisons: What to write.
        replace: Whether a file that is there is replaced.

    Returns:
        How many were written.

    Raises:
        InputError: If the file is there and not to be replaced.
    """
    path = Path(path)
    if path.exists() and not (replace and path.is_file()):
        hint = "Choose another name or add --force." if path.is_file() else "Name a file."
        raise InputError(f"{path} exists already. {hint}")
    part = path.with_name(f"{path.name}.part")
    count = 0
    try:
        with part.open("w", encoding="utf-8", errors="replace") as stream:
            for comparison in comparisons:
                stream.write(json.dumps(comparison.as_row(), ensure_ascii=False) + "\n")
                count += 1
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return count


def _comparison(row: Row) -> Comparison:
    user = row.get("user", str, type(None)) if "user" in row.data else None
    text = row.get("user_text", str, type(None)) if "user_text" in row.data else None
    return Comparison(
        user=(user or "").strip(),
        messages=_messages(row),
        responses=_responses(row),
        user_text=(text or "").strip(),
    )


def _messages(row: Row) -> tuple[Message, ...]:
    if ("prompt" in row.data) == ("messages" in row.data):
        row.fail("there must be either 'prompt' or 'messages'.")
    if "prompt" in row.data:
        return (Message("user", row.text("prompt")),)
    messages = []
    for part in row.rows("messages", "message"):
        name = part.text("role")
        role: Role | None = next((role for role in _ROLES if role == name), None)
        if role is None:
            part.fail(f"'role' must be one of {', '.join(_ROLES)}, but is {name!r}.")
        messages.append(Message(role, part.get("content", str)))
    if not messages or messages[-1].role == "assistant":
        row.fail("'messages' must end with what is to be answered.")
    return tuple(messages)


def _responses(row: Row) -> tuple[str, ...]:
    if "responses" not in row.data:
        return row.get("chosen", str), row.get("rejected", str)
    values = row.get("responses", list)
    if any(type(value) is not str for value in values):
        row.fail("'responses' must hold texts.")
    if len(values) < 2:
        row.fail(f"'responses' must hold two answers or more, best first, but holds {len(values)}.")
    return tuple(values)
