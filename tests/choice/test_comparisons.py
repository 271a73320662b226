from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.choice import plackett_luce
from tailorlm.choice.comparisons import Comparisons, chances, log_likelihood, slopes
from tailorlm.errors import InputError


def made(seed: int, sizes: tuple[int, ...] = (3, 2, 4), width: int = 3) -> Comparisons:
    rng = np.random.default_rng(seed)
    return Comparisons.joined(
        [
            Comparisons.ranking(
                rng.normal(size=(m, width)), [[int(i)] for i in rng.permutation(m)], 1.0 + m
            )
            for m in sizes
        ]
    )


@given(st.integers(0, 10_000), st.integers(2, 5))
def test_choices_multiply_to_the_probability_of_the_ranking(seed: int, m: int) -> None:
    rng = np.random.default_rng(seed)
    features, w = rng.normal(size=(m, 2)), rng.normal(size=2)
    groups = [[int(i)] for i in rng.permutation(m)]
    ranking = Comparisons.ranking(features, groups)
    exact = plackett_luce.log_likelihood(features @ w, groups)
    assert log_likelihood(ranking, ranking.gaps @ w) == pytest.approx(float(exact))


def test_a_pair_is_bradley_terry() -> None:
    pair = Comparisons.pairs([[2.0]], [[0.5]])
    assert np.exp(log_likelihood(pair, pair.gaps @ [1.0])) == pytest.approx(1 / (1 + np.exp(-1.5)))
    assert chances(pair, pair.gaps @ [1.0])[0, 0] == pytest.approx(1 / (1 + np.exp(1.5)))


def test_of_tied_answers_each_is_chosen_over_all_below() -> None:
    tied = Comparisons.ranking([[1.0], [2.0], [4.0]], [[0, 1], [2]])
    assert tied.gaps[:, :, 0].tolist() == [[3.0], [2.0]]
    assert len(Comparisons.ranking([[1.0], [2.0]], [[0, 1]])) == 0
    assert len(Comparisons.ranking([[1.0], [2.0]], [[1]])) == 0


def test_slopes_equal_finite_differences() -> None:
    comparisons = made(1)
    w, step = np.array([0.4, -1.0, 0.2]), 1e-5

    def told(at: np.ndarray) -> float:
        return log_likelihood(comparisons, comparisons.gaps @ at)

    def gradient_at(at: np.ndarray) -> np.ndarray:
        return slopes(comparisons, comparisons.gaps @ at, comparisons.gaps)[0]

    gradient, curvature = slopes(comparisons, comparisons.gaps @ w, comparisons.gaps)
    for i, e in enumerate(np.eye(3) * step):
        assert gradient[i] == pytest.approx((told(w + e) - told(w - e)) / (2 * step), rel=1e-6)
        numeric = -(gradient_at(w + e) - gradient_at(w - e)) / (2 * step)
        assert curvature[i] == pytest.approx(numeric, rel=1e-5, abs=1e-7)
    assert (np.linalg.eigvalsh(curvature) > 0).all()


def test_huge_utilities_stay_finite() -> None:
    pair = Comparisons.pairs([[0.0]], [[1e6]])
    assert log_likelihood(pair, pair.gaps @ [1.0]) == pytest.approx(-1e6)
    assert log_likelihood(pair, pair.gaps @ [-1.0]) == 0.0


def test_joining_keeps_order_weights_and_likelihood() -> None:
    parts = [made(2), made(3, (2,)), Comparisons.none(3)]
    joined, w = Comparisons.joined(parts), np.array([0.1, 0.2, -0.3])
    assert len(joined) == sum(map(len, parts))
    assert joined.weights.tolist() == np.concatenate([p.weights for p in parts]).tolist()
    alone = sum(log_likelihood(p, p.gaps @ w) for p in parts[:2])
    assert log_likelihood(joined, joined.gaps @ w) == pytest.approx(alone)
    turned = joined.seen_by(np.diag([1.0, 2.0, 0.0]))
    assert np.allclose(turned.gaps @ w, joined.gaps @ [0.1, 0.4, 0.0])


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: Comparisons.ranking([1.0, 2.0], [[0], [1]]), "row of finite numbers"),
        (lambda: Comparisons.ranking([[1.0], [np.nan]], [[0], [1]]), "not finite"),
        (lambda: Comparisons.ranking([[1.0], [2.0]], [[0], [5]]), "candidate 5"),
        (lambda: Comparisons.ranking([[1.0], [2.0]], [[0], [1]], -1), "0 times or more"),
        (lambda: Comparisons.pairs([[1.0]], [[1.0, 2.0]]), "two answers"),
        (lambda: Comparisons.pairs([[1.0]], [[2.0]], [-1.0]), "at least 0"),
        (lambda: Comparisons.joined([]), "same features"),
        (lambda: Comparisons.joined([Comparisons.none(1), Comparisons.none(2)]), "same features"),
    ],
)
def test_what_cannot_be_compared_is_refused(make: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        make()
