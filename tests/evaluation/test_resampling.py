"""Intervals of many columns are those of `ratio_interval`, from the same resamples."""

from __future__ import annotations

import numpy as np
import pytest

from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import Interval, ratio_interval
from tailorlm.evaluation.resampling import ratio_intervals


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_two_users_by_hand() -> None:
    above, below = np.array([[1.0, 9.0], [2.0, 2.0]]), np.array([[10.0, 10.0], [4.0, 4.0]])
    one, other = ratio_intervals(above, below, rng())
    assert one == Interval(0.5, 0.1, 0.9, 2)
    assert other == Interval(0.5, 0.5, 0.5, 2)


def test_as_one_by_one() -> None:
    above, below = rng(1).normal(size=(3, 40)), rng(2).integers(1, 9, size=(3, 40)).astype(float)
    for found, a, b in zip(ratio_intervals(above, below, rng()), above, below, strict=True):
        alone = ratio_interval(a, b, rng(3))
        assert found.value == pytest.approx(alone.value)
        width = (alone.high or 0.0) - (alone.low or 0.0)
        assert found.low == pytest.approx(alone.low, abs=0.05 * width)
        assert found.high == pytest.approx(alone.high, abs=0.05 * width)


def test_a_column_does_not_depend_on_the_others() -> None:
    above, below = rng(1).normal(size=(3, 12)), np.ones((3, 12))
    together = ratio_intervals(above, below, rng(), resamples=500)
    assert ratio_intervals(above[1:2], below[1:2], rng(), resamples=500) == [together[1]]


def test_few_users() -> None:
    assert (
        ratio_intervals(np.zeros((2, 0)), np.zeros((2, 0)), rng())
        == [Interval(None, None, None, 0)] * 2
    )
    assert ratio_intervals(np.array([[3.0]]), np.array([[4.0]]), rng()) == [
        Interval(0.75, None, None, 1)
    ]


@pytest.mark.parametrize(
    ("above", "below", "resamples"),
    [
        (np.zeros(3), np.ones(3), 9),
        (np.zeros((1, 3)), np.ones((1, 2)), 9),
        (np.full((1, 2), np.nan), np.ones((1, 2)), 9),
        (np.zeros((1, 2)), np.zeros((1, 2)), 9),
        (np.zeros((1, 2)), np.ones((1, 2)), 0),
    ],
)
def test_bad_input(above: np.ndarray, below: np.ndarray, resamples: int) -> None:
    with pytest.raises(InputError):
        ratio_intervals(above, below, rng(), resamples=resamples)
