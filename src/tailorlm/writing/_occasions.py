"""The occasion that a sentence is meant for: "for code", "when I write to clients", "at work"."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tailorlm.writing._stems import stems

_FOR = re.compile(r"(?:me|now|good|once|a change|example|years|real|sure|it|free|that|this)\b")
_PLACES = (
    r"(?:my |our |your |the )?(?:(?:work|private|personal|formal|business|office) )?(?:e-?mails?"
    r"|mails?|letters?|code|chats?|reports?|documents?|meetings?|summer|winter|spring|autumn"
    r"|mornings?|evenings?|afternoons?|texts?|messages?|presentations?|slides)"
)
_WHEN = r"(?:when|whenever|if|while|during|unless|except)"
_AT = rf"at (?:work|home|night|school|the office)|on (?:weekdays|weekends|\w+days?)|in {_PLACES}"
_AFTER = re.compile(
    rf",?\s(?P<scope>{_WHEN}\s.+|for\s.+|about\s.+|regarding\s.+|(?:to|with) (?:my |our |the |a )?"
    r"(?:boss|mother|father|clients?|customers?|colleagues?|friends?|team|family|kids|children)\b.*"
    rf"|{_AT})$",
    re.IGNORECASE,
)
_BEFORE = re.compile(
    rf"^(?P<scope>(?:{_WHEN}|for|about|regarding|with)\s[^,:]+|{_AT})\s*[,:]\s*(?P<body>.+)$",
    re.IGNORECASE,
)
_TASTE_SCOPES = re.compile(
    rf"{_WHEN}\b|for (?:breakfast|lunch|dinner|dessert|work|code|fun)\b|at |on |in ", re.IGNORECASE
)
_OCCASIONS = frozenset(
    {"when", "whenever", "if", "while", "during", "unless", "except", "about", "regard", "ask",
     "writ", "talk", "come", "us"}
)  # fmt: skip
"""Stems that introduce an occasion and do not tell it from another."""


@dataclass(frozen=True, slots=True)
class Occasion:
    """A sentence apart from the occasion that it is meant for.

    Attributes:
        body: The sentence without it.
        words: The occasion as it was said; "" where the sentence holds always.
        stems: Its telling words as stems, in which two ways of naming it are alike.
    """

    body: str
    words: str = ""
    stems: frozenset[str] = frozenset()

    @property
    def limits_tastes(self) -> bool:
        """Whether likings depend on it too: "tea for breakfast", and not "a gift for my son"."""
        return not self.words or _TASTE_SCOPES.match(self.words) is not None


def apart_from_occasion(text: str) -> Occasion:
    """Read the occasion at the beginning or the end of a sentence."""
    line = text.strip(" .!")
    found = _BEFORE.match(line) or _AFTER.search(line)
    if found is None or _is_none(found["scope"]):
        return Occasion(text)
    body = found.groupdict().get("body") or line[: found.start()]
    named = frozenset(stems(found["scope"])) - _OCCASIONS
    return Occasion(body, found["scope"], named) if stems(body) and named else Occasion(text)


def _is_none(words: str) -> bool:
    """Whether words look like an occasion and name none, as "for now" or "for me"."""
    first, _, rest = words.partition(" ")
    return first.casefold() in ("for", "about") and _FOR.match(rest) is not None
