"""What the parts on linear reward heads share: user models, and accuracies with their intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailorlm.choice.comparisons import Comparisons
from tailorlm.evaluation.intervals import Interval, ratio_interval
from tailorlm.evaluation.report import Bar, Row, Section

FloatArray = npt.NDArray[np.float64]

SUITE = "prlhf"


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of the suite found."""

    rows: tuple[Row, ...]
    sections: tuple[Section, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Pairs that were told right, by user.

    Attributes:
        right: Shape (users,): pairs in the right order; equal rewards count one half.
        pairs: Shape (users,): all pairs.
    """

    right: FloatArray
    pairs: FloatArray

    @classmethod
    def none(cls, users: int) -> Tally:
        """Nothing yet."""
        return cls(np.zeros(users), np.zeros(users))

    def plus(self, other: Tally) -> Tally:
        """Both together."""
        return Tally(self.right + other.right, self.pairs + other.pairs)

    @property
    def by_user(self) -> FloatArray:
        """Accuracy of each user that has pairs."""
        known = self.pairs > 0
        shares: FloatArray = self.right[known] / self.pairs[known]
        return shares


@dataclass(frozen=True, slots=True)
class Draws:
    """How intervals are drawn: anew from the seed for each, so that none depends on another."""

    seed: int
    resamples: int

    def accuracy(self, tally: Tally) -> Interval:
        """Share of pairs told right, by users."""
        rng = np.random.default_rng(self.seed)
        return ratio_interval(tally.right, tally.pairs, rng, resamples=self.resamples)

    def gain(self, tally: Tally, over: Tally) -> Interval:
        """How much more often pairs are told right than by another, by users."""
        rng = np.random.default_rng(self.seed)
        return ratio_interval(tally.right - over.right, tally.pairs, rng, resamples=self.resamples)


def told_right(weights: Sequence[FloatArray], held_out: Sequence[Comparisons]) -> Tally:
    """How many held-out pairs each user's weights put in the right order."""
    right, pairs = [], []
    for own, comparisons in zip(weights, held_out, strict=True):
        gaps = (comparisons.gaps @ own)[comparisons.present]
        right.append(float((gaps < 0).sum() + 0.5 * (gaps == 0).sum()))
        pairs.append(float(len(gaps)))
    return Tally(np.array(right), np.array(pairs))


def folds(n: int, k: int, rng: np.random.Generator) -> npt.NDArray[np.intp]:
    """A fold from 0 to k - 1 for each of n things, of sizes that differ by one at most."""
    return rng.permutation(np.arange(n) % k)


def row(table: str, case: str, method: str, metric: str, interval: Interval) -> Row:
    """A row of the suite."""
    return Row.of(interval, suite=SUITE, table=table, case=case, method=method, metric=metric)
