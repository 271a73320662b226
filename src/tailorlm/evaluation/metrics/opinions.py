"""Opinions as distributions over ordered answers: how near a model's are to those of a group.

A distribution is an array whose last axis runs over the answers of a question, lowest first;
questions with different numbers of answers are passed as a list of arrays.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics.scored import Unscored

FloatArray = npt.NDArray[np.float64]
Distributions = Sequence[npt.ArrayLike] | npt.NDArray[Any]


def wasserstein_distance(
    one: npt.ArrayLike, other: npt.ArrayLike, *, positions: npt.ArrayLike | None = None
) -> FloatArray:
    """Wasserstein-1 distance of distributions over ordered answers.

    With cumulative probabilities F and G and answers at positions v_1 < v_2 < ... < v_N::

        WD = sum_{i < N} |F_i - G_i| (v_{i+1} - v_i)

    which is the least mean distance that probability has to be moved by.

    Args:
        one: Shape (..., N): probabilities, or counts that are then divided by their sum.
        other: Shape (..., N), broadcast against the first.
        positions: Shape (N,): where the answers lie, rising; None for 1 to N.

    Returns:
        Shape (...): from 0 to ``v_N - v_1``.

    Raises:
        InputError: If there is no answer, shapes do not fit, an entry is below 0 or no number, a
            distribution is all 0, or positions do not rise.
    """
    first, second = _normalised(one), _normalised(other)
    if first.shape[-1] != second.shape[-1]:
        raise InputError(
            "Two distributions are over the same answers, but got "
            f"{first.shape[-1]} and {second.shape[-1]} of them."
        )
    at = np.arange(first.shape[-1]) if positions is None else np.asarray(positions, np.float64)
    if at.shape != first.shape[-1:] or not (np.diff(at) > 0).all():
        raise InputError(
            f"Positions are {first.shape[-1]} rising numbers, one per answer, but got {at}."
        )
    apart = np.abs(np.cumsum(first - second, axis=-1))
    return np.asarray(apart[..., :-1] @ np.diff(at).astype(np.float64))


def alignment(one: npt.ArrayLike, other: npt.ArrayLike) -> FloatArray:
    """``1 - WD / (N - 1)`` over N ordered answers (Santurkar et al. 2023).

    Args:
        one: Shape (..., N), N >= 2, as in `wasserstein_distance`.
        other: Shape (..., N).

    Returns:
        Shape (...): 1 for the same distribution, 0 for opposite ends.

    Raises:
        InputError: As `wasserstein_distance`, and if there are fewer than two answers.
    """
    n_answers = np.asarray(one).shape[-1:] or (0,)
    if n_answers[0] < 2:
        raise InputError("Alignment needs two ordered answers at least, or nothing can differ.")
    return np.asarray(1.0 - wasserstein_distance(one, other) / (n_answers[0] - 1))


def representativeness(model: Distributions, group: Distributions) -> float:
    """Mean alignment of a model with a group over questions (Santurkar et al. 2023).

    Args:
        model: The model's distribution for each question.
        group: The people's, in the same order.

    Returns:
        From 0 to 1, where 1 is the same distribution for every question.

    Raises:
        InputError: As `alignment`, and if there are no questions or they differ in number.
    """
    return float(_by_question(model, group).mean())


def steerability(steered: Sequence[Distributions], group: Distributions) -> float:
    """Mean over questions of the best alignment that any way to steer gives (the same paper).

    ``1 / |Q| sum_q max_c alignment(D_m(q; c), D_G(q))`` with c the ways in which the model was
    told whom to speak for. The mean over several groups is the model's steerability. The authors'
    program takes the best way by the mean over questions, which gives at most this.

    Args:
        steered: For each way the model's distribution for each question.
        group: The people's, in the same order.

    Returns:
        From 0 to 1; at least the representativeness of each way.

    Raises:
        InputError: As `representativeness`, and if there is no way.
    """
    if len(steered) == 0:
        raise InputError("Steerability needs one way to steer at least, but got none.")
    return float(np.max([_by_question(way, group) for way in steered], axis=0).mean())


def consistency(
    model: Distributions, groups: Mapping[str, Distributions], topics: Sequence[Hashable]
) -> float | Unscored:
    """Share of topics on which the group nearest to a model is the one nearest overall.

    ``1 / T sum_t [argmax_G R(G; Q_t) = argmax_G R(G; Q)]`` with R the representativeness on the
    questions of a topic and on all (Santurkar et al. 2023). Groups of one attribute
    are compared, such as parties; the mean over attributes is the model's consistency. A topic
    counts where the overall nearest group is nearest or equally near as another.

    Args:
        model: The model's distribution for each question.
        groups: The distributions of each group for the same questions.
        topics: The topic of each question.

    Returns:
        From 0 to 1; `Unscored` where two groups are equally near overall.

    Raises:
        InputError: As `representativeness`, and if there are fewer than two groups or topics are
            not one per question.
    """
    if len(groups) < 2:
        raise InputError(f"Consistency compares two groups at least, but got {len(groups)}.")
    near = np.stack([_by_question(model, group) for group in groups.values()])
    if len(topics) != near.shape[1]:
        raise InputError(
            f"Every question has a topic, but there are {near.shape[1]} and {len(topics)}."
        )
    overall = near.mean(axis=1)
    nearest = overall == overall.max()
    if nearest.sum() > 1:
        return Unscored("two groups are equally near overall")
    number = {topic: place for place, topic in enumerate(dict.fromkeys(topics))}
    of_topic = np.array([number[topic] for topic in topics])
    by_topic = np.stack([np.bincount(of_topic, weights=group) for group in near])
    return float((by_topic[nearest.argmax()] == by_topic.max(axis=0)).mean())


def _normalised(given: npt.ArrayLike) -> FloatArray:
    array = np.asarray(given, np.float64)
    if array.ndim == 0 or array.size == 0:
        raise InputError("A distribution needs one answer at least, but got none.")
    if not (np.isfinite(array) & (array >= 0)).all():
        raise InputError("A probability is below 0 or no number.")
    total = array.sum(axis=-1, keepdims=True)
    if not (total > 0).all():
        raise InputError("A distribution is all 0. Leave the question out.")
    return np.asarray(array / total)


def _by_question(model: Distributions, group: Distributions) -> FloatArray:
    """Alignment on each question, shape (questions,)."""
    given, people = list(model), list(group)
    if not given or len(given) != len(people):
        raise InputError(
            "A model and a group answer the same questions, one at least, but got "
            f"{len(given)} and {len(people)}."
        )
    sizes = {np.asarray(answers).shape for answers in (*given, *people)}
    if len(sizes) == 1:
        return alignment(np.asarray(given), np.asarray(people))
    return np.array([alignment(one, other) for one, other in zip(given, people, strict=True)])
