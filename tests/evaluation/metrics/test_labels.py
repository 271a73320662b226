"""Labels and ratings by hand and against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import config_context
from sklearn.metrics import (
    accuracy_score,
    confusion_matrix,
    f1_score,
    mean_absolute_error,
    root_mean_squared_error,
)

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import (
    Unscored,
    accuracy,
    confusion,
    macro_f1,
    mae,
    micro_f1,
    rmse,
)

KINDS = np.array(["news", "art", "sport", "food", "été"])
LISTED = ["art", "sport", "chess"]
"""Two labels that may occur and one that never does."""


def test_by_hand() -> None:
    truth, guesses = ["a", "a", "b", "c"], ["a", "b", "b", "a"]
    assert accuracy(truth, guesses) == 1 / 2
    # a: 2 / (2 + 1 + 1), b: 2 / (2 + 1), c: 0.
    assert macro_f1(truth, guesses) == pytest.approx((1 / 2 + 2 / 3) / 3)
    assert micro_f1(truth, guesses) == 1 / 2
    assert micro_f1(truth, guesses, labels=["b", "c"]) == pytest.approx(2 / 4)
    assert confusion(truth, guesses).counts.tolist() == [[1, 1, 0], [0, 1, 0], [1, 0, 0]]


def test_accuracy_agrees_with_scikit_learn() -> None:
    rng = np.random.default_rng(1)
    with config_context(skip_parameter_validation=True):
        for _ in range(1000):
            truth, guesses = rng.integers(4, size=(2, rng.integers(1, 30)))
            assert accuracy(truth, guesses) == accuracy_score(truth, guesses)


def test_f1_agrees_with_scikit_learn_called_alike() -> None:
    rng = np.random.default_rng(2)
    for case in range(100):
        truth, guesses = KINDS[rng.integers(rng.integers(2, 6), size=(2, rng.integers(1, 30)))]
        options = {"labels": LISTED} if case % 2 else {}
        for metric, average in ((macro_f1, "macro"), (micro_f1, "micro")):
            ours = metric(truth.tolist(), guesses, **options)
            theirs = f1_score(truth, guesses, average=average, zero_division=0, **options)
            expected = 0.0 if isinstance(ours, Unscored) else ours
            assert expected == pytest.approx(theirs, abs=1e-12)


@pytest.mark.parametrize("labels", [None, [0, 2, 7]])
def test_f1_agrees_with_scikit_learn_on_many_cases_at_once(labels: list[int] | None) -> None:
    """Every case and label is a column of a table of which scikit-learn takes F1 by column."""
    rng = np.random.default_rng(3)
    cases = [rng.integers(4, size=(2, rng.integers(1, 30))) for _ in range(1100)]
    truth, guesses = np.full((2, 1100, 30), -1)
    for row, (right, guess) in enumerate(cases):
        truth[row, : right.size], guesses[row, : guess.size] = right, guess
    wanted = np.arange(4) if labels is None else np.array(labels)
    tables = [(given[:, :, None] == wanted).astype(np.int8) for given in (truth, guesses)]
    columns = [table.transpose(1, 0, 2).reshape(30, -1) for table in tables]
    by_label = f1_score(*columns, average=None, zero_division=0).reshape(1100, -1)
    rows = [table.reshape(1100, -1).T for table in tables]
    together = f1_score(*rows, average=None, zero_division=0)
    for row, (right, guess) in enumerate(cases):
        met = np.isin(wanted, (right, guess)) if labels is None else np.full(len(wanted), True)
        ours = macro_f1(right, guess, labels=labels), micro_f1(right, guess, labels=labels)
        if isinstance(ours[0], Unscored):
            assert not np.isin(wanted, (right, guess)).any()
            continue
        assert ours == pytest.approx((by_label[row, met].mean(), together[row]), abs=1e-12)


def test_confusion_agrees_with_scikit_learn() -> None:
    truth, guesses = KINDS[np.random.default_rng(3).integers(5, size=(2, 400))]
    found = confusion(truth, guesses)
    theirs = confusion_matrix(truth, guesses, labels=np.array(found.labels))
    assert found.counts.tolist() == theirs.tolist()


def test_numbers_and_texts_are_different_labels() -> None:
    numbers, texts = np.array([1, 2]), np.array(["1", "2"])
    assert accuracy(numbers, texts) == 0
    assert confusion(numbers, texts).counts.shape == (4, 4)
    mixed = np.array(["a", 1], dtype=object)
    assert accuracy(mixed, mixed) == micro_f1(mixed, mixed) == 1


def test_errors_agree_with_scikit_learn() -> None:
    rng = np.random.default_rng(4)
    truth, guesses = rng.integers(1, 6, size=(37, 1200)), rng.normal(3, 2, size=(37, 1200))
    absolute = mean_absolute_error(truth, guesses, multioutput="raw_values")
    root = root_mean_squared_error(truth, guesses, multioutput="raw_values")
    for case in range(1200):
        assert mae(truth[:, case], guesses[:, case]) == pytest.approx(absolute[case], abs=1e-12)
        assert rmse(truth[:, case], guesses[:, case]) == pytest.approx(root[case], abs=1e-12)


def test_errors_by_hand() -> None:
    assert mae([1, 2, 5], [2, 2, 3]) == 1.0
    assert rmse([1, 2, 5], [2, 2, 3]) == pytest.approx((5 / 3) ** 0.5)


def test_labels_that_do_not_occur_are_unscored() -> None:
    for metric in (macro_f1, micro_f1):
        found = metric(["a"], ["b"], labels=["c"])
        assert found == Unscored("none of the labels occurs or is predicted")


def test_what_is_refused() -> None:
    for metric in (accuracy, macro_f1, micro_f1, confusion):
        with pytest.raises(InputError, match="one item at least, but got 0 and 0"):
            metric([], [])
        with pytest.raises(InputError, match="one item at least, but got 0 and 0"):
            metric(np.array([]), np.array([]))
        with pytest.raises(InputError, match="but got 1 and 2"):
            metric(["a"], ["a", "b"])
        with pytest.raises(InputError, match="Flatten the array"):
            metric(np.ones((2, 2)), np.ones((2, 2)))
    with pytest.raises(InputError, match="one label at least"):
        macro_f1(["a"], ["a"], labels=[])
    for error in (mae, rmse):
        with pytest.raises(InputError, match="one at least"):
            error([], [])
        with pytest.raises(InputError, match=r"shape \(1,\) and \(2,\)"):
            error([1], [1, 2])
        with pytest.raises(InputError, match="not finite"):
            error([1.0], [float("nan")])
