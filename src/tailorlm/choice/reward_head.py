"""A personal reward that is linear in features of an answer, with a posterior of its weights.

The linear head of the personalized reward model of P-RLHF (Li et al. 2024, appendix F.2): a user's
reward of an answer with features x is ``r_u(x) = x . w_u``, and rankings follow Plackett-Luce,
pairs Bradley-Terry. All user models of the paper are one here, ``w_u = m + B a_u`` with
``a_u ~ N(0, I)``:

- uniform: B has no columns, so every user has the weights m;
- individual: ``w_u = w_0 + o_u``, with ``B B'`` the covariance of the offsets across users;
- cluster: ``w_u = V v_u``, with B from the K centres V and the spread of users over them.

`tailorlm.choice.reward_population` learns m and B across users; here is what one user adds. The
posterior of a_u is Gaussian, by Laplace's method: from all comparisons at once, or from one after
the other (assumed-density filtering).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr

from tailorlm.choice.comparisons import Comparisons, log_likelihood, slopes
from tailorlm.errors import InputError

FloatArray = NDArray[np.float64]

_MOST_STEPS = 50
_MOST_HALVINGS = 30
_CONVERGED = 1e-10
_NO_SPREAD = 1e-12
"""Share of the largest eigenvalue below which a direction counts as known."""


@dataclass(frozen=True, eq=False)
class HeadPrior:
    """What is believed of a user's weights before the user has given anything.

    Attributes:
        mean: Shape (p,): m.
        basis: Shape (p, k): B; k may be 0.
    """

    mean: FloatArray
    basis: FloatArray

    def __post_init__(self) -> None:
        mean, basis = np.asarray(self.mean), np.asarray(self.basis)
        if mean.ndim != 1 or basis.ndim != 2 or len(basis) != len(mean):
            raise InputError(
                f"A basis has a row for each of the {mean.size} weights, but its shape is "
                f"{basis.shape}."
            )
        if not (np.isfinite(mean).all() and np.isfinite(basis).all()):
            raise InputError("A prior of weights is made of finite numbers.")

    @classmethod
    def independent(cls, scales: ArrayLike, mean: ArrayLike | None = None) -> HeadPrior:
        """Independent weights with these standard deviations (p,), all above 0."""
        widths = np.asarray(scales, dtype=np.float64)
        centre = np.zeros(len(widths)) if mean is None else np.asarray(mean, dtype=np.float64)
        return cls(centre, np.diag(widths))

    @property
    def covariance(self) -> FloatArray:
        """Shape (p, p): of the weights across users."""
        return self.basis @ self.basis.T


@dataclass(frozen=True, eq=False)
class HeadState:
    """What is known of one user: the posterior of a_u is ``N(mean, I - known known')``.

    Attributes:
        mean: Shape (k,).
        known: Shape (k, r): directions of which something is known, as long as much is.
        events: How many times something was learned.
    """

    mean: FloatArray
    known: FloatArray
    events: int = 0


@dataclass(frozen=True, eq=False)
class RewardHead:
    """The learner of one user's weights.

    Attributes:
        prior: Where every user starts.
        rank: Most directions that a state keeps; None keeps all. What is dropped is the least
            known, so the posterior is never surer than it may be.
        forget: Part of what is known that is lost with each event, from 0 to 1.
    """

    prior: HeadPrior
    rank: int | None = None
    forget: float = 0.0

    def initial(self) -> HeadState:
        """A user of whom nothing is known."""
        k = self.prior.basis.shape[1]
        return HeadState(np.zeros(k), np.zeros((k, 0)))

    def observe(self, state: HeadState, comparisons: Comparisons) -> HeadState:
        """The state after some choices, such as those of one ranking, or all of a user."""
        learned, _ = self.absorb(state, comparisons)
        if not self.forget:
            return learned
        keep = 1.0 - self.forget
        return HeadState(keep * learned.mean, np.sqrt(keep) * learned.known, learned.events)

    def absorb(self, state: HeadState, comparisons: Comparisons) -> tuple[HeadState, float]:
        """As `observe`, without forgetting, and the log-evidence of the choices (Laplace).

        Raises:
            InputError: If the choices are between answers of other features.
        """
        p, k = self.prior.basis.shape
        if comparisons.width != p:
            raise InputError(
                f"The head knows {p} features, but the answers have {comparisons.width}."
            )
        after = state.events + 1
        by_mean = comparisons.gaps @ self.prior.mean
        if not len(comparisons) or k == 0:
            told = log_likelihood(comparisons, by_mean) if len(comparisons) else 0.0
            return HeadState(state.mean, state.known, after), told
        gaps = comparisons.gaps @ self.prior.basis
        start = by_mean + gaps @ state.mean
        lift = _lift(gaps.reshape(-1, k), state.known)
        if not lift.shape[1]:  # the answers do not differ in anything that is unknown
            return HeadState(state.mean, state.known, after), log_likelihood(comparisons, start)
        inside = gaps @ lift
        point, curvature, best = _mode(comparisons, start, inside)
        eye = np.eye(len(point))
        sharp = np.linalg.inv(eye + curvature)
        values, vectors = np.linalg.eigh(eye - 0.5 * (sharp + sharp.T))
        fresh = lift @ (vectors * np.sqrt(np.clip(values, 0.0, 1.0)))
        known = _truncated(np.concatenate([state.known, fresh], axis=1), self.rank)
        evidence = best - 0.5 * float(np.linalg.slogdet(eye + curvature)[1])
        return HeadState(state.mean + lift @ point, known, after), evidence

    def weights(self, state: HeadState) -> FloatArray:
        """Shape (p,): expected weights."""
        return self.prior.mean + self.prior.basis @ state.mean

    def sd(self, state: HeadState) -> FloatArray:
        """Shape (p,): standard deviation of each weight."""
        return self.spread(state, np.eye(len(self.prior.mean)))

    def score(self, state: HeadState, features: ArrayLike) -> FloatArray:
        """Expected reward of answers with features (..., p), shape (...), in Gumbel units."""
        rewards: FloatArray = np.asarray(features, dtype=np.float64) @ self.weights(state)
        return rewards

    def spread(self, state: HeadState, features: ArrayLike) -> FloatArray:
        """Standard deviation of the reward of features (..., p), shape (...)."""
        inside = np.asarray(features, dtype=np.float64) @ self.prior.basis
        square = (inside**2).sum(axis=-1) - ((inside @ state.known) ** 2).sum(axis=-1)
        width: FloatArray = np.sqrt(np.maximum(square, 0.0))
        return width

    def covariance(self, state: HeadState, features: ArrayLike) -> FloatArray:
        """Covariance of the rewards of answers with features (m, p), shape (m, m)."""
        inside = np.asarray(features, dtype=np.float64) @ self.prior.basis
        told = inside @ state.known
        between: FloatArray = inside @ inside.T - told @ told.T
        return between

    def prefer(self, state: HeadState, first: ArrayLike, second: ArrayLike) -> FloatArray:
        """Posterior predictive probability that the first answer is preferred to the second.

        Features (..., p) give shape (...). The logistic of a normal by MacKay's approximation.
        """
        gap = np.asarray(first, dtype=np.float64) - np.asarray(second, dtype=np.float64)
        width = self.spread(state, gap)
        half = 0.5 * self.score(state, gap) / np.sqrt(1.0 + np.pi * width**2 / 8.0)
        likely: FloatArray = 0.5 + 0.5 * np.tanh(half)
        return likely

    def positive(self, state: HeadState) -> FloatArray:
        """Shape (p,): probability that each weight is above 0; one half for one known to be 0."""
        mean, sd = self.weights(state), self.sd(state)
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.where(mean == 0.0, 0.0, mean / sd)
        above: FloatArray = ndtr(scaled)
        return above

    def draw(self, state: HeadState, size: int, rng: np.random.Generator) -> FloatArray:
        """Weights drawn from the posterior, shape (size, p)."""
        k = len(state.mean)
        root = _root(state.known, k)
        found = state.mean + rng.standard_normal((size, k)) @ root.T
        return self.prior.mean + found @ self.prior.basis.T


def _mode(
    comparisons: Comparisons, start: FloatArray, gaps: FloatArray
) -> tuple[FloatArray, FloatArray, float]:
    """Maximum of the likelihood times N(0, I), by Newton's method with step halving.

    Args:
        comparisons: The choices.
        start: Shape (choices, most others): utilities at 0.
        gaps: Shape (choices, most others, q): their slopes.

    Returns:
        The maximum, shape (q,), the negative Hessian of the log-likelihood there, shape (q, q),
        and the logarithm of likelihood and prior density up to its constant.
    """

    def worth(at: FloatArray) -> float:
        return log_likelihood(comparisons, start + gaps @ at) - 0.5 * float(at @ at)

    point = np.zeros(gaps.shape[2])
    reached = worth(point)
    eye = np.eye(len(point))
    for _ in range(_MOST_STEPS):
        gradient, curvature = slopes(comparisons, start + gaps @ point, gaps)
        gradient = gradient - point
        step = np.linalg.solve(eye + curvature, gradient)
        if float(step @ gradient) < _CONVERGED:
            break
        ahead = worth(point + step)
        for _ in range(_MOST_HALVINGS):
            if ahead >= reached:
                break
            step = step / 2.0
            ahead = worth(point + step)
        point, reached = point + step, max(ahead, reached)
    _, curvature = slopes(comparisons, start + gaps @ point, gaps)
    return point, curvature, reached


def _lift(rows: FloatArray, known: FloatArray) -> FloatArray:
    """A root of the part of the covariance ``I - known known'`` that the rows can tell of.

    Args:
        rows: Shape (n, k).
        known: Shape (k, r).

    Returns:
        Shape (k, q), q at most min(n, k): a = mean + lift c with c ~ N(0, I).
    """
    n, k = rows.shape
    if n >= k:
        return _root(known, k)
    cross = rows.T - known @ (known.T @ rows.T)
    values, vectors = np.linalg.eigh(rows @ cross)
    kept = values > _NO_SPREAD * max(float(values[-1]), 1e-300)
    lift: FloatArray = cross @ (vectors[:, kept] / np.sqrt(values[kept]))
    return lift


def _root(known: FloatArray, k: int) -> FloatArray:
    """Shape (k, k): a root of ``I - known known'``."""
    if not known.shape[1]:
        return np.eye(k)
    values, vectors = np.linalg.eigh(np.eye(k) - known @ known.T)
    root: FloatArray = vectors * np.sqrt(np.maximum(values, 0.0))
    return root


def _truncated(known: FloatArray, rank: int | None) -> FloatArray:
    """The best approximation of ``known known'`` with at most this many columns."""
    rank = known.shape[0] if rank is None else rank
    if known.shape[1] <= rank:
        return known
    vectors = np.linalg.eigh(known.T @ known)[1]
    kept: FloatArray = known @ vectors[:, -rank:]
    return kept
