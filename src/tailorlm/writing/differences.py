"""What an edit changed: the form of a text before and after, and the phrases that came and went.

A form is a value for each facet of `rules` that can be told from the text, such as layout: bullets.
So a change reads as the rule that it suggests, and what was kept reads the same way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from tailorlm.errors import InputError
from tailorlm.writing._facets import GROUP, Facts, check_of, facets, greeting_form, signature_kind
from tailorlm.writing.mail import Mail, own_words
from tailorlm.writing.traits import sentences_of, words_of

BETWEEN = "between"
"""Value of a facet whose two values are both kept, such as sentences neither short nor long."""
PHRASE_WORDS = (2, 6)
"""Fewest and most words of a phrase."""

_MOST_READ, _MOST_KEPT = 20_000, 3_000
"""Characters of a text that are searched for phrases, and kept of it for that."""
_OTHER = {"no": "yes", "yes": "no"}
_MOST_TELLING = frozenset({"case", "layout"})
"""Facets whose values may hold together, the first of them being the one to name."""
_BY_CASES = frozenset({"contractions", "spelling"})
"""Facets that a text without a case for them says nothing on."""
_PLEASE = re.compile(r"\b(?:please|pls|plz|kindly)\b", re.IGNORECASE)
_HAS_LETTERS = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True)
class Form:
    """How a text looks.

    Attributes:
        values: Value by facet; facets that the text says nothing on are left out. Some have no
            wording as a `StyleRule`: commas: yes, what lies between two values, paragraphs (one or
            several), and please (yes or no).
        words: Number of words, from 0.
        sentence_words: Mean words per sentence, from 0.
    """

    values: Mapping[str, str]
    words: int
    sentence_words: float


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of a text.

    Attributes:
        before: Its form as it was given.
        after: Its form as the user left it.
        given: The words of its body as it was given, as `plain_words` gives them.
        left: The words of the body that the user left.
    """

    before: Form
    after: Form
    given: str
    left: str

    @property
    def changed(self) -> Mapping[str, tuple[str, str]]:
        """Value before and after of each facet that changed."""
        after = self.after.values
        return {
            facet: (value, after[facet])
            for facet, value in self.before.values.items()
            if facet in after and after[facet] != value
        }

    @property
    def added(self) -> frozenset[str]:
        """Phrases that only the later text has."""
        return phrases_of(self.left) - phrases_of(self.given)

    @property
    def removed(self) -> frozenset[str]:
        """Phrases that only the earlier text has."""
        return phrases_of(self.given) - phrases_of(self.left)


def form_of(text: str) -> Form:
    """The form of a text, or of the sender's own words in a mail.

    Raises:
        InputError: If it is no text, or nothing in it is the sender's own.
    """
    return _form(Facts.of(_own(text)))


def difference(before: str, after: str) -> Difference:
    """What was changed in a text, quoted threads and footers left aside.

    Raises:
        InputError: If either is no text, or nothing in it is the sender's own.
    """
    earlier, later = Facts.of(_own(before)), Facts.of(_own(after))
    return Difference(
        _form(earlier), _form(later), plain_words(earlier.mail), plain_words(later.mail)
    )


def plain_words(mail: Mail) -> str:
    """The words of a mail's body in small letters, with "|" between sentences and at figures.

    At most its first 3,000 characters are kept.
    """
    parts: list[str] = []
    for sentence in sentences_of(mail.body[:_MOST_READ]):
        for word in words_of(sentence):
            tells = _HAS_LETTERS.search(word) is not None or word in ("i", "I", "a", "A")
            parts.append(word.lower().replace("’", "'") if tells else "|")
        parts.append("|")
    return f"| {' '.join(parts)} "[:_MOST_KEPT]


def plain_words_of(text: str) -> str:
    """`plain_words` of the sender's own words in a text.

    Raises:
        InputError: If it is no text, or nothing in it is the sender's own.
    """
    return plain_words(Facts.of(_own(text)).mail)


def phrases_of(plain: str) -> frozenset[str]:
    """The runs of 2 to 6 words between the bars of `plain_words`."""
    fewest, most = PHRASE_WORDS
    found: set[str] = set()
    for run in plain.split("|"):
        words = run.split()
        for start in range(len(words) - fewest + 1):
            for stop in range(start + fewest, min(start + most, len(words)) + 1):
                found.add(" ".join(words[start:stop]))
    return frozenset(found)


def _own(text: str) -> str:
    own = own_words(text)
    if not own:
        raise InputError("Nothing in the text is its sender's own words. Give text that is.")
    return own


def _form(facts: Facts) -> Form:
    values = {facet: value for facet in _closed() if (value := _value(facet, facts))}
    values["greeting"] = _greeting(facts.mail.greeting)
    values["sign-off"] = facts.mail.sign_off.strip(" ,.!").capitalize() or "none"
    values["signature"] = signature_kind(facts.mail.signature)
    traits = facts.traits
    values["paragraphs"] = "several" if traits.paragraphs > 1 else "one"
    values["please"] = "yes" if _PLEASE.search(facts.text) else "no"
    return Form(MappingProxyType(values), int(traits.words), float(traits.sentence_words))


@cache
def _closed() -> Mapping[str, tuple[str, ...]]:
    """The measurable values of the facets that have a few named ones."""
    measured = {
        name: tuple(value for value in facet.wording if value and check_of(name, value))
        for name, facet in facets().items()
        if "" not in facet.wording
    }
    return {name: values for name, values in measured.items() if values}


def _value(facet: str, facts: Facts) -> str:
    """The value that a text has; "" where it has none or cannot be told from another."""
    values = _closed()[facet]
    kept = [value for value in values if (check := check_of(facet, value)) and check(facts)]
    if not kept:
        return _OTHER.get(values[0], "") if len(values) == 1 else ""
    if len(kept) > 1 and facet not in _MOST_TELLING:
        return "" if facet in _BY_CASES else BETWEEN
    return kept[0]


def _greeting(greeting: str) -> str:
    """The form of a greeting, groups and the unnamed counting as a name: "Hi {name}!"."""
    if not greeting:
        return "none"
    form = GROUP.sub("{name}", greeting_form(greeting))
    if "{name}" in form:
        return form
    bare = form.rstrip(" ,:;!.–-")
    return f"{bare} {{name}}{form[len(bare) :].strip()}"
