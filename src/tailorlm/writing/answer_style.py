"""How an answer is written, as numbers of about the same size that a reward can be linear in.

Each number is named in words that go with "likes": a positive weight on "long answers" says that
long answers are liked. Centres and scales are fixed, so that the numbers of a text never change.
They are counted in few passes over the text, since many candidates are measured while a user waits;
`tailorlm.writing.traits` measures more, and takes its time.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from tailorlm.writing.traits import words_of

_SCALED: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "long answers": (4.2, 0.6),
        "very short or very long answers": (0.4, 0.6),
        "long sentences": (2.6, 0.4),
        "long words": (0.28, 0.12),
        "words of many syllables": (1.65, 0.3),
        "demanding reading": (9.0, 5.0),
        "varied words": (0.96, 0.025),
        "exclamation marks": (0.04, 0.1),
        "questions": (0.02, 0.08),
        "commas": (1.3, 1.0),
        "dashes": (0.04, 0.15),
        "semicolons": (0.1, 0.25),
        "colons": (0.15, 0.25),
        "parentheses": (0.1, 0.25),
        "quotation marks": (0.08, 0.2),
        "lists": (0.05, 0.2),
        "several paragraphs": (0.9, 0.35),
        "contractions": (0.025, 0.025),
        "figures": (0.03, 0.04),
        "words in capitals": (0.02, 0.04),
        "emoji and trailing dots": (0.0, 0.1),
        "hedged claims": (0.003, 0.008),
        "courtesies": (0.002, 0.006),
        "addressing the reader": (0.015, 0.02),
        "speaking as I": (0.005, 0.012),
        "speaking as we": (0.003, 0.01),
        "negations": (0.018, 0.02),
        "everyday words": (0.015, 0.018),
    }
)
ANSWER_STYLES = tuple(_SCALED)
"""Names of the numbers, in order."""
_CENTRES, _SPREADS = np.array(list(_SCALED.values())).T
MOST_READ = 20_000
"""Characters of an answer that are measured: its beginning shows how it is written."""
_MOST = 4.0
_WORDS = {
    "addressing the reader": "you your yours yourself you're you'll you've you'd",
    "speaking as I": "i me my mine i'm i'd i'll i've",
    "speaking as we": "we us our ours let's we're we'll we've",
    "negations": "no not never none nothing nobody neither nor cannot don't doesn't didn't isn't "
    "aren't wasn't can't couldn't won't wouldn't shouldn't",
    "everyday words": "like just so really very bit thing things even too pretty lots stuff",
    "hedged claims": "perhaps maybe probably possibly might may seems seem appears rather somewhat",
    "courtesies": "please kindly thank thanks sorry welcome glad happy hope appreciate",
}
_SHARES = {word: name for name, words in _WORDS.items() for word in words.split()}
"""The share that each of these words counts for."""
_VOWELS = re.compile(r"[aeiouyáàâäéèêëíïóôöúûü]+")
_SILENT = re.compile(r"[aeiouy][a-z]{0,15}[^aeiouyl\W\d_]e\b")
_ENDS = re.compile(r"[.!?]+(?=\s|[\"'”’)]|$)|(?<=[^\s.!?:])\n")
_QUOTED = re.compile(r"(?<!\w)['\"“‘«]\w")
_LISTED = re.compile(r"^[ \t]*(?:[-*•–·]|\(?\d{1,3}[.):])[ \t]+\S", re.MULTILINE)
_DASHED = re.compile(r"\w ?(?:--|[–—]) ?\w|\w - \w")
_EMOJI = re.compile("[\U0001f300-\U0001faff\u2600-\u27bf]|\\.\\.+|…|(?<!\\w)[:;]-?[)(DP](?!\\w)")


def answer_style(text: str) -> npt.NDArray[np.float64]:
    """The numbers of a text in the order of `ANSWER_STYLES`, each from -4 to 4.

    An empty text has the numbers of one in which nothing occurs.
    """
    raw = _measured(text[:MOST_READ])
    found = (np.array([raw[name] for name in ANSWER_STYLES]) - _CENTRES) / _SPREADS
    bounded: npt.NDArray[np.float64] = found.clip(-_MOST, _MOST)
    return bounded


def _measured(text: str) -> dict[str, float]:
    """The numbers as they are counted: marks per sentence, kinds of words per word."""
    words = words_of(text)
    n, sentences = max(len(words), 1), max(len(_ENDS.findall(text)), 1)
    length = math.log1p(len(words))
    lowered = text.lower().replace("’", "'")
    counts = Counter(words_of(lowered))
    shares = dict.fromkeys(_WORDS, 0.0)
    for word in counts.keys() & _SHARES.keys():
        shares[_SHARES[word]] += counts[word] / n
    # Groups of vowels, without a silent e at the end of a word that has others.
    syllables = max(len(_VOWELS.findall(lowered)) - len(_SILENT.findall(lowered)), len(words))
    lines = max(text.count("\n") + 1 - text.count("\n\n"), 1)
    return {
        "long answers": length,
        "very short or very long answers": (length - 4.2) ** 2,
        "long sentences": math.log1p(n / sentences),
        "long words": sum(len(word) >= 7 for word in words) / n,
        "words of many syllables": syllables / n,
        # Kincaid et al. 1975: the grade at school that a reader needs.
        "demanding reading": 0.39 * n / sentences + 11.8 * syllables / n - 15.59,
        # Herdan 1960: about the same in texts of any length.
        "varied words": math.log(max(len(counts), 1)) / math.log(n) if n > 1 else 1.0,
        "contractions": sum(count for word, count in counts.items() if "'" in word) / n,
        "figures": sum(word[0].isdigit() for word in words) / n,
        "words in capitals": sum(word.isupper() and len(word) > 1 for word in words) / n,
        "lists": len(_LISTED.findall(text)) / lines,
        "several paragraphs": math.log1p(len(text.strip().split("\n\n"))),
        **shares,
        **{name: count / sentences for name, count in _marks(text).items()},
    }


def _marks(text: str) -> dict[str, int]:
    """How often each kind of mark stands in a text."""
    return {
        "exclamation marks": text.count("!"),
        "questions": text.count("?"),
        "commas": text.count(","),
        "dashes": len(_DASHED.findall(text)),
        "semicolons": text.count(";"),
        "colons": text.count(":"),
        "parentheses": text.count("("),
        "quotation marks": len(_QUOTED.findall(text)),
        "emoji and trailing dots": len(_EMOJI.findall(text)),
    }
