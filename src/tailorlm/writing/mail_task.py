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

MAX_DRAFT = 20_000
"""Longest draft, in characters."""

_MAX_FIELD = 300
_MAX_READ = 100_000
_ASK = (
    "Write the {kind} that makes the points below, which are its author's notes. "
    "Give its text alone, without the subject."
)
_ASK_AGAIN = (
    "Rewrite the {kind} drafted below in its author's style. Keep what it says. "
    "Give its text alone, without the subject."
)
_ASKED = re.compile(
    r"\b(?:re)?write (?:the|an?|this) (?P<kind>[^\n]{1,60}?) (?:that makes|drafted below)\b",
    re.IGNORECASE,
)
_WRITES = re.compile(r"\b(?:re)?write\b", re.IGNORECASE)
_FIELD = re.compile(r"(Subject|To|From):[ \t]*(.*)")
_POINTS = "Points:"
_DRAFT = "Draft:"
_BULLET = "- "
_QUOTE = ">"


@dataclass(frozen=True, slots=True)
class MailTask:
    """A mail that is to be written.

    Attributes:
        subject: What it is about, "" where that is not said.
        points: What it has to say, as its author's notes, without style.
        recipient: Whom it is for, "" where that is not said.
        sender: Who signs it, "" where that is not said.
        kind: What is written, such as "mail" or "memo".
        draft: A text that says it already and is to be rewritten, "" for none.
    """

    subject: str
    points: tuple[str, ...]
    recipient: str = ""
    sender: str = ""
    kind: str = "mail"
    draft: str = ""


def mail_task(
    subject: str,
    points: Iterable[str],
    *,
    recipient: str = "",
    sender: str = "",
    kind: str = "",
    draft: str = "",
) -> str:
    """The query that asks for a mail.

    Args:
        subject: What the mail is about, "" for none.
        points: What it has to say, each in a line of its own; empty ones are left out.
        recipient: Whom it is for, if known.
        sender: Who signs it, if known.
        kind: What is written, "" for "mail".
        draft: A text that says it already, if it is to be rewritten; cut at `MAX_DRAFT`.

    Raises:
        InputError: If neither a subject nor a point nor a draft is given.
    """
    noted = [line for point in points if (line := _one_line(point, MAX_POINT))]
    title = _one_line(subject, _MAX_FIELD)
    drafted = [
        f"{_QUOTE} {line}".rstrip() for line in draft.strip()[:MAX_DRAFT].strip().splitlines()
    ]
    if not title and not noted and not drafted:
        raise InputError("There is nothing to write about: give a subject, points or a draft.")
    named = (("Subject", title), ("To", _one_line(recipient, _MAX_FIELD)),
             ("From", _one_line(sender, _MAX_FIELD)))  # fmt: skip
    return "\n".join(
        [
            (_ASK_AGAIN if drafted else _ASK).format(kind=_one_line(kind, 40) or "mail"),
            "",
            *(f"{name}: {value}" for name, value in named if value),
            *([_POINTS] if noted else []),
            *(_BULLET + point for point in noted),
            *([_DRAFT, *drafted] if drafted else []),
        ]
    )


def read_mail_task(text: str) -> MailTask | None:
    """The task in a query, the last one if there are several; None where there is none.

    A task is an instruction to write, lines for subject, recipient and sender in any order, the
    points, and the lines of a draft, each after ">"; what is not known is left out.

    Args:
        text: A query; at most its last 100,000 characters are read.
    """
    lines = [line.strip() for line in text[-_MAX_READ:].splitlines()]
    at = next((i for i in reversed(range(len(lines))) if _instructs(lines[i])), None)
    if at is None:
        return None
    fields: dict[str, str] = {}
    points: list[str] = []
    draft: list[str] = []
    part = ""
    for line in lines[at + 1 :]:
        field = _FIELD.fullmatch(line)
        if line in (_POINTS, _DRAFT):
            part = line
        elif field and not part:
            fields.setdefault(field[1], field[2].strip()[:_MAX_FIELD])
        elif part == _POINTS and line.startswith(_BULLET):
            points.append(line.removeprefix(_BULLET).strip()[:MAX_POINT])
        elif part == _DRAFT and line.startswith(_QUOTE):
            draft.append(line.removeprefix(_QUOTE).strip())
        elif line and part:
            break
    noted = tuple(point for point in points[:MAX_POINTS] if point)
    asked = _ASKED.search(lines[at])
    if not noted and not draft and not (asked and "Subject" in fields):
        return None
    return MailTask(
        subject=fields.get("Subject", ""),
        points=noted,
        recipient=fields.get("To", ""),
        sender=fields.get("From", ""),
        kind=asked["kind"].strip() if asked else "mail",
        draft="\n".join(draft).strip(),
    )


def _instructs(line: str) -> bool:
    """Whether a line asks to write, rather than being part of what is to be written."""
    return (
        not line.startswith((_BULLET, _QUOTE))
        and bool(_WRITES.search(line))
        and not _FIELD.match(line)
    )


def _one_line(text: str, longest: int) -> str:
    return " ".join(text.lstrip()[: 4 * longest].split())[:longest].strip()
