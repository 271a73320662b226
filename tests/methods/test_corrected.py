"""What corrections do to the record, and which beliefs they are about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.methods.logs import event_of, parts, random_log, turn_of

from tailorlm.errors import FeedbackError, StateError
from tailorlm.methods._corrected import MAX_BYTES, Corrected
from tailorlm.methods._said import Said
from tailorlm.methods.bayes_tags import BayesTags
from tailorlm.methods.edit_rules import EditRules
from tailorlm.store import open_store
from tailorlm.tailor import Tailor
from tailorlm.types import (
    Belief,
    Context,
    Correction,
    Edit,
    Event,
    Pick,
    Statement,
    Turn,
    User,
    check_feedback,
)

PROSE = "First one thing, and then another."
BULLETS = "- one thing\n- another thing"


def record(*payloads: object) -> Said:
    said = Said()
    for position, payload in enumerate(payloads, start=1):
        said = said.observe(event_of(position, payload))
    return said


@pytest.mark.parametrize(
    ("correction", "says"),
    [
        (Correction("tag", "Baking", "love"), "lock, set, forget, release"),
        (Correction("tag", "Baking", "set", "maybe"), "'liked' or 'disliked'"),
        (Correction("tag", "Baking", "forget", "liked"), "takes no value"),
        (Correction("rule", "Be brief", "set", "disliked"), "Only a tag"),
        (Correction("statement", "Be brief", "set"), "Say it"),
        (Correction("rule", "x" * 2001, "set"), "2,000"),
    ],
)
def test_a_correction_has_to_make_sense(correction: Correction, says: str) -> None:
    with pytest.raises(FeedbackError, match=says):
        check_feedback(correction, None)


def test_a_rule_is_known_by_its_words_and_by_what_it_means() -> None:
    corrected = record(Correction("rule", "Use bullet points.", "forget")).corrected
    assert corrected.bars("rule", "use  BULLET points (by subject: travel)")
    assert corrected.bars("rule", "Write in bullet points")
    assert not corrected.bars("rule", "Write in prose, without bullet points.")
    assert not corrected.bars("tag", "Use bullet points.")


def test_a_rule_that_is_set_replaces_what_was_said_and_is_replaced_by_it() -> None:
    rule = Correction("rule", "Stop using bullet points", "set")
    said = record(Statement("Use bullet points"), rule)
    assert said.in_force() == ("Stop using bullet points",)
    gone = next(b for b in said.beliefs() if b.superseded is not None)
    assert gone.superseded_by == 'rule "Stop using bullet points"'
    said = said.observe(event_of(9, Statement("Use bullet points after all")))
    assert said.in_force() == ("Use bullet points after all",)


def test_a_locked_wish_is_not_replaced_by_edits() -> None:
    wish = "Use bullet points"
    turn = turn_of(5, [(), ()], "Plan my evening")
    shown = tuple(
        replace(candidate, text=BULLETS, plan=replace(candidate.plan, rules=(wish,)))
        for candidate in turn.candidates
    )
    turn = replace(turn, candidates=shown)
    edit = event_of(6, Edit("t5", 0, PROSE), turn)
    assert record(Statement(wish)).observe(edit).in_force() == ()
    locked = record(Statement(wish), Correction("statement", wish, "lock"))
    assert locked.observe(edit).in_force() == (wish,)


def test_marks_are_bounded_and_damage_is_found() -> None:
    said = record(*(Correction("rule", f"{i} {'x' * 1900}", "forget") for i in range(20)))
    kept = said.corrected.marks
    assert sum(len(mark.name) for mark in kept) <= MAX_BYTES
    assert kept[-1].name.startswith("19 ")
    assert Said.from_bytes(said.to_bytes()) == said
    for bad in (b'[0,{"corrected":[["tag","x","gone",true,1.0]]}]', b'[0,{"other":[]}]',
                b'[0,{"corrected":[["tag","x","set",1,1.0]]}]'):  # fmt: skip
        with pytest.raises(StateError):
            Said.from_bytes(bad)


@given(
    st.lists(
        st.builds(
            Correction,
            st.sampled_from(["tag", "style", "rule", "statement"]),
            st.sampled_from(["Baking", "Be brief.", "be brief", "Use bullet points"]),
            st.sampled_from(["lock", "forget", "release"]),
        ),
        max_size=12,
    )
)
def test_only_the_newest_correction_of_a_belief_counts(corrections: list[Correction]) -> None:
    corrected = record(*corrections).corrected
    newest = {(c.family, c.key): c for c in corrections}
    for (family, key), last in newest.items():
        mark = corrected.of(family, key)
        assert (mark is None) == (last.action == "release")
        if mark is not None:
            assert mark.liked == (last.action == "lock")
    assert len(corrected.marks) <= len(newest)


def test_what_is_forgotten_is_not_believed() -> None:
    corrected = Corrected().observe(Correction("tag", "Baking", "forget"), 5.0)
    learned = Belief(kind="tag", name="Baking", probability=0.9, effect=1.0, low=0.5, high=2.0,
                     evidence=7, last_seen=3.0)  # fmt: skip
    (belief,) = corrected.on([learned])
    assert belief == Belief(kind="tag", name="Baking", probability=0.0, correction="forgotten")


def test_tags_liked_for_sure_are_in_every_answer_and_the_other_places_still_learn() -> None:
    method = BayesTags(parts())
    state = method.initial(User("ana"))
    for event in random_log(3):
        if type(event.payload) in {*method.accepts, Turn}:
            state = method.observe(state, event)
    for position, tag in enumerate(("Jazz", "Poetry"), start=500):
        state = method.observe(state, event_of(position, Correction("tag", tag, "lock")))
    plans = method.propose(state, Context("Plan my evening"), 3, np.random.default_rng(0))
    assert all({"Jazz", "Poetry"} <= set(plan.tags) for plan in plans)
    assert {len(plan.tags) for plan in plans} == {3}
    assert len({plan.tags for plan in plans}) == 3
    low, high = method.utility(state, Context("x"), [plans[0], method.generic_plan(Context("x"))])
    assert low > high
    assert "likes Jazz (100%)" in method.explain(state, "ana").summary


def test_five_locked_tags_leave_room_for_three(tmp_path: Path) -> None:
    with Tailor(tmp_path / "t.db", method=BayesTags(parts())) as tailor:
        for tag in ("Jazz", "Poetry", "Chess", "Baking", "Running"):
            tailor.correct("ana", "tag", tag, "lock")
        turn = tailor.ask("ana", "What should I play: chess?", n=1)
        assert len(turn.candidates[0].plan.tags) == 3
        assert "Chess" in turn.candidates[0].plan.tags


def test_rules_of_edits_are_forgotten_and_locked(tmp_path: Path) -> None:
    method = EditRules(parts())
    with Tailor(open_store(str(tmp_path / "t.db")), method=method) as tailor:
        for _ in range(8):
            turn = tailor.ask("ana", "Plan my evening", n=1)
            tailor.give("ana", Edit(turn.id, 0, BULLETS))
        learned = [b.name for b in tailor.profile("ana").beliefs if b.kind == "rule"]
        assert learned
        tailor.correct("ana", "rule", learned[0], "forget")
        plan = tailor.ask("ana", "Plan my evening", n=1).candidates[0].plan
        assert learned[0] not in plan.rules
        tailor.correct("ana", "rule", learned[0], "lock")
        plan = tailor.ask("ana", "Plan my evening", n=1).candidates[0].plan
        assert plan.rules.count(learned[0]) == 1
        (belief,) = (b for b in tailor.profile("ana").beliefs if b.name == learned[0])
        assert (belief.correction, belief.probability) == ("locked", 1.0)
        assert belief.evidence > 0


def test_learning_goes_on_behind_a_correction(tmp_path: Path) -> None:
    with Tailor(tmp_path / "t.db", method=BayesTags(parts())) as tailor:
        tailor.correct("ana", "tag", "Jazz", "forget")
        events: list[Event] = []
        for _ in range(4):
            turn = tailor.ask("ana", "Plan my evening", n=2)
            events.append(tailor.give("ana", Pick(turn.id, 0)))
            assert all("Jazz" not in c.plan.tags for c in turn.candidates)
        assert max(b.evidence for b in tailor.profile("ana").beliefs) > 0


def test_a_tag_in_no_library_is_put_in_words() -> None:
    method = BayesTags(parts())
    state = method.initial(User("ana"))
    for position, (tag, value) in enumerate([("Knitting", "liked"), ("Golf", "disliked")], start=1):
        state = method.observe(state, event_of(position, Correction("tag", tag, "set", value)))
    (plan,) = method.propose(state, Context("Plan my evening"), 1, np.random.default_rng(0))
    assert plan.rules == ("Draw on Knitting where it serves the question", "Leave Golf out")
