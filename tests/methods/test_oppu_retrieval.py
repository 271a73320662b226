"""OPPU's retrieval: the profile text and the k most similar items."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from tests.methods.logs import event_of, parts, turn_of

from tailorlm.errors import InputError
from tailorlm.methods.oppu_retrieval import (
    OppuRetrieval,
    OppuRetrievalConfig,
    OppuRetrievalState,
)
from tailorlm.types import Candidate, Context, Document, Event, Pick, Plan, Statement, User

BULLETS = "- one thing\n- another thing\n- a third thing"
PROSE = "One thing, another thing and a third thing."


def picked(position: int, query: str, won: str, lost: str, user: str = "ana") -> Event:
    turn = turn_of(position, [(), ()], query)
    candidates = tuple(
        Candidate(plan=candidate.plan, text=text, llm="test")
        for candidate, text in zip(turn.candidates, (won, lost), strict=True)
    )
    return event_of(position, Pick(turn.id, 0), replace(turn, candidates=candidates), user)


HISTORY = [
    picked(i, f"{'Sourdough' if i % 2 else 'Chess'} question number {i}?", f"{PROSE} {i}", BULLETS)
    for i in range(1, 9)
]


def make(**config: object) -> OppuRetrieval:
    return OppuRetrieval(parts(), OppuRetrievalConfig(**config))


def learned(method: OppuRetrieval, *events: Event) -> OppuRetrievalState:
    state = method.initial(User("ana"))
    for event in events:
        state = method.observe(state, event)
    return state


def plan_of(method: OppuRetrieval, state: OppuRetrievalState, query: str) -> Plan:
    return method.propose(state, Context(query), 1, np.random.default_rng(0))[0]


def items_in(plan: Plan) -> list[dict[str, str]]:
    lines = plan.messages[0].content.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


@pytest.mark.parametrize("k", [0, 1, 2, 4])
def test_the_k_most_similar_items_are_in_the_prompt(k: int) -> None:
    method = make(k=k)
    items = items_in(plan_of(method, learned(method, *HISTORY), "Another Sourdough question?"))
    assert len(items) == k
    assert all(item["question"].startswith("Sourdough") for item in items)


def test_the_profile_says_what_was_preferred_and_what_it_is_about() -> None:
    method = make()
    plan = plan_of(method, learned(method, *HISTORY), "A Sourdough question?")
    assert "Write plain paragraphs, no lists." in plan.rules
    assert "sourdough" in plan.messages[0].content
    without = plan_of(make(profile=False), learned(method, *HISTORY), "A Sourdough question?")
    assert without.rules == ()


def test_what_the_user_says_against_a_manner_takes_it_out_of_the_profile() -> None:
    method = make()
    state = learned(method, *HISTORY, event_of(20, Statement("use bullet points")))
    plan = plan_of(method, state, "A Sourdough question?")
    assert "Write plain paragraphs, no lists." not in plan.rules
    assert "use bullet points" in plan.rules


def test_a_topic_that_is_said_to_be_over_leaves_the_profile() -> None:
    method = make()
    before = learned(method, *HISTORY, event_of(20, Statement("I love chess")))
    after = method.observe(before, event_of(21, Statement("I no longer like chess")))
    assert "chess" in topics_in(plan_of(method, before, "x"))
    assert "sourdough" in topics_in(plan_of(method, after, "x"))
    assert "chess" not in topics_in(plan_of(method, after, "x"))


def topics_in(plan: Plan) -> str:
    lines = plan.messages[0].content.splitlines()
    return next(line for line in lines if "The reader often asks" in line)


def test_other_candidates_show_other_items() -> None:
    method = make(k=1)
    plans = method.propose(
        learned(method, *HISTORY), Context("Sourdough question?"), 5, np.random.default_rng(3)
    )
    assert len({plan.messages for plan in plans}) > 1
    assert [plan.purpose for plan in plans] == ["best", *["explore"] * 4]


def test_a_user_with_one_document_is_answered_by_what_users_have_in_common() -> None:
    method = make()
    logs = {f"u{i}": HISTORY for i in range(4)}
    population = method.fit(logs, np.random.default_rng(0))
    assert b"ourdough" not in population
    new = method.initial(User("new"), population)
    assert "Write plain paragraphs, no lists." in plan_of(method, new, "Hi").rules
    one = method.observe(new, event_of(1, Document("I baked a loaf today, and it was good.")))
    assert "Write plain paragraphs, no lists." in plan_of(method, one, "Hi").rules
    assert "what users have in common" in method.explain(one, "new").summary
    alone = make().initial(User("new"))
    assert plan_of(method, alone, "Hi").purpose == "generic"
    assert "answers are generic" in method.explain(alone, "new").summary
    other = method.initial(User("new"), b"of another version")
    assert method.dump(other) == method.dump(alone)


@pytest.mark.parametrize("bad", [{"k": -1}, {"k": 51}, {"kept": 0}])
def test_settings_are_checked(bad: dict[str, int]) -> None:
    with pytest.raises(InputError):
        make(**bad)
