"""What of a text tells its author: function words, characters, punctuation and traits, counted."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tailorlm.evaluation.metrics.tokens import words
from tailorlm.writing import measure

FloatArray = npt.NDArray[np.float64]

_FUNCTION_WORDS = """
a about above after again against all also although always am among an and another any anyone
anything are around as at away back be because been before being below between both but by
came can can't cannot could did didn't do does doesn't doing don't done down during each
either else enough even ever every everyone everything few for from further get go going got
had has have haven't having he her here him his how however i i'd i'll i'm i've if in into is
isn't it it's its just last least less let let's like little many may maybe me might more most
much must my myself near need never next no none nor not nothing now of off often on once one
only or other others our out over own per perhaps please put quite rather really same shall
she should since so some someone something soon still such sure take than thank thanks that
that's the their them then there there's these they thing things this those though through
thus to together too toward under until up upon us use very via want was we we'd we'll we're
we've well went were what whatever when where whether which while who whom whose why will with
within without won't would yes yet you you'd you'll you're you've your yours
"""
FUNCTION_WORDS = tuple(_FUNCTION_WORDS.split())
"""Words that stand in any text, whatever it is about; an apostrophe is written straight."""
MARKS = ".,;:!?'\"-()/&$%#*@_+=<>[]"
GRAM = 3
_LETTERS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d")
_WORD_PLACE = {word: place for place, word in enumerate(FUNCTION_WORDS)}


def function_word_rates(text: str) -> FloatArray:
    """Uses of each function word per word, shape (len(FUNCTION_WORDS),)."""
    found = words(text)
    rates = np.zeros(len(FUNCTION_WORDS))
    for word in found:
        place = _WORD_PLACE.get(word.replace("’", "'"))
        if place is not None:
            rates[place] += 1.0
    return rates / max(len(found), 1)


def mark_rates(text: str) -> FloatArray:
    """Uses of each mark of `MARKS` per character, shape (len(MARKS),)."""
    return np.array([text.count(mark) for mark in MARKS]) / max(len(text), 1)


def trait_values(text: str) -> FloatArray:
    """The measured traits, shape (traits,)."""
    return np.array(measure(text).as_tuple())


def grams(text: str) -> Counter[str]:
    """Runs of three characters, in upper and lower case; a run of blanks is one blank.

    Line breaks count as blanks, since archives join and break lines as they please.
    """
    flat = f" {' '.join(text.split())} "
    return Counter(flat[start : start + GRAM] for start in range(len(flat) - GRAM + 1))


def without_content(text: str) -> str:
    """The text with each letter of a word that is no function word, and each digit, masked.

    What is left is function words, the lengths and capitals of the others, and punctuation
    (Stamatatos 2017, "Authorship Attribution Using Text Distortion", section 3).
    """
    return _LETTERS.sub(_mask, text)


def common_grams(counts: Sequence[Counter[str]], most: int, *, least_texts: int = 1) -> list[str]:
    """The runs that stand in the most texts, most widespread first; ties in order of spelling."""
    spread: Counter[str] = Counter()
    for count in counts:
        spread.update(count.keys())
    kept = [(-number, gram) for gram, number in spread.items() if number >= least_texts]
    return [gram for _, gram in sorted(kept)[:most]]


def _mask(found: re.Match[str]) -> str:
    word = found.group()
    if word.isdigit():
        return "0"
    if word.lower().replace("’", "'") in _WORD_PLACE:
        return word
    return "".join("X" if letter.isupper() else "x" for letter in word)
