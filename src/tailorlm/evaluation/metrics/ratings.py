"""Predicted ratings against given ones: how far off they are."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError

FloatArray = npt.NDArray[np.float64]


def mae(truth: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Mean absolute error, ``1 / n sum_i |y_i - x_i|``, in the unit of the ratings; 0 is best.

    Args:
        truth: Shape (n,): the ratings given.
        predicted: Shape (n,): what was predicted for them.

    Raises:
        InputError: If there are none, they differ in number, or one is not finite.
    """
    return float(np.abs(_errors(truth, predicted)).mean())


def rmse(truth: npt.ArrayLike, predicted: npt.ArrayLike) -> float:
    """Root of the mean squared error, ``sqrt(1 / n sum_i (y_i - x_i) ** 2)``; 0 is best.

    In the unit of the ratings, at least the mean absolute error. Args and errors as in `mae`.
    """
    errors = _errors(truth, predicted)
    return math.sqrt(float(errors @ errors) / errors.size)


def _errors(truth: npt.ArrayLike, predicted: npt.ArrayLike) -> FloatArray:
    given, found = np.asarray(truth, np.float64), np.asarray(predicted, np.float64)
    if given.ndim != 1 or given.size == 0 or given.shape != found.shape:
        raise InputError(
            "Errors need as many predictions as ratings, one at least, but got arrays of shape "
            f"{given.shape} and {found.shape}."
        )
    errors = found - given
    if not np.isfinite(errors).all():
        raise InputError("A rating or a prediction is not finite. Leave the pair out.")
    return errors
