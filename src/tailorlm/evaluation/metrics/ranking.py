"""Ranked lists against what is relevant: recall, precision, NDCG, hit ratio, MRR, and Hits@k.

A `Ranking` is made once, from lists of items or from scores, and each metric reads it. Each gives
one entry per query, so that intervals can treat the user as the unit; `mean_scored` averages
them. A query for which nothing is relevant is `Unscored`: no order of items could be right.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Literal

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics.scored import Unscored

FloatArray = npt.NDArray[np.float64]
Gain = Literal["linear", "exponential"]
_NOTHING = Unscored("nothing is relevant to the query")


@dataclass(frozen=True, eq=False, slots=True)
class Ranking:
    """What is relevant, in the order in which it was recommended, for several queries.

    Attributes:
        found: Shape (queries, ranks): relevance of the item at each rank, best rank first, at
            least 0; 0 for an item that is not relevant and beyond the end of a list.
        best: Shape (queries, most relevant items): relevance of all relevant items, highest
            first, followed by zeros.
    """

    found: FloatArray
    best: FloatArray

    @classmethod
    def of_items(
        cls,
        ranked: Sequence[Sequence[Hashable]],
        relevant: Sequence[Collection[Hashable] | Mapping[Hashable, float]],
    ) -> Ranking:
        """Lists of items, best first, against the relevant items.

        Args:
            ranked: For each query the recommended items, best first, each at most once.
            relevant: For each query the relevant items, or how relevant each is, at least 0.

        Raises:
            InputError: If there are no queries, the two differ in length, a list names an item
                twice, or a relevance is below 0 or no number.
        """
        if isinstance(ranked, str) or not ranked or len(ranked) != len(relevant):
            raise InputError(
                "A ranking needs a list of items and the relevant ones for each query, one query "
                f"at least, but got {len(ranked)} and {len(relevant)}."
            )
        if any(isinstance(items, str) for items in (*ranked, *relevant)):
            raise InputError("Items come as lists, but one query has a text. Wrap it in a list.")
        graded = [
            items if isinstance(items, Mapping) else dict.fromkeys(items, 1.0) for items in relevant
        ]
        for query, items in enumerate(ranked):
            if len(set(items)) < len(items):
                raise InputError(f"Query {query} (from 0) ranks an item twice. Keep the first.")
        found = [
            [grades.get(item, 0.0) for item in items]
            for items, grades in zip(ranked, graded, strict=True)
        ]
        return cls(_padded(found), _highest_first(_padded([list(g.values()) for g in graded])))

    @classmethod
    def of_scores(cls, scores: npt.ArrayLike, relevance: npt.ArrayLike) -> Ranking:
        """Scores of the same items for each query, against their relevance.

        Items of equal score keep their order, so shuffle items whose order could tell.

        Args:
            scores: Shape (queries, items), highest is recommended first; NaN where an item is not
                recommended.
            relevance: Shape (queries, items), at least 0.

        Raises:
            InputError: If the shapes differ or are empty, or a relevance is below 0 or no number.
        """
        given, relevances = np.asarray(scores, np.float64), np.asarray(relevance, np.float64)
        if given.ndim != 2 or given.size == 0 or given.shape != relevances.shape:
            raise InputError(
                "Scores and relevance have the same shape (queries, items) with one item at "
                f"least, but got {given.shape} and {relevances.shape}."
            )
        _check_relevance(relevances)
        order = np.argsort(-given, axis=1, kind="stable")
        found = np.take_along_axis(relevances, order, axis=1)
        n_ranked = (~np.isnan(given)).sum(axis=1)
        found[np.arange(given.shape[1]) >= n_ranked[:, None]] = 0.0
        return cls(found, _highest_first(relevances))


def recall_at_k(ranking: Ranking, k: int) -> list[float | Unscored]:
    """Relevant items among the first k, over all relevant items; from 0 to 1.

    Args:
        ranking: Lists and what is relevant.
        k: Ranks that count, from 1.

    Raises:
        InputError: If k is below 1.
    """
    hits, relevant = _hits(ranking, k), (ranking.best > 0).sum(axis=1)
    return _by_query(hits / np.maximum(relevant, 1), ranking)


def precision_at_k(ranking: Ranking, k: int) -> list[float | Unscored]:
    """Relevant items among the first k, over k, even where a list is shorter; from 0 to 1.

    Args and errors as in `recall_at_k`.
    """
    return _by_query(_hits(ranking, k) / k, ranking)


def hit_ratio_at_k(ranking: Ranking, k: int) -> list[float | Unscored]:
    """1 if any relevant item is among the first k, else 0; the mean is the hit ratio.

    Args and errors as in `recall_at_k`.
    """
    return _by_query((_hits(ranking, k) > 0).astype(np.float64), ranking)


def reciprocal_rank(ranking: Ranking) -> list[float | Unscored]:
    """1 over the rank of the first relevant item, 0 if the list has none; the mean is MRR.

    Args:
        ranking: Lists and what is relevant.
    """
    relevant = ranking.found > 0
    value = relevant.any(axis=1) / (relevant.argmax(axis=1) + 1.0)
    return _by_query(value, ranking)


def ndcg_at_k(ranking: Ranking, k: int, *, gain: Gain = "linear") -> list[float | Unscored]:
    """Normalised discounted cumulative gain of the first k; from 0 to 1, where 1 is ideal.

    With the relevance r_i of the item at rank i, counted from 1::

        DCG = sum_{i <= k} g(r_i) / log2(i + 1),    NDCG = DCG / DCG of the best possible order

    Args:
        ranking: Lists and what is relevant.
        k: Ranks that count, from 1.
        gain: "linear", ``g(r) = r`` (Järvelin and Kekäläinen 2002; the default of scikit-learn
            and ranx), or "exponential", ``g(r) = 2 ** r - 1`` (Burges et al. 2005). They are the
            same where items are relevant or not.

    Raises:
        InputError: If k is below 1 or the gain is another.
    """
    if gain not in ("linear", "exponential"):
        raise InputError(f'The gain is "linear" or "exponential", but got {gain!r}.')
    _check_k(k)
    ideal = _dcg(ranking.best, k, gain)
    value = np.divide(
        _dcg(ranking.found, k, gain), ideal, out=np.zeros_like(ideal), where=ideal > 0
    )
    return _by_query(value, ranking)


def hits_at_k(scores: npt.ArrayLike, right: npt.ArrayLike, k: int) -> FloatArray:
    """Hits@k: whether the right answer is among the k that a model scores highest.

    The mean over cases is the share stated in papers on dialogue (Mazaré et al. 2018). Where other
    answers have the same score, it is the probability of a hit when ties are broken at random, so
    a model that scores all answers alike gains nothing by it::

        hit = min(1, max(0, (k - better) / tied))

    Args:
        scores: Shape (cases, answers): the model's score of each answer.
        right: Shape (cases,): position of the right answer.
        k: Answers that count, from 1.

    Returns:
        Shape (cases,), from 0 to 1.

    Raises:
        InputError: If k is below 1, shapes do not fit, there are no cases, a score is no number,
            or a position is none of an answer.
    """
    _check_k(k)
    given, places = np.asarray(scores, np.float64), np.asarray(right)
    if given.ndim != 2 or given.size == 0 or places.shape != given.shape[:1]:
        raise InputError(
            "Hits@k needs scores of shape (cases, answers) and one position per case, but got "
            f"{given.shape} and {places.shape}."
        )
    if places.dtype.kind not in "iu" or places.min() < 0 or places.max() >= given.shape[1]:
        raise InputError(f"Right answers are positions from 0 to {given.shape[1] - 1}.")
    if np.isnan(given).any():
        raise InputError("A score is no number. Leave the case out or score the answer.")
    own = np.take_along_axis(given, places[:, None], axis=1)
    better, tied = (given > own).sum(axis=1), (given == own).sum(axis=1)
    return np.asarray(np.clip((k - better) / tied, 0.0, 1.0))


def _padded(rows: Sequence[Sequence[float]]) -> FloatArray:
    """Rows of relevance as one array, with zeros behind the shorter ones."""
    lengths = np.fromiter(map(len, rows), np.intp, len(rows))
    array = np.zeros((len(rows), max(int(lengths.max()), 1)))
    flat = np.fromiter(chain.from_iterable(rows), np.float64, int(lengths.sum()))
    _check_relevance(flat)
    array[np.arange(array.shape[1]) < lengths[:, None]] = flat
    return array


def _highest_first(relevance: FloatArray) -> FloatArray:
    return -np.sort(-relevance, axis=1)


def _check_relevance(relevance: FloatArray) -> None:
    if relevance.size and not (relevance >= 0).all():
        raise InputError("Relevance is 0 or more, but one is below 0 or no number.")


def _check_k(k: int) -> None:
    if k < 1:
        raise InputError(f"k is the number of first ranks that count, from 1, but got {k}.")


def _hits(ranking: Ranking, k: int) -> FloatArray:
    _check_k(k)
    return np.asarray((ranking.found[:, :k] > 0).sum(axis=1), np.float64)


def _dcg(relevance: FloatArray, k: int, gain: Gain) -> FloatArray:
    counted = relevance[:, :k]
    if gain == "exponential":
        counted = np.exp2(counted) - 1.0
    return np.asarray(counted @ (1.0 / np.log2(np.arange(2, counted.shape[1] + 2))))


def _by_query(values: FloatArray, ranking: Ranking) -> list[float | Unscored]:
    scored = ranking.best[:, 0] > 0
    return [
        value if known else _NOTHING
        for value, known in zip(values.tolist(), scored.tolist(), strict=True)
    ]
