"""What a series of a user's choices says of the next one: always the same, changed, or by context.

A series is one facet of the texts a user left, oldest first. Explanations of it are held against
each other by how well each predicts every entry from all others (Geisser and Eddy 1979):

- *time*: one taste, or one that changed once, after any entry;
- *context*: entries resemble those whose contexts are alike, with a kernel as weight. The k most
  similar contexts of CIPHER (Gao et al. 2024, section 4) are the case of a kernel of steps.

All has a closed form for the two families of values below.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.special import betaincc, gammaln

FloatArray = npt.NDArray[np.float64]

CHANGE = 1.0 / 40.0
"""Probability of a change of taste before each entry."""
NEAR = 1.0
"""Entries that the taste at large counts for when similar contexts are asked."""


class Family(ABC):
    """A family of values with statistics that add up and a closed evidence.

    Several series of n entries may lie side by side, in leading axes. Entries have a weight from 0
    to 1; one of 0 is unknown.
    """

    @abstractmethod
    def rows(self) -> FloatArray:
        """The statistics of each entry, shape (..., n, k)."""

    @abstractmethod
    def evidence(self, sums: FloatArray) -> FloatArray:
        """Log marginal likelihood of m sums for each series; shape (..., m, k) to (..., m)."""

    @abstractmethod
    def predictive(self, at_large: FloatArray, near: FloatArray | None = None) -> FloatArray:
        """Log probability of each entry times its weight, shape (..., n).

        Args:
            at_large: (..., n, k), sums over the other entries.
            near: The same weighted by how alike the contexts are; None for all the same.
        """


@dataclass(frozen=True, eq=False)
class Choices(Family):
    """Values of a set, with a Dirichlet prior: V values, n entries.

    Attributes:
        codes: (..., n), value of each entry from 0; any where the weight is 0.
        weights: (..., n).
        prior: (..., V), pseudo-counts above 0.
    """

    codes: npt.NDArray[np.intp]
    weights: FloatArray
    prior: FloatArray

    def rows(self) -> FloatArray:
        """One-hot values times weights, (..., n, V)."""
        hot = self.codes[..., None] == np.arange(self.prior.shape[-1])
        result: FloatArray = hot * self.weights[..., None]
        return result

    def evidence(self, sums: FloatArray) -> FloatArray:
        """Dirichlet-multinomial."""
        prior = self.prior[..., None, :]
        total = prior.sum(-1)
        parts = (gammaln(prior + sums) - gammaln(prior)).sum(-1)
        result: FloatArray = gammaln(total) - gammaln(total + sums.sum(-1)) + parts
        return result

    def predictive(self, at_large: FloatArray, near: FloatArray | None = None) -> FloatArray:
        """Log of the predicted share of each entry's value, times its weight."""
        counts = self.prior[..., None, :] + at_large
        if near is not None:
            counts = shrunk(counts, near, self.prior.sum(-1)[..., None, None])
        chosen = np.take_along_axis(counts, self.codes[..., None], axis=-1)[..., 0]
        result: FloatArray = self.weights * (np.log(chosen) - np.log(counts.sum(-1)))
        return result


def shrunk(counts: FloatArray, near: FloatArray, prior: FloatArray | float) -> FloatArray:
    """Pseudo-counts of similar contexts (..., V), with the shares at large beside them.

    These weigh as much as the prior does elsewhere, and no less than `NEAR` entries.
    """
    shares = counts / counts.sum(-1, keepdims=True)
    result: FloatArray = np.maximum(prior, NEAR) * shares + near
    return result


