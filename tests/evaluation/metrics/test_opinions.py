"""Distributions of opinions by hand and against scipy."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import (
    Unscored,
    alignment,
    consistency,
    representativeness,
    steerability,
    wasserstein_distance,
)

LOW, MIDDLE, HIGH = [1, 0, 0], [0, 1, 0], [0, 0, 1]


def test_by_hand() -> None:
    # Half of the probability moves by two answers.
    assert wasserstein_distance([1, 0, 0], [0.5, 0, 0.5]) == pytest.approx(1)
    assert alignment([1, 0, 0], [0.5, 0, 0.5]) == pytest.approx(1 - 1 / 2)
    assert alignment(LOW, HIGH) == 0
    assert alignment([2, 6], [1, 3]) == 1
    assert wasserstein_distance([1, 0], [0, 1], positions=[2, 7]) == 5


def test_agrees_with_scipy() -> None:
    rng = np.random.default_rng(1)
    for answers in range(1, 7):
        one, other = rng.random((2, 250, answers)) * (rng.random((2, 250, answers)) < 0.8)
        one[:, 0] += 0.1
        other[:, -1] += 0.1
        positions = np.cumsum(rng.uniform(0.1, 2, answers))
        found = wasserstein_distance(one, other, positions=positions)
        for row in range(250):
            theirs = stats.wasserstein_distance(positions, positions, one[row], other[row])
            assert found[row] == pytest.approx(theirs, abs=1e-9)


def test_representativeness_is_the_mean_over_questions() -> None:
    assert representativeness([LOW, LOW], [LOW, HIGH]) == 1 / 2
    # Questions may have different numbers of answers.
    assert representativeness([LOW, [1, 0]], [MIDDLE, [0, 1]]) == pytest.approx((1 / 2 + 0) / 2)
    assert representativeness(np.array([LOW, HIGH]), np.array([LOW, HIGH])) == 1


def test_steering_takes_the_best_way_for_each_question() -> None:
    group = [LOW, HIGH]
    ways = [[LOW, LOW], [HIGH, HIGH]]
    assert [representativeness(way, group) for way in ways] == [1 / 2, 1 / 2]
    assert steerability(ways, group) == 1


def test_suites_agree_with_their_definitions_by_scipy() -> None:
    """A thousand questions: 100 sets of ten questions of two to five answers, on three topics."""
    rng = np.random.default_rng(2)
    topics = [0, 1, 2, 0, 1, 2, 0, 1, 2, 0]
    for _ in range(100):
        sizes = rng.integers(2, 6, size=10)
        model, left, right, other = ([rng.dirichlet(np.ones(n)) for n in sizes] for _ in range(4))
        near = {
            name: np.array([by_scipy(*pair) for pair in zip(model, group, strict=True)])
            for name, group in {"left": left, "right": right, "other": other}.items()
        }
        assert representativeness(model, left) == pytest.approx(near["left"].mean(), abs=1e-9)
        # The alignment is symmetric, so the groups may stand for ways to steer towards the model.
        best = np.max([*near.values()], axis=0).mean()
        assert steerability([left, right, other], model) == pytest.approx(best, abs=1e-9)
        overall = max(near, key=lambda name: near[name].mean())
        nearest = [
            max(near, key=lambda name: near[name][np.array(topics) == topic].mean())
            for topic in range(3)
        ]
        groups = {"left": left, "right": right, "other": other}
        assert consistency(model, groups, topics) == np.mean([name == overall for name in nearest])


def by_scipy(one: np.ndarray, other: np.ndarray) -> float:
    at = np.arange(one.size)
    return 1 - stats.wasserstein_distance(at, at, one, other) / (one.size - 1)


def test_consistency_by_hand() -> None:
    groups = {"left": [LOW, LOW, HIGH], "right": [HIGH, HIGH, LOW]}
    # Left is nearest on the first two questions and overall, right on the third.
    assert consistency([LOW, LOW, LOW], groups, ["a", "a", "b"]) == 1 / 2
    assert consistency([LOW, LOW, LOW], groups, ["a", "b", "a"]) == 1  # a tie on topic a
    assert consistency([MIDDLE] * 3, groups, "abc") == Unscored(
        "two groups are equally near overall"
    )


def test_what_is_refused() -> None:
    for given in ([], [[]], 1.0):
        with pytest.raises(InputError, match="one answer at least"):
            wasserstein_distance(given, [1, 1])
    with pytest.raises(InputError, match="below 0 or no number"):
        wasserstein_distance([1, -1], [1, 1])
    with pytest.raises(InputError, match="is all 0"):
        wasserstein_distance([0, 0], [1, 1])
    with pytest.raises(InputError, match="got 2 and 3"):
        wasserstein_distance([1, 1], [1, 1, 1])
    for positions in ([1], [2, 1], [1, 1]):
        with pytest.raises(InputError, match="2 rising numbers"):
            wasserstein_distance([1, 1], [1, 1], positions=positions)
    for given in ([1], 1.0):
        with pytest.raises(InputError, match="two ordered answers"):
            alignment(given, given)


def test_suites_refuse_what_does_not_fit() -> None:
    for model, group in (([], []), ([LOW], [LOW, LOW])):
        with pytest.raises(InputError, match="the same questions, one at least"):
            representativeness(model, group)
    with pytest.raises(InputError, match="one way to steer"):
        steerability([], [LOW])
    with pytest.raises(InputError, match="two groups at least, but got 1"):
        consistency([LOW], {"a": [LOW]}, ["t"])
    with pytest.raises(InputError, match="has a topic, but there are 1 and 2"):
        consistency([LOW], {"a": [LOW], "b": [HIGH]}, ["t", "t"])
