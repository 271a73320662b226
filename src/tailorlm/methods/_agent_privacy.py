"""What of a text is private: names, numbers, addresses and rare words, and rules without them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from importlib.resources import files

from tailorlm.writing.mail import split_mail
from tailorlm.writing.traits import sentences_of

_WORD = re.compile(r"[^\W_]+(?:['’\-][^\W_]+)*")
_ADDRESS = re.compile(
    r"\S+@\S+|https?://\S+|www\.\S+|\b\w+\.(?:com|org|net|edu|gov)\b", re.IGNORECASE
)
_AMOUNTS = re.compile(
    r"\b\d{1,4}(?:\s?(?:-|–|to|or)\s?\d{1,4})?"
    r"(?=[ -](?:or so |odd |short |full |long |simple |bare )*"
    r"(?:words?|sentences?|lines?|paragraphs?|points?|bullets?|items?|clauses?|questions?)\b)",
    re.IGNORECASE,
)
"""How long something is to be: a number that is no fact of the text."""
_GREETINGS = frozenset(
    ("hi", "hello", "hey", "hiya", "dear", "good", "morning", "afternoon", "evening", "all", "team")
)
_ALSO_NAMES = frozenset(
    ("Bill", "Dean", "Drew", "Faith", "Frank", "Grace", "Grant", "Guy", "Hope", "Jack", "Joy",
     "Mark", "May", "Miles", "Pat", "Ray", "Rob", "Rose", "Sue", "Will")
)  # fmt: skip
"""Names that are common words as well, and so may start a sentence as either."""
_JOINTS = re.compile(r"[-'’]")
_MOST_READ = 20_000
_SHORT = 3
"""Letters up to which a word in lower case is not private."""


def private_words(text: str) -> frozenset[str]:
    """The words of a text that tell something about it or the people in it.

    These are, in lower case, words with a figure, addresses and their parts, and words that are
    not common in English or in talk about writing; and, as they are written, common words that
    have a capital letter within a sentence, a greeting or a signature, as in "Mark" or "Will".
    """
    text = text[:_MOST_READ]
    mail = split_mail(text)
    found: set[str] = set()
    for address in _ADDRESS.findall(text):
        found.update(word.lower() for word in _WORD.findall(address))
    for sentence in sentences_of(mail.body):
        for place, word in enumerate(_WORD.findall(sentence)):
            found.update(_private(word, may_be_name=place > 0 or word in _ALSO_NAMES))
    for word in _WORD.findall(f"{mail.greeting} {mail.signature}"):
        found.update(_private(word, may_be_name=word.lower() not in _GREETINGS))
    return frozenset(found)


def without_private(rules: Iterable[str], text: str) -> tuple[str, ...]:
    """The rules that hold no private word of a text.

    A number that says how long something is to be is allowed.
    """
    private = private_words(text)
    return tuple(rule for rule in rules if not private & _words(_AMOUNTS.sub("", rule)))


def reveals(rule: str) -> bool:
    """Whether a rule holds what may be private in some text: a figure, an address, a rare word.

    For rules whose text is not at hand; a length is allowed.
    """
    rest = _AMOUNTS.sub("", rule).replace("{name}", "")
    if _ADDRESS.search(rest):
        return True
    return any(True for word in _WORD.findall(rest) for _ in _private(word, may_be_name=False))


def _private(word: str, *, may_be_name: bool) -> Iterable[str]:
    """The parts of a word that are private."""
    for part in filter(None, (word, *_JOINTS.split(word))):
        lower = part.lower()
        has_figure = any(letter.isdigit() for letter in part)
        if has_figure or (not _is_common(lower) and (len(part) > _SHORT or part != lower)):
            yield lower
        elif may_be_name and part != lower and part != "I":
            yield part


def _words(rule: str) -> set[str]:
    """The words of a rule and their parts, in lower case; within the rule also as written."""
    found: set[str] = set()
    for place, word in enumerate(_WORD.findall(rule)):
        parts = {word, *_JOINTS.split(word)}
        found |= {part.lower() for part in parts} | (parts if place else set())
    return found


def _is_common(word: str) -> bool:
    known = _common()
    return word in known or any(
        word.endswith(ending) and word[: -len(ending)] + stem in known
        for ending, stem in (("s", ""), ("es", ""), ("ed", ""), ("ed", "e"), ("ing", ""),
                             ("ing", "e"), ("ly", ""), ("er", ""), ("d", ""))
    )  # fmt: skip


@cache
def _common() -> frozenset[str]:
    source = files("tailorlm.methods").joinpath("_agent_words.txt").read_text(encoding="utf-8")
    return frozenset(
        word for line in source.splitlines() if line[:1] != "#" for word in line.split()
    )
