"""Rules of writing that can be worded, read out of free words, and checked on a text.

A rule is a facet with a value, such as layout: bullets. Its wording goes into a prompt; the same
wording, and most of what people say in their own words, reads back as the same rule; and whether a
text keeps it can be measured for most facets. So what a user says, what their edits show and what a
profile states can be held against each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tailorlm.errors import InputError
from tailorlm.writing._facets import Facts, check_of, facets, greeting_form, signature_kind
from tailorlm.writing.mail import split_mail

__all__ = [
    "Facts",
    "StyleRule",
    "facet_names",
    "greeting_form",
    "signature_kind",
    "style_rules",
    "without_excluded",
]

_NUMBERS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6}
_LONGEST_READ = 2000
_BRIEF_WORDS, _BRIEF_SENTENCES = 150, 6
_QUOTING = frozenset({"greeting", "opening", "sign-off", "signature"})
_PHRASES = frozenset({"phrase used", "phrase avoided"})


@dataclass(frozen=True, slots=True, order=True)
class StyleRule:
    """One aspect of writing and how it is to be.

    Attributes:
        facet: Name of the aspect; see `facet_names`.
        value: How it is to be: one of the facet's values, or free for those with open values.

    Raises:
        InputError: If there is no such facet, or the facet has no such value.
    """

    facet: str
    value: str

    def __post_init__(self) -> None:
        facet = facets().get(self.facet)
        if facet is None:
            raise InputError(
                f"There is no facet {self.facet!r}; there are: {', '.join(sorted(facets()))}."
            )
        if not facet.has(self.value):
            raise InputError(
                f"The facet {self.facet!r} has no value {self.value!r}; "
                f"it has: {', '.join(sorted(filter(None, facet.wording)))}."
            )

    @property
    def text(self) -> str:
        """The rule in words, for a prompt or a person."""
        return facets()[self.facet].word(self.value)

    def kept_by(self, text: str | Facts) -> bool | None:
        """Whether a text keeps the rule; None where that cannot be measured."""
        check = check_of(self.facet, self.value)
        if check is None:
            return None
        return check(text if isinstance(text, Facts) else Facts.of(text))

    def excludes(self, other: StyleRule) -> bool:
        """Whether both cannot be followed at once; symmetric."""
        if {self.facet, other.facet} <= _PHRASES:
            same = self.value.casefold() == other.value.casefold()
            return same and self.facet != other.facet
        if self.facet == other.facet:
            return self.value != other.value
        return _bounds_detail(self, other) or _bounds_detail(other, self)


def facet_names() -> tuple[str, ...]:
    """The facets that a rule can be about."""
    return tuple(facets())


def style_rules(text: str) -> tuple[StyleRule, ...]:
    """The rules that free words state, one per facet at most except for phrases.

    Args:
        text: A sentence or a few; at most 2,000 characters are read.

    Returns:
        The rules in the order of the facets; empty where nothing is understood.
    """
    words = " ".join(text[:_LONGEST_READ].split())
    found = [rule for facet in facets() if (rule := _read(facet, words)) is not None]
    return tuple(_without_shadows(found))


def without_excluded(rules: Iterable[StyleRule]) -> tuple[StyleRule, ...]:
    """The rules that no earlier one of them excludes, each once."""
    kept: list[StyleRule] = []
    for rule in rules:
        if rule not in kept and not any(rule.excludes(other) for other in kept):
            kept.append(rule)
    return tuple(kept)


def _read(facet: str, words: str) -> StyleRule | None:
    for pattern, value in facets()[facet].read:
        found = pattern.search(words)
        if found is None:
            continue
        named = value or _value(facet, found)
        if named:
            return StyleRule(facet, named)
    return None


def _value(facet: str, found: re.Match[str]) -> str:
    """The value that an expression's group holds, in its usual form."""
    for kind, word in (("most", "at most"), ("about", "about")):
        if number := found.groupdict().get(kind):
            amount = _NUMBERS.get(number.casefold()) or int(number)
            return f"{word} {amount}" if amount else ""
    value = next((group for group in found.groups() if group), "").strip()
    if facet == "language":
        return value.title()
    if facet in ("greeting", "opening"):
        greets = "{name}" in value or bool(split_mail(f"{value}\nX").greeting)
        return value if greets == (facet == "greeting") else ""
    return value.rstrip(".") or value


def _without_shadows(rules: list[StyleRule]) -> list[StyleRule]:
    """The rules without vague ones that the words of a closer one set off.

    "Use short sentences" says nothing on the whole answer, "under 50 words" says it more exactly,
    the phrase that a greeting or a closing quotes is no phrase for the text, and one that is to be
    avoided is none to open with.
    """
    facets = {rule.facet for rule in rules}
    avoided = {rule.value for rule in rules if rule.facet == "phrase avoided"}
    quoted = {rule.value for rule in rules if rule.facet in _QUOTING}
    shadows = {
        "detail": {"length", "sentences", "sentence length"},
        "register": {"contractions"},
        "signature": {"sign-off"},
    }
    return [
        rule
        for rule in rules
        if not shadows.get(rule.facet, set()) & facets
        and not (rule.facet == "phrase used" and rule.value in quoted)
        and not (rule.facet != "phrase avoided" and rule.value in avoided)
    ]


def _bounds_detail(rule: StyleRule, other: StyleRule) -> bool:
    """Whether one wants detail and the other leaves no room for it."""
    if rule != StyleRule("detail", "thorough") or other.facet not in ("length", "sentences"):
        return False
    most = _BRIEF_WORDS if other.facet == "length" else _BRIEF_SENTENCES
    return int(other.value.rsplit(" ", 1)[1]) <= most
