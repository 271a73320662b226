"""Predictions against what is held out, by user: comparisons of methods with their intervals."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from tailorlm.evaluation.classification import macro_f1
from tailorlm.evaluation.compare import compare
from tailorlm.evaluation.comparison import Better, Comparison, Result
from tailorlm.evaluation.downstream import recommending, stars
from tailorlm.evaluation.downstream.methods import Chosen, Kind
from tailorlm.evaluation.downstream.ratings import FloatArray, IntArray
from tailorlm.evaluation.downstream.recommending import ranked, tested
from tailorlm.evaluation.downstream.splits import Split
from tailorlm.evaluation.intervals import Interval, ratio_interval
from tailorlm.evaluation.metrics import Ranking, Unscored, rmse

STARS, LIKES, LISTS = "rating prediction", "classification", "recommendation"
MAE, RMSE, ACCURACY, MACRO_F1 = "MAE", "RMSE", "accuracy", "macro F1"
MOST_FREQUENT = "most frequent answer"
PRIMARY: Mapping[str, str] = {STARS: MAE, LIKES: ACCURACY, LISTS: recommending.NDCG}
"""What methods are compared by in each task."""
NEW_USERS = "new users"
"""How the name of a case ends whose users have no rating in the training part."""
ListScores = Mapping[str, Sequence[float | Unscored]]
"""By metric, the score of each user's list."""
NEW = Unscored("nothing is known of the user")
_LABELS = ("liked", "not liked")


@dataclass(frozen=True, slots=True)
class Draws:
    """How intervals and p values are drawn.

    Attributes:
        seed: Of all of them, each drawn anew from it.
        resamples: Rounds of the bootstrap, and sign flips.
    """

    seed: int
    resamples: int


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What was found in one task on one part of a split.

    Attributes:
        task: `STARS`, `LIKES` or `LISTS`.
        case: Of which split and which users.
        comparison: Of the methods by the task's primary metric.
        others: By further metric, each method's mean.
        kinds: What each method's predictions depend on.
    """

    task: str
    case: str
    comparison: Comparison
    others: Mapping[str, Mapping[str, Interval]]
    kinds: Mapping[str, Kind]


def measure_stars(
    chosen: Sequence[Chosen],
    split: Split,
    case: str,
    draws: Draws,
    said: Mapping[str, Sequence[float | Unscored]] = MappingProxyType({}),
    said_kinds: Mapping[str, Kind] = MappingProxyType({}),
) -> tuple[Measured, Measured]:
    """Stars, and whether a film gets the user's own mean or more.

    The generic answer to the second is the one that is more frequent in the training part; other
    methods say that the user will like a film if they predict the user's mean or more.

    Args:
        chosen: The methods.
        split: Its test is predicted.
        case: What the page calls it.
        draws: Of intervals.
        said: Further predictions by name, of the test's ratings in their order.
        said_kinds: Of these.
    """
    test = split.test
    kinds = {one.method.name: one.method.kind for one in chosen} | {**said_kinds}
    predicted = {one.method.name: one.predict(test.user, test.film) for one in chosen}
    predicted |= {name: _numbers(given) for name, given in said.items()}
    predicted = {name: stars.on_scale(given) for name, given in predicted.items()}
    usual = split.train.usual[test.user]
    frequent = float(split.train.liked.mean() >= 0.5)
    likes = {MOST_FREQUENT: np.full(len(test), frequent)}
    like_kinds: dict[str, Kind] = {MOST_FREQUENT: "generic"}
    for name, given in predicted.items():
        if name in said or kinds[name] != "generic":
            likes[name] = np.where(np.isnan(given), np.nan, given >= usual)
            like_kinds[name] = kinds[name]
    return (
        _stars(predicted, said, split, case, kinds, draws),
        _likes(likes, said, split, case, like_kinds, draws),
    )


def measure_lists(
    chosen: Sequence[Chosen],
    split: Split,
    case: str,
    order: IntArray,
    draws: Draws,
    said: Mapping[str, ListScores] = MappingProxyType({}),
    said_kinds: Mapping[str, Kind] = MappingProxyType({}),
) -> Measured:
    """Lists of all films that each tested user has not rated.

    Args:
        chosen: The methods.
        split: Its test is predicted.
        case: What the page calls it.
        order: Of films with equal scores.
        draws: Of intervals.
        said: Scores of further lists by name, of the tested users in their order.
        said_kinds: Of these.
    """
    users, known = tested(split), split.known
    found: dict[str, ListScores] = {}
    for one in chosen:
        unscored = [NEW if one.method.needs_history and not known[u] else None for u in users]
        found[one.method.name] = list_scores(ranked(one.predict, split, users, order), unscored)
    kinds = {one.method.name: one.method.kind for one in chosen} | {**said_kinds}
    return _lists(found | {**said}, split, case, kinds, draws)


def list_scores(ranking: Ranking, unscored: Sequence[Unscored | None]) -> ListScores:
    """By metric, the score of each list, or why it has none."""
    return {
        metric: [
            score if why is None else why for why, score in zip(unscored, of(ranking), strict=True)
        ]
        for metric, of in recommending.METRICS.items()
    }


def _stars(
    predicted: Mapping[str, FloatArray],
    said: Mapping[str, Sequence[float | Unscored]],
    split: Split,
    case: str,
    kinds: Mapping[str, Kind],
    draws: Draws,
) -> Measured:
    truth = split.test.stars
    results: list[Result] = []
    roots: dict[str, Interval] = {}
    for name, given in predicted.items():
        known = ~np.isnan(given)
        results += _by_film(name, split, np.abs(given - truth), said.get(name))
        roots[name] = _root(truth[known], given[known], split.test.user[known], draws)
    compared = _compared(results, MAE, "lower", kinds, draws)
    return Measured(task=STARS, case=case, comparison=compared, others={RMSE: roots}, kinds=kinds)


def _likes(
    told: Mapping[str, FloatArray],
    said: Mapping[str, Sequence[float | Unscored]],
    split: Split,
    case: str,
    kinds: Mapping[str, Kind],
    draws: Draws,
) -> Measured:
    usual = split.train.usual[split.test.user]
    truth = (split.test.stars >= usual).astype(np.float64)
    results: list[Result] = []
    means: dict[str, Interval] = {}
    for name, given in told.items():
        known = ~np.isnan(given)
        right = np.where(known, given == truth, np.nan)
        results += _by_film(name, split, right, said.get(name))
        means[name] = macro_f1(
            _labels(truth[known]),
            _labels(given[known]),
            [split.test.users[user] for user in split.test.user[known]],
            np.random.default_rng(draws.seed),
            labels=_LABELS,
            resamples=draws.resamples,
        )
    compared = _compared(results, ACCURACY, "higher", kinds, draws)
    return Measured(
        task=LIKES, case=case, comparison=compared, others={MACRO_F1: means}, kinds=kinds
    )


def _lists(
    found: Mapping[str, ListScores],
    split: Split,
    case: str,
    kinds: Mapping[str, Kind],
    draws: Draws,
) -> Measured:
    names = [split.test.users[user] for user in tested(split)]
    primary = PRIMARY[LISTS]
    results = [
        Result(method, user, "list", score)
        for method, scores in found.items()
        for user, score in zip(names, scores[primary], strict=True)
    ]
    others = {
        metric: {method: _mean(scores[metric], draws) for method, scores in found.items()}
        for metric in recommending.METRICS
        if metric != primary
    }
    compared = _compared(results, primary, "higher", kinds, draws)
    return Measured(task=LISTS, case=case, comparison=compared, others=others, kinds=kinds)


def _mean(scores: Sequence[float | Unscored], draws: Draws) -> Interval:
    """Of one score per user, without those that are unscored."""
    given = [score for score in scores if not isinstance(score, Unscored)]
    rng = np.random.default_rng(draws.seed)
    return ratio_interval(given, np.ones(len(given)), rng, resamples=draws.resamples)


def _compared(
    results: Iterable[Result], metric: str, better: Better, kinds: Mapping[str, Kind], draws: Draws
) -> Comparison:
    """With the first generic method and everybody's head as baselines."""
    generic = next(name for name, kind in kinds.items() if kind == "generic")
    return compare(
        results,
        metric=metric,
        better=better,
        roles={"generic": generic, "pooled": stars.POOLED},
        seed=draws.seed,
        resamples=draws.resamples,
        permutations=draws.resamples,
    )


