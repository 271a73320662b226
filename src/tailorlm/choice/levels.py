"""How much each of several predictors counts, by how well it foresaw what came.

The fixed-share mixture of Herbster and Warmuth (1998), "Tracking the Best Expert": weights are
multiplied by the predictors' chances, as Bayes' rule has it, and then a small share of all weight
is spread evenly. Without that share, a predictor that had to learn first would have to make up for
all that it once missed before it counted (the catch-up phenomenon, van Erven, Grünwald and de Rooij
2012); with it, weight moves as soon as the later predictor is the better one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tailorlm.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FixedShare:
    """Weights of predictors that move with what is seen.

    Attributes:
        start: Weights before anything is seen, at least 0; they are scaled to sum to 1.
        share: Part of all weight that is spread evenly after each event, from 0 to 1; 0 gives
            Bayesian model averaging.
    """

    start: tuple[float, ...]
    share: float = 0.05

    def __post_init__(self) -> None:
        given = np.asarray(self.start, dtype=np.float64)
        if not len(given) or not np.isfinite(given).all() or (given < 0).any() or not given.any():
            raise InputError(
                "Weights to start with are numbers of at least 0, not all of them 0, but got "
                f"{self.start}."
            )
        if not 0 <= self.share <= 1:
            raise InputError(f"The share that is spread is from 0 to 1, but got {self.share}.")

    def initial(self) -> FloatArray:
        """Shape (predictors,): the weights before anything is seen, summing to 1."""
        given = np.asarray(self.start, dtype=np.float64)
        scaled: FloatArray = given / given.sum()
        return scaled

    def observe(self, weights: FloatArray, log_chances: ArrayLike) -> FloatArray:
        """The weights after one event.

        Args:
            weights: Shape (predictors,), summing to 1.
            log_chances: Shape (predictors,): log-probability that each gave the event before.

        Returns:
            Shape (predictors,), summing to 1.

        Raises:
            InputError: If there is not one finite number for each predictor.
        """
        chances = np.asarray(log_chances, dtype=np.float64)
        if chances.shape != weights.shape or not np.isfinite(chances).all():
            raise InputError(
                f"Each of {len(weights)} predictors gives one finite log-probability, but got "
                f"{log_chances!r:.80}."
            )
        posterior = posterior_weights(weights, chances)
        mixed: FloatArray = (1.0 - self.share) * posterior + self.share / len(weights)
        return mixed


def posterior_weights(weights: FloatArray, log_chances: FloatArray) -> FloatArray:
    """Weights times chances, scaled to sum to 1 along the last axis (Bayes' rule)."""
    joint = weights * np.exp(log_chances - log_chances.max(axis=-1, keepdims=True))
    total = joint.sum(axis=-1, keepdims=True)
    # Weights may be so small that all products vanish; then nothing is learned.
    return np.where(total > 0, joint / np.where(total > 0, total, 1.0), weights)
