"""Intervals of many ratios over the same users, from the same resamples.

`ratio_interval` one by one would draw anew for each; a comparison of many methods has dozens.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import RESAMPLES, Interval

FloatArray = npt.NDArray[np.float64]
_TAIL = 0.025
_AT_ONCE = 2_000_000
"""Users that are drawn together, to bound the memory."""


def ratio_intervals(
    numerators: FloatArray,
    denominators: FloatArray,
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
) -> list[Interval]:
    """What `ratio_interval` says of each column, with one set of resamples for all of them.

    Args:
        numerators: Shape (columns, users): what each user adds to the upper sum.
        denominators: Shape (columns, users), above 0: what each user adds to the lower sum.
        rng: Source of the resamples.
        resamples: Number of rounds, from 1.

    Raises:
        InputError: If the shapes differ, a denominator is not above 0, a value is not finite, or
            there is no round.
    """
    above, below = np.asarray(numerators), np.asarray(denominators)
    if above.ndim != 2 or above.shape != below.shape or not np.isfinite(above).all():
        raise InputError(
            "One finite numerator and one denominator per column and user are needed, but the "
            f"shapes are {above.shape} and {below.shape}."
        )
    if not (np.isfinite(below).all() and (below > 0).all()) or resamples < 1:
        raise InputError("Denominators are finite and above 0, and there is at least one resample.")
    columns, users = above.shape
    if users == 0:
        return [Interval(None, None, None, 0)] * columns
    values = above.sum(axis=1) / below.sum(axis=1)
    if users == 1:
        return [Interval(float(value), None, None, 1) for value in values]
    ratios = np.empty((resamples, columns))
    step = max(_AT_ONCE // users, 1)
    for start in range(0, resamples, step):
        rounds = min(step, resamples - start)
        drawn = rng.integers(users, size=(rounds, users)) + users * np.arange(rounds)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=rounds * users).reshape(rounds, users)
        weights = counts.astype(np.float64)
        ratios[start : start + rounds] = (weights @ above.T) / (weights @ below.T)
    low, high = np.quantile(ratios, [_TAIL, 1.0 - _TAIL], axis=0)
    return [
        Interval(float(value), float(lower), float(upper), users)
        for value, lower, upper in zip(values, low, high, strict=True)
    ]
