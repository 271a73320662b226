"""Comparisons and tags: how often one side wins, and how many of a user's tags are found."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics.scored import Unscored


@dataclass(frozen=True, slots=True)
class Wins:
    """How comparisons of two sides ended.

    Attributes:
        wins: Comparisons that the first side won.
        ties: Those that neither won.
        losses: Those that the second side won.
    """

    wins: int
    ties: int
    losses: int

    @property
    def total(self) -> int:
        """All comparisons."""
        return self.wins + self.ties + self.losses

    @property
    def rate(self) -> float:
        """``(wins + ties / 2) / total``: from 0 to 1, and 1/2 where the sides are alike."""
        return (self.wins + self.ties / 2) / self.total

    @property
    def rate_without_ties(self) -> float | Unscored:
        """``wins / (wins + losses)``; `Unscored` where every comparison is a tie."""
        decided = self.wins + self.losses
        return self.wins / decided if decided else Unscored("every comparison is a tie")


def win_rate(ours: npt.ArrayLike, theirs: npt.ArrayLike, *, margin: float = 0.0) -> Wins:
    """How often one side scores higher than the other on the same item.

    The rate with half a win per tie is the probability that the first side is better plus half
    that of a tie, as in the Mann-Whitney statistic, and the two sides' rates add up to 1.

    Args:
        ours: Shape (n,): scores of the first side, higher is better.
        theirs: Shape (n,): scores of the second side on the same items.
        margin: Difference up to which a pair is a tie, at least 0.

    Raises:
        InputError: If there are none, they differ in number, one is no number, or the margin is
            below 0.
    """
    one, other = np.asarray(ours, np.float64), np.asarray(theirs, np.float64)
    if one.ndim != 1 or one.size == 0 or one.shape != other.shape:
        raise InputError(
            "A win rate needs as many scores on both sides, one at least, but got arrays of "
            f"shape {one.shape} and {other.shape}."
        )
    if np.isnan(one).any() or np.isnan(other).any():
        raise InputError("A score is no number. Leave the pair out.")
    if not margin >= 0:
        raise InputError(f"The margin of a tie is 0 or more, but got {margin}.")
    wins, losses = int((one > other + margin).sum()), int((other > one + margin).sum())
    return Wins(wins, one.size - wins - losses, losses)


def tag_accuracy(selected: Sequence[Hashable], liked: Collection[Hashable]) -> float:
    """Share of the selected tags that the user likes: the accuracy of PREMIUM.

    A tag that is selected for several candidates counts each time. Given the k tags that a learner
    believes in most, k being the number of liked ones, it is top-k accuracy, and k random ones of
    n tags give ``k / n`` on average.

    Args:
        selected: Tags that were put into candidates, or a learner's best.
        liked: The user's own tags.

    Returns:
        From 0 to 1.

    Raises:
        InputError: If no tag is selected, or none is liked.
    """
    own = set(liked)
    if not selected or not own:
        raise InputError(
            "Tag accuracy needs one selected and one liked tag at least, but got "
            f"{len(selected)} and {len(own)}."
        )
    return sum(tag in own for tag in selected) / len(selected)
