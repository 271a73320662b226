"""Expressions by which people say facts about themselves and what they like, in English."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from tailorlm.writing._stems import flattened, stems

Kind = Literal["fact", "taste", "choice", "style", "wish"]


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that a statement claims, in a form that can be compared.

    Attributes:
        kind: "fact" (a slot with one value at a time), "taste" (one of any number of objects),
            "choice" (one thing over another), "style" (how to write) or "wish" (anything else).
        about: The slot, the object, what the choice is between, the facet, or the words.
        value: The slot's value, the chosen thing, the facet's value, or the numbers in a wish.
        holds: False where it is denied or said to be over.
        scope: When it is meant to apply, as stems; empty for always.
        changes: Whether it says of itself that it is new.
    """

    kind: Kind
    about: str
    value: str = ""
    holds: bool = True
    scope: frozenset[str] = frozenset()
    changes: bool = False


ADVERBS = (
    r"(?:(?:now|currently|just|recently|really|absolutely|also|actually|usually|always|mostly|only"
    r"|generally|still|already|finally|have|'ve|had|am|'m|was|strictly|totally|strongly|deeply"
    r"|truly|do) ?)*"
)
SELF = r"(?:^|[,.;:!-] ?|\b(?:and|but|so|that|actually|well|now|because|as|since) )(?:i|we)\b ?"
OVER = (
    r"(?P<over>(?:(?:no longer|don't|do not|never|won't|can't|cannot|not|am not|stopped"
    r"|have stopped|quit|gave up|given up|have given up|'m done|am done|'m tired|'m sick|am tired"
    r"|am sick|left off"
    r"|used to|haven't|didn't|(?:(?:have |'ve )?cut out))\b ?(?:with |of )?(?:being |really )?)+)?"
)
_MAYBE = re.compile(
    r"\b(?:will|would|'ll|'d|might|(?:i|we) may|want to|plan(?:ning)? to|(?:am|'m|are|'re) going to"
    r"|hope to|hoping to|thinking (?:of|about)|considering|if|wish|could|soon|maybe|perhaps"
    r"|about to|someday|next (?:week|month|year|summer|spring))\b"
)
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_TAIL = re.compile(
    r"(?:[\s,]+(?:any ?more|any longer|again|now|nowadays|these days|instead|at all|very much|a lot"
    r"|so much|too|though|as well|last \w+|this \w+|since .*|recently|yesterday|today|already"
    r"|from now on|right now|at the moment|for (?:good|now|years|\w+ years)"
    rf"|in (?:\d{{4}}|spring|summer|autumn|winter|{_MONTHS})|\d+ \w+ ago"
    r"|because .*|so .*|to be .*|by the way|by trade|by profession|please))+[\s.!,]*$"
)
_CHANGE = re.compile(
    r"\b(?:now|no longer|any ?more|any longer|instead|these days|nowadays|from now on|actually"
    r"|changed my mind|used to|switched|stopped|quit|gave up|again|rather than)\b"
)
LONGEST_OBJECT = 7
"""Words of a value or an object; what is longer is no name for anything."""


def is_maybe(text: str) -> bool:
    """Whether a sentence speaks of what may come rather than of what is."""
    return text.rstrip().endswith("?") or _MAYBE.search(flattened(text).casefold()) is not None


def says_change(text: str) -> bool:
    """Whether a sentence says that something is different now."""
    return _CHANGE.search(flattened(text).casefold()) is not None


def same_value(one: str, other: str) -> bool:
    """Whether two values of a slot are the same, or one is the other said more closely."""
    first, second = set(one.split()), set(other.split())
    return first <= second or second <= first


def bare(text: str) -> str:
    return flattened(text).casefold().strip(" .!\"'")


def trimmed(value: str) -> str:
    return _TAIL.sub("", value).strip(" .!\"'“”")


def normal(value: str) -> str:
    """A value as stems; where nothing carries meaning, as it stands."""
    return " ".join(stems(value)) or " ".join(value.split())
