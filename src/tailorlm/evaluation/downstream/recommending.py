"""Recommendation: all films that a user has not rated, the best first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import product

import numpy as np

from tailorlm.evaluation.downstream import heads
from tailorlm.evaluation.downstream.factors import fit_watched
from tailorlm.evaluation.downstream.features import Seen
from tailorlm.evaluation.downstream.methods import Fitted, Method
from tailorlm.evaluation.downstream.ratings import FloatArray, IntArray, Predict, Ratings
from tailorlm.evaluation.downstream.similar import Similarity, like_the_liked, most_popular
from tailorlm.evaluation.downstream.splits import Split
from tailorlm.evaluation.downstream.stars import FACTORS, OWN, POOLED
from tailorlm.evaluation.metrics import (
    Ranking,
    Unscored,
    hit_ratio_at_k,
    mean_scored,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
)

GENERIC, BM25, DENSE = "most popular", "BM25 over liked plots", "dense over liked plots"
K = 10
"""Ranks that count."""
NDCG = f"NDCG@{K}"
_RANKS, _RIDGES, _CONFIDENCES = (16.0, 32.0, 64.0), (1.0, 10.0), (1.0, 5.0, 20.0)

METRICS: Mapping[str, Callable[[Ranking], list[float | Unscored]]] = {
    NDCG: lambda ranking: ndcg_at_k(ranking, K),
    f"recall@{K}": lambda ranking: recall_at_k(ranking, K),
    f"precision@{K}": lambda ranking: precision_at_k(ranking, K),
    f"hit ratio@{K}": lambda ranking: hit_ratio_at_k(ranking, K),
    "reciprocal rank": reciprocal_rank,
}
"""What is measured of a user's list."""


@dataclass(frozen=True, slots=True)
class Similarities:
    """How alike plots are, each of shape (films, films): by words and by meaning."""

    words: Similarity
    meaning: Similarity


def ranking_methods(fixed: FloatArray, alike: Similarities, seed: int) -> list[Method]:
    """What recommends, baselines first.

    Args:
        fixed: Features of the films, as `features.described`.
        alike: How alike their plots are.
        seed: Of where the factors start, and of the films that liked ones are put beside.
    """
    learned = lru_cache(maxsize=2)(lambda train: _heads(train, fixed, seed))

    def head(pooled: bool) -> Callable[[Ratings], Fitted]:
        return lambda train: lambda _: partial(learned(train).worth, pooled=pooled)

    return [
        Method(name=GENERIC, kind="generic", learn=lambda train: lambda _: most_popular(train)),
        Method(
            name=BM25,
            kind="personal",
            learn=lambda train: lambda _: like_the_liked(train, alike.words),
            needs_history=True,
        ),
        Method(
            name=DENSE,
            kind="personal",
            learn=lambda train: lambda _: like_the_liked(train, alike.meaning),
            needs_history=True,
        ),
        Method(
            name=FACTORS,
            kind="personal",
            learn=lambda train: (
                lambda one: (
                    fit_watched(
                        train, int(one[0]), one[1], one[2], np.random.default_rng(seed)
                    ).predict
                )
            ),
            words=("rank", "ridge", "confidence"),
            settings=tuple(product(_RANKS, _RIDGES, _CONFIDENCES)),
            needs_history=True,
        ),
        Method(name=POOLED, kind="pooled", learn=head(True)),
        Method(name=OWN, kind="personal", learn=head(False)),
    ]


def ranking_loss(order: IntArray) -> Callable[[Predict, Split], float]:
    """The mean reciprocal rank of what users liked, less is better.

    Args:
        order: Of films with equal scores.
    """

    def loss(predict: Predict, split: Split) -> float:
        users = tested(split)
        mean = mean_scored(reciprocal_rank(ranked(predict, split, users, order)))
        return 0.0 if isinstance(mean, Unscored) else -mean

    return loss


def tested(split: Split) -> IntArray:
    """The users of whom something is held out, by position."""
    return np.unique(split.test.user)


def ranked(predict: Predict, split: Split, users: IntArray, order: IntArray) -> Ranking:
    """All films that each user has not rated, against those held out that the user liked.

    A held-out film is relevant if it got the mean of the user's training part or more. Films of
    equal score stand in `order`, which is drawn, so that no place in a file tells anything.

    Args:
        predict: Scores.
        split: Its test says what is relevant.
        users: Shape (n,): whom to recommend to, by position.
        order: A permutation of the films.
    """
    return in_order(scores_of(predict, split.train, users), split, users, order)


def in_order(scores: FloatArray, split: Split, users: IntArray, order: IntArray) -> Ranking:
    """The same from scores, shape (n, films), NaN for what is not recommended."""
    return Ranking.of_scores(scores[:, order], relevant(split, users)[:, order])


def scores_of(predict: Predict, train: Ratings, users: IntArray) -> FloatArray:
    """Shape (n, films); NaN for what the user has rated."""
    everything = np.arange(train.films)
    scores = np.empty((len(users), train.films))
    for row, user in enumerate(users):
        scores[row] = predict(np.full(train.films, user), everything)
        scores[row, train.film[train.of_user[user]]] = np.nan
    return scores


def relevant(split: Split, users: Sequence[int] | IntArray) -> FloatArray:
    """Shape (n, films): 1 for what is held out and liked, else 0."""
    found = np.zeros((len(users), split.test.films))
    for row, user in enumerate(users):
        own = split.test.of_user[user]
        liked = split.test.stars[own] >= split.train.usual[user]
        found[row, split.test.film[own[liked]]] = 1.0
    return found


def _heads(train: Ratings, fixed: FloatArray, seed: int) -> heads.Heads:
    seen = Seen.of(fixed, train)
    return heads.fit_heads(seen, heads.watched_pairs(train, seen, np.random.default_rng(seed)))