def _by_film(
    name: str, split: Split, scores: FloatArray, said: Sequence[float | Unscored] | None
) -> list[Result]:
    """Results of the tested ratings, each an item of its user; unscored where nothing was said."""
    test = split.test
    return [
        Result(name, test.users[user], str(film), why if isinstance(why, Unscored) else score)
        for user, film, score, why in zip(
            test.user.tolist(),
            test.film.tolist(),
            scores.tolist(),
            [None] * len(test) if said is None else said,
            strict=True,
        )
    ]


def _numbers(given: Sequence[float | Unscored]) -> FloatArray:
    """The same as an array; NaN where there is no number."""
    return np.array([np.nan if isinstance(one, Unscored) else one for one in given])


def _root(truth: FloatArray, given: FloatArray, users: IntArray, draws: Draws) -> Interval:
    """The root of the mean squared error; the ends are the roots of those of its square."""
    if not len(truth):
        return Interval(None, None, None, 0)
    sums = np.bincount(users, weights=(given - truth) ** 2)
    rng = np.random.default_rng(draws.seed)
    square = ratio_interval(sums, np.bincount(users), rng, resamples=draws.resamples)
    return Interval(
        rmse(truth, given),
        None if square.low is None else math.sqrt(square.low),
        None if square.high is None else math.sqrt(square.high),
        square.users,
    )


def _labels(values: FloatArray) -> list[str]:
    return [_LABELS[0] if value else _LABELS[1] for value in values.tolist()]
