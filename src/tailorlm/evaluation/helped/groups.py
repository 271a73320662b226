"""Gaps between groups of users: whether an attribute decides how well somebody is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.helped.worse_off import checked
from tailorlm.evaluation.intervals import RESAMPLES, Interval, ratio_interval

FloatArray = npt.NDArray[np.float64]
LEAST_USERS = 2
"""Users of a group that is compared: one alone does not tell how its users differ."""
PERMUTATIONS = 9_999
_TAIL = 0.025
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class GroupGaps:
    """How far groups are apart.

    Attributes:
        by_group: The mean over the users of each group, each user counting the same.
        largest: Of the highest group's mean less the lowest's.
        mean: Mean distance of two groups' means.
        p: Probability of a largest gap like this if the groups were drawn by lot.
        too_small: Groups with fewer than two users, which are left out.
    """

    by_group: Mapping[str, Interval]
    largest: Interval
    mean: Interval
    p: float
    too_small: tuple[str, ...]


def group_gaps(
    users: Sequence[str],
    scores: npt.ArrayLike,
    group_of: Mapping[str, str],
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
    permutations: int = PERMUTATIONS,
) -> GroupGaps:
    """The largest and the mean gap between groups of users.

    With m_g the mean over the users of group g of their mean scores, and G groups::

        largest = max_g m_g - min_g m_g
        mean = sum_(g<h) |m_g - m_h| / (G (G - 1) / 2)

    Give scores to compare levels, or differences from the generic answers to compare gains.
    Intervals resample users within their groups (stratified percentile bootstrap: Davison and
    Hinkley 1997, "Bootstrap Methods and their Application", section 3.2). A gap is never below 0
    and is overestimated where groups are small, so an interval above 0 shows nothing. That is what
    p is for: the groups are assigned to the users anew, k of n times with as large a gap, and
    ``p = (k + 1) / (n + 1)``.

    Args:
        users: The user of each query.
        scores: Shape (queries,): of each query.
        group_of: The group of each user; users without one are left out.
        rng: Source of resamples and permutations.
        resamples: Rounds of the bootstrap, from 1.
        permutations: How often groups are assigned anew, from 1.

    Raises:
        InputError: If scores do not fit the users, or fewer than two groups have two users.
    """
    values = checked(scores, len(users))
    if resamples < 1 or permutations < 1:
        raise InputError("Resamples and permutations are 1 or more.")
    members = _members(users, values, group_of)
    groups = {g: np.array(members[g]) for g in sorted(members) if len(members[g]) >= LEAST_USERS}
    if len(groups) < 2:
        raise InputError(
            f"A gap needs two groups of {LEAST_USERS} users each, but there are {len(groups)}. "
            "Join small groups, or give the groups of more users."
        )
    drawn = np.stack([_resampled(group, resamples, rng) for group in groups.values()])
    means = np.array([group.mean() for group in groups.values()])
    n_users = sum(len(group) for group in groups.values())
    return GroupGaps(
        by_group={
            name: ratio_interval(group, np.ones(len(group)), rng, resamples=resamples)
            for name, group in groups.items()
        },
        largest=_interval(np.ptp(means), np.ptp(drawn, axis=0), n_users),
        mean=_interval(_mean_gap(means), _mean_gap(drawn), n_users),
        p=_p(groups, rng, permutations),
        too_small=tuple(g for g in sorted(members) if g not in groups),
    )


def _members(
    users: Sequence[str], values: FloatArray, group_of: Mapping[str, str]
) -> dict[str, list[float]]:
    """The mean score of each user, by group."""
    own: dict[str, list[float]] = {}
    for user, value in zip(users, values.tolist(), strict=True):
        if user in group_of:
            own.setdefault(user, []).append(value)
    members: dict[str, list[float]] = {}
    for user, scored in own.items():
        members.setdefault(group_of[user], []).append(float(np.mean(scored)))
    return members


def _resampled(group: FloatArray, resamples: int, rng: np.random.Generator) -> FloatArray:
    """Means of resampled users of one group, shape (resamples,)."""
    n = len(group)
    return rng.multinomial(n, np.full(n, 1.0 / n), size=resamples) @ group / n


def _mean_gap(means: FloatArray) -> FloatArray:
    """Mean distance of two groups, for means of shape (groups, ...)."""
    apart = [np.abs(means[one] - means[other]) for one, other in combinations(range(len(means)), 2)]
    return np.asarray(np.mean(apart, axis=0))


def _interval(value: npt.ArrayLike, drawn: FloatArray, users: int) -> Interval:
    low, high = np.quantile(drawn, [_TAIL, 1.0 - _TAIL])
    return Interval(float(np.asarray(value)), float(low), float(high), users)


def _p(groups: Mapping[str, FloatArray], rng: np.random.Generator, permutations: int) -> float:
    """Probability of the largest gap under groups drawn by lot."""
    everybody = np.concatenate(list(groups.values()))
    ends = np.cumsum([len(group) for group in groups.values()])[:-1]
    least = np.ptp([group.mean() for group in groups.values()]) - _ROUNDING
    k = 0
    for _ in range(permutations):
        parts = np.split(rng.permutation(everybody), ends)
        k += bool(np.ptp([part.mean() for part in parts]) >= least)
    return (k + 1) / (permutations + 1)
