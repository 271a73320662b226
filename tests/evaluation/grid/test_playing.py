"""A history that is played gives the plans that the facade gives for the same events."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.evaluation.grid.made_up import rows, write

from tailorlm import Tailor
from tailorlm.encoders import create_encoder
from tailorlm.evaluation.grid.playing import Played
from tailorlm.evaluation.grid.tasks import Order, load_tasks
from tailorlm.llms.builtin import Builtin
from tailorlm.loop import Loop
from tailorlm.methods import create_method
from tailorlm.methods.base import Method, Parts
from tailorlm.tags import library_of
from tailorlm.types import Context

METHODS = ["bayes_tags", "contextual", "edit_rules", "none", "persona", "profile_summary"]
PARTS = Parts(encoder=create_encoder("static"), library=library_of(["Hiking", "Theatre"]))


@pytest.mark.parametrize("name", METHODS)
def test_plans_are_those_of_the_facade(tmp_path: Path, name: str) -> None:
    task = load_tasks(write(tmp_path / "mine.jsonl", rows())).tasks[0]
    method: Method[object] = create_method(name, PARTS)
    played = Played(Loop(method=method), Builtin(), task.user, task.history)
    with Tailor("sqlite://", method=create_method(name, PARTS), llm="builtin") as tailor:
        for played_event in played.events:
            event = tailor.store.append(task.user, played_event.payload, time=played_event.time)
            assert (event.payload, event.turn) == (played_event.payload, played_event.turn)
        _, plan = tailor.run(tailor.loop.preview(task.user, Context(task.query)))
    found = played.plan(task.query)
    assert found.messages == plan.messages
    assert (found.tags, found.rules) == (plan.tags, plan.rules)
    assert played.plan(task.query) == found  # asking teaches nothing


def test_what_is_preferred_is_expected_to_be_worth_more(tmp_path: Path) -> None:
    lines = rows(("ana", "ben"))
    for row in lines:
        row["history"] = [
            entry | {"query": f"{entry['query']} {n}"}
            for n in range(6)
            for entry in row["history"][-1:]
        ]
    tasks = load_tasks(write(tmp_path / "mine.jsonl", lines)).tasks
    for task in tasks:
        if isinstance(task.truth, Order):
            method: Method[object] = create_method("bayes_tags", PARTS)
            played = Played(Loop(method=method), Builtin(), task.user, task.history)
            utility = played.utility(task.query, task.truth.options)
            assert utility is not None
            assert (utility[0] > utility[1]) is (task.user == "ana")


@pytest.mark.parametrize("name", METHODS)
def test_what_is_added_is_as_if_it_had_been_there(tmp_path: Path, name: str) -> None:
    task = load_tasks(write(tmp_path / "mine.jsonl", rows())).tasks[0]
    method: Method[object] = create_method(name, PARTS)
    whole = Played(Loop(method=method), Builtin(), task.user, task.history)
    part = Played(Loop(method=method), Builtin(), task.user, task.history[:2])
    before = part.plan(task.query)
    longer = part.knowing(task.history)
    assert [event.payload for event in longer.events] == [event.payload for event in whole.events]
    assert longer.plan(task.query) == whole.plan(task.query)
    assert part.plan(task.query) == before
    assert whole.knowing(task.history) is whole
