"""Compare methods item by item: who wins, by how much, and could it be chance.

Every number keeps the items of one user together. An item that a method has no score for is left
out of its mean and of its comparisons, and counted.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import RESAMPLES, Interval, ratio_interval
from tailorlm.evaluation.metrics.comparisons import Wins
from tailorlm.evaluation.metrics.scored import Unscored
from tailorlm.evaluation.significance import (
    LEVEL,
    PERMUTATIONS,
    POWER,
    between_users,
    detectable,
    holm,
    sign_flip_p,
    users_needed,
)

if TYPE_CHECKING:
    from rich.console import RenderableType

By = Literal["user", "item"]
Better = Literal["higher", "lower"]
ROLES: Mapping[str, str] = MappingProxyType(
    {"generic": "none", "pooled": "pooled", "in-context": "contextual"}
)
"""The baselines that a method is to be seen beside, and what a grid calls them."""
_TIE = 1e-9
_NO_RESULT = "no result"
Scores = dict[tuple[str, str], float]


@dataclass(frozen=True, slots=True)
class Result:
    """What one method scored on one item.

    Attributes:
        method: Its name.
        user: Whose item it is.
        item: Which of the user's; the same for all methods.
        score: The number, or why there is none.
    """

    method: str
    user: str
    item: str
    score: float | Unscored


@dataclass(frozen=True, slots=True)
class MethodScore:
    """One method on its own.

    Attributes:
        method: Its name.
        role: "generic", "pooled", "in-context", or "" for one that is no baseline.
        mean: Over its scored items.
        items: How many were scored.
        unscored: Why others were not, with their numbers.
    """

    method: str
    role: str
    mean: Interval
    items: int
    unscored: Mapping[str, int]

    @property
    def n_unscored(self) -> int:
        """How many items have no score."""
        return sum(self.unscored.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One method against another, on the items that both have a score for.

    Attributes:
        one: The one.
        other: The other.
        difference: Mean score of the one less that of the other, whichever is better.
        p: Of the permutation test; None where no item is shared.
        corrected: The same, corrected by Holm for all pairs of the comparison.
        items: Items on which the one was better, even or worse.
        users: Users for whom it was, by the mean of their items.
        users_needed: How many it takes to see a difference as large as the measured one; None
            where there is none or nothing says how users differ.
        detectable: The least difference that the users there are would show.
    """

    one: str
    other: str
    difference: Interval
    p: float | None
    corrected: float | None
    items: Wins
    users: Wins
    users_needed: int | None
    detectable: float | None

    def turned(self) -> Pair:
        """The other against the one."""
        gap = self.difference
        flipped = Interval(_minus(gap.value), _minus(gap.high), _minus(gap.low), gap.users)
        return replace(
            self,
            one=self.other,
            other=self.one,
            difference=flipped,
            items=Wins(self.items.losses, self.items.ties, self.items.wins),
            users=Wins(self.users.losses, self.users.ties, self.users.wins),
        )


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What `compare` found; print it, or take it as LaTeX, a dictionary or a DataFrame.

    Attributes:
        metric: What the scores are.
        better: Whether "higher" or "lower" ones are better.
        by: What was resampled and had its signs flipped: each "user" as a whole, or each "item".
        methods: In the order in which they came, baselines first.
        pairs: Every two methods, each pair once, in that order.
        missing: Roles that no method of the comparison has.
        settings: Seed, resamples, permutations, level and power.
    """

    metric: str
    better: Better
    by: By
    methods: tuple[MethodScore, ...]
    pairs: tuple[Pair, ...]
    missing: tuple[str, ...]
    settings: Mapping[str, float]

    @property
    def baseline(self) -> str:
        """What the others are held against: the generic method, or else the first."""
        generic = (score.method for score in self.methods if score.role == "generic")
        return next(generic, self.methods[0].method)

    def score(self, method: str) -> MethodScore:
        """One method; raises `KeyError` if it was not compared."""
        for score in self.methods:
            if score.method == method:
                return score
        raise KeyError(method)

    def between(self, one: str, other: str) -> Pair:
        """One method against another; raises `KeyError` if there is no such pair."""
        for pair in self.pairs:
            if (pair.one, pair.other) == (one, other):
                return pair
            if (pair.one, pair.other) == (other, one):
                return pair.turned()
        raise KeyError((one, other))

    def rows(self) -> list[dict[str, Any]]:
        """A dictionary per method, also against the baseline; unknown numbers are None."""
        from tailorlm.evaluation.compare_tables import rows

        return rows(self)

    def as_dict(self) -> dict[str, Any]:
        """All of it as JSON can hold it."""
        from tailorlm.evaluation.compare_tables import as_dict

        return as_dict(self)

    def latex(self, digits: int = 3) -> str:
        """A table for a paper, for the package booktabs."""
        from tailorlm.evaluation.compare_tables import latex

        return latex(self, digits)

    def frame(self) -> Any:
        """`rows` as a pandas DataFrame, indexed by method.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        from tailorlm.evaluation.compare_tables import frame

        return frame(self)

    def __rich__(self) -> RenderableType:
        from tailorlm.evaluation.compare_tables import table

        return table(self)

    def __str__(self) -> str:
        from tailorlm.evaluation.compare_tables import text

        return text(self)


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
    ``sum_u sum_i (a_ui - b_ui) / sum_u n_u``. Intervals resample users (`ratio_interval`), p values
    flip the sign of whole users (`sign_flip_p`) and are corrected for the number of pairs
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
    by_method = {method: role for role, method in roles.items()}
    return Comparison(
        metric=metric,
        better=better,
        by=by,
        methods=tuple(
            measure.method(name, by_method.get(name, ""), scores[name], reasons[name])
            for name in names
        ),
        pairs=measure.pairs(names, scores),
        missing=tuple(role for role, method in roles.items() if method not in scores),
        settings=measure.settings,
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

    def method(self, name: str, role: str, scores: Scores, why: Counter[str]) -> MethodScore:
        clusters = self._clusters(scores)
        sums = [math.fsum(values) for values in clusters.values()]
        sizes = [len(values) for values in clusters.values()]
        mean = ratio_interval(sums, sizes, self._rng(name), resamples=self.resamples)
        unscored = MappingProxyType(dict(why.most_common()))
        return MethodScore(name, role, mean, len(scores), unscored)

    def pairs(self, names: Sequence[str], scores: Mapping[str, Scores]) -> tuple[Pair, ...]:
        """Every two of the methods, with p corrected for all of them."""
        found = [self.pair(a, scores[a], b, scores[b]) for a, b in combinations(names, 2)]
        corrected = holm([pair.p for pair in found])
        return tuple(replace(pair, corrected=p) for pair, p in zip(found, corrected, strict=True))

    def pair(self, one: str, mine: Scores, other: str, theirs: Scores) -> Pair:
        gaps = {place: mine[place] - theirs[place] for place in mine if place in theirs}
        clusters = self._clusters(gaps)
        sums = [math.fsum(values) for values in clusters.values()]
        sizes = [len(values) for values in clusters.values()]
        rng = self._rng(one, other)
        gap = ratio_interval(sums, sizes, rng, resamples=self.resamples)
        deviation = between_users(sums, sizes)
        needed = least = None
        if gap.value is not None and deviation is not None:
            needed = users_needed(gap.value, deviation, level=self.level, power=self.power)
            least = detectable(gap.users, deviation, level=self.level, power=self.power)
        return Pair(
            one=one,
            other=other,
            difference=gap,
            p=sign_flip_p(sums, rng, permutations=self.permutations),
            corrected=None,
            items=self._wins(gaps.values()),
            users=self._wins(total / n for total, n in zip(sums, sizes, strict=True)),
            users_needed=needed,
            detectable=least,
        )

    def _clusters(self, scores: Scores) -> dict[tuple[str, ...], list[float]]:
        """The scores of each user, or each alone; sorted, so that no order counts."""
        clusters: dict[tuple[str, ...], list[float]] = {}
        for user, item in sorted(scores):
            key = (user,) if self.by == "user" else (user, item)
            clusters.setdefault(key, []).append(scores[user, item])
        return clusters

    def _wins(self, gaps: Iterable[float]) -> Wins:
        sign = 1 if self.better == "higher" else -1
        ranks = Counter(_sign(sign * gap) for gap in gaps)
        return Wins(ranks[1], ranks[0], ranks[-1])

    def _rng(self, *names: str) -> np.random.Generator:
        """Randomness of its own for each pair, whatever else is compared and in which order."""
        words = (zlib.crc32(name.encode()) for name in sorted(names))
        return np.random.default_rng([self.seed, *words])


def _sign(gap: float) -> int:
    return 0 if abs(gap) <= _TIE else (1 if gap > 0 else -1)


def _minus(value: float | None) -> float | None:
    return None if value is None else 0.0 - value  # no minus in front of 0


def matrix(comparison: Comparison) -> Iterator[tuple[str, list[Wins | None]]]:
    """Wins, ties and losses by items: a line per method against each; None against itself."""
    names = [score.method for score in comparison.methods]
    for one in names:
        yield (
            one,
            [None if one == other else comparison.between(one, other).items for other in names],
        )
