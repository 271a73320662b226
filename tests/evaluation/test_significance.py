"""Sign flips, Holm's correction and power against enumeration, scipy and textbook values."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from tailorlm.errors import InputError
from tailorlm.evaluation.significance import (
    between_users,
    detectable,
    holm,
    sign_flip_p,
    users_needed,
)

values = st.lists(st.floats(-5, 5, allow_subnormal=False), min_size=1, max_size=9)


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_three_users_by_hand() -> None:
    # Of the eight ways to sign 1, 2, 3 only all plus and all minus reach a sum of 6.
    assert sign_flip_p([1, 2, 3], rng()) == 2 / 8
    # 0 of 1 - 1: every sum reaches it.
    assert sign_flip_p([1, -1], rng()) == 1.0
    assert sign_flip_p([0, 0, 0], rng()) == 1.0
    assert sign_flip_p([], rng()) is None


@given(values)
def test_few_users_are_exact(differences: list[float]) -> None:
    every = np.array(list(itertools.product([1, -1], repeat=len(differences))))
    sums = np.abs(every @ np.array(differences))
    reached = sums >= abs(sum(differences)) - 1e-9
    near = np.abs(sums - abs(sum(differences))) < 1e-9
    p = sign_flip_p(differences, rng())
    assert p is not None
    assert (reached & ~near).mean() <= p <= reached.mean()
    assert p >= 2.0 ** (1 - len(differences)) - 1e-12


@pytest.mark.parametrize("seed", range(3))
def test_against_scipy(seed: int) -> None:
    data = rng(seed).normal(0.3, 1, 12)
    exact = stats.permutation_test(
        (data,), np.sum, permutation_type="samples", n_resamples=np.inf, alternative="two-sided"
    )
    assert sign_flip_p(data, rng()) == pytest.approx(float(exact.pvalue), abs=1e-12)


def test_drawn_signs_come_close_to_all_signs() -> None:
    data = rng(5).normal(0.4, 1, 12)
    exact = sign_flip_p(data, rng())
    drawn = sign_flip_p(data, rng(), permutations=4000)
    assert exact is not None
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact / 4000))


def test_p_is_never_zero_and_the_same_seed_gives_the_same() -> None:
    data = np.ones(100)
    assert sign_flip_p(data, rng(), permutations=99) == 1 / 100
    noisy = rng(1).normal(0.1, 1, 40)
    assert sign_flip_p(noisy, rng(3)) == sign_flip_p(noisy, rng(3))
    assert sign_flip_p(noisy, rng(3)) != sign_flip_p(noisy, rng(4))


def test_no_difference_is_found_as_often_as_promised() -> None:
    draws = rng(7)
    ps = []
    for _ in range(400):
        users = draws.normal(0, 1, 15)  # each user has a taste of their own for one or the other
        items = [draws.normal(taste, 0.2, draws.integers(1, 9)) for taste in users]
        p = sign_flip_p([part.sum() for part in items], draws, permutations=199)
        ps.append(1.0 if p is None else p)
    # Standard error of a share of 5% among 400 is 1.1 points, of 20% 2 points.
    assert np.mean(np.array(ps) <= 0.05) == pytest.approx(0.05, abs=0.03)
    assert np.mean(np.array(ps) <= 0.2) == pytest.approx(0.2, abs=0.06)


def test_holm_by_hand() -> None:
    # Sorted: 0.01 * 3, then 0.02 * 2 = 0.04, then 0.03, which is not below what came before.
    assert holm([0.03, 0.01, 0.02]) == pytest.approx((0.04, 0.03, 0.04))
    assert holm([0.5, None, 0.7]) == (1.0, None, 1.0)
    assert holm([]) == ()


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_only_raises_and_keeps_the_order(ps: list[float]) -> None:
    found = [p for p in holm(ps) if p is not None]
    assert len(found) == len(ps)
    assert all(p <= c <= min(1.0, len(ps) * p + 1e-12) for p, c in zip(ps, found, strict=True))
    for (a, x), (b, y) in itertools.combinations(zip(ps, found, strict=True), 2):
        assert a == b or (a < b) is (x < y) or x == y


@pytest.mark.parametrize(("effect", "users"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_users_needed_as_textbooks_have_it(effect: float, users: int) -> None:
    assert users_needed(effect, 1.0) == users
    assert users_needed(-10 * effect, 10.0) == users
    assert detectable(users, 1.0) == pytest.approx(effect, rel=0.04)


def test_users_needed_at_its_ends() -> None:
    assert users_needed(0.0, 1.0) is None
    assert users_needed(1e-9, 1.0) is None
    assert users_needed(1.0, 0.0) == 2
    assert detectable(1, 1.0) is None
    assert detectable(5, 0.0) == 0.0


@settings(max_examples=25)
@given(st.floats(0.05, 3), st.floats(0.1, 3))
def test_so_many_users_do_and_one_fewer_does_not(difference: float, deviation: float) -> None:
    n = users_needed(difference, deviation)
    assert n is not None
    enough, fewer = detectable(n, deviation), detectable(n - 1, deviation)
    assert enough is not None
    assert enough <= difference * (1 + 1e-6)
    assert fewer is None or fewer >= difference * (1 - 1e-6)


def test_the_power_is_that_of_simulated_studies() -> None:
    users = users_needed(0.8, 1.0)
    assert users is not None
    draws = rng(11).normal(0.8, 1.0, (2000, users))
    found = stats.ttest_1samp(draws, 0.0, axis=1).pvalue <= 0.05
    assert float(np.mean(found)) == pytest.approx(0.8, abs=0.05)


def test_deviation_between_users() -> None:
    assert between_users([1, 2, 3], [1, 1, 1]) == pytest.approx(1.0)
    assert between_users([1, 2, 3, 0], [1, 1, 1, 0]) == pytest.approx(1.0)
    assert between_users([2, 4], [1, 2]) == pytest.approx(0.0)
    assert between_users([2], [1]) is None


def test_bad_input() -> None:
    with pytest.raises(InputError, match="finite"):
        sign_flip_p([1.0, math.nan], rng())
    with pytest.raises(InputError, match="at least 1"):
        sign_flip_p([1.0], rng(), permutations=0)
    with pytest.raises(InputError, match="from 0 to 1"):
        holm([1.5])
    with pytest.raises(InputError, match="between 0 and 1"):
        users_needed(1.0, 1.0, power=1.0)
    with pytest.raises(InputError, match="at least 0"):
        users_needed(1.0, -1.0)
    with pytest.raises(InputError, match="finite"):
        users_needed(math.inf, 1.0)
