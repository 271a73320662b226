"""ROUGE: how many words, pairs of words, or words in order two texts share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Literal

from tailorlm.evaluation.metrics.scored import Overlap, Unscored, check_not_blank, harmonic
from tailorlm.evaluation.metrics.stems import porter

RougeKind = Literal["rouge1", "rouge2", "rougeL"]
ROUGE_KINDS: tuple[RougeKind, ...] = ("rouge1", "rouge2", "rougeL")
_WORD = re.compile("[a-z0-9]+")
_LEAST_STEMMED = 4


def rouge(
    candidate: str, reference: str, *, stem: bool = False
) -> Mapping[RougeKind, Overlap | Unscored]:
    """ROUGE-1, ROUGE-2 and ROUGE-L of a text against the true one (Lin 2004).

    ROUGE-N: with c(g) and r(g) the number of times an n-gram g stands in candidate and reference,
    recall is ``sum_g min(c(g), r(g)) / sum_g r(g)`` and precision the same over ``sum_g c(g)``
    (section 2, equation 1). ROUGE-L puts the length of the longest common subsequence of words in
    place of the upper sum (section 3.1, equations 2 to 4 with beta = 1).

    Words are runs of a to z and 0 to 9, in lower case, as in Lin's script and in the package
    rouge-score, whose numbers these are. A text without enough of them, such as one in another
    alphabet, is `Unscored`.

    Args:
        candidate: The text that was written.
        reference: The text it should resemble.
        stem: Whether Porter stems are compared in place of words longer than three letters.

    Returns:
        Precision, recall and F1 of each kind, from 0 to 1.

    Raises:
        InputError: If a text is blank.
        MissingExtraError: If stems are asked for and nltk is not installed.
    """
    written = _words(check_not_blank(candidate, "candidate"), stem)
    wanted = _words(check_not_blank(reference, "reference"), stem)
    n_words = min(len(written), len(wanted))
    if n_words == 0:
        return {kind: _too_few(n_words, kind) for kind in ROUGE_KINDS}
    return {
        "rouge1": _overlap(_shared(written, wanted), len(written), len(wanted)),
        "rouge2": _too_few(n_words, "rouge2")
        if n_words == 1
        else _overlap(
            _shared(list(pairwise(written)), list(pairwise(wanted))),
            len(written) - 1,
            len(wanted) - 1,
        ),
        "rougeL": _overlap(_longest_common(written, wanted), len(written), len(wanted)),
    }


def _words(text: str, stem: bool) -> list[str]:
    found = _WORD.findall(text.lower())
    if not stem:
        return found
    stem_of = porter("ROUGE with stems")
    return [stem_of(word) if len(word) >= _LEAST_STEMMED else word for word in found]


def _too_few(n_words: int, kind: RougeKind) -> Unscored:
    return Unscored(f"a text has {n_words} words of a to z and 0 to 9, too few for {kind}")


def _overlap(shared: int, written: int, wanted: int) -> Overlap:
    precision, recall = shared / written, shared / wanted
    return Overlap(precision, recall, harmonic(precision, recall))


def _shared(written: Sequence[object], wanted: Sequence[object]) -> int:
    """Entries that both hold, each as often as in the one that holds it less often."""
    here, there = Counter(written), Counter(wanted)
    return sum(min(here[entry], there[entry]) for entry in here.keys() & there.keys())


def _longest_common(written: Sequence[str], wanted: Sequence[str]) -> int:
    """Length of the longest common subsequence.

    A row of the usual table rises by 0 or 1 from column to column; the rises are the zeros of one
    long integer, and a row is made from the last by an addition (Hyyrö 2004, "Bit-Parallel LCS-
    length Computation Revisited").
    """
    places: dict[str, int] = {}
    for place, word in enumerate(wanted):
        places[word] = places.get(word, 0) | 1 << place
    everywhere = (1 << len(wanted)) - 1
    level = everywhere
    for word in written:
        if word in places:
            met = level & places[word]
            level = (level + met | level - met) & everywhere
    return len(wanted) - level.bit_count()
