"""Words in a form in which two ways of saying one thing are alike: small letters, endings cut."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise

from tailorlm.forgetting import forgettable

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


_STOP = _set(
    "a an the my your our his her their its this that these those some any i me we you it they am"
    " is are was were be been being do does did have has had and or but so of to in on at by for"
    " with as from please just really very quite also too only always much lot again now currently"
    " anymore more longer kind sort bit would like want i'm i've i'd it's will shall can could"
    " should let thing stuff all"
)
_NEGATIONS = _set(
    "no not never none without stop stopped avoid quit don't doesn't didn't won't can't cannot"
    " isn't aren't wasn't shouldn't skip drop omit dont"
)


def flattened(text: str) -> str:
    """The text on one line, with one kind of apostrophe."""
    return " ".join(text.replace("’", "'").split())


def words(text: str) -> list[str]:
    """The words of a text in small letters."""
    return _WORD.findall(flattened(text).casefold())


@forgettable
@lru_cache(maxsize=4096)
def stem(word: str) -> str:
    """A word without plural, "-ing" and a final "e"; "cities" and "city" are alike."""
    word = word.replace("colour", "color").replace("favour", "favor")
    for ending, instead, least in (("ies", "y", 5), ("sses", "ss", 5), ("'s", "", 3), ("s", "", 4)):
        if word.endswith(ending) and len(word) >= least and not word.endswith(("ss", "us", "is")):
            word = word[: -len(ending)] + instead
            break
    if word.endswith("ing") and len(word) > 5:
        word = word[:-3]
        if len(word) > 2 and word[-1] == word[-2] and word[-1] not in "aeiouls":
            word = word[:-1]
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def stems(text: str) -> tuple[str, ...]:
    """The stems of the words that carry meaning, in order; negations are not among them."""
    kept = (word for word in words(text) if word not in _STOP and word not in _NEGATIONS)
    return tuple(stem(word) for word in kept)


def is_negated(text: str) -> bool:
    """Whether an odd number of words say no, or that something is over."""
    said = words(text)
    past = sum(pair == ("used", "to") for pair in pairwise(said))
    return (past + sum(word in _NEGATIONS for word in said)) % 2 == 1
