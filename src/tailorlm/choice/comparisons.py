"""Rankings of answers with known features, as choices: one answer over those ranked below it.

A ranking a > b > c is two choices: a over b and c, then b over c. Their probabilities under
Plackett-Luce multiply to that of the ranking, and a pair is one choice under Bradley-Terry. Of
answers that are tied, each is chosen over all below, and nothing is said about their order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tailorlm.choice.plackett_luce import Groups, check_groups
from tailorlm.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Comparisons:
    """Choices, padded to the same number of answers that were not chosen.

    Attributes:
        gaps: Shape (choices, most others, p): features of each answer that was not chosen, less
            those of the chosen one; 0 where there is no answer.
        present: Shape (choices, most others): whether there is one.
        weights: Shape (choices,), at least 0: how often each choice counts.
    """

    gaps: FloatArray
    present: NDArray[np.bool_]
    weights: FloatArray

    def __len__(self) -> int:
        return len(self.weights)

    @property
    def width(self) -> int:
        """Number of features, p."""
        return int(self.gaps.shape[2])

    @classmethod
    def none(cls, width: int) -> Comparisons:
        """No choices between answers of `width` features."""
        return cls(np.zeros((0, 1, width)), np.zeros((0, 1), dtype=np.bool_), np.zeros(0))

    @classmethod
    def ranking(cls, features: ArrayLike, groups: Groups, weight: float = 1.0) -> Comparisons:
        """The choices of one ranking.

        Args:
            features: Shape (m, p): of the answers shown, all finite.
            groups: Positions of answers, best group first; see `tailorlm.choice.plackett_luce`.
            weight: How often the ranking counts.

        Raises:
            InputError: If the features are no finite matrix, the groups do not fit them, or the
                weight is negative.
        """
        rows = _matrix(features)
        checked = check_groups(groups, len(rows))
        if not (np.isfinite(weight) and weight >= 0):
            raise InputError(f"A ranking counts 0 times or more, but got {weight}.")
        below = [sum(checked[place + 1 :], ()) for place in range(len(checked))]
        chosen = [(i, below[place]) for place, group in enumerate(checked) for i in group]
        chosen = [(i, others) for i, others in chosen if others]
        if not chosen:
            return cls.none(rows.shape[1])
        most = max(len(others) for _, others in chosen)
        gaps = np.zeros((len(chosen), most, rows.shape[1]))
        present = np.zeros((len(chosen), most), dtype=np.bool_)
        for place, (i, others) in enumerate(chosen):
            gaps[place, : len(others)] = rows[list(others)] - rows[i]
            present[place, : len(others)] = True
        return cls(gaps, present, np.full(len(chosen), float(weight)))

    @classmethod
    def pairs(
        cls, better: ArrayLike, worse: ArrayLike, weights: ArrayLike | float = 1.0
    ) -> Comparisons:
        """Many pairs at once.

        Args:
            better: Shape (pairs, p): features of the answers that won.
            worse: Shape (pairs, p): of those that lost.
            weights: How often each pair counts, one number or shape (pairs,).

        Raises:
            InputError: If the shapes differ, a number is not finite or a weight is negative.
        """
        won, lost = _matrix(better), _matrix(worse)
        if won.shape != lost.shape:
            raise InputError(f"Each pair needs two answers, but got {won.shape} and {lost.shape}.")
        counts = np.broadcast_to(np.asarray(weights, dtype=np.float64), (len(won),)).copy()
        if not (np.isfinite(counts).all() and (counts >= 0).all()):
            raise InputError("The weights of pairs are numbers of at least 0.")
        return cls((lost - won)[:, None, :], np.ones((len(won), 1), dtype=np.bool_), counts)

    @classmethod
    def joined(cls, parts: Sequence[Comparisons]) -> Comparisons:
        """All choices of several, in order.

        Raises:
            InputError: If there are none, or their numbers of features differ.
        """
        if len({part.width for part in parts}) != 1:
            raise InputError("Only comparisons of the same features can be joined.")
        most = max(part.gaps.shape[1] for part in parts)

        def widened(array: NDArray[np.generic]) -> NDArray[np.generic]:
            room = [(0, 0)] * array.ndim
            room[1] = (0, most - array.shape[1])
            return np.pad(array, room)

        return cls(
            np.concatenate([widened(part.gaps) for part in parts]),
            np.concatenate([widened(part.present) for part in parts]).astype(np.bool_),
            np.concatenate([part.weights for part in parts]),
        )

    def seen_by(self, directions: FloatArray) -> Comparisons:
        """The same choices in other features, which are linear in these: shape (p, q)."""
        return Comparisons(self.gaps @ directions, self.present, self.weights)


def log_likelihood(comparisons: Comparisons, utilities: FloatArray) -> float:
    """Log-probability of the choices.

    Args:
        comparisons: The choices.
        utilities: Shape (choices, most others): of each answer less that of the chosen one, in
            Gumbel units.
    """
    masked = np.where(comparisons.present, utilities, -np.inf)
    top = np.maximum(masked.max(axis=1, initial=0.0), 0.0)
    total = np.exp(-top) + np.exp(masked - top[:, None]).sum(axis=1)
    return -float(comparisons.weights @ (top + np.log(total)))


def chances(comparisons: Comparisons, utilities: FloatArray) -> FloatArray:
    """Probability of each answer that was not chosen, shape (choices, most others)."""
    masked = np.where(comparisons.present, utilities, -np.inf)
    top = np.maximum(masked.max(axis=1, initial=0.0), 0.0)[:, None]
    rates = np.exp(masked - top)
    share: FloatArray = rates / (np.exp(-top) + rates.sum(axis=1, keepdims=True))
    return share


def slopes(
    comparisons: Comparisons, utilities: FloatArray, gaps: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Gradient and negative Hessian of `log_likelihood` where utilities are linear.

    Args:
        comparisons: The choices.
        utilities: Shape (choices, most others): where the slopes are taken.
        gaps: Shape (choices, most others, q): slopes of the utilities in the q parameters.

    Returns:
        Shapes (q,) and (q, q), the latter positive semidefinite.
    """
    share = chances(comparisons, utilities)
    counted = comparisons.weights[:, None] * share
    mean = np.einsum("sj,sjq->sq", share, gaps)
    flat = gaps.reshape(share.size, gaps.shape[2])
    gradient = -(counted.ravel() @ flat)
    curvature = flat.T @ (counted.ravel()[:, None] * flat)
    curvature -= mean.T @ (comparisons.weights[:, None] * mean)
    return gradient, curvature


def _matrix(features: ArrayLike) -> FloatArray:
    rows = np.asarray(features, dtype=np.float64)
    if rows.ndim != 2 or not np.isfinite(rows).all():
        raise InputError(
            f"Features are a row of finite numbers for each answer, but got shape {rows.shape}"
            f"{'' if rows.ndim != 2 else ' with numbers that are not finite'}."
        )
    return rows
