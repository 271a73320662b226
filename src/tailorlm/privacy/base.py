"""What finds personal data in text, and what it says of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, get_args

Kind = Literal["person", "email", "phone", "card", "iban", "address", "ip", "secret", "national_id"]
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
