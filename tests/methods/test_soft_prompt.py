"""Plans that name the user's soft prompt, and what is said of it."""

from __future__ import annotations

import numpy as np
import pytest
from tests.methods.logs import event_of, parts, turn_of

from tailorlm.errors import StateError
from tailorlm.llms.scripted import Scripted
from tailorlm.methods.soft_prompt import Given, SoftPromptMethod, SoftPromptState
from tailorlm.store import open_store
from tailorlm.tailor import Tailor
from tailorlm.types import (
    Context,
    Edit,
    Message,
    Pick,
    Ranking,
    Rating,
    Statement,
    User,
)

CONTEXT = Context("Plan my evening")


def learned(*payloads: object) -> tuple[SoftPromptMethod, SoftPromptState]:
    method = SoftPromptMethod(parts())
    state = method.initial(User("ana"))
    turn = turn_of(1, [("Baking",), ("Chess",)], "What now?")
    for position, payload in enumerate(payloads, start=2):
        state = method.observe(state, event_of(position, payload, turn))
    return method, state


def test_plans_name_the_users_soft_prompt_and_the_generic_one_nobodys() -> None:
    method, state = learned()
    plans = method.propose(state, CONTEXT, 3, np.random.default_rng(0))
    assert [plan.soft_prompt for plan in plans] == ["ana"] * 3
    assert [plan.purpose for plan in plans] == ["best", "explore", "explore"]
    assert {plan.messages for plan in plans} == {(Message("user", "Plan my evening"),)}
    generic = method.unlearned_plan(state, CONTEXT)
    assert (generic.soft_prompt, generic.purpose) == ("", "generic")


def test_what_is_said_stands_in_the_prompt_under_either() -> None:
    method, state = learned()
    state = method.observe(state, event_of(9, Statement("Call me Dr. Reyes")))
    (plan,) = method.propose(state, CONTEXT, 1, np.random.default_rng(0))
    for each in (plan, method.unlearned_plan(state, CONTEXT)):
        assert each.messages[0].role == "system"
        assert "Call me Dr. Reyes" in each.messages[0].content
    assert plan.soft_prompt == "ana"


def test_it_says_what_there_is_to_learn_from_and_how_it_is_learned() -> None:
    method, state = learned()
    nothing = method.explain(state, "ana")
    assert (nothing.certainty, nothing.beliefs) == (0.0, ())
    assert nothing.summary.startswith("There is nothing yet to learn ana's soft prompt from")
    method, state = learned(
        Ranking("t1", ((0,), (1,))), Pick("t1", 0), Pick("t1", 1), Edit("t1", 0, "Go out."),
        Rating("t1", 0, 4),
    )  # fmt: skip
    assert state.given == Given(ranking=1, pick=2, edit=1, rating=1)
    profile = method.explain(state, "ana")
    assert "learned from 1 ranking, 2 picks, 1 edit, 1 rating." in profile.summary
    assert "`tailorlm train pdpo`" in profile.summary
    assert "`tailorlm train users`" in profile.summary
    assert profile.certainty == pytest.approx(4 / 24)


def test_a_damaged_count_is_refused() -> None:
    method, state = learned(Pick("t1", 0))
    data = method.dump(state)
    assert method.load(data) == state
    for bad in (b'"ana"', b"3", b'["ana", 0, 1, 0]x'):
        good = b'["ana", 0, 1, 0, 0]'
        assert good in data
        with pytest.raises(StateError):
            method.load(data.replace(good, bad.ljust(len(good))))


def test_the_log_says_which_soft_prompt_an_answer_was_given_under(tmp_path: object) -> None:
    llm = Scripted(["Stay in.", "Go out."])
    with Tailor(open_store(f"{tmp_path}/t.db"), llm=llm, method="soft_prompt") as tailor:
        turn = tailor.ask("ana", "Plan my evening", n=2)
        stored = next(iter(tailor.store.events("ana"))).payload
    asked = sorted(request.plan.soft_prompt for request in llm.requests)
    assert asked == sorted(candidate.plan.soft_prompt for candidate in stored.candidates)
    assert "ana" in asked
    assert turn.candidates == stored.candidates
