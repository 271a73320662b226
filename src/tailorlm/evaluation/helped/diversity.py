"""How varied what a user is shown is, and whether it narrows with time: the echo chamber."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import RESAMPLES, Interval, ratio_interval

T = TypeVar("T")
Points = Mapping[str, Sequence[tuple[float, float]]]
"""Turn and diversity of each user's windows."""
LEAST_POINTS = 2


def effective_number(items: Sequence[Hashable]) -> float:
    """How many different items there seem to be: the exponential of Shannon's entropy.

    With p_t the share of item t, ``exp(-sum_t p_t ln p_t)``: the number of equally frequent items
    with the same entropy (Hill 1973, "Diversity and evenness", order 1; Shannon 1948).

    Args:
        items: What was shown, as tags; one that was shown twice stands there twice.

    Returns:
        From 1 to the number of different items.

    Raises:
        InputError: If there is none.
    """
    if not items:
        raise InputError("Diversity needs one item at least. Leave turns without any out.")
    counts = np.array(list(Counter(items).values()), dtype=np.float64)
    shares = counts / counts.sum()
    return float(np.exp(-(shares * np.log(shares)).sum()))


def mean_distance(vectors: npt.ArrayLike) -> float:
    """Mean cosine distance of two of some vectors: intra-list diversity.

    ``1 - mean_(i<j) v_i . v_j`` for unit vectors (Ziegler et al. 2005, "Improving Recommendation
    Lists Through Topic Diversification", which has the similarity), computed from their sum.

    Args:
        vectors: Shape (n, dim), of unit length, n at least 2.

    Returns:
        From 0 for equal directions to 1 for unrelated ones, and up to 2 for two opposite ones.

    Raises:
        InputError: If the shape is another, or a vector is not of unit length.
    """
    given = np.asarray(vectors, dtype=np.float64)
    if given.ndim != 2 or len(given) < 2:
        raise InputError(f"Two vectors are needed at least, but the shape is {given.shape}.")
    if not np.allclose(np.linalg.norm(given, axis=1), 1.0, atol=1e-3):
        raise InputError("A vector is not of unit length. Leave texts without words out.")
    n = len(given)
    squares = float((given**2).sum())
    total = float((given.sum(axis=0) ** 2).sum())
    return max(1.0 - (total - squares) / (n * (n - 1)), 0.0)


def over_time(
    sessions: Mapping[str, Sequence[Sequence[T]]],
    measure: Callable[[list[T]], float],
    window: int,
) -> Points:
    """The diversity of what each user is shown, in one window of turns after the other.

    Windows do not overlap, and turns that fill none are left out: a part of a window has fewer
    items and would look narrower.

    Args:
        sessions: By user what was shown in each turn, oldest first: tags, or vectors.
        measure: Of all that was shown in a window: `effective_number` or `mean_distance`.
        window: Turns of a window, from 1.

    Returns:
        By user the middle turn of each window, from 0, and its diversity.

    Raises:
        InputError: If the window is below 1, or as `measure`.
    """
    if window < 1:
        raise InputError(f"A window has 1 turn at least, but got {window}.")
    found = {}
    for user, turns in sessions.items():
        starts = range(0, len(turns) - window + 1, window)
        found[user] = [
            (
                start + (window - 1) / 2.0,
                measure([item for turn in turns[start : start + window] for item in turn]),
            )
            for start in starts
        ]
    return found


@dataclass(frozen=True, slots=True)
class Narrowing:
    """How diversity moves with the turns.

    Attributes:
        slope: Mean change of diversity per turn, below 0 where what is shown narrows.
        beyond: The same less that of the generic answers; None where those are not given.
        left_out: Users with fewer than two windows.
    """

    slope: Interval
    beyond: Interval | None
    left_out: int


def narrowing(
    points: Points,
    rng: np.random.Generator,
    *,
    generic: Points | None = None,
    resamples: int = RESAMPLES,
) -> Narrowing:
    """The slope of diversity over turns: least squares for each user, then the mean over users.

    With x the turns and y the diversity of a user's windows, the user's slope is
    ``sum (x - mean x)(y - mean y) / sum (x - mean x)^2``. Topics that users bring up narrow by
    themselves, so a slope says something of the method beside that of the generic answers to the
    same queries.

    Args:
        points: As `over_time` gives them.
        rng: Source of the resamples of users.
        generic: The same of the generic answers.
        resamples: Rounds of the bootstrap.

    Raises:
        InputError: If no user has two windows, or a user's turns are all the same.
    """
    slopes = {user: _slope(own) for user, own in points.items() if len(own) >= LEAST_POINTS}
    if not slopes:
        raise InputError(
            "A slope needs a user with two windows at least. Give longer sessions, or a shorter "
            "window."
        )
    beyond = None
    if generic is not None:
        apart = [
            slope - _slope(generic[user])
            for user, slope in slopes.items()
            if len(generic.get(user, ())) >= LEAST_POINTS
        ]
        beyond = ratio_interval(apart, np.ones(len(apart)), rng, resamples=resamples)
    each = list(slopes.values())
    slope = ratio_interval(each, np.ones(len(each)), rng, resamples=resamples)
    return Narrowing(slope, beyond, len(points) - len(slopes))


def _slope(points: Sequence[tuple[float, float]]) -> float:
    x, y = np.asarray(points, dtype=np.float64).T
    centred = x - x.mean()
    spread = float(centred @ centred)
    if spread == 0:
        raise InputError("All windows of a user are of the same turn, so there is no slope.")
    return float(centred @ (y - y.mean())) / spread
