"""Rank correlation with ties: Kendall's tau-b and Spearman's rho."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics.scored import Unscored

FloatArray = npt.NDArray[np.float64]
Numbers = npt.NDArray[Any]
_AT_ONCE = 400
"""Values up to which all pairs are compared at once; beyond, scipy's sorting is faster."""
_CONSTANT = Unscored("all values of one side are the same, so there is no order to compare")


def kendall_tau_b(one: npt.ArrayLike, other: npt.ArrayLike) -> float | Unscored:
    """Kendall's tau-b, which allows for ties (Kendall 1945).

    With C pairs in the same order on both sides, D in opposite orders, n_0 all pairs, and n_1 and
    n_2 those tied on either side::

        tau_b = (C - D) / sqrt((n_0 - n_1) (n_0 - n_2))

    Args:
        one: Shape (n,): values, such as a metric's scores.
        other: Shape (n,): values of the same things, such as a person's.

    Returns:
        From -1 to 1; `Unscored` where all values of a side are the same.

    Raises:
        InputError: If there are fewer than two, they differ in number, or one is no number.
    """
    x, y = _checked(one, other)
    if x.size > _AT_ONCE:
        from scipy.stats import kendalltau

        found = float(kendalltau(x, y).statistic)
        return _CONSTANT if math.isnan(found) else found
    first, second = _signs(x), _signs(y)
    apart = math.sqrt(float(first @ first) * float(second @ second))
    return _CONSTANT if apart == 0 else float(first @ second) / apart


def spearman_rho(one: npt.ArrayLike, other: npt.ArrayLike) -> float | Unscored:
    """Spearman's rho: Pearson's correlation of the ranks (Spearman 1904).

    Tied values have the mean of their ranks. Args, result and errors as in `kendall_tau_b`.
    """
    x, y = _checked(one, other)
    first, second = _centred_ranks(x), _centred_ranks(y)
    apart = math.sqrt(float(first @ first) * float(second @ second))
    return _CONSTANT if apart == 0 else float(first @ second) / apart


def _checked(one: npt.ArrayLike, other: npt.ArrayLike) -> tuple[Numbers, Numbers]:
    x, y = _numbers(one), _numbers(other)
    if x.ndim != 1 or x.size < 2 or x.shape != y.shape:
        raise InputError(
            "A correlation needs two values at least on each side and as many on both, but got "
            f"arrays of shape {x.shape} and {y.shape}."
        )
    if np.isnan(x).any() or np.isnan(y).any():
        raise InputError("A value is no number. Leave its pair out.")
    return x, y


def _numbers(values: npt.ArrayLike) -> Numbers:
    """As whole numbers where they are, which sort faster, else as floats."""
    array = np.asarray(values)
    return array if array.dtype.kind in "iu" else array.astype(np.float64)


def _signs(values: Numbers) -> FloatArray:
    """Shape (n n,): 1 for a pair that rises, -1 for one that falls, 0 for a tie."""
    rises = values[:, None] < values
    return (rises.astype(np.float64) - rises.T).ravel()


def _centred_ranks(values: Numbers) -> FloatArray:
    """Ranks, the mean rank for ties, less their mean."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
    ends = np.append(starts[1:], values.size)
    ranks = np.empty(values.size)
    ranks[order] = np.repeat((starts + ends - 1) / 2.0, ends - starts)
    return ranks - (values.size - 1) / 2.0
