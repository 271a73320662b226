"""The request for a mail: a subject, the points it has to make, and who writes to whom.

One form for every writer: plain words that any LLM understands, which the demo writer reads back.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tailorlm.errors import InputError

MAX_POINTS = 60
"""Most points that are read from a task."""
MAX_POINT = 1_000
"""Longest point that is read, in characters; what goes on beyond is cut."""

_MAX_FIELD = 300
_MAX_READ = 100_000
_ASK = (
    "Write the {kind} that makes the points below, which are its author's notes. "
    "Give its text alone, without the subject."
)
_ASKED = re.compile(r"\bwrite (?:the|an?|this) (?P<kind>[^\n]{1,60}?) that makes\b", re.IGNORECASE)
_WRITES = re.compile(r"\bwrite\b", re.IGNORECASE)
_FIELD = re.compile(r"(Subject|To|From):[ \t]*(.*)")
_POINTS = "Points:"
_BULLET = "- "


@dataclass(frozen=True, slots=True)
class MailTask:
    """A mail that is to be written.

    Attributes:
        subject: What it is about, "" where that is not said.
        points: What it has to say, as its author's notes, without style.
        recipient: Whom it is for, "" where that is not said.
        sender: Who signs it, "" where that is not said.
        kind: What is written, such as "mail" or "memo".
    """

    subject: str
    points: tuple[str, ...]
    recipient: str = ""
    sender: str = ""
    kind: str = "mail"


def mail_task(
    subject: str, points: Iterable[str], *, recipient: str = "", sender: str = "", kind: str = ""
) -> str:
    """The query that asks for a mail.

    Args:
        subject: What the mail is about, "" for none.
        points: What it has to say, each in a line of its own; empty ones are left out.
        recipient: Whom it is for, if known.
        sender: Who signs it, if known.
        kind: What is written, "" for "mail".

    Raises:
        InputError: If neither a subject nor a point is given.
    """
    noted = [line for point in points if (line := _one_line(point, MAX_POINT))]
    title = _one_line(subject, _MAX_FIELD)
    if not title and not noted:
        raise InputError("There is nothing to write about: give a subject, points, or both.")
    named = (("Subject", title), ("To", _one_line(recipient, _MAX_FIELD)),
             ("From", _one_line(sender, _MAX_FIELD)))  # fmt: skip
    return "\n".join(
        [
            _ASK.format(kind=_one_line(kind, 40) or "mail"),
            "",
            *(f"{name}: {value}" for name, value in named if value),
            *([_POINTS] if noted else []),
            *(_BULLET + point for point in noted),
        ]
    )


def read_mail_task(text: str) -> MailTask | None:
    """The task in a query, the last one if there are several; None where there is none.

    A task is an instruction to write, lines for subject, recipient and sender, and the points; the
    lines may be in any order, and either they or the points may be missing, but not both.

    Args:
        text: A query; at most its last 100,000 characters are read.
    """
    lines = [line.strip() for line in text[-_MAX_READ:].splitlines()]
    at = next((i for i in reversed(range(len(lines))) if _instructs(lines[i])), None)
    if at is None:
        return None
    fields: dict[str, str] = {}
    points: list[str] = []
    in_points = False
    for line in lines[at + 1 :]:
        field = _FIELD.fullmatch(line)
        if line == _POINTS:
            in_points = True
        elif field and not in_points:
            fields.setdefault(field[1], field[2].strip()[:_MAX_FIELD])
        elif in_points and line.startswith(_BULLET) and len(points) < MAX_POINTS:
            points.append(line.removeprefix(_BULLET).strip()[:MAX_POINT])
        elif line and in_points:
            break
    noted = tuple(point for point in points if point)
    asked = _ASKED.search(lines[at])
    if not noted and not (asked and "Subject" in fields):
        return None
    return MailTask(
        subject=fields.get("Subject", ""),
        points=noted,
        recipient=fields.get("To", ""),
        sender=fields.get("From", ""),
        kind=asked["kind"].strip() if asked else "mail",
    )


def _instructs(line: str) -> bool:
    """Whether a line asks to write, rather than being part of what is to be written."""
    return not line.startswith(_BULLET) and bool(_WRITES.search(line)) and not _FIELD.match(line)


def _one_line(text: str, longest: int) -> str:
    return " ".join(text.lstrip()[: 4 * longest].split())[:longest].strip()
