"""Agreement of raters by hand, against scikit-learn, nltk, and the published example."""

from __future__ import annotations

import math
from itertools import permutations

import numpy as np
import pytest
from sklearn import config_context
from sklearn.metrics import cohen_kappa_score

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import Unscored, cohen_kappa, krippendorff_alpha

N = None
PUBLISHED = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
    [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
]
"""Four raters of twelve units, from Krippendorff's own explanation of alpha."""


def test_kappa_by_hand() -> None:
    # 3 of 4 agree; chance: 2/4 * 3/4 + 2/4 * 1/4 = 1/2.
    assert cohen_kappa("aabb", "aaab") == pytest.approx((3 / 4 - 1 / 2) / (1 - 1 / 2))


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_kappa_agrees_with_scikit_learn(weights: str | None) -> None:
    rng = np.random.default_rng(1)
    with config_context(skip_parameter_validation=True, assume_finite=True):
        for case in range(1100):
            one = rng.integers(1, 6, size=rng.integers(2, 40))
            other = np.where(rng.random(one.size) < 0.5, one, rng.integers(1, 6, size=one.size))
            labels = [5, 4, 3, 2, 1, 0] if case % 4 == 0 else None
            ours = cohen_kappa(one, other, weights=weights, labels=labels)  # type: ignore[arg-type]
            if isinstance(ours, Unscored):
                assert len({*one, *other}) == 1
                continue
            theirs = cohen_kappa_score(one, other, weights=weights, labels=labels)
            assert ours == pytest.approx(theirs, abs=1e-12)


def test_alpha_of_the_published_example() -> None:
    for scale, value in (("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)):
        found = krippendorff_alpha(PUBLISHED, scale=scale)  # type: ignore[arg-type]
        assert found == pytest.approx(value, abs=5e-4)


@pytest.mark.parametrize("scale", ["nominal", "interval"])
def test_alpha_agrees_with_nltk(scale: str) -> None:
    from nltk.metrics.agreement import AnnotationTask
    from nltk.metrics.distance import binary_distance, interval_distance

    rng = np.random.default_rng(2)
    far = {"nominal": binary_distance, "interval": interval_distance}[scale]
    scored = 0
    for _ in range(1200):
        raters, units = int(rng.integers(2, 4)), int(rng.integers(2, 7))
        ratings = rng.integers(1, 5, size=(raters, units)).astype(float)
        ratings[rng.random(ratings.shape) < 0.2] = np.nan
        ours = krippendorff_alpha(ratings, scale=scale)  # type: ignore[arg-type]
        if isinstance(ours, Unscored):
            continue
        scored += 1
        kept = [
            (str(rater), str(unit), int(ratings[rater, unit]))
            for rater in range(raters)
            for unit in range(units)
            if not math.isnan(ratings[rater, unit])
        ]
        assert ours == pytest.approx(AnnotationTask(kept, distance=far).alpha(), abs=1e-9)
    assert scored >= 1000


def test_ordinal_alpha_agrees_with_its_definition() -> None:
    rng = np.random.default_rng(3)
    for _ in range(1000):
        ratings = rng.integers(1, 5, size=(3, 5)).astype(float)
        ratings[rng.random(ratings.shape) < 0.2] = np.nan
        found = krippendorff_alpha(ratings, scale="ordinal")
        expected = alpha_by_pairs([[v for v in unit if v == v] for unit in ratings.T.tolist()])
        if expected is None:
            assert isinstance(found, Unscored)
        else:
            assert found == pytest.approx(expected, abs=1e-9)


def alpha_by_pairs(units: list[list[float]]) -> float | None:
    """Observed over expected disagreement, both as means over pairs of ratings."""
    units = [unit for unit in units if len(unit) >= 2]
    pooled = [value for unit in units for value in unit]

    def far(one: float, other: float) -> float:
        low, high = min(one, other), max(one, other)
        between = sum(low <= value <= high for value in pooled)
        return (between - (pooled.count(low) + pooled.count(high)) / 2) ** 2 if low < high else 0.0

    expected = sum(far(a, b) for a, b in permutations(pooled, 2))
    if not expected:
        return None
    observed = sum(far(a, b) / (len(unit) - 1) for unit in units for a, b in permutations(unit, 2))
    n = len(pooled)
    return 1 - (observed / n) / (expected / (n * (n - 1)))


def test_texts_are_nominal_values() -> None:
    assert krippendorff_alpha([["yes", "no", None], ["yes", "no", "no"]]) == 1.0


def test_what_cannot_be_scored() -> None:
    assert isinstance(cohen_kappa(["a", "a"], ["a", "a"]), Unscored)
    found = cohen_kappa(["a"], ["b"], labels=["b", "c"])
    assert found == Unscored("no item has one of the labels from both raters")
    assert krippendorff_alpha([[1, None], [None, 2]]) == Unscored("no unit has two ratings")
    found = krippendorff_alpha([[1, 1], [1, 1]])
    assert found == Unscored("all values that can be compared are the same")
    assert krippendorff_alpha([[None, None]]) == Unscored("no unit has two ratings")


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="one item at least"):
        cohen_kappa([], [])
    with pytest.raises(InputError, match='"linear", "quadratic" or None'):
        cohen_kappa("ab", "ab", weights="cubic")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="have no order"):
        cohen_kappa(["a", 1], ["a", 1], weights="linear")
    for ratings in ([], [[]], [[1], [1, 2]]):
        with pytest.raises(InputError, match=r"shape \(raters, units\)"):
            krippendorff_alpha(ratings)
    with pytest.raises(InputError, match="A scale is"):
        krippendorff_alpha(PUBLISHED, scale="ratio")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="ordinal scale are numbers"):
        krippendorff_alpha([["a"], ["b"]], scale="ordinal")
