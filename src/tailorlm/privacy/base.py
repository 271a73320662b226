"""What finds personal data in text, and what it says of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, get_args

Kind = Literal["person", "email", "phone", "card", "iban", "address", "ip", "secret", "national_id"]
LEAST = 0.5
"""Confidence from which a finding is replaced."""
_MOST_NAMES = 1000
"""Names that are carried from one text to the others."""
KINDS: tuple[Kind, ...] = get_args(Kind)
"""Every kind of personal data, as it is called everywhere."""


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A piece of personal data in a text.

    Attributes:
        start: Where it begins, in characters.
        end: Where it ends; the end itself is not part of it.
        kind: What it is.
        confidence: How likely it is what it seems to be, from 0 to 1. Not calibrated: what a
            checksum confirms has 0.99, a given name without anything around it 0.6.
    """

    start: int
    end: int
    kind: Kind
    confidence: float

    def of(self, text: str) -> str:
        """The piece itself."""
        return text[self.start : self.end]


class Detector(Protocol):
    """Finds personal data.

    Attributes:
        name: The registry name, equal to the module's name.
        extra: The pip extra it needs, or None.
    """

    name: ClassVar[str]
    extra: ClassVar[str | None]

    def find(self, text: str, known: Collection[str] = ()) -> tuple[Span, ...]:
        """The personal data of a text, in order and without overlaps.

        Args:
            text: Any text; the time grows in proportion to its length.
            known: Names of people that are known to occur, such as the user's own.
        """
        ...


def without_overlaps(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Of spans that overlap the surest, of equally sure ones the longest; in order."""
    taken: set[int] = set()
    kept = []
    for span in sorted(spans, key=lambda s: (-s.confidence, s.start - s.end, s.start)):
        places = range(span.start, span.end)
        if places and taken.isdisjoint(places):
            taken.update(places)
            kept.append(span)
    return tuple(sorted(kept))


def find_together(
    detector: Detector, texts: Iterable[str], known: Collection[str] = ()
) -> tuple[dict[str, tuple[Span, ...]], tuple[str, ...]]:
    """The personal data of texts that belong together: a name found in one is found in all.

    Returns:
        The findings of each text that are at least as sure as `LEAST`, and the names that are known
        by then.
    """
    unique = dict.fromkeys(texts)
    found = {text: detector.find(text, known) for text in unique}
    names = dict.fromkeys(
        span.of(text) for text, spans in found.items() for span in spans if span.kind == "person"
    )
    new = [name for name in names if name not in known][:_MOST_NAMES]
    if new:
        known = (*known, *new)
        found = {text: detector.find(text, known) for text in unique}
    sure = {
        text: tuple(span for span in spans if span.confidence >= LEAST)
        for text, spans in found.items()
    }
    return sure, tuple(known)
