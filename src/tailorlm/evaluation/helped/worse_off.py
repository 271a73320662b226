"""Who is worse off with personalization than without: a mean hides those whom it harms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import RESAMPLES, Interval, ratio_interval

_FLIPS = 2000
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class WorseOff:
    """Shares that the generic answers serve better.

    Attributes:
        queries: Share of the queries, clustered by user.
        users: Share of the users, by their mean difference.
        by_chance: Share of the users that would seem so if nobody's answers had changed in worth,
            from 0 to 1/2: what `users` is to be read beside.
    """

    queries: Interval
    users: Interval
    by_chance: float


def worse_off(
    users: Sequence[str],
    personal: npt.ArrayLike,
    generic: npt.ArrayLike,
    rng: np.random.Generator,
    *,
    margin: float = 0.0,
    resamples: int = RESAMPLES,
) -> WorseOff:
    """Shares of users and of queries that are worse off than with generic answers.

    With d_q the personal score of query q less the generic one, a query is worse off if
    ``d_q < -margin``, and a user if the mean of d_q over their queries is. Among users whose
    queries are few, some are by bad luck alone; how many, is told by giving each difference a
    random sign, under which no user gains or loses (the sign test's null hypothesis: Good 2005,
    "Permutation, Parametric and Bootstrap Tests of Hypotheses", section 3.2).

    Args:
        users: The user of each query.
        personal: Shape (queries,): scores of the personal answers, higher is better.
        generic: Shape (queries,): scores of the generic answers to the same queries.
        rng: Source of the resamples and of the signs.
        margin: Loss that does not count, at least 0.
        resamples: Rounds of the bootstrap over users.

    Raises:
        InputError: If there is no query, the three differ in length, a score is not finite, or
            the margin is below 0.
    """
    differences = checked(personal, len(users)) - checked(generic, len(users))
    if not margin >= 0:
        raise InputError(f"The margin of a loss is 0 or more, but got {margin}.")
    names, place = np.unique(np.asarray(users, dtype=object).astype(str), return_inverse=True)
    counts = np.bincount(place).astype(np.float64)
    least = -margin - _ROUNDING
    losses = np.bincount(place, differences < least)
    means = np.bincount(place, differences) / counts
    own = [differences[place == user] for user in range(len(names))]
    return WorseOff(
        queries=ratio_interval(losses, counts, rng, resamples=resamples),
        users=ratio_interval(means < least, np.ones(len(names)), rng, resamples=resamples),
        by_chance=float(np.mean([_by_chance(one, least, rng) for one in own])),
    )


def _by_chance(
    differences: npt.NDArray[np.float64], least: float, rng: np.random.Generator
) -> float:
    """Probability that a user's mean is below `least` under random signs."""
    signs = rng.choice((-1.0, 1.0), size=(_FLIPS, len(differences)))
    # Each draw is taken with its mirror image, so that the share is never above 1/2.
    means = signs @ differences / len(differences)
    return float(((means < least) | (-means < least)).mean() / 2.0)


def checked(scores: npt.ArrayLike, n: int) -> npt.NDArray[np.float64]:
    """Scores as an array.

    Raises:
        InputError: If there is none, they are not n in number, or one is not finite.
    """
    values = np.asarray(scores, dtype=np.float64)
    if n == 0 or values.shape != (n,) or not np.isfinite(values).all():
        raise InputError(
            f"One finite score for each of the queries is needed, one query at least, but there "
            f"are {n} queries and scores of shape {values.shape}. Leave out what is unscored."
        )
    return values
