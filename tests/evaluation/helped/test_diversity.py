"""Diversity of what is shown, and its slope over turns: known values and properties."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.errors import InputError
from tailorlm.evaluation.helped import effective_number, mean_distance, narrowing, over_time

pytestmark = pytest.mark.whole


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_effective_number() -> None:
    assert effective_number(["a"] * 5) == 1.0
    assert effective_number(list("aabbccdd")) == pytest.approx(4.0)
    shares = np.array([0.75, 0.25])
    assert effective_number("aaab") == pytest.approx(np.exp(-(shares * np.log(shares)).sum()))
    with pytest.raises(InputError, match="one item"):
        effective_number([])


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
def test_it_lies_between_one_and_the_number_of_items(items) -> None:
    assert 1.0 - 1e-9 <= effective_number(items) <= len(set(items)) + 1e-9
    assert effective_number(items * 3) == pytest.approx(effective_number(items))


@given(st.integers(2, 8), st.integers(0, 100))
def test_mean_distance_is_that_of_all_pairs(n, seed) -> None:
    vectors = np.random.default_rng(seed).normal(size=(n, 4))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pairs = [1.0 - vectors[i] @ vectors[j] for i, j in combinations(range(n), 2)]
    assert mean_distance(vectors) == pytest.approx(np.mean(pairs))


def test_mean_distance_known_values() -> None:
    assert mean_distance(np.eye(3)) == pytest.approx(1.0)
    assert mean_distance([[1.0, 0.0]] * 3) == pytest.approx(0.0)
    with pytest.raises(InputError, match="Two vectors"):
        mean_distance([[1.0, 0.0]])
    with pytest.raises(InputError, match="unit length"):
        mean_distance([[1.0, 0.0], [0.0, 0.0]])


def test_narrowing() -> None:
    sessions = {
        "closing": [["a", "b"], ["c", "d"], ["a", "a"], ["a", "a"], ["rest"]],
        "steady": [["a", "b"], ["c", "d"], ["e", "f"], ["g", "h"]],
        "short": [["a"]],
    }
    points = over_time(sessions, effective_number, 2)
    assert points["closing"] == [(0.5, pytest.approx(4.0)), (2.5, pytest.approx(1.0))]
    found = narrowing(points, rng(), resamples=100)
    assert found.slope.value == pytest.approx(-0.75)
    assert found.left_out == 1
    assert found.beyond is None
    beside = narrowing(points, rng(), generic={"closing": points["closing"]}, resamples=100).beyond
    assert beside is not None
    assert (beside.value, beside.users) == (0.0, 1)


@given(st.floats(-2, 2), st.floats(-5, 5), st.integers(2, 6))
def test_a_line_has_its_slope(slope, start, n) -> None:
    points = {"u": [(float(x), start + slope * x) for x in range(n)]}
    assert narrowing(points, rng(), resamples=10).slope.value == pytest.approx(slope, abs=1e-9)


def test_what_cannot_be_used() -> None:
    with pytest.raises(InputError, match="1 turn"):
        over_time({}, effective_number, 0)
    with pytest.raises(InputError, match="two windows"):
        narrowing({"u": [(0.0, 1.0)]}, rng())
    with pytest.raises(InputError, match="same turn"):
        narrowing({"u": [(1.0, 1.0), (1.0, 2.0)]}, rng())
