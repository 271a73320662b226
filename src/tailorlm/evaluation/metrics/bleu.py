"""BLEU: how many runs of one to four tokens a text shares with the true one, as sacrebleu counts.

The tokens are those of mteval-v13a, the smoothing is "exp", case counts: sacrebleu's defaults.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics.scored import Unscored, check_not_blank

IntArray = npt.NDArray[np.int64]
LONGEST = 4
"""Tokens of the longest run that counts."""
_NO_TOKEN = Unscored("a text has no token")
_ENTITIES = (("&quot;", '"'), ("&amp;", "&"), ("&lt;", "<"), ("&gt;", ">"))
_MARK = re.compile(r"([!-&(-+:-@\[-`{-~/])")
_STOP_AFTER_OTHER = re.compile(r"([^0-9])([.,])")
_STOP_BEFORE_OTHER = re.compile(r"([.,])([^0-9])")
_DASH_AFTER_DIGIT = re.compile(r"([0-9])(-)")


def sentence_bleu(candidate: str, references: str | Sequence[str]) -> float | Unscored:
    """BLEU of one text (Papineni et al. 2002), as sacrebleu's `sentence_bleu` defines it.

    With m_n of the candidate's l_n runs of n tokens found in a reference, each at most as often
    as there, c tokens in the candidate and r in the reference of the nearest length::

        BLEU = 100 exp(min(0, 1 - r / c)) exp(1 / N sum_n ln p_n),   p_n = m_n / l_n

    where n goes from 1 to N = 4, or to c for shorter candidates. In place of the k-th m_n that is
    0 stands ``2 ** -k`` ("exp" smoothing: Chen and Cherry 2014, method 3); without any token in
    common BLEU is 0.

    Args:
        candidate: The text that was written.
        references: The text it should resemble, or several of which any will do.

    Returns:
        From 0 to 100, sacrebleu's scale; `Unscored` where the candidate or every reference has no
        token.

    Raises:
        InputError: If a text is blank, or there is no reference.
    """
    counts, comparable = _counts(candidate, _listed(references))
    return _score(counts, all_lengths=False) if comparable else _NO_TOKEN


def corpus_bleu(
    candidates: Sequence[str], references: Sequence[str | Sequence[str]]
) -> float | Unscored:
    """BLEU of many texts taken together, as sacrebleu's `corpus_bleu` defines it.

    The counts of `sentence_bleu` are added up over all texts before the formula is applied, and N
    is always 4. This is what papers state; it is not the mean of the sentences' scores. A text
    without a token, such as one of nothing but "<skipped>", counts as one of length 0.

    Args:
        candidates: The texts that were written.
        references: For each the text it should resemble, or several.

    Returns:
        From 0 to 100; `Unscored` where no pair has tokens on both sides or no candidate has four.

    Raises:
        InputError: If the lists differ in length or are empty, or a text is blank.
    """
    if isinstance(candidates, str) or isinstance(references, str):
        raise InputError("Corpus BLEU takes two lists of texts, but was given one text.")
    if not candidates or len(candidates) != len(references):
        raise InputError(
            "Corpus BLEU needs references for each candidate, one at least, but got "
            f"{len(candidates)} candidates and {len(references)} references."
        )
    total, any_comparable = np.zeros(2 + 2 * LONGEST, dtype=np.int64), False
    for candidate, wanted in zip(candidates, references, strict=True):
        counts, comparable = _counts(candidate, _listed(wanted))
        total += counts
        any_comparable |= comparable
    if not any_comparable:
        return _NO_TOKEN
    if total[-1] == 0:
        return Unscored(f"no candidate has {LONGEST} tokens")
    return _score(total.tolist(), all_lengths=True)


def bleu_tokens(text: str) -> list[str]:
    """Tokens of mteval-v13a: marks stand alone, points and commas within numbers do not."""
    text = text.rstrip().replace("<skipped>", "").replace("-\n", "").replace("\n", " ")
    if "&" in text:
        for name, mark in _ENTITIES:
            text = text.replace(name, mark)
    text = _MARK.sub(r" \1 ", f" {text} ")
    if "." in text or "," in text:
        text = _STOP_AFTER_OTHER.sub(r"\1 \2 ", text)
        text = _STOP_BEFORE_OTHER.sub(r" \1 \2", text)
    if "-" in text:
        text = _DASH_AFTER_DIGIT.sub(r"\1 \2 ", text)
    return text.split()


def _listed(references: str | Sequence[str]) -> Sequence[str]:
    listed = [references] if isinstance(references, str) else references
    if not listed:
        raise InputError("BLEU needs at least one reference, but got none.")
    return listed


def _counts(candidate: str, references: Sequence[str]) -> tuple[list[int], bool]:
    """Tokens of candidate and nearest reference, then matched runs and all runs by length.

    And whether there is a token on both sides.
    """
    written = bleu_tokens(check_not_blank(candidate, "candidate"))
    wanted = [bleu_tokens(check_not_blank(text, "reference")) for text in references]
    nearest = min((abs(len(text) - len(written)), len(text)) for text in wanted)[1]
    matched = [0] * LONGEST
    for length in range(1, LONGEST + 1):
        matched[length - 1] = _matched(written, wanted, length)
        if matched[length - 1] == 0:
            break
    runs = [max(len(written) - length + 1, 0) for length in range(1, LONGEST + 1)]
    return [len(written), nearest, *matched, *runs], bool(written) and any(wanted)


def _matched(written: Sequence[str], wanted: Sequence[Sequence[str]], length: int) -> int:
    """Runs of this length found in a reference, each at most as often as in one of them."""
    here = Counter(_runs(written, length))
    there = Counter(_runs(wanted[0], length))
    for text in wanted[1:]:
        there |= Counter(_runs(text, length))
    return sum(min(here[run], there[run]) for run in here.keys() & there.keys())


def _runs(tokens: Sequence[str], length: int) -> Iterable[object]:
    if length == 1:
        return tokens
    return zip(*(tokens[start:] for start in range(length)), strict=False)


def _score(counts: Sequence[int], *, all_lengths: bool) -> float:
    n_written, n_wanted = counts[:2]
    matched, runs = counts[2 : 2 + LONGEST], counts[2 + LONGEST :]
    if not any(matched):
        return 0.0
    logs, halves = [], 0
    for found, all_runs in zip(matched, runs, strict=True):
        if all_runs == 0:
            break
        halves += found == 0
        logs.append(math.log((found or 0.5**halves) / all_runs))
    over = LONGEST if all_lengths else len(logs)
    return 100.0 * math.exp(min(0.0, 1.0 - n_wanted / n_written) + sum(logs) / over)
