"""What a comparison of methods is: each alone, every two against each other, in many forms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from tailorlm.evaluation.intervals import Interval
from tailorlm.evaluation.metrics.comparisons import Wins
from tailorlm.evaluation.metrics.scored import Unscored

if TYPE_CHECKING:
    from rich.console import RenderableType

By = Literal["user", "item"]
Better = Literal["higher", "lower"]
ROLES: Mapping[str, str] = MappingProxyType(
    {"generic": "none", "pooled": "pooled", "in-context": "contextual"}
)
"""The baselines that a method is to be seen beside, and what a grid calls them."""


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


def matrix(comparison: Comparison) -> Iterator[tuple[str, list[Wins | None]]]:
    """Wins, ties and losses by items: a line per method against each; None against itself."""
    names = [score.method for score in comparison.methods]
    for one in names:
        yield (
            one,
            [None if one == other else comparison.between(one, other).items for other in names],
        )


def _minus(value: float | None) -> float | None:
    return None if value is None else 0.0 - value  # no minus in front of 0
