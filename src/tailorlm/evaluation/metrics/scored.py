"""What a metric gives: a number, precision and recall, or the reason why there is neither."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tailorlm.errors import InputError


@dataclass(frozen=True, slots=True)
class Unscored:
    """Stands where a score would: the texts are fine, but the metric cannot compare them.

    It is left out of means and never counted as 0.

    Attributes:
        reason: Why there is no score.
    """

    reason: str


@dataclass(frozen=True, slots=True)
class Overlap:
    """How much of each of two texts is found in the other.

    Attributes:
        precision: Share of the candidate that is in the reference.
        recall: Share of the reference that is in the candidate.
        f1: Their harmonic mean, and 0 unless both are above 0.
    """

    precision: float
    recall: float
    f1: float


def harmonic(precision: float, recall: float) -> float:
    """``2 p r / (p + r)``, and 0 unless both are above 0."""
    if precision <= 0 or recall <= 0:
        return 0.0
    return 2.0 * precision * recall / (precision + recall)


def check_not_blank(text: str, name: str) -> str:
    """The text.

    Raises:
        InputError: If it is no text or a blank one.
    """
    if not isinstance(text, str):
        raise InputError(f"The {name} must be a text, but is a {type(text).__name__}.")
    if not text.strip():
        raise InputError(f"The {name} is empty, so there is nothing to compare. Leave it out.")
    return text


def mean_scored(scores: Iterable[float | Unscored]) -> float | Unscored:
    """Mean of those that are scored; `Unscored` where none is.

    Raises:
        InputError: If there is no entry at all.
    """
    given = list(scores)
    if not given:
        raise InputError("A mean needs one score at least, but got none.")
    scored = [score for score in given if not isinstance(score, Unscored)]
    if not scored:
        return Unscored(f"none of {len(given)} is scored")
    return math.fsum(scored) / len(scored)
