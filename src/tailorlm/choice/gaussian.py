"""A dense Gaussian posterior: every tag matters a little, and similar tags alike.

Model. Tag worths, in Gumbel units, are normal with covariance ``scale^2 ((1 - lam) I + lam K)``,
where K is the tag kernel; the weight of relevance is an independent normal; rankings follow
Plackett-Luce (Chu and Ghahramani 2005 use such priors for preferences). Hypotheses about scale and
lam run side by side and are averaged by their evidence.

Inference is an online Laplace approximation: after each ranking the posterior of the utilities
shown is replaced by a normal at its mode. A covariance is kept as the prior less a low-rank part,
which is truncated to the largest directions: dropping some forgets what was learned along them, so
the posterior errs on the unsure side. The state is half precision, and that is what the next
update reads, so storing it changes nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from tailorlm.choice import plackett_luce
from tailorlm.choice.candidates import check_relevance, check_set
from tailorlm.choice.design import DrawnProspect, Draws, Prospect
from tailorlm.errors import InputError, StateError

FloatArray = NDArray[np.float64]
HalfArray = NDArray[np.float16]

_MAGIC = b"tlga"
_VERSION = 1
_HEADER = struct.Struct("<4sHHHHI")
_LOWEST_WEIGHT = -30.0
_NEWTON_STEPS = 8
_DRAWS = 128


@dataclass(frozen=True, kw_only=True)
class GaussianSettings:
    """What the learner assumes before it sees anything.

    Attributes:
        scales: Grid of the standard deviation of a tag's worth in Gumbel units.
        shares: Grid of lam, the part of the variance that follows the kernel, in [0, 1); used
            only with a kernel.
        relevance_scale: Standard deviation of the weight of relevance.
        hazard: Part of what is known that is lost per event.
        state_bytes: Room for the low-rank parts, which sets their rank.
    """

    scales: tuple[float, ...] = (0.5, 1.5)
    shares: tuple[float, ...] = (0.0, 0.7)
    relevance_scale: float = 2.0
    hazard: float = 0.002
    state_bytes: int = 11_000


@dataclass(frozen=True)
class GaussianState:
    """What was learned about one user; the last tag dimension is the weight of relevance.

    Attributes:
        means: Shape (g, n + 1).
        factors: Shape (g, n + 1, r): the posterior covariance is the prior's less factor factor'.
        weights: Shape (g,): log-evidence of the hypotheses, the largest 0.
        events: How many rankings were learned from.
    """

    means: HalfArray
    factors: HalfArray
    weights: HalfArray
    events: int

    @property
    def n_tags(self) -> int:
        """Number of tags in the library."""
        return int(self.means.shape[1]) - 1

    def to_bytes(self) -> bytes:
        """A compact, versioned form."""
        hypotheses, size, rank = self.factors.shape
        head = _HEADER.pack(_MAGIC, _VERSION, hypotheses, size, rank, self.events)
        arrays = (self.means, self.weights, self.factors)
        return head + b"".join(array.astype("<f2").tobytes() for array in arrays)

    @classmethod
    def from_bytes(cls, data: bytes) -> GaussianState:
        """The state that `to_bytes` wrote.

        Raises:
            StateError: If the bytes are not such a state, are damaged or of another version.
        """
        if len(data) < _HEADER.size or data[:4] != _MAGIC:
            raise StateError("These bytes are no Gaussian tag state. Rebuild it from the log.")
        _, version, hypotheses, size, rank, events = _HEADER.unpack_from(data)
        if version != _VERSION:
            raise StateError(
                f"The Gaussian tag state has version {version}, this program reads {_VERSION}. "
                "Rebuild it from the log."
            )
        if len(data) != _HEADER.size + 2 * hypotheses * (size + 1 + size * rank):
            raise StateError("The Gaussian tag state is damaged. Rebuild it from the log.")
        values = np.frombuffer(data, dtype="<f2", offset=_HEADER.size).astype(np.float16)
        means, weights, factors = np.split(values, np.cumsum([hypotheses * size, hypotheses]))
        return cls(
            means.reshape(hypotheses, size),
            factors.reshape(hypotheses, size, rank),
            weights,
            events,
        )


@dataclass(frozen=True, eq=False)
class Gaussian:
    """The learner: settings and tag kernel, no user in it.

    Attributes:
        settings: The assumptions.
        kernel: Shape (n, n), positive semidefinite with unit diagonal; None where unknown.
    """

    settings: GaussianSettings = field(default_factory=GaussianSettings)
    kernel: FloatArray | None = None

    @cached_property
    def grid(self) -> tuple[tuple[float, float], ...]:
        """Scale and lam of each hypothesis."""
        shares = self.settings.shares if self.kernel is not None else (0.0,)
        return tuple(product(self.settings.scales, shares))

    def initial(self, n_tags: int) -> GaussianState:
        """The state before any feedback.

        Raises:
            InputError: If there is no tag, or if the kernel has another size.
        """
        if n_tags < 1:
            raise InputError("A tag posterior needs at least one tag.")
        size, hypotheses = n_tags + 1, len(self.grid)
        state = GaussianState(
            np.zeros((hypotheses, size), dtype=np.float16),
            np.zeros((hypotheses, size, self._rank(size)), dtype=np.float16),
            np.zeros(hypotheses, dtype=np.float16),
            0,
        )
        self._check_kernel(state)
        return state

    def grow(self, state: GaussianState, n_new: int) -> GaussianState:
        """The state after `n_new` tags joined at the end of the library."""
        at = state.n_tags
        means = np.insert(state.means, [at] * n_new, 0.0, axis=1)
        factors = np.insert(state.factors, [at] * n_new, 0.0, axis=1)
        kept = factors[:, :, : self._rank(means.shape[1])]
        return replace(state, means=means, factors=kept)

    def observe(
        self,
        state: GaussianState,
        sets: Sequence[ArrayLike],
        groups: plackett_luce.Groups,
        relevance: ArrayLike | None = None,
    ) -> GaussianState:
        """Learns from one ranking; see `tailorlm.choice.sparse.Sparse.observe`."""
        self._check_kernel(state)
        checked = plackett_luce.check_groups(groups, len(sets))
        rows = self._rows(state, sets, check_relevance(relevance, len(sets)))
        if len(checked) > 1:
            shown = sorted(i for group in checked for i in group)
            places = {i: place for place, i in enumerate(shown)}
            ranked = tuple(tuple(places[i] for i in group) for group in checked)
            state = self._absorb(state, rows[shown], ranked)
        keep = 1.0 - self.settings.hazard
        return replace(
            state,
            means=(state.means * keep).astype(np.float16),
            factors=(state.factors * np.sqrt(keep)).astype(np.float16),
            events=state.events + 1,
        )

    def _absorb(
        self, state: GaussianState, rows: FloatArray, groups: tuple[tuple[int, ...], ...]
    ) -> GaussianState:
        """The Laplace update of all hypotheses for one ranking of the utilities `rows @ w`."""
        factors = state.factors.astype(np.float64)
        means = state.means.astype(np.float64)
        cross = self._prior_times(rows.T) - factors @ (factors.transpose(0, 2, 1) @ rows.T)
        spread = rows @ cross
        start = means @ rows.T
        mode = start
        eye = np.eye(len(rows))
        for _ in range(_NEWTON_STEPS):
            slope = plackett_luce.gradient(mode, groups)
            curvature = plackett_luce.curvature(mode, groups)
            pull = slope + _times(curvature, mode - start)
            mode = start + _times(spread, _solve(eye + curvature @ spread, pull))
        slope = plackett_luce.gradient(mode, groups)
        curvature = plackett_luce.curvature(mode, groups)
        inner = eye + curvature @ spread
        evidence = plackett_luce.log_likelihood(mode, groups)
        evidence = evidence - 0.5 * ((mode - start) * slope).sum(axis=-1)
        evidence = evidence - 0.5 * np.linalg.slogdet(inner)[1]
        weights = state.weights.astype(np.float64) + evidence
        weights = np.maximum(weights - weights.max(), _LOWEST_WEIGHT)
        shrink = np.linalg.solve(inner, curvature)
        values, vectors = np.linalg.eigh(0.5 * (shrink + shrink.transpose(0, 2, 1)))
        root = vectors * np.sqrt(np.maximum(values, 0.0))[:, None, :]
        wider = np.concatenate([factors, cross @ root], axis=2)
        return replace(
            state,
            means=(means + _times(cross, slope)).astype(np.float16),
            factors=_truncate(wider, factors.shape[2]).astype(np.float16),
            weights=weights.astype(np.float16),
        )

    def _rows(
        self, state: GaussianState, sets: Sequence[ArrayLike], relevance: FloatArray | None
    ) -> FloatArray:
        """Shape (m, n + 1): which tags each candidate carries, and its relevance."""
        rows = np.zeros((len(sets), state.n_tags + 1))
        for row, tags in zip(rows, sets, strict=True):
            row[check_set(tags, state.n_tags)] = 1.0
        if relevance is not None:
            rows[:, -1] = relevance
        return rows

    def _prior_times(self, right: FloatArray) -> FloatArray:
        """Shape (g, n + 1, m): each hypothesis's prior covariance times `right`."""
        tags = right[:-1]
        alike = tags if self.kernel is None else self.kernel @ tags
        result = np.empty((len(self.grid), *right.shape))
        for own, (scale, share) in zip(result, self.grid, strict=True):
            own[:-1] = scale**2 * ((1.0 - share) * tags + share * alike)
            own[-1] = self.settings.relevance_scale**2 * right[-1]
        return result

    def _variances(self, state: GaussianState) -> FloatArray:
        """Shape (g, n + 1)."""
        prior = np.array([[scale**2] * state.n_tags for scale, _ in self.grid])
        prior = np.insert(prior, state.n_tags, self.settings.relevance_scale**2, axis=1)
        known = (state.factors.astype(np.float64) ** 2).sum(axis=2)
        variances: FloatArray = np.maximum(prior - known, 1e-4 * prior)
        return variances

    def evidence(self, state: GaussianState) -> FloatArray:
        """Shape (g,): posterior probability of each hypothesis."""
        shares = np.exp(state.weights.astype(np.float64))
        normalised: FloatArray = shares / shares.sum()
        return normalised

    def mean(self, state: GaussianState) -> FloatArray:
        """Shape (n,): expected worth of each tag in Gumbel units."""
        mean: FloatArray = self.evidence(state) @ state.means.astype(np.float64)
        return mean[:-1]

    def sd(self, state: GaussianState) -> FloatArray:
        """Shape (n,): standard deviation of each tag's worth in Gumbel units."""
        means = state.means.astype(np.float64)
        square = self.evidence(state) @ (self._variances(state) + means**2)
        variance: FloatArray = square - (self.evidence(state) @ means) ** 2
        return np.sqrt(np.maximum(variance[:-1], 0.0))

    def probability(self, state: GaussianState) -> FloatArray:
        """Shape (n,): probability that each tag raises this user's utility."""
        score = state.means.astype(np.float64) / np.sqrt(self._variances(state))
        above: FloatArray = self.evidence(state) @ ndtr(score)
        return above[:-1]

    def interval(self, state: GaussianState) -> tuple[FloatArray, FloatArray]:
        """Bounds of each tag's worth, shape (n,) each, about 90% probable."""
        mean, sd = self.mean(state), self.sd(state)
        return mean - 1.645 * sd, mean + 1.645 * sd

    def relevance_weight(self, state: GaussianState) -> float:
        """Expected weight of relevance in Gumbel units."""
        return float(self.evidence(state) @ state.means.astype(np.float64)[:, -1])

    def search(self, state: GaussianState, places: int) -> float:
        """None: where every tag matters a bit, none is missing."""
        return 0.0

    def draw(self, state: GaussianState, size: int, rng: np.random.Generator) -> Draws:
        """Users drawn from the normal that has the posterior's mean and covariance."""
        evidence = self.evidence(state)
        means, factors = state.means.astype(np.float64), state.factors.astype(np.float64)
        centre = evidence @ means
        scaled = factors * np.sqrt(evidence)[:, None, None]
        learned = np.moveaxis(scaled, 0, 1).reshape(len(centre), -1)
        away = (means - centre) * np.sqrt(evidence)[:, None]
        eye = np.eye(len(centre))
        covariance = np.einsum("g,gij->ij", evidence, self._prior_times(eye))
        covariance += away.T @ away - learned @ learned.T
        draws = centre + rng.standard_normal((size, len(centre))) @ _root(covariance).T
        return Draws(draws[:, :-1], draws[:, -1])

    def prospect(
        self,
        state: GaussianState,
        tags: NDArray[np.intp],
        n_sets: int,
        size: int,
        rng: np.random.Generator,
    ) -> Prospect:
        """What showing sets of these tags would teach; see `tailorlm.choice.design`."""
        return DrawnProspect(self.draw(state, _DRAWS, rng).weights[:, tags], n_sets)

    def prefer(
        self,
        state: GaussianState,
        first: ArrayLike,
        second: ArrayLike,
        relevance: ArrayLike | None = None,
    ) -> float:
        """Posterior predictive probability that the user prefers `first` to `second`.

        The logistic of a normal is taken by MacKay's approximation (1992).
        """
        self._check_kernel(state)
        rows = self._rows(state, [first, second], check_relevance(relevance, 2))
        gap = rows[0] - rows[1]
        factors = state.factors.astype(np.float64)
        centre = state.means.astype(np.float64) @ gap
        known = ((gap @ factors) ** 2).sum(axis=-1)
        variance = np.maximum(gap @ self._prior_times(gap[:, None])[:, :, 0].T - known, 0.0)
        scaled = centre / np.sqrt(1.0 + np.pi * variance / 8.0)
        chance = plackett_luce.preference(scaled, np.zeros(len(scaled)))
        return float(self.evidence(state) @ chance)

    def _rank(self, size: int) -> int:
        return max(min(size, self.settings.state_bytes // (2 * len(self.grid) * size)), 1)

    def _check_kernel(self, state: GaussianState) -> None:
        if self.kernel is not None and len(self.kernel) != state.n_tags:
            raise InputError(
                f"The kernel covers {len(self.kernel)} tags, the state {state.n_tags}. "
                "Pass the kernel of the library in use; call grow when tags joined."
            )


def _times(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """Batched matrix times vector."""
    products: FloatArray = np.einsum("gij,gj->gi", matrices, vectors)
    return products


def _solve(matrices: FloatArray, vectors: FloatArray) -> FloatArray:
    """Batched solution of matrix times x = vector."""
    columns = np.asarray(np.linalg.solve(matrices, vectors[..., None]), dtype=np.float64)
    return columns[..., 0]


def _truncate(factors: FloatArray, rank: int) -> FloatArray:
    """The best approximation of factor factor' of this rank, shape (g, n, rank)."""
    vectors: FloatArray = np.linalg.eigh(factors.transpose(0, 2, 1) @ factors)[1]
    return factors @ vectors[:, :, -rank:]


def _root(covariance: FloatArray) -> FloatArray:
    """A square root of a covariance that rounding may have made slightly indefinite."""
    jitter = 1e-3 * np.trace(covariance) / len(covariance)
    lower: FloatArray
    try:
        regular = covariance + jitter * np.eye(len(covariance))
        lower = np.asarray(np.linalg.cholesky(regular), dtype=np.float64)
    except np.linalg.LinAlgError:
        values, vectors = np.linalg.eigh(covariance)
        lower = np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)), dtype=np.float64)
    return lower
