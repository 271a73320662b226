"""Texts to words, in any script, and words to the numbers that a memory keeps."""

from __future__ import annotations

import re
import unicodedata
import zlib
from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

MAX_COUNT = 2**16 - 1
"""Largest number of times that a word of one item is counted."""

_WORD = re.compile(r"[a-z0-9]+(?:'(?:t|s|d|m|re|ve|ll)\b)?")
_APOSTROPHES = str.maketrans({"’": "'", "ʼ": "'"})
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\U00020000-\U0003ffff]+"
)
_APART = re.compile(r"\S+")


def words_of(text: str, *, stem: bool = False) -> list[str]:
    """The words of a text in lower case, in order.

    A word is a run of letters, digits and the marks that belong to them. Contractions stay whole
    without their apostrophe ("dont"), and a possessive loses its "s". Scripts that write no blanks
    between words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) give pairs of neighbouring
    characters instead.

    Args:
        text: Any text.
        stem: Whether plurals lose their ending: Harman's S stemmer (1991, "How effective is
            suffixing?", table 1). Only English words of at least four letters change.
    """
    folded = text.translate(_APOSTROPHES).lower()
    if not folded.isascii():
        folded = unicodedata.normalize("NFKC", folded).casefold()
    found = _ascii_words(folded) if folded.isascii() else _any_words(folded)
    return [singular(word) for word in found] if stem else found


def singular(word: str) -> str:
    """A word without its plural ending, by Harman's three rules."""
    if len(word) < 4 or word[-1] != "s" or not word.isascii():
        return word
    if word.endswith("ies"):
        return word if word[-4] in "ae" else f"{word[:-3]}y"
    if word.endswith("es"):
        return word if word[-3] in "aeo" else word[:-1]
    return word if word[-2] in "us" else word[:-1]


def hash_of(words: Iterable[str]) -> npt.NDArray[np.uint32]:
    """A number for each word: its CRC-32, the same in every process.

    Two of 10,000 different words share a number about once in a hundred vocabularies, and then
    each is found by the other.
    """
    return np.fromiter((zlib.crc32(word.encode("utf-8", "replace")) for word in words), np.uint32)


def count_words(
    text: str, *, stem: bool = False
) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint16]]:
    """The different words of a text as numbers, in the order they first occur, and their counts."""
    counts = Counter(words_of(text, stem=stem))
    often = [min(count, MAX_COUNT) for count in counts.values()]
    return hash_of(counts), np.array(often, dtype=np.uint16)


def _ascii_words(text: str) -> list[str]:
    found = _WORD.findall(text)
    if "'" not in text:
        return found
    return [word.removesuffix("'s").replace("'", "") for word in found]


def _any_words(text: str) -> list[str]:
    kept = "".join(letter if letter == "'" or _in_word(letter) else " " for letter in text)
    found: list[str] = []
    for run in _APART.findall(kept):
        place = 0
        for match in _UNSPACED.finditer(run):
            found += _spaced(run[place : match.start()])
            found += _pairs(match[0])
            place = match.end()
        found += _spaced(run[place:])
    return found


def _spaced(run: str) -> list[str]:
    if run.isascii():
        return _ascii_words(run)
    return [word for word in run.split("'") if word]


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def _in_word(letter: str) -> bool:
    return letter.isalnum() or unicodedata.category(letter)[0] == "M"
