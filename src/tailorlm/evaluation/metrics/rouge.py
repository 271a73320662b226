"""ROUGE: how many words, pairs of words, or words in order two texts share.

Computed by the package `rouge-score`, which follows Lin's own script; here is only what it leaves
open: an optional part that names its command, and texts it cannot read, which it would score 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Literal

from tailorlm.errors import MissingExtraError
from tailorlm.evaluation.metrics.scored import Overlap, Unscored, check_not_blank

if TYPE_CHECKING:
    from rouge_score.rouge_scorer import RougeScorer

RougeKind = Literal["rouge1", "rouge2", "rougeL"]
ROUGE_KINDS: tuple[RougeKind, ...] = ("rouge1", "rouge2", "rougeL")
_WORD = re.compile("[a-z0-9]+")
_LEAST_WORDS = {"rouge1": 1, "rouge2": 2, "rougeL": 1}


def rouge(
    candidate: str, reference: str, *, stem: bool = False
) -> Mapping[RougeKind, Overlap | Unscored]:
    """ROUGE-1, ROUGE-2 and ROUGE-L of a text against the true one (Lin 2004).

    ROUGE-N: with c(g) and r(g) the number of times an n-gram g stands in candidate and reference,
    recall is ``sum_g min(c(g), r(g)) / sum_g r(g)`` and precision the same over ``sum_g c(g)``
    (section 2, equation 1). ROUGE-L puts the length of the longest common subsequence of words in
    place of the upper sum (section 3.1, equations 2 to 4 with beta = 1).

    Words are runs of a to z and 0 to 9, in lower case, as in Lin's script. A text without enough
    of them, such as one in another alphabet, is `Unscored`.

    Args:
        candidate: The text that was written.
        reference: The text it should resemble.
        stem: Whether Porter stems are compared in place of words longer than three letters.

    Raises:
        InputError: If a text is blank.
        MissingExtraError: If `rouge-score` is not installed.
    """
    check_not_blank(candidate, "candidate")
    check_not_blank(reference, "reference")
    n_words = min(len(_WORD.findall(text.lower())) for text in (candidate, reference))
    scores = _scorer(stem).score(reference, candidate)
    return {
        kind: Overlap(
            float(scores[kind].precision), float(scores[kind].recall), float(scores[kind].fmeasure)
        )
        if n_words >= _LEAST_WORDS[kind]
        else Unscored(f"a text has {n_words} words of a to z and 0 to 9, too few for {kind}")
        for kind in ROUGE_KINDS
    }


@cache
def _scorer(stem: bool) -> RougeScorer:
    try:
        from rouge_score.rouge_scorer import RougeScorer
    except ImportError:
        raise MissingExtraError("ROUGE", "evaluation") from None
    return RougeScorer(list(ROUGE_KINDS), use_stemmer=stem)
