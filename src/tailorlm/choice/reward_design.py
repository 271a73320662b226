"""Which answers to show beside the best one, so that their ranking tells the most."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tailorlm.choice.reward_head import HeadState, RewardHead


def most_informative(
    head: RewardHead, state: HeadState, features: ArrayLike, first: int, n: int
) -> list[int]:
    """`first` and the answers whose order to it and to each other is the least known.

    Rewards are compared, so what counts is the covariance of the differences to the first. Answers
    are added one by one, each the one with the most variance that the ones before do not explain
    (the greedy D-optimal design; a ranking's own noise is one Gumbel unit).

    Args:
        head: The learner.
        state: What is known of the user.
        features: Shape (m, p): of the candidates.
        first: Position of the one that is shown in any case.
        n: How many to show, from 1 to m.

    Returns:
        Positions, `first` first; of equally informative ones the first.
    """
    rows = np.asarray(features, dtype=np.float64)
    rest = head.covariance(state, rows - rows[first])
    chosen = [first]
    for _ in range(min(n, len(rows)) - 1):
        variance = np.diag(rest).copy()
        variance[chosen] = -np.inf
        best = int(variance.argmax())
        chosen.append(best)
        rest = rest - np.outer(rest[best], rest[best]) / (1.0 + rest[best, best])
    return chosen
