"""What is named, how texts are scored, and what cannot be."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.evaluation.grid.made_up import rows, write

from tailorlm.evaluation.grid.performing import Given, agreement
from tailorlm.evaluation.grid.scoring import Scorer, named
from tailorlm.evaluation.grid.tasks import Label, load_tasks
from tailorlm.evaluation.metrics.scored import Unscored

LABELS = ("good", "very good", "bad")


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("good", "good"),
        (" **Very good**. ", "very good"),
        ("It is very good, I think.", "very good"),
        ("It is GOOD.", "good"),
        ("good or bad", None),
        ("goodness", None),
        ("", None),
    ],
)
def test_the_label_that_an_answer_names(answer: str, label: str | None) -> None:
    assert named(answer, Label("good", LABELS)) == label


def test_pairs_in_order() -> None:
    groups = ((1,), (0, 2))
    assert agreement([0.0, 1.0, 0.5], groups) == (2.0, 2)
    assert agreement([2.0, 1.0, 1.0], groups) == (0.5, 2)
    assert agreement(None, groups) == (1.0, 2)


def test_references(tmp_path: Path) -> None:
    tasks = load_tasks(write(tmp_path / "mine.jsonl", rows()))
    scorer, task = Scorer(tasks), tasks.tasks[0]
    same = scorer.score(task, Given("none", "none", task.id, answer="ana rests and reads."))
    assert (same["rouge_l"], same["length_error"]) == (1.0, 0.0)
    half = scorer.score(task, Given("none", "none", task.id, answer="ana rests"))
    assert half["rouge_l"] == pytest.approx(2 / 3)
    assert half["length_error"] == 0.5
    # Nine different texts of three users do not make a scale of style.
    assert isinstance(half["style_distance"], Unscored)
    blank = scorer.score(task, Given("none", "none", task.id, answer=" "))
    assert blank["rouge_l"] == Unscored("the answer is empty")


def test_style_is_that_of_the_user() -> None:
    tasks = load_tasks("example")
    scorer, task = Scorer(tasks), tasks.tasks[0]
    own = scorer.score(task, Given("a", "a", task.id, answer=task.truth.text))  # type: ignore[union-attr]
    other = scorer.score(task, Given("a", "a", task.id, answer=tasks.tasks[5].truth.text))  # type: ignore[union-attr]
    assert isinstance(own["style_distance"], float)
    assert isinstance(other["style_distance"], float)
    assert own["style_distance"] < other["style_distance"]
