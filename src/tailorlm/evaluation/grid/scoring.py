"""How what a row of the grid gave is held against what was right."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from tailorlm.errors import InputError
from tailorlm.evaluation.compare import Better
from tailorlm.evaluation.grid.performing import Given
from tailorlm.evaluation.grid.tasks import Label, PastTurn, Reference, Task, Tasks
from tailorlm.evaluation.metrics.mail import length_error
from tailorlm.evaluation.metrics.rouge import rouge
from tailorlm.evaluation.metrics.scored import Unscored
from tailorlm.evaluation.metrics.style import StyleProfile, StyleScale
from tailorlm.types import Document

Scores = Mapping[str, float | Unscored]


@dataclass(frozen=True, slots=True)
class Metric:
    """What a score is.

    Attributes:
        title: For headings.
        better: Whether "higher" or "lower" is better.
        says: What it measures, for whoever reads the report.
    """

    title: str
    better: Better
    says: str


METRICS: Mapping[str, Metric] = MappingProxyType(
    {
        "rouge_l": Metric(
            "ROUGE-L",
            "higher",
            "F1 of the longest common subsequence of words of the answer and the reference, from 0 "
            "to 1.",
        ),
        "style_distance": Metric(
            "Distance of style",
            "lower",
            "How far the answer is written from how the user writes: their documents, edits and "
            "references. 0 is as the user.",
        ),
        "length_error": Metric(
            "Error of length",
            "lower",
            "How far the answer's number of words is from the reference's, as a share of the "
            "latter.",
        ),
        "pair_accuracy": Metric(
            "Pairs in order",
            "higher",
            "Share of pairs of candidates that the method orders as the user does, by what it "
            "expects each to be worth. A method without an opinion gets half of them.",
        ),
        "accuracy": Metric(
            "Accuracy",
            "higher",
            "Share of queries whose answer names the right label and no other one.",
        ),
    }
)


class Scorer:
    """Scores answers to tasks.

    Args:
        tasks: All of them: how users write is taken from their texts, and how people differ in
            writing from everybody's.
    """

    def __init__(self, tasks: Tasks) -> None:
        self._texts = _own_texts(tasks)
        self._scale = _scale([text for texts in self._texts.values() for text in texts])
        self._profiles: dict[str, StyleProfile] = {}

    def score(self, task: Task, given: Given) -> Scores:
        """Each metric that fits the kind of task."""
        if given.agreed is not None:
            right, pairs = given.agreed
            return {"pair_accuracy": right / pairs if pairs else Unscored("nothing was preferred")}
        if given.failure:
            return dict.fromkeys(_names(task), Unscored(given.failure))
        if isinstance(task.truth, Label):
            return {"accuracy": float(named(given.answer, task.truth) == task.truth.label)}
        if not isinstance(task.truth, Reference):
            raise InputError(f"Task {task.id!r} has candidates, but nobody ordered them.")
        if not given.answer.strip():
            return dict.fromkeys(_names(task), Unscored("the answer is empty"))
        overlap = rouge(given.answer, task.truth.text)["rougeL"]
        return {
            "rouge_l": overlap if isinstance(overlap, Unscored) else overlap.f1,
            "style_distance": self._style(task.user, given.answer),
            "length_error": length_error(given.answer, task.truth.text),
        }

    def _style(self, user: str, answer: str) -> float | Unscored:
        if isinstance(self._scale, Unscored):
            return self._scale
        if user not in self._profiles:
            self._profiles[user] = self._scale.profile(self._texts[user])
        return self._profiles[user].distance(answer)


def _names(task: Task) -> tuple[str, ...]:
    """The metrics that fit the kind of task."""
    if isinstance(task.truth, Reference):
        return ("rouge_l", "style_distance", "length_error")
    return ("accuracy",) if isinstance(task.truth, Label) else ("pair_accuracy",)


def named(answer: str, label: Label) -> str | None:
    """The label that an answer names, whatever its case; None where it is none or several."""
    bare = answer.strip().strip(".\"'`*").casefold()
    for name in label.labels:
        if name.casefold() == bare:
            return name
    found = [name for name in label.labels if _holds(answer, name)]
    longest = max(found, key=len, default=None)
    # "very good" also holds "good", which is not another answer.
    others = [name for name in found if longest and name.casefold() not in longest.casefold()]
    return None if others else longest


def _holds(text: str, name: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def _own_texts(tasks: Tasks) -> dict[str, tuple[str, ...]]:
    """What each user wrote or would have written, each text once."""
    found: dict[str, dict[str, None]] = {}
    for task in tasks.tasks:
        own = found.setdefault(task.user, {})
        for known in task.history:
            if isinstance(known, Document):
                own[known.text] = None
            elif isinstance(known, PastTurn) and known.edit:
                own[known.edit] = None
        if isinstance(task.truth, Reference):
            own[task.truth.text] = None
    return {user: tuple(own) for user, own in found.items()}


def _scale(texts: list[str]) -> StyleScale | Unscored:
    try:
        return StyleScale.fit(texts)
    except InputError as error:
        return Unscored(f"no scale of style: {str(error).split('.')[0]}")
