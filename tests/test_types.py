from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.codec import decode_payload, describe, encode_payload
from tailorlm.errors import FeedbackError, InputError
from tailorlm.types import (
    MAX_TEXT,
    Attribute,
    Candidate,
    Correction,
    Document,
    Edit,
    Message,
    Payload,
    Pick,
    Plan,
    Ranking,
    Rating,
    Statement,
    Turn,
    check_feedback,
    check_id,
    check_text,
    kind_of,
    ranking_groups,
)


def make_turn(n: int = 3) -> Turn:
    plan = Plan(messages=(Message("user", "Hi"),), method="none")
    return Turn(
        id="t", query="Hi", candidates=(Candidate(plan=plan, text="Hello", llm="test"),) * n
    )


def test_rankings_as_callers_write_them() -> None:
    assert ranking_groups([2, 0, 1], 3) == ((2,), (0,), (1,))
    assert ranking_groups([2, [0, 1]], 3) == ((2,), (0, 1))
    assert ranking_groups([2, 0], 3, partial=True) == ((2,), (0,))


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ([2, 0, 0], "names candidate 0 more than once"),
        ([2, 0], "leaves out candidate 1"),
        ([2, 0, 3], "no candidate 3"),
        ([2, 0, -1], "no candidate -1"),
        ([], "at least two"),
        ([True, 0, 2], "by its position"),
        ([[2, 1], [1, 0]], "more than once"),
    ],
)
def test_impossible_rankings_are_refused(order: list, message: str) -> None:
    with pytest.raises(FeedbackError, match=message):
        ranking_groups(order, 3)


@pytest.mark.parametrize(
    ("feedback", "message"),
    [
        (Pick("t", 3), "no candidate 3; the turn has 3"),
        (Pick("t", 1.0), "by its position"),  # type: ignore[arg-type]
        (Edit("t", 0, "  "), "edited text is empty"),
        (Edit("t", 7, "x"), "no candidate 7"),
        (Rating("t", 0, 6), "from 1 to 5, but got 6"),
        (Rating("t", 0, math.nan), "is a number"),
        (Rating("t", 0, True), "is a number"),
        (Ranking("t", ((0, 1), (1,))), "more than once"),
        (Statement(""), "statement is empty"),
        (Document("x" * (MAX_TEXT + 1)), "1,000,001 characters; at most 1,000,000"),
        (Attribute("", "x"), "attribute name is empty"),
        (Statement("a\x00b"), "NUL"),
        (Statement("\ud800"), "not valid Unicode"),
    ],
)
def test_unusable_feedback_is_refused(feedback: Payload, message: str) -> None:
    with pytest.raises(InputError, match=message):
        check_feedback(feedback, make_turn())


def test_feedback_on_a_turn_needs_the_turn() -> None:
    with pytest.raises(FeedbackError, match="must name a turn"):
        check_feedback(Pick("t", 0), None)


@pytest.mark.parametrize("bad", ["", " ana", "ana\n", "x" * 201, "a\x00"])
def test_unusable_ids(bad: str) -> None:
    with pytest.raises(InputError):
        check_id(bad, "user id")


def test_a_text_of_the_longest_length_is_accepted() -> None:
    assert len(check_text("x" * MAX_TEXT, "query")) == MAX_TEXT


words = st.text(min_size=1, max_size=20).filter(lambda text: text.strip() and "\x00" not in text)
messages = st.builds(Message, st.sampled_from(["system", "user", "assistant"]), words)


@st.composite
def turns(draw: st.DrawFn) -> Turn:
    query, history = draw(words), tuple(draw(st.lists(messages, max_size=3)))
    context = (*history, Message("user", query))
    candidates = []
    for _ in range(draw(st.integers(1, 4))):
        lead = tuple(draw(st.lists(messages, max_size=2)))
        whole = (*lead, *context) if draw(st.booleans()) else lead
        plan = Plan(
            messages=whole,
            method=draw(words),
            purpose=draw(st.sampled_from(["best", "explore", "generic"])),
            tags=tuple(draw(st.lists(words, max_size=3))),
            rules=tuple(draw(st.lists(words, max_size=2))),
            left_out=tuple(draw(st.lists(words, max_size=2))),
            notes=tuple(draw(st.dictionaries(words, st.integers(0, 9), max_size=2)).items()),
            soft_prompt=draw(st.sampled_from(["", "ana"])),
        )
        candidates.append(Candidate(plan=plan, text=draw(words), llm=draw(words)))
    return Turn(id=draw(words), query=query, history=history, candidates=tuple(candidates))


