"""Sentences taken apart, joined, and weighed by what they tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from tailorlm.writing.traits import words_of

_VERBS = (
    r"is|are|was|were|am|has|have|had|will|would|can|cannot|could|may|might|must|should|shall|does"
    r"|do|did|wants?|needs?|takes?|goes|comes|ends?|starts?|works?|costs?|gets?|mix|builds?"
)
_CLAIMS = re.compile(rf"\b(?:{_VERBS})\b")
_FINITE = re.compile(rf"\b(?:{_VERBS}|[a-z]{{3,}}ed|got|went|made|said|met|sent|took)\b")
_INDEPENDENT = (
    r"(?=(?:I|[Ww]e|[Yy]ou|[Hh]e|[Ss]he|[Ii]t|[Tt]hey|[Tt]he|[Tt]h(?:is|ere|ese)|[Mm]y|[Oo]ur"
    r"|[Yy]our|please|all|each|both|(?<=, and )[A-Z][\w'’-]+) )"
)
_BREAKS = re.compile(
    rf"(?P<semi>; (?:and |but )?|: (?=(?:I|we|you|it|the) ))|,? (?P<word>and|but|so) {_INDEPENDENT}"
    rf"|,? (?P<because>because|since) {_INDEPENDENT}"
    r"|, which (?=(?P<it>is|was|has|ends|will|can|comes|goes|means|starts)|(?:are|were|have) )"
)
_CLAUSE = re.compile(
    r"(?<=[;,]) | (?=\()|(?<=\)) | (?=(?:because|since|although|so that|unless|in order to|via)\b)"
)
_LEAD_OF = {"but": "But ", "because": "This is because ", "since": "This is because "}
_ASIDE = re.compile(r" \(([a-z][^()\d]*)\)")
_LEAST = 4
_SENTENCE_END = re.compile(
    r"(?<=[.!?])(?<!\b[DM]r\.)(?<!\bMrs\.)(?<!\bMs\.)(?<!\bProf\.)(?<!\bNo\.)(?<!\bvs\.)"
    r"(?<!\b[A-Z]\.)(?<!\b[ap]\.m\.)(?<!\b\d\.)(?<!\b\d\d\.)\s+(?=[A-Z\d\"“'(])"
)
_STARTERS = (
    "the a an this that these those there he she it we you they my our your his her their please"
    " could perhaps all in on at for as if when each both attached is are was were has have can"
    " will would should must may not no let send call check confirm review tell give forward bring"
    " want need expect think believe hope guess received got sent met what how"
)
_COMMON = frozenset(word.capitalize() for word in re.split(" ", _STARTERS))


def has_claim(text: str) -> bool:
    """Whether words hold a verb that makes a sentence of them."""
    return _CLAIMS.search(text) is not None


def split_sentence(sentence: str) -> list[str]:
    """A sentence in several, where clauses that can stand alone meet."""
    parts: list[str] = []
    start, lead = 0, ""
    for found in _BREAKS.finditer(sentence):
        before = sentence[start : found.start()]
        rest = sentence[found.end() :]
        if min(len(words_of(before)), len(words_of(rest[:200]))) < _LEAST:
            continue
        if found["word"] and not (_FINITE.search(before) and _FINITE.search(rest[:60])):
            continue
        parts.append(lead + before)
        start = found.end()
        lead = _LEAD_OF.get(found["word"] or found["because"] or "", "")
        if not (lead or found["semi"] or found["word"]):
            lead = "It " if found["it"] else "They "
    parts.append(lead + sentence[start:])
    return [capital(ended(part.rstrip(" ,;:"))) for part in parts if part.strip()]


def sentences_in(text: str, most: int = 0) -> list[str]:
    """The sentences of a text as they stand; with `most`, the rest is left in one piece."""
    return _SENTENCE_END.split(text, maxsplit=most)


def join_sentences(first: str, second: str) -> str:
    """Two sentences as one; a question comes last, so that it stays one."""
    if first.endswith("?") and not second.endswith("?"):
        first, second = second, first
    word, _, rest = second.partition(" ")
    if _is_common(word):
        second = f"{word.lower()} {rest}".strip()
    return f"{first.rstrip('.!?')}, and {second}"


def lengthened(texts: Sequence[str], others: Sequence[str], least: int) -> list[str]:
    """Sentences joined, the shortest first, until all are long on average.

    Args:
        texts: The sentences that may be joined; one after a question stays by itself.
        others: Sentences beside them that count for the average.
        least: The average to reach, in words.
    """
    joined = [_ASIDE.sub(r", \1,", text).replace(",.", ".") for text in texts]
    lengths = [len(words_of(text)) for text in joined]
    rest = [len(words_of(text)) for text in others if text]
    while sum(lengths) + sum(rest) < least * (len(lengths) + len(rest)):
        pairs = [
            (one + other, at)
            for at, (one, other) in enumerate(pairwise(lengths))
            if "?" not in joined[at]
        ]
        if not pairs:
            break
        length, at = min(pairs)
        joined[at : at + 2] = [join_sentences(joined[at], joined[at + 1])]
        lengths[at : at + 2] = [length + 1]
    return joined


def clauses(sentence: str) -> list[str]:
    """A sentence in pieces that can be left out one by one."""
    return [piece for piece in _CLAUSE.split(sentence) if piece.strip()]


def weight(text: str) -> float:
    """How much words tell: names and figures most, long words some, short ones little."""
    total = 0.0
    for at, word in enumerate(words_of(text)):
        is_figure = any(character.isdigit() for character in word)
        total += (
            2.0 if is_figure else (1.5 if word[0].isupper() and at else 0.1 * min(len(word), 8))
        )
    return total


def capital(text: str) -> str:
    """The text with its first letter or figure in upper case."""
    letter = re.search(r"\w", text)
    if letter is None:
        return text
    at = letter.start()
    return text[:at] + text[at].upper() + text[at + 1 :]


def ended(sentence: str) -> str:
    """The sentence with a mark at its end."""
    return sentence if sentence.endswith((".", "!", "?", ":", ",")) else sentence + "."


def _is_common(word: str) -> bool:
    """Whether a word that starts a sentence has a capital for that alone."""
    return re.split(r"['’,]", word)[0] in _COMMON
