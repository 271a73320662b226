"""Compare methods item by item: who wins, by how much, and could it be chance.

Every number keeps the items of one user together. An item that a method has no score for is left
out of its mean and of its comparisons, and counted.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from tailorlm.errors import InputError
from tailorlm.evaluation.comparison import (
    ROLES,
    Better,
    By,
    Comparison,
    MethodScore,
    Pair,
    Result,
)
from tailorlm.evaluation.intervals import RESAMPLES, Interval
from tailorlm.evaluation.metrics.comparisons import Wins
from tailorlm.evaluation.metrics.scored import Unscored
from tailorlm.evaluation.resampling import FloatArray, ratio_intervals
from tailorlm.evaluation.significance import (
    LEVEL,
    PERMUTATIONS,
    POWER,
    between_users,
    detectable,
    holm,
    sign_flip_ps,
    users_needed,
)

__all__ = ["ROLES", "Better", "By", "Comparison", "MethodScore", "Pair", "Result", "compare"]

_TIE = 1e-9
_NO_RESULT = "no result"
Scores = dict[tuple[str, str], float]
Keys = tuple[tuple[str, ...], ...]
Measured = TypeVar("Measured")


def compare(
    results: Iterable[Result],
    by: By = "user",
    *,
    metric: str = "score",
    better: Better = "higher",
    roles: Mapping[str, str] = ROLES,
    seed: int = 0,
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
    level: float = LEVEL,
    power: float = POWER,
) -> Comparison:
    """Compare every two methods on the items that both have a score for.

    Means and differences run over items, so that a user with many items counts for more:
    ``sum_u sum_i (a_ui - b_ui) / sum_u n_u``. Intervals resample users (`ratio_intervals`), p
    values flip the sign of whole users (`sign_flip_p`) and are corrected for the number of pairs
    (`holm`); `users_needed` says how many users would show such a difference. The order of the
    results makes no difference, and the same seed gives the same numbers.

    Args:
        results: Every method's score on every item. An item that a method says nothing of counts
            as unscored for it.
        by: "user" keeps a user's items together; "item" takes every item for independent.
        metric: What the scores are, for whoever reads the result.
        better: Whether "higher" or "lower" scores are better.
        roles: The baselines, as the name of the method by role.
        seed: Of resamples and sign flips.
        resamples: Rounds of the bootstrap.
        permutations: Sign flips drawn per pair.
        level: Of the test whose power is computed.
        power: Chance with which a difference should be seen.

    Raises:
        InputError: If there are fewer than two methods, one scored an item twice, or a score is
            not finite.
    """
    if by not in ("user", "item") or better not in ("higher", "lower"):
        words = "Results are compared by 'user' or 'item', and 'higher' or 'lower' is better"
        raise InputError(f"{words}, but got {by!r} and {better!r}.")
    scores, reasons = _tables(results)
    if len(scores) < 2:
        raise InputError(f"At least two methods are needed to compare, but got {len(scores)}.")
    measure = _Measure(by, better, seed, resamples, permutations, level, power)
    names = sorted(scores, key=_rank(roles, list(scores)))
    return Comparison(
        metric=metric,
        better=better,
        by=by,
        methods=_method_scores(names, measure.means(names, scores), scores, reasons, roles),
        pairs=measure.pairs(names, scores),
        missing=tuple(role for role, method in roles.items() if method not in scores),
        settings=measure.settings,
    )


def _method_scores(
    names: Sequence[str],
    means: Sequence[Interval],
    scores: Mapping[str, Scores],
    reasons: Mapping[str, Counter[str]],
    roles: Mapping[str, str],
) -> tuple[MethodScore, ...]:
    """Each method's mean, how many items are behind it, and why others have no score."""
    by_method = {method: role for role, method in roles.items()}
    return tuple(
        MethodScore(
            name,
            by_method.get(name, ""),
            mean,
            len(scores[name]),
            MappingProxyType(dict(reasons[name].most_common())),
        )
        for name, mean in zip(names, means, strict=True)
    )


def _tables(results: Iterable[Result]) -> tuple[dict[str, Scores], dict[str, Counter[str]]]:
    """Each method's scores by user and item, and why its other items have none."""
    scores: dict[str, Scores] = {}
    reasons: dict[str, Counter[str]] = {}
    seen: dict[str, set[tuple[str, str]]] = {}
    for result in results:
        place = (result.user, result.item)
        there = seen.setdefault(result.method, set())
        if place in there:
            raise InputError(
                f"Method {result.method!r} has two results for item {result.item!r} of user "
                f"{result.user!r}. Give each item an id of its own, or average its results."
            )
        there.add(place)
        own = scores.setdefault(result.method, {})
        why = reasons.setdefault(result.method, Counter())
        if isinstance(result.score, Unscored):
            why[result.score.reason] += 1
        elif math.isfinite(result.score):
            own[place] = float(result.score)
        else:
            raise InputError(
                f"The score of method {result.method!r} on item {result.item!r} of user "
                f"{result.user!r} is {result.score}. Give a finite number, or Unscored with a "
                "reason."
            )
    everything = set().union(*seen.values())
    for method, there in seen.items():
        if len(there) < len(everything):
            reasons[method][_NO_RESULT] = len(everything) - len(there)
    return scores, reasons


