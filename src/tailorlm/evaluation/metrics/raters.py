"""How far raters agree beyond chance: Cohen's kappa for two, Krippendorff's alpha for many."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics.labels import Labels, confusion
from tailorlm.evaluation.metrics.scored import Unscored

FloatArray = npt.NDArray[np.float64]
KappaWeights = Literal["linear", "quadratic"]
Scale = Literal["nominal", "ordinal", "interval"]


def cohen_kappa(
    one: Labels,
    other: Labels,
    *,
    weights: KappaWeights | None = None,
    labels: Sequence[Hashable] | None = None,
) -> float | Unscored:
    """Cohen's kappa of two raters of the same items (Cohen 1960; weighted: Cohen 1968).

    With n_ij items that the first rater puts in category i and the second in j, e_ij the number
    expected if both rated independently as often as they do, and w_ij the weight of a
    disagreement::

        kappa = 1 - sum_ij w_ij n_ij / sum_ij w_ij e_ij

    where w_ij is 1 off the diagonal, or ``|i - j|`` (linear) or ``(i - j) ** 2`` (quadratic).

    Args:
        one: The first rater's label of each item.
        other: The second rater's.
        weights: Weight of disagreements, or None for equal ones.
        labels: The categories in their order; needed for weights unless sorting the labels gives
            it. Items with another label are left out, as in scikit-learn.

    Returns:
        1 for full agreement, 0 for that of chance, down to -1; `Unscored` where both raters give
        one and the same label throughout, so that chance alone would agree, or no item has two
        of the `labels`.

    Raises:
        InputError: If there are no items, raters differ in their number, weights are unknown, or
            labels cannot be sorted.
    """
    if weights not in (None, "linear", "quadratic"):
        raise InputError(f'Weights are "linear", "quadratic" or None, but got {weights!r}.')
    found = confusion(one, other)
    place = {label: number for number, label in enumerate(found.labels)}
    ordered = _in_order(found.labels, weights, labels)
    known = [number for number, label in enumerate(ordered) if label in place]
    rows = [place[ordered[number]] for number in known]
    counts = np.zeros((len(ordered), len(ordered)))
    counts[np.ix_(known, known)] = found.counts[np.ix_(rows, rows)]
    if not counts.any():
        return Unscored("no item has one of the labels from both raters")
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0))
    steps = np.abs(np.subtract.outer(np.arange(len(ordered)), np.arange(len(ordered))))
    weight = {None: steps > 0, "linear": steps, "quadratic": steps**2}[weights]
    chance = float((weight * expected).sum())
    if chance == 0:
        return Unscored("the raters agree on one label throughout, so chance cannot be told apart")
    return 1.0 - float((weight * counts).sum()) * float(counts.sum()) / chance


def krippendorff_alpha(
    ratings: Sequence[Sequence[Any]] | npt.NDArray[Any],
    *,
    scale: Scale = "nominal",
) -> float | Unscored:
    """Krippendorff's alpha of any number of raters, with missing values (Krippendorff 2004).

    Within each unit with m >= 2 ratings every ordered pair of them adds ``1 / (m - 1)`` to the
    coincidence o_cv of its values; n_c are the sums of its rows and n is that of all
    ("Content Analysis", chapter 11)::

        alpha = 1 - (n - 1) sum_cv o_cv d_cv / sum_cv n_c n_v d_cv

    with d_cv = 1 for different values (nominal), ``(c - v) ** 2`` (interval), or the square of
    the number of ratings from c to v, the values c and v themselves counting half (ordinal).

    Args:
        ratings: Shape (raters, units): each rater's value of each unit, None or NaN where missing.
            Ordinal and interval values are numbers.
        scale: What differences between values mean.

    Returns:
        1 for full agreement, 0 for that of chance, below 0 for less; `Unscored` where no unit has
        two ratings, or all values that can be compared are the same.

    Raises:
        InputError: If there are no ratings, raters differ in their number of units, the scale is
            unknown, or values of an ordinal or interval scale are no numbers.
    """
    if scale not in ("nominal", "ordinal", "interval"):
        raise InputError(f'A scale is "nominal", "ordinal" or "interval", but got {scale!r}.')
    values, by_unit = _value_counts(ratings, scale)
    rated = by_unit.sum(axis=1)
    by_unit = by_unit[rated >= 2]
    if by_unit.size == 0:
        return Unscored("no unit has two ratings")
    share = by_unit / (by_unit.sum(axis=1, keepdims=True) - 1.0)
    often = by_unit.sum(axis=0)
    coincidences = by_unit.T @ share - np.diag(share.sum(axis=0))
    far = _differences(values, often, scale)
    expected = float(often @ far @ often)
    if expected == 0:
        return Unscored("all values that can be compared are the same")
    return 1.0 - (float(often.sum()) - 1.0) * float((coincidences * far).sum()) / expected


def _in_order(
    met: Sequence[Hashable], weights: KappaWeights | None, labels: Sequence[Hashable] | None
) -> list[Hashable]:
    if labels is not None:
        return list(dict.fromkeys(labels))
    if weights is None:
        return list(met)
    try:
        return sorted(met)  # type: ignore[type-var]  # what cannot be sorted is refused here
    except TypeError:
        raise InputError(
            "Labels of different kinds have no order. Give `labels`, lowest first."
        ) from None


def _value_counts(ratings: Any, scale: Scale) -> tuple[list[Any], FloatArray]:
    """The values met, sorted where they are numbers, and shape (units, values): how often each."""
    rows = [list(row) for row in ratings]
    if not rows or not rows[0] or any(len(row) != len(rows[0]) for row in rows):
        raise InputError(
            "Ratings have the shape (raters, units), one of both at least, but the raters have "
            f"{[len(row) for row in rows][:10]} units."
        )
    placed = [
        (unit, value)
        for row in rows
        for unit, value in enumerate(row)
        if value is not None and value == value
    ]
    met = list(dict.fromkeys(value for _, value in placed))
    if scale != "nominal":
        try:
            met = sorted(float(value) for value in met)
        except (TypeError, ValueError):
            raise InputError(f"Values of the {scale} scale are numbers. Number them.") from None
    place = {value: number for number, value in enumerate(met)}
    counts = np.zeros((len(rows[0]), len(met)))
    if placed:
        units, columns = zip(*((unit, place[value]) for unit, value in placed), strict=True)
        np.add.at(counts, (np.array(units), np.array(columns)), 1.0)
    return met, counts


def _differences(values: Sequence[Any], often: FloatArray, scale: Scale) -> FloatArray:
    """Shape (values, values): the squared difference of each two."""
    if scale == "nominal":
        return 1.0 - np.eye(len(values))
    if scale == "ordinal":
        places = np.cumsum(often) - often / 2.0
    else:
        places = np.array(values, dtype=np.float64)
    return np.subtract.outer(places, places) ** 2
