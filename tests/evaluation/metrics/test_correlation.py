"""Rank correlations by hand and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kendalltau, spearmanr

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import Unscored, kendall_tau_b, spearman_rho


def test_by_hand() -> None:
    # Of six pairs four rise on both sides, one falls on the other, one is tied there.
    assert kendall_tau_b([1, 2, 3, 4], [1, 3, 2, 3]) == pytest.approx((4 - 1) / (6 * 5) ** 0.5)
    assert spearman_rho([10, 20, 30], [1, 3, 2]) == pytest.approx(1 - 6 * 2 / (3 * 8))


def test_agrees_with_scipy() -> None:
    rng = np.random.default_rng(1)
    for case in range(1200):
        x = rng.integers(1, 8, size=rng.integers(2, 40)).astype(float)
        y = x + rng.integers(-2, 3, size=x.size) if case % 2 else rng.normal(size=x.size)
        if len(set(x)) == 1 or len(set(y)) == 1:
            assert isinstance(kendall_tau_b(x, y), Unscored)
            assert isinstance(spearman_rho(x, y), Unscored)
            continue
        assert kendall_tau_b(x, y) == pytest.approx(kendalltau(x, y).statistic, abs=1e-12)
        assert spearman_rho(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)


@pytest.mark.parametrize("n", [400, 401, 5000])
def test_long_ones_agree_with_scipy(n: int) -> None:
    x, y = np.random.default_rng(n).integers(50, size=(2, n))
    assert kendall_tau_b(x, y) == pytest.approx(kendalltau(x, y).statistic, abs=1e-12)
    assert spearman_rho(x, y) == pytest.approx(spearmanr(x, y).statistic, abs=1e-12)


def test_a_long_constant_side_is_unscored() -> None:
    for n in (3, 1000):
        for metric in (kendall_tau_b, spearman_rho):
            assert isinstance(metric(np.ones(n), np.arange(n)), Unscored)


def test_what_is_refused() -> None:
    for metric in (kendall_tau_b, spearman_rho):
        for pair in (([], []), ([1], [1]), ([1, 2], [1, 2, 3])):
            with pytest.raises(InputError, match="two values at least"):
                metric(*pair)
        with pytest.raises(InputError, match="no number"):
            metric([1, 2], [1, float("nan")])