payloads = st.one_of(
    turns(),
    st.builds(Ranking, words, st.just(((1,), (0, 2)))),
    st.builds(Pick, words, st.integers(0, 9)),
    st.builds(Edit, words, st.integers(0, 9), words),
    st.builds(Rating, words, st.integers(0, 9), st.floats(1, 5)),
    st.builds(Document, words, words),
    st.builds(Statement, words),
    st.builds(Attribute, words, words),
    st.builds(Correction, words, words, st.sampled_from(Correction.ACTIONS), words),
)


@given(payloads)
def test_payloads_survive_json(payload: Payload) -> None:
    data = json.loads(json.dumps(encode_payload(payload)))
    assert decode_payload(kind_of(payload), data) == payload


def test_notes_add_up_and_turns_without_any_are_stored_as_before() -> None:
    plan = Plan(messages=(), method="x", notes=(("requests", 2), ("tokens", 10)))
    other = Plan(messages=(), method="x", notes=(("requests", 1),))
    made = [Candidate(plan=p, text="a", llm="test") for p in (plan, other)]
    assert Turn(id="t", query="q", candidates=tuple(made)).notes == {"requests": 3, "tokens": 10}
    assert "notes" not in encode_payload(make_turn())["candidates"][0]
    data = encode_payload(Turn(id="t", query="q", candidates=tuple(made)))
    for bad in (3, {"requests": "two"}):
        data["candidates"][0]["notes"] = bad
        with pytest.raises(InputError, match="malformed"):
            decode_payload("turn", data)


def test_a_soft_prompt_is_stored_where_there_is_one_and_missing_in_turns_of_before() -> None:
    plan = Plan(messages=(), method="x", soft_prompt="ana")
    turn = Turn(id="t", query="q", candidates=(Candidate(plan=plan, text="a", llm="l"),))
    data = encode_payload(turn)
    assert data["candidates"][0]["soft_prompt"] == "ana"
    assert decode_payload("turn", data) == turn
    assert "soft_prompt" not in encode_payload(make_turn())["candidates"][0]
    assert decode_payload("turn", encode_payload(make_turn())) == make_turn()
    data["candidates"][0]["soft_prompt"] = 3
    with pytest.raises(InputError, match="'soft_prompt' must be a text"):
        decode_payload("turn", data)


@given(turns())
def test_the_query_is_stored_once(turn: Turn) -> None:
    long = Turn(
        id=turn.id,
        query="q" * 5000,
        candidates=tuple(
            Candidate(
                plan=Plan(messages=(Message("user", "q" * 5000),), method="none"),
                text="a",
                llm="test",
            )
            for _ in turn.candidates
        ),
    )
    assert len(json.dumps(encode_payload(long))) < 5000 + 400 * len(turn.candidates) + 400


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("nonsense", {}),
        ("pick", {"turn": "t"}),
        ("pick", {"turn": "t", "candidate": 0, "extra": 1}),
        ("ranking", {"turn": "t", "groups": 3}),
        ("ranking", {"turn": "t"}),
        ("turn", {"id": "t", "query": "x", "history": [{"role": "user"}], "candidates": []}),
        ("turn", {"id": "t", "query": "x", "history": "no", "candidates": []}),
    ],
)
def test_malformed_payloads_are_refused(kind: str, data: dict) -> None:
    with pytest.raises(InputError):
        decode_payload(kind, data)


def test_a_line_for_each_kind() -> None:
    assert describe(make_turn()) == "asked 'Hi', shown 3"
    assert describe(Ranking("t", ((2,), (0, 1)))) == "ranked 3 > 1 = 2"
    assert describe(Pick("t", 0)) == "picked 1"
    assert describe(Edit("t", 1, "so\nthere")) == "edited 2 to 'so there'"
    assert describe(Rating("t", 0, 4.0)) == "rated 1 with 4"
    assert describe(Document("x" * 99)) == f"wrote '{'x' * 57}...'"
    assert describe(Statement("be brief")) == "said 'be brief'"
    assert describe(Attribute("city", "Lisbon")) == "city is 'Lisbon'"
    assert describe(Correction("tag", "Jazz", "set", "liked")) == "set the tag 'Jazz' as liked"
    assert describe(Correction("rule", "Be brief", "release")) == "took back the rule 'Be brief'"