@dataclass(frozen=True, eq=False)
class Amounts(Family):
    """Real values, normal with unknown mean and variance (normal-inverse-gamma prior).

    Attributes:
        values: (..., n), finite; any where the weight is 0.
        weights: (..., n).
        mean: Of the prior.
        spread: Prior standard deviation of an entry, above 0.
        strength: Entries that the prior counts for, above 0.
    """

    values: FloatArray
    weights: FloatArray
    mean: float
    spread: float
    strength: float = 0.1

    def rows(self) -> FloatArray:
        """Weights, and values and squares about the prior mean times weights, (..., n, 3)."""
        about = self.values - self.mean
        return np.stack([self.weights, self.weights * about, self.weights * about**2], axis=-1)

    def posterior(self, sums: FloatArray) -> FloatArray:
        """Strength, mean about the prior's, shape and rate of sums; shape (..., 3) to (..., 4)."""
        n, first, second = np.moveaxis(sums, -1, 0)
        strength = self.strength + n
        mean = first / strength
        shape = 1.0 + n / 2.0
        rate = self.spread**2 + 0.5 * np.maximum(second - strength * mean**2, 0.0)
        return np.stack([strength, mean, shape, rate], axis=-1)

    def evidence(self, sums: FloatArray) -> FloatArray:
        """Of the normal-inverse-gamma model, up to what depends on the entries alone."""
        strength, _, shape, rate = np.moveaxis(self.posterior(sums), -1, 0)
        result: FloatArray = (
            gammaln(shape)
            - shape * np.log(rate)
            + np.log(self.spread**2)
            + 0.5 * (np.log(self.strength) - np.log(strength))
            - 0.5 * sums[..., 0] * np.log(2 * np.pi)
        )
        return result

    def predicted(self, sums: FloatArray, near: FloatArray | None = None) -> FloatArray:
        """Degrees of freedom, mean and scale of Student's t for the next entry; (..., 3).

        With `near`, the mean is that of similar contexts, shrunk to the mean at large.
        """
        strength, mean, shape, rate = np.moveaxis(self.posterior(sums), -1, 0)
        if near is not None:
            n, first, second = np.moveaxis(near, -1, 0)
            local = (NEAR * mean + first) / (NEAR + n)
            around = np.maximum(second - 2 * local * first + n * local**2, 0.0)
            strength, shape = NEAR + n, 1.0 + n / 2.0
            rate = self.spread**2 + 0.5 * around
            mean = local
        scale = np.sqrt(rate * (strength + 1.0) / (shape * strength))
        return np.stack([2.0 * shape, self.mean + mean, scale], axis=-1)

    def predictive(self, at_large: FloatArray, near: FloatArray | None = None) -> FloatArray:
        """Log density of each entry, times its weight."""
        result: FloatArray = self.weights * student_log_density(
            self.values, self.predicted(at_large, near)
        )
        return result


def student_log_density(values: FloatArray, parameters: FloatArray) -> FloatArray:
    """Log density of Student's t with degrees of freedom, mean and scale in the last axis."""
    freedom, mean, scale = np.moveaxis(parameters, -1, 0)
    standard = (values - mean) / scale
    result: FloatArray = (
        gammaln((freedom + 1) / 2)
        - gammaln(freedom / 2)
        - 0.5 * np.log(freedom * np.pi)
        - np.log(scale)
        - (freedom + 1) / 2 * np.log1p(standard**2 / freedom)
    )
    return result


