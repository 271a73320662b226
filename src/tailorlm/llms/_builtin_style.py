"""What a plan asks of the demo writer: tags to draw on, and wishes for how to write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tailorlm.llms._text import one_line
from tailorlm.types import Plan
from tailorlm.writing.rules import StyleRule, style_rules

MAX_TAGS = 12
MAX_RULES = 40

_TAG_LENGTH = 60
_RULE_LENGTH = 500
_NOTE_LENGTH = 200
_VOICES = {
    "thorough": ("detail", "thorough"), "brief": ("detail", "brief"),
    "objective": ("stance", "objective"), "subjective": ("stance", "subjective"),
    "humorous": ("humour", "yes"), "serious": ("humour", "no"),
    "professional": ("register", "formal"), "amateurish": ("register", "informal"),
}  # fmt: skip
_VOICE_OF = {wish: voice for voice, wish in _VOICES.items()}
_BEYOND = frozenset({"language"})
"""Facets that templates cannot follow; such rules are repeated in the answer."""


@dataclass(frozen=True, slots=True)
class Style:
    """How an answer is to be written.

    Attributes:
        tags: Subjects to weave in, cleaned and bounded.
        wishes: Facet of writing to how it is to be, as in `tailorlm.writing.rules`.
        phrases: Phrases to use.
        avoided: Phrases to avoid.
        notes: Rules that cannot be followed.
    """

    tags: tuple[str, ...] = ()
    wishes: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    phrases: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def wish(self, facet: str) -> str:
        """The wish about a facet, "" for none."""
        return self.wishes.get(facet, "")

    def most(self, facet: str) -> int:
        """The most that is wished of "length" or "sentences", about or at most; 0 for any."""
        value = self.wish(facet)
        return int(value.rsplit(" ", 1)[1]) if value else 0

    @property
    def voices(self) -> frozenset[str]:
        """Manners of writing by their tags: "brief", "humorous", ...; at most one of each pair."""
        return frozenset(_VOICE_OF[wish] for wish in self.wishes.items() if wish in _VOICE_OF)


def style_of(plan: Plan | None) -> Style:
    """Read a plan; without one, the style is plain.

    Of two tags that are opposites the first holds. Rules count more than tags, and of two rules
    about the same facet the later one holds.
    """
    if plan is None:
        return Style()
    tags: list[str] = []
    wishes: dict[str, str] = {}
    for tag in plan.tags:
        name = one_line(tag, _TAG_LENGTH)
        voice = _VOICES.get(name.casefold())
        if voice:
            wishes.setdefault(*voice)
        elif name and name not in tags and len(tags) < MAX_TAGS:
            tags.append(name)
    phrases: dict[str, StyleRule] = {}
    notes: list[str] = []
    for line in plan.rules[:MAX_RULES]:
        text = one_line(line, _RULE_LENGTH)
        rules = [rule for rule in style_rules(text) if rule.facet not in _BEYOND]
        for rule in rules:
            if rule.facet in ("phrase used", "phrase avoided"):
                phrases.pop(rule.value.casefold(), None)
                phrases[rule.value.casefold()] = rule
            else:
                wishes[rule.facet] = rule.value
        if text and not rules:
            notes.append(one_line(text, _NOTE_LENGTH).rstrip(" .!;:"))
    return Style(
        tags=tuple(tags),
        wishes=MappingProxyType(wishes),
        phrases=tuple(r.value for r in phrases.values() if r.facet == "phrase used"),
        avoided=tuple(r.value for r in phrases.values() if r.facet == "phrase avoided"),
        notes=tuple(notes),
    )
