"""BERTScore's formula on the vectors of an encoder: how well the words of two texts match.

The original takes a word's vector from a large model that has read the whole sentence. Here each
word is encoded by itself, so the same word has the same vector wherever it stands, and numbers
cannot be set beside published ones. Compare candidates with each other by it.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from tailorlm.encoders import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.metrics.scored import Overlap, Unscored, check_not_blank, harmonic
from tailorlm.evaluation.metrics.tokens import tokens

FloatArray = npt.NDArray[np.float64]


class TokenWeights:
    """How much each token counts: its inverse document frequency.

    ``idf(w) = ln((M + 1) / (m(w) + 1))`` with M texts, m(w) of which hold w (Zhang et al. 2020,
    section 3, with the add-one smoothing named there); a token that no text holds gets
    ``ln(M + 1)``.

    Args:
        texts: Texts to count in: the references, as in the paper.

    Raises:
        InputError: If there are none.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        if isinstance(texts, str) or not texts:
            raise InputError("Token weights need a list of at least one text.")
        holding = Counter(token for text in texts for token in set(tokens(text)))
        self._unseen = math.log(len(texts) + 1)
        self._weights = {
            token: self._unseen - math.log(count + 1) for token, count in holding.items()
        }

    def of(self, found: Sequence[str]) -> FloatArray:
        """Weight of each token, shape (len(found),), at least 0."""
        return np.array([self._weights.get(token, self._unseen) for token in found])


def bert_score(
    candidates: Sequence[str],
    references: Sequence[str],
    encoder: Encoder,
    *,
    weights: TokenWeights | None = None,
    baseline: Overlap | None = None,
) -> list[Overlap | Unscored]:
    """BERTScore of texts against the true ones (Zhang et al. 2020, section 3).

    With unit vectors x_i of the reference's and y_j of the candidate's tokens::

        R = sum_i w_i max_j x_i . y_j / sum_i w_i
        P = sum_j w_j max_i x_i . y_j / sum_j w_j
        F = 2 P R / (P + R), and 0 unless P and R are above 0

    where every w is 1 or, with `weights`, the token's inverse document frequency. With `baseline`
    b each of the three becomes ``(value - b) / (1 - b)``: 0 for unrelated texts and 1 for equal
    ones ("Baseline Rescaling" there), below 0 for less alike ones.

    Args:
        candidates: The texts that were written.
        references: The texts they should resemble, in the same order.
        encoder: Gives the vectors; tokens it does not know have none and do not count.
        weights: Weights of tokens, or None for equal ones.
        baseline: What unrelated texts score, from `bert_baseline` with the same encoder and
            weights, or None for plain values.

    Returns:
        One entry per pair; `Unscored` where a text has no token with a vector and a weight.

    Raises:
        InputError: If the lists differ in length or are empty, or a text is blank.
    """
    if isinstance(candidates, str) or isinstance(references, str):
        raise InputError("BERTScore takes two lists of texts, but was given one text.")
    if not candidates or len(candidates) != len(references):
        raise InputError(
            "BERTScore needs as many candidates as references, one at least, but got "
            f"{len(candidates)} and {len(references)}."
        )
    for candidate, reference in zip(candidates, references, strict=True):
        check_not_blank(candidate, "candidate")
        check_not_blank(reference, "reference")
    written = [tokens(text) for text in candidates]
    wanted = [tokens(text) for text in references]
    vectors = token_vectors(encoder, (*written, *wanted))
    scores = [
        _match(one, other, vectors, weights) for one, other in zip(written, wanted, strict=True)
    ]
    if baseline is None:
        return scores
    return [
        score if isinstance(score, Unscored) else _rescaled(score, baseline) for score in scores
    ]


def bert_baseline(
    texts: Sequence[str],
    encoder: Encoder,
    rng: np.random.Generator,
    *,
    weights: TokenWeights | None = None,
    pairs: int = 1000,
) -> Overlap:
    """What two unrelated texts score on average: the lower end for `bert_score` to rescale by.

    Args:
        texts: Texts to pair at random, none with itself; those that resemble what will be scored.
        encoder: Gives the vectors.
        rng: Draws the pairs.
        weights: Weights of tokens, as they will be used.
        pairs: Number of pairs, from 1.

    Returns:
        Mean precision, recall and F1 over the pairs.

    Raises:
        InputError: If there are fewer than two different texts, or none can be scored.
    """
    different = [] if isinstance(texts, str) else list(dict.fromkeys(texts))
    if len(different) < 2 or pairs < 1:
        raise InputError(
            "A baseline needs two different texts and one pair, but got "
            f"{len(different)} and {pairs}."
        )
    first = rng.integers(len(different), size=pairs)
    second = (first + rng.integers(1, len(different), size=pairs)) % len(different)
    found = bert_score(
        [different[place] for place in first],
        [different[place] for place in second],
        encoder,
        weights=weights,
    )
    scores = [score for score in found if isinstance(score, Overlap)]
    if not scores:
        raise InputError("No pair of the baseline's texts can be scored: no token has a vector.")
    means = [
        float(np.mean([getattr(score, name) for score in scores]))
        for name in ("precision", "recall", "f1")
    ]
    return Overlap(*means)


def token_vectors(encoder: Encoder, texts: Iterable[Sequence[str]]) -> Mapping[str, FloatArray]:
    """Unit vectors of all tokens that the encoder knows."""
    distinct = list(dict.fromkeys(token for text in texts for token in text))
    encoded = encoder.encode(distinct).astype(np.float64)
    return {token: vector for token, vector in zip(distinct, encoded, strict=True) if vector.any()}


def _match(
    candidate: Sequence[str],
    reference: Sequence[str],
    vectors: Mapping[str, FloatArray],
    weights: TokenWeights | None,
) -> Overlap | Unscored:
    written = [token for token in candidate if token in vectors]
    wanted = [token for token in reference if token in vectors]
    if not written or not wanted:
        return Unscored("a text has no token that the encoder knows")
    alike = (
        np.stack([vectors[token] for token in written])
        @ np.stack([vectors[token] for token in wanted]).T
    )
    n_written, n_wanted = np.ones(len(written)), np.ones(len(wanted))
    if weights is not None:
        n_written, n_wanted = weights.of(written), weights.of(wanted)
    if n_written.sum() <= 0 or n_wanted.sum() <= 0:
        return Unscored("every token of a text has weight 0: all texts hold it")
    precision = float(np.average(alike.max(axis=1), weights=n_written))
    recall = float(np.average(alike.max(axis=0), weights=n_wanted))
    return Overlap(precision, recall, harmonic(precision, recall))


def _rescaled(score: Overlap, baseline: Overlap) -> Overlap:
    if max(baseline.precision, baseline.recall, baseline.f1) >= 1:
        raise InputError("A baseline must lie below 1, or there is nothing to rescale to.")
    return Overlap(
        (score.precision - baseline.precision) / (1 - baseline.precision),
        (score.recall - baseline.recall) / (1 - baseline.recall),
        (score.f1 - baseline.f1) / (1 - baseline.f1),
    )