def _rank(roles: Mapping[str, str], names: Sequence[str]) -> Any:
    """A sorting key: baselines in the order of their roles, then the others as they came."""
    order = {name: place for place, name in enumerate([*roles.values(), *names][::-1])}
    return lambda name: -order[name]


@dataclass(frozen=True, slots=True)
class _Column:
    """What each user adds to a mean: the user's key, the sum of scores, their number."""

    keys: Keys
    sums: FloatArray
    sizes: FloatArray


@dataclass(frozen=True, slots=True)
class _Measure:
    """How pairs are measured; see `compare`."""

    by: By
    better: Better
    seed: int
    resamples: int
    permutations: int
    level: float
    power: float

    @property
    def settings(self) -> Mapping[str, float]:
        names = ("seed", "resamples", "permutations", "level", "power")
        return MappingProxyType({name: getattr(self, name) for name in names})

    def means(self, names: Sequence[str], scores: Mapping[str, Scores]) -> list[Interval]:
        return self._intervals([self._column(scores[name]) for name in names])

    def pairs(self, names: Sequence[str], scores: Mapping[str, Scores]) -> tuple[Pair, ...]:
        """Every two of the methods, with p corrected for all of them."""
        both = list(combinations(names, 2))
        gaps = [
            {
                place: scores[a][place] - scores[b][place]
                for place in scores[a]
                if place in scores[b]
            }
            for a, b in both
        ]
        columns = [self._column(gap) for gap in gaps]
        ps = self._p_values(columns)
        measured = zip(self._intervals(columns), zip(ps, holm(ps), strict=True), strict=True)
        return tuple(
            self._pair(names_of, gap, column, difference, p_values)
            for names_of, gap, column, (difference, p_values) in zip(
                both, gaps, columns, measured, strict=True
            )
        )

    def _pair(
        self,
        names: tuple[str, str],
        gaps: Scores,
        column: _Column,
        difference: Interval,
        p_values: tuple[float | None, float | None],
    ) -> Pair:
        deviation = between_users(column.sums, column.sizes)
        needed = least = None
        if difference.value is not None and deviation is not None:
            wanted = {"level": self.level, "power": self.power}
            needed = users_needed(difference.value, deviation, **wanted)
            least = detectable(difference.users, deviation, **wanted)
        return Pair(
            one=names[0],
            other=names[1],
            difference=difference,
            p=p_values[0],
            corrected=p_values[1],
            items=self._wins(gaps.values()),
            users=self._wins(column.sums / column.sizes),
            users_needed=needed,
            detectable=least,
        )

    def _column(self, scores: Scores) -> _Column:
        """The scores of each user, or each alone; sorted, so that no order counts."""
        clusters: dict[tuple[str, ...], list[float]] = {}
        for user, item in sorted(scores):
            key = (user,) if self.by == "user" else (user, item)
            clusters.setdefault(key, []).append(scores[user, item])
        sums = np.array([math.fsum(values) for values in clusters.values()])
        sizes = np.array([len(values) for values in clusters.values()], dtype=np.float64)
        return _Column(tuple(clusters), sums, sizes)

    def _intervals(self, columns: Sequence[_Column]) -> list[Interval]:
        return _by_users(
            columns,
            lambda keys, sums, sizes: ratio_intervals(
                sums, sizes, self._rng("resamples", keys), resamples=self.resamples
            ),
        )

    def _p_values(self, columns: Sequence[_Column]) -> list[float | None]:
        return _by_users(
            columns,
            lambda keys, sums, _: sign_flip_ps(
                sums, self._rng("signs", keys), permutations=self.permutations
            ),
        )

    def _rng(self, purpose: str, keys: Keys) -> np.random.Generator:
        """Randomness of its own for these users, whatever else is compared."""
        words = (purpose, repr(keys))
        return np.random.default_rng([self.seed, *(zlib.crc32(word.encode()) for word in words)])

    def _wins(self, gaps: Iterable[float]) -> Wins:
        sign = 1 if self.better == "higher" else -1
        ranks = Counter(_sign(sign * gap) for gap in gaps)
        return Wins(ranks[1], ranks[0], ranks[-1])


def _by_users(
    columns: Sequence[_Column],
    measure: Callable[[Keys, FloatArray, FloatArray], Sequence[Measured]],
) -> list[Measured]:
    """What is measured of each column; those of the same users are measured together."""
    alike: dict[Keys, list[int]] = {}
    for place, column in enumerate(columns):
        alike.setdefault(column.keys, []).append(place)
    found: dict[int, Measured] = {}
    for keys, places in alike.items():
        sums = np.stack([columns[place].sums for place in places])
        sizes = np.stack([columns[place].sizes for place in places])
        found.update(zip(places, measure(keys, sums, sizes), strict=True))
    return [found[place] for place in range(len(columns))]


def _sign(gap: float) -> int:
    return 0 if abs(gap) <= _TIE else (1 if gap > 0 else -1)