@dataclass(frozen=True, eq=False)
class Explained:
    """Series with how well each explanation predicts them: n entries, k statistics, m kernels.

    Attributes:
        family: The entries.
        kernels: (n, n) each, how alike the contexts of two entries are, from 0 to 1.
    """

    family: Family
    kernels: Sequence[FloatArray]

    @cached_property
    def rows(self) -> FloatArray:
        """Statistics of each entry, (..., n, k)."""
        return self.family.rows()

    @cached_property
    def _since(self) -> tuple[FloatArray, FloatArray]:
        """How likely each entry is of the present taste, (..., n), and the evidence of time."""
        rows = self.rows
        before = np.cumsum(rows, axis=-2) - rows
        whole = rows.sum(axis=-2, keepdims=True)
        changed = self.family.evidence(before) + self.family.evidence(whole - before)
        prior = np.full(rows.shape[-2], CHANGE)
        prior[0] = 1.0  # a change before the first entry is none
        weighed = np.log(prior / prior.sum()) + changed
        evidence = log_sum(weighed)
        return np.cumsum(np.exp(weighed - evidence[..., None]), axis=-1), evidence

    @property
    def present(self) -> FloatArray:
        """How likely each entry is of the present taste rather than of one given up, (..., n)."""
        return self._since[0] if self.rows.shape[-2] else self.rows[..., 0]

    @cached_property
    def lasting(self) -> FloatArray:
        """Expected statistics of the present taste, (..., k)."""
        result: FloatArray = (self.present[..., None] * self.rows).sum(axis=-2)
        return result

    @cached_property
    def evidences(self) -> FloatArray:
        """Log likelihood of time, then of each kernel, each entry left out in turn, (..., 1 + m).

        What a change of taste adds to the evidence counts for time.
        """
        if not self.rows.shape[-2]:
            return np.zeros((*self.rows.shape[:-2], 1 + len(self.kernels)))
        whole = self.rows.sum(axis=-2, keepdims=True)
        others = whole - self.rows
        change = self._since[1] - self.family.evidence(whole)[..., 0]
        # What is alike in every context must not seem to turn on it, only because the likeness
        # of contexts counts entries twice: so does time, with all contexts the same.
        alone, twice = self.family.predictive(others), self.family.predictive(others, others)
        same = np.maximum(alone.sum(-1), twice.sum(-1)) + change
        by_context = [
            self.family.predictive(others, _of_others(kernel, self.rows)).sum(-1)
            for kernel in self.kernels
        ]
        return np.stack([same, *by_context], axis=-1)


def _of_others(kernel: FloatArray, rows: FloatArray) -> FloatArray:
    """Sums of what the other entries (..., n, k) say, weighted by a kernel (n, n)."""
    others = kernel * (1.0 - np.eye(len(kernel)))
    # One product for all series is much faster than one for each.
    sums = np.tensordot(others, rows, axes=([1], [rows.ndim - 2]))
    result: FloatArray = np.moveaxis(sums, 0, -2)
    return result


def log_sum(values: FloatArray) -> FloatArray:
    """Log of the sum of exponentials over the last axis."""
    most = values.max(axis=-1, keepdims=True)
    result: FloatArray = np.log(np.exp(values - most).sum(axis=-1)) + most[..., 0]
    return result


def chance_above(counts: FloatArray, share: float = 0.5) -> FloatArray:
    """Probability that each value is chosen more often than `share`, of counts (..., V)."""
    rest = counts.sum(-1, keepdims=True) - counts
    result: FloatArray = betaincc(counts, np.maximum(rest, 1e-12), share)
    return result


def context_weights(evidences: FloatArray, rounds: int = 8) -> FloatArray:
    """How likely each explanation is of each series: who varies one thing, varies others.

    The shares of the explanations are fitted to all series at once by expectation maximisation,
    from a prior that holds most series to be the same in every context.

    Args:
        evidences: Of `Explained.evidences`, shape (series, 1 + m).
        rounds: Of expectation maximisation.
    """
    m = evidences.shape[-1] - 1
    prior = np.ones(1 + m)
    prior[0] = 4.0 * max(m, 1)
    shares = prior / prior.sum()
    # A series that says nothing for either side has no vote in the shares.
    telling = np.minimum(np.ptp(evidences, axis=-1), 1.0)
    for _ in range(rounds):
        shares = prior + telling @ _posterior(evidences, shares)
        shares /= shares.sum()
    return _posterior(evidences, shares)


def _posterior(evidences: FloatArray, shares: FloatArray) -> FloatArray:
    weighed = evidences + np.log(shares)
    result: FloatArray = np.exp(weighed - log_sum(weighed)[:, None])
    return result
