"""Published data sets as rows of a grid."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tailorlm.datasets.lamp_tasks import UserSample
from tailorlm.datasets.ranking_tager import RankedCandidate, RankedTurn
from tailorlm.errors import InputError
from tailorlm.evaluation.grid.sources import _tasks
from tailorlm.evaluation.grid.tasks import (
    Label,
    Option,
    Order,
    PastTurn,
    Reference,
    load_tasks,
)
from tailorlm.types import Document


def turn(number: int, user: str) -> RankedTurn:
    return RankedTurn(
        id=f"{user}{number}",
        user=user,
        query=f"Q{number}",
        tag_library=("x", "y"),
        candidates=(RankedCandidate(("x",), "one"), RankedCandidate(("y",), "two")),
        shown_order=(1, 0),
        ranking=(0, 1),
    )


def test_recorded_turns_know_the_earlier_ones() -> None:
    tasks = list(_tasks("ranking_tager", [turn(1, "a"), turn(1, "b"), turn(2, "a")]))
    options = (Option("two", ("y",)), Option("one", ("x",)))
    assert [task.id for task in tasks] == ["a1", "b1", "a2"]
    assert tasks[0].history == tasks[1].history == ()
    assert tasks[0].truth == Order(options, ((1,), (0,)))
    assert tasks[2].history == (PastTurn("Q1", options, groups=((1,), (0,))),)


def sample(output: str) -> UserSample:
    profile = ({"text": "An article", "title": "Its title"}, {"text": "Alone", "title": ""})
    return UserSample(id=output, user="u", input="Write", output=output, profile=profile)


def test_samples_of_lamp() -> None:
    (task,) = _tasks("lamp_4", [sample("A headline")])
    assert task.truth == Reference("A headline")
    assert task.history == (Document("text: An article\ntitle: Its title"), Document("Alone"))
    one, _ = _tasks("lamp_2", [sample("b"), sample("a")])
    assert one.truth == Label("b", ("a", "b"))
    (three,) = _tasks("lamp_3", [sample("4")])
    assert three.truth == Label("4", ("1", "2", "3", "4", "5"))


def test_by_name(tmp_path: Path) -> None:
    folder = tmp_path / "lamp_4"
    folder.mkdir()
    question = {"id": "41", "input": "Q", "profile": [{"id": "1", "text": "T", "title": "H"}]}
    (folder / "dev_questions.json").write_text(json.dumps([question]), "utf-8")
    golds = {"task": "LaMP_4", "golds": [{"id": "41", "output": "A headline"}]}
    (folder / "dev_outputs.json").write_text(json.dumps(golds), "utf-8")
    tasks = load_tasks("lamp_4/dev", tmp_path)
    assert (tasks.name, len(tasks.tasks)) == ("lamp_4/dev", 1)
    assert tasks.digest == load_tasks("lamp_4/dev", tmp_path).digest
    with pytest.raises(InputError, match="split"):
        load_tasks("lamp_4/nothing", tmp_path)


def test_what_does_not_say_what_was_right() -> None:
    with pytest.raises(InputError, match="cannot be made of prompts"):
        list(_tasks("prompts", ["a text"]))
