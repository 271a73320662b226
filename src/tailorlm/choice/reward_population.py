"""What is common to many users' reward heads: the prior that a new user starts from.

Empirical Bayes for the user models of `tailorlm.choice.reward_head`. The mean and the covariance
of the weights across users are learned by expectation maximization over Laplace posteriors; the
covariance is drawn towards an assumed one, which counts as much as a few users do.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.cluster.vq import kmeans2

from tailorlm.choice.comparisons import Comparisons
from tailorlm.choice.reward_head import HeadPrior, HeadState, RewardHead
from tailorlm.errors import InputError

FloatArray = NDArray[np.float64]
UserModel = Literal["uniform", "individual", "cluster"]

_NO_SPREAD = 1e-9
"""Share of the largest variance below which a direction is left out of a basis."""


@dataclass(frozen=True, kw_only=True)
class PopulationSettings:
    """How a population is learned.

    Attributes:
        model: The user model: "uniform", "individual" or "cluster".
        clusters: Centres of "cluster" (K); fewer users give fewer.
        rounds: Rounds of expectation maximization.
        spread: Assumed standard deviation of a weight across users, in units of its scale.
        assumed_users: How many users the assumed covariance counts as.
        trait_scale: Assumed standard deviation of what a trait adds to a weight, in units of how
            users with the same traits differ.
    """

    model: UserModel = "individual"
    clusters: int = 10
    rounds: int = 6
    spread: float = 0.5
    assumed_users: float = 10.0
    trait_scale: float = 0.5

    def __post_init__(self) -> None:
        if self.model not in ("uniform", "individual", "cluster"):
            raise InputError(
                f"The user model is 'uniform', 'individual' or 'cluster', but got {self.model!r}."
            )
        if self.clusters < 1 or self.rounds < 1:
            raise InputError("clusters and rounds are at least 1.")
        if not (self.spread > 0 and self.assumed_users > 0 and self.trait_scale > 0):
            raise InputError("spread, assumed_users and trait_scale are above 0.")


@dataclass(frozen=True, eq=False)
class Population:
    """Where users start.

    Attributes:
        mean: Shape (p,): weights of a user without traits.
        basis: Shape (p, k): how users differ from it.
        traits: Shape (p, d): what each trait adds to the weights; d is 0 without explicit text.
    """

    mean: FloatArray
    basis: FloatArray
    traits: FloatArray

    def prior(self, traits: ArrayLike | None = None) -> HeadPrior:
        """The prior of a user with these traits (d,), None for unknown ones."""
        if traits is None:
            return HeadPrior(self.mean, self.basis)
        known = np.asarray(traits, dtype=np.float64)
        if known.shape != (self.traits.shape[1],):
            raise InputError(
                f"The population knows {self.traits.shape[1]} traits, but got {known.shape}."
            )
        return HeadPrior(self.mean + self.traits @ known, self.basis)

    def compact(self, scales: ArrayLike, rank: int) -> HeadPrior:
        """The prior with independent weights and at most `rank` directions in which users differ.

        The covariance in units of `scales` (p,) becomes its middle eigenvalue in every direction
        and what the largest ones are above it (probabilistic principal components, Tipping and
        Bishop 1999), so the basis is a diagonal, of p numbers, and `rank` columns.
        """
        widths = np.asarray(scales, dtype=np.float64)
        scaled = self.basis / widths[:, None]
        values, vectors = np.linalg.eigh(scaled @ scaled.T)
        middle = float(np.median(values))
        above = np.sqrt(np.maximum(values[::-1][:rank] - middle, 0.0))
        directions = widths[:, None] * vectors[:, ::-1][:, :rank] * above
        own = np.diag(np.sqrt(middle) * widths)
        return HeadPrior(self.mean, np.concatenate([own, directions], axis=1))


def fit_population(
    users: Sequence[Comparisons],
    scales: ArrayLike,
    settings: PopulationSettings | None = None,
    *,
    traits: ArrayLike | None = None,
    rng: np.random.Generator | None = None,
) -> Population:
    """Learn the prior from the comparisons of many users.

    Args:
        users: The choices of each user.
        scales: Shape (p,): assumed standard deviation of each weight across users, above 0.
        settings: How to learn.
        traits: Shape (users, d): explicit traits of each user, such as demographics.
        rng: Starts the centres of "cluster".

    Raises:
        InputError: If there are no users, or shapes do not fit.
    """
    settings = settings or PopulationSettings()
    widths = np.asarray(scales, dtype=np.float64)
    known = np.zeros((len(users), 0)) if traits is None else np.asarray(traits, dtype=np.float64)
    _check(users, widths, known)
    offsets = settings.spread * widths
    pooled = RewardHead(HeadPrior.independent(widths))
    state = pooled.observe(pooled.initial(), Comparisons.joined(list(users)))
    population = Population(
        pooled.weights(state), np.diag(offsets), np.zeros((len(widths), known.shape[1]))
    )
    if settings.model == "uniform" and not known.shape[1]:
        return Population(population.mean, np.zeros((len(widths), 0)), population.traits)
    for _ in range(settings.rounds):
        population = _improved(population, users, known, offsets, settings)
    if settings.model == "uniform":
        return Population(population.mean, np.zeros((len(widths), 0)), population.traits)
    if settings.model == "cluster":
        return clustered(population, users, settings, traits=known, rng=rng)
    return population


def posteriors(
    population: Population, users: Sequence[Comparisons], traits: FloatArray
) -> list[tuple[RewardHead, HeadState]]:
    """Each user's head, with what the user's choices tell."""
    heads = [RewardHead(population.prior(row)) for row in traits]
    return [
        (head, head.observe(head.initial(), own)) for head, own in zip(heads, users, strict=True)
    ]


def _improved(
    population: Population,
    users: Sequence[Comparisons],
    traits: FloatArray,
    offsets: FloatArray,
    settings: PopulationSettings,
) -> Population:
    """One round: posteriors of all users, then the mean, the traits and the covariance of them."""
    found = posteriors(population, users, traits)
    weights = np.array([head.weights(state) for head, state in found])
    mean, added = _regressed(weights, traits, settings)
    off = weights - mean - traits @ added.T
    total = settings.assumed_users * np.diag(offsets**2) + off.T @ off
    basis = population.basis
    for _, state in found:
        known = basis @ state.known
        total += basis @ basis.T - known @ known.T
    return Population(mean, _basis(total / (settings.assumed_users + len(found))), added)


def _regressed(
    weights: FloatArray, traits: FloatArray, settings: PopulationSettings
) -> tuple[FloatArray, FloatArray]:
    """The mean weights, and what each trait adds to them: ridge regression of users' weights."""
    centre = weights.mean(axis=0)
    if not traits.shape[1]:
        return centre, np.zeros((len(centre), 0))
    middle = traits.mean(axis=0)
    spread = traits - middle
    ridge = np.eye(traits.shape[1]) / settings.trait_scale**2
    added = np.linalg.solve(spread.T @ spread + ridge, spread.T @ (weights - centre)).T
    return centre - added @ middle, added


