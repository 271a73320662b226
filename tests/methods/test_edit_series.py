"""The statistics behind edit_rules against oracles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.special import logsumexp

from tailorlm.methods._edit_series import (
    Amounts,
    Choices,
    Explained,
    chance_above,
    context_weights,
    log_sum,
    student_log_density,
)


def choices(codes: list[int], values: int = 2) -> Choices:
    return Choices(np.array(codes), np.ones(len(codes)), np.full(values, 1.0 / values))


def chain(family: Choices | Amounts) -> float:
    """The evidence as the product of each entry's prediction from those before it."""
    rows = family.rows()
    return float(family.predictive(np.cumsum(rows, axis=0) - rows).sum())


@given(st.lists(st.integers(0, 2), min_size=1, max_size=12))
def test_evidence_of_choices_is_the_product_of_predictions(codes: list[int]) -> None:
    family = choices(codes, 3)
    evidence = family.evidence(family.rows().sum(axis=0)[None])[0]
    assert evidence == pytest.approx(chain(family))


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=8))
def test_evidence_of_amounts_is_the_product_of_predictions(values: list[float]) -> None:
    family = Amounts(np.array(values), np.ones(len(values)), 0.5, 0.7)
    evidence = family.evidence(family.rows().sum(axis=0)[None])[0]
    assert evidence == pytest.approx(chain(family), abs=1e-6)


@given(st.floats(1, 50), st.floats(-3, 3), st.floats(0.1, 3), st.floats(-9, 9))
def test_student(freedom: float, mean: float, scale: float, at: float) -> None:
    ours = student_log_density(np.array([at]), np.array([freedom, mean, scale]))[0]
    assert ours == pytest.approx(stats.t.logpdf(at, freedom, mean, scale))


@given(st.lists(st.floats(-700, 700), min_size=1, max_size=9))
def test_log_sum(values: list[float]) -> None:
    assert log_sum(np.array(values)) == pytest.approx(logsumexp(values))


def test_chance_above_is_that_of_a_beta() -> None:
    counts = np.array([3.0, 1.5, 0.5])
    for i, share in ((0, 0.5), (1, 0.3), (2, 0.9)):
        beta = stats.beta(counts[i], counts.sum() - counts[i])
        assert chance_above(counts, share)[i] == pytest.approx(beta.sf(share))


def test_a_change_is_found_and_what_came_before_it_no_longer_counts() -> None:
    explained = Explained(choices([0] * 8 + [1] * 8), ())
    assert (explained.present[:7] < 0.05).all()
    assert (explained.present[9:] > 0.95).all()
    steady = Explained(choices([0] * 16), ())
    assert steady.present[0] > 0.8
    assert steady.lasting[0] > 14


def test_series_side_by_side_equal_each_by_itself() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 2, size=(3, 9))
    alike = rng.random((9, 9))
    both = Explained(Choices(codes, np.ones((3, 9)), np.full((3, 2), 0.5)), [(alike + alike.T) / 2])
    for i in range(3):
        one = Explained(choices(codes[i].tolist()), both.kernels)
        assert both.evidences[i] == pytest.approx(one.evidences)
        assert both.lasting[i] == pytest.approx(one.lasting)


def test_context_explains_what_turns_on_it_and_nothing_else() -> None:
    topic = np.array([0, 1, 1, 0, 1, 0, 0, 1, 0, 1])
    kernel = np.exp((np.equal.outer(topic, topic) - 1.0) / 0.2)
    rng = np.random.default_rng(1)
    series = [topic, 1 - topic, np.zeros(10, dtype=int), rng.permutation(topic)]
    evidences = np.stack([Explained(choices(s.tolist()), [kernel]).evidences for s in series])
    weights = context_weights(evidences)
    assert weights.sum(axis=1) == pytest.approx(np.ones(4))
    assert (weights[:2, 1] > 0.9).all()
    assert evidences[2, 1] - evidences[2, 0] < 0.1  # what never varies says little
    assert weights[3, 1] < 0.7  # a shuffled series, among two that do turn on it


def test_entries_without_weight_say_nothing() -> None:
    full = Explained(choices([0, 1, 0]), ())
    codes = np.array([0, 1, 1, 1, 0])
    weighed = Choices(codes, np.array([1.0, 1.0, 0.0, 0.0, 1.0]), np.full(2, 0.5))
    assert Explained(weighed, ()).family.rows().sum(axis=0) == pytest.approx([2.0, 1.0])
    assert chain(weighed) == pytest.approx(chain(full.family))


def test_nothing_yet() -> None:
    empty = Explained(choices([]), [np.zeros((0, 0))])
    assert empty.evidences.tolist() == [0.0, 0.0]
    assert empty.lasting.tolist() == [0.0, 0.0]
