"""Predicted labels against right ones: accuracy, macro F1 and micro F1.

`evaluation.classification` has the first two with intervals that resample users.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from operator import eq
from typing import Any

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics.scored import Unscored

IntArray = npt.NDArray[np.int64]
Labels = Sequence[Hashable] | npt.NDArray[Any]


@dataclass(frozen=True, eq=False, slots=True)
class Confusion:
    """How often each label was predicted for each.

    Attributes:
        labels: The labels: sorted where arrays were given, else in the order in which they were
            first met.
        counts: Shape (labels, labels): items by right label and predicted label.
    """

    labels: tuple[Hashable, ...]
    counts: IntArray


def accuracy(truth: Labels, predicted: Labels) -> float:
    """Share of items whose label was predicted, from 0 to 1.

    Args:
        truth: The right label of each item.
        predicted: What was predicted for it.

    Raises:
        InputError: If there are none, or they differ in number.
    """
    if _alike(truth, predicted):
        right, guess = _checked(truth, predicted)
        return float((right == guess).mean())
    given, found = _listed(truth, predicted)
    return Counter(map(eq, given, found))[True] / len(given)


def confusion(truth: Labels, predicted: Labels) -> Confusion:
    """Items by right and predicted label. Args and errors as in `accuracy`."""
    if _alike(truth, predicted):
        return _array_confusion(truth, predicted)
    given, found = _listed(truth, predicted)
    pairs = Counter(zip(given, found, strict=True))
    labels = tuple(dict.fromkeys(label for pair in pairs for label in pair))
    place = {label: number for number, label in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), dtype=np.int64)
    for (right, guess), count in pairs.items():
        counts[place[right], place[guess]] = count
    return Confusion(labels, counts)


def macro_f1(
    truth: Labels, predicted: Labels, *, labels: Sequence[Hashable] | None = None
) -> float | Unscored:
    """Mean over labels of ``F1 = 2 tp / (2 tp + fp + fn)``, each label alike; from 0 to 1.

    Args:
        truth: The right label of each item.
        predicted: What was predicted for it.
        labels: Labels to average over; one that neither occurs nor is predicted counts as 0, as
            in scikit-learn. None for all that occur or are predicted.

    Returns:
        `Unscored` where none of the labels occurs or is predicted.

    Raises:
        InputError: If there are no items or labels, or items differ in number.
    """
    twice_right, marked = _by_label(truth, predicted, labels)
    if not marked.any():
        return Unscored("none of the labels occurs or is predicted")
    return float((twice_right / np.maximum(marked, 1)).mean())


def micro_f1(
    truth: Labels, predicted: Labels, *, labels: Sequence[Hashable] | None = None
) -> float | Unscored:
    """F1 of the counts of all labels together, ``2 sum tp / sum (2 tp + fp + fn)``; 0 to 1.

    Over all labels it is the accuracy. Args, result and errors as in `macro_f1`.
    """
    twice_right, marked = _by_label(truth, predicted, labels)
    if not marked.any():
        return Unscored("none of the labels occurs or is predicted")
    return float(twice_right.sum() / marked.sum())


def _alike(truth: Labels, predicted: Labels) -> bool:
    """Whether both are arrays of numbers, or both of texts: one type that can be sorted."""
    if not (isinstance(truth, np.ndarray) and isinstance(predicted, np.ndarray)):
        return False
    kinds = truth.dtype.kind + predicted.dtype.kind
    return kinds == "UU" or set(kinds) <= set("biuf")


def _array_confusion(truth: Labels, predicted: Labels) -> Confusion:
    """The same for arrays, by sorting them."""
    met, number = np.unique(np.concatenate(_checked(truth, predicted)), return_inverse=True)
    right, guess = np.split(number, 2)
    counts = np.bincount(right * met.size + guess, minlength=met.size**2)
    return Confusion(tuple(met.tolist()), counts.reshape(met.size, met.size))


def _listed(truth: Labels, predicted: Labels) -> tuple[Sequence[Hashable], Sequence[Hashable]]:
    """Both as sequences of Python objects."""
    given, found = (
        array.tolist() if isinstance(array, np.ndarray) else array for array in (truth, predicted)
    )
    return _checked(given, found)


def _checked(truth: Any, predicted: Any) -> tuple[Any, Any]:
    """Both, of the same length, one item at least, and flat."""
    if any(isinstance(array, np.ndarray) and array.ndim != 1 for array in (truth, predicted)):
        raise InputError("Labels are a list or a flat array, one per item. Flatten the array.")
    if len(truth) == 0 or len(truth) != len(predicted):
        raise InputError(
            "Every item has a label and a prediction, and there is one item at least, but got "
            f"{len(truth)} and {len(predicted)}."
        )
    return truth, predicted


def _by_label(
    truth: Labels, predicted: Labels, labels: Sequence[Hashable] | None
) -> tuple[IntArray, IntArray]:
    """2 tp and 2 tp + fp + fn of each label, each of shape (labels,)."""
    found = confusion(truth, predicted)
    twice_right = 2 * found.counts.diagonal()
    marked = found.counts.sum(axis=0) + found.counts.sum(axis=1)
    if labels is None:
        return twice_right, marked
    if not labels:
        raise InputError("F1 needs one label at least, but got an empty list.")
    place = {label: number for number, label in enumerate(found.labels)}
    rows = [place.get(label, -1) for label in dict.fromkeys(labels)]
    known = np.array([row >= 0 for row in rows])
    return np.where(known, twice_right[rows], 0), np.where(known, marked[rows], 0)