def clustered(
    population: Population,
    users: Sequence[Comparisons],
    settings: PopulationSettings,
    *,
    traits: FloatArray,
    rng: np.random.Generator | None = None,
) -> Population:
    """Users as mixtures ``V v_u`` of K centres V, with a Gaussian over v_u.

    The centres are those of k-means over the users' individual offsets; how users spread over them
    is learned by further rounds in their span.

    Args:
        population: The individual model, learned from the same users.
        users: The choices of each user.
        settings: With the number of centres.
        traits: Shape (users, d), as the population was learned with.
        rng: Starts the centres.
    """
    rng = np.random.default_rng(0) if rng is None else rng
    found = posteriors(population, users, traits)
    offsets = np.array([head.prior.basis @ state.mean for head, state in found])
    # Users of whom as much is known as of each other are one point, and no two centres.
    distinct = np.unique(np.round(offsets, 9), axis=0)
    k = min(settings.clusters, len(distinct))
    centres = distinct.T
    if k < len(distinct):
        centres = kmeans2(offsets, k, minit="++", seed=rng, missing="warn")[0].T
    shares = np.linalg.lstsq(centres, offsets.T, rcond=1e-6)[0].T
    spread = shares.T @ shares / len(users) + 1e-6 * np.eye(k)
    basis = centres @ np.linalg.cholesky(spread)
    for _ in range(settings.rounds):
        now = posteriors(Population(population.mean, basis, population.traits), users, traits)
        means = np.array([state.mean for _, state in now])
        second = means.T @ means
        for _, state in now:
            second += np.eye(basis.shape[1]) - state.known @ state.known.T
        values, vectors = np.linalg.eigh(second / len(users))
        basis = basis @ (vectors * np.sqrt(np.maximum(values, 0.0)))
    return Population(population.mean, basis, population.traits)


def _basis(covariance: FloatArray) -> FloatArray:
    """A root of a covariance, without directions in which nothing varies."""
    values, vectors = np.linalg.eigh(0.5 * (covariance + covariance.T))
    kept = values > _NO_SPREAD * float(values[-1])
    root: FloatArray = vectors[:, kept] * np.sqrt(values[kept])
    return root


def _check(users: Sequence[Comparisons], widths: FloatArray, traits: FloatArray) -> None:
    if not users or not sum(map(len, users)):
        raise InputError("There are no comparisons to learn a population from.")
    if widths.ndim != 1 or not (np.isfinite(widths).all() and (widths > 0).all()):
        raise InputError("The scales of weights are numbers above 0, one per feature.")
    if traits.ndim != 2 or len(traits) != len(users) or not np.isfinite(traits).all():
        raise InputError(
            f"Traits are a row of finite numbers for each of the {len(users)} users, but their "
            f"shape is {traits.shape}."
        )
