"""What is known of a text before it is written: its kind, whom it is for, and how much it says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tailorlm.writing.traits import words_of

KINDS = ("reply", "forward", "scheduling", "sending", "request", "question", "note")
"""Kinds of a mail; the first that fits is taken."""
SIZES = (15, 40, 100)
"""Words of an intent below which it is of the first, second and third size."""

_REPLY = re.compile(r"^\s*re\s*:", re.IGNORECASE)
_FORWARD = re.compile(r"^\s*fwd?\s*:", re.IGNORECASE)
_MEETING = re.compile(
    r"\b(?:meeting|meet|conference call|appointment|lunch|dinner|interview|calendar|schedul\w+"
    r"|reschedul\w+|agenda|invit\w+|get together)\b",
    re.IGNORECASE,
)
_TIME = re.compile(
    r"\b(?:mon|tues?|wednes|thurs?|fri|satur|sun)day\b|\b\d{1,2}(?::\d\d)? ?[ap]\.?m\b"
    r"|\b(?:today|tomorrow|tonight|next week|this week|noon|calendar|available)\b"
    r"|\b\d{1,2}/\d{1,2}\b",
    re.IGNORECASE,
)
_ENCLOSED = re.compile(
    r"\b(?:attach\w*|enclos\w+|forwarding|here (?:is|are)|draft (?:is|of)|copy of)\b", re.IGNORECASE
)
_WANTED = re.compile(
    r"^(?:need|send|get|give|check|make|let|call|review|provide|forward|add|put|print|find|set"
    r"|sign|fax|email|e-mail|update|change|include|confirm|help|take|look|note|respond|return"
    r"|approve|prepare|advise|ask|tell|keep|see|read|handle|arrange|i (?:need|want|would like"
    r"|ask)|we need)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Occasion:
    """What a text is written for.

    Attributes:
        kind: One of `KINDS`; "" where nothing is known.
        size: Words of what it has to say, from 0.
        recipient: Whom it is for, in lower case; "" where unknown.
    """

    kind: str = ""
    size: int = 0
    recipient: str = ""

    @property
    def conditions(self) -> tuple[str, ...]:
        """What habits may depend on, as names: the kind, the size, the recipient."""
        named = [f"kind: {self.kind}"] if self.kind else []
        if self.size:
            named.append(f"size: {sum(self.size >= bound for bound in SIZES)}")
        if self.recipient:
            named.append(f"to: {self.recipient}")
        return tuple(named)


def occasion_of(subject: str, points: Sequence[str], recipient: str = "") -> Occasion:
    """The occasion of a text with this subject and intent.

    Args:
        subject: Its subject or title; "Re:" and "Fwd:" tell replies and forwarded mail.
        points: What it says, without style, as `writing.intent_of` gives it.
        recipient: Whom it is for, if known.
    """
    size = sum(len(words_of(point)) for point in points)
    return Occasion(_kind(subject, points), size, " ".join(recipient.casefold().split()))


def _kind(subject: str, points: Sequence[str]) -> str:
    said = f"{subject}\n" + "\n".join(points)
    if _REPLY.match(subject):
        return "reply"
    if _FORWARD.match(subject):
        return "forward"
    if _MEETING.search(said) and _TIME.search(said):
        return "scheduling"
    if points and _ENCLOSED.search(points[0]):
        return "sending"
    if any(_WANTED.match(point) for point in points):
        return "request"
    if any(point.endswith("?") for point in points):
        return "question"
    return "note"
