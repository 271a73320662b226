"""Win rates and the accuracy of tags, by hand."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import Unscored, Wins, tag_accuracy, win_rate


def test_by_hand() -> None:
    found = win_rate([3, 1, 2, 2], [1, 3, 2, 1])
    assert found == Wins(wins=2, ties=1, losses=1)
    assert (found.total, found.rate, found.rate_without_ties) == (4, 5 / 8, 2 / 3)


def test_both_sides_add_up_to_one() -> None:
    one, other = np.random.default_rng(1).integers(4, size=(2, 500))
    for margin in (0, 1):
        ours, theirs = win_rate(one, other, margin=margin), win_rate(other, one, margin=margin)
        assert ours.rate + theirs.rate == pytest.approx(1)
        assert ours.ties == theirs.ties


def test_many_agree_with_counting() -> None:
    rng = np.random.default_rng(3)
    for _ in range(1000):
        one, other = rng.integers(5, size=(2, rng.integers(1, 20)))
        margin = int(rng.integers(3))
        ahead = (np.sign(one - other) * (np.abs(one - other) > margin) + 1) / 2
        assert win_rate(one, other, margin=margin).rate == pytest.approx(np.mean(ahead))
        liked = set(other.tolist())
        assert tag_accuracy(one.tolist(), liked) == np.isin(one, other).mean()


def test_over_all_pairs_it_is_the_statistic_of_mann_and_whitney() -> None:
    one, other = np.random.default_rng(2).integers(6, size=(2, 40))
    every = win_rate(np.repeat(one, 40), np.tile(other, 40))
    assert every.rate * 1600 == pytest.approx(mannwhitneyu(one, other).statistic)


def test_a_margin_makes_ties() -> None:
    assert win_rate([1.0, 5.0], [1.2, 1.0], margin=0.5) == Wins(1, 1, 0)


def test_ties_alone_have_no_rate_without_them() -> None:
    assert win_rate([1], [1]).rate == 1 / 2
    assert win_rate([1], [1]).rate_without_ties == Unscored("every comparison is a tie")


def test_win_rate_refuses() -> None:
    for pair in (([], []), ([1], [1, 2]), ([[1]], [[1]])):
        with pytest.raises(InputError, match="one at least"):
            win_rate(*pair)
    with pytest.raises(InputError, match="no number"):
        win_rate([1], [float("nan")])
    with pytest.raises(InputError, match="margin of a tie is 0 or more, but got -1"):
        win_rate([1], [1], margin=-1)


def test_tag_accuracy() -> None:
    assert tag_accuracy(["brief", "kind", "brief", "witty"], {"brief", "plain"}) == 2 / 4
    assert tag_accuracy(["kind"], ["brief"]) == 0.0
    for selected, liked in (([], ["x"]), (["x"], [])):
        with pytest.raises(InputError, match="one selected and one liked tag"):
            tag_accuracy(selected, liked)
