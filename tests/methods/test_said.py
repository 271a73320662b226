"""The record of what a user said: what takes what's place, dates, bounds, bytes."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.methods.logs import event_of, turn_of

from tailorlm.errors import StateError
from tailorlm.methods._said import MAX_BYTES, Said
from tailorlm.types import (
    Attribute,
    Candidate,
    Document,
    Edit,
    Event,
    Payload,
    Pick,
    Plan,
    Ranking,
    Statement,
    Turn,
)

NO_BULLETS = "stop using bullet points"
BULLETS = "- one\n- two"
PROSE = "One, and then two."


def told(*payloads: Payload) -> Said:
    said = Said()
    for position, payload in enumerate(payloads, start=1):
        said = said.observe(event_of(position, payload))
    return said


def shown(texts: list[str], rules: tuple[str, ...]) -> Turn:
    """A turn whose answers were written under rules."""
    turn = turn_of(9, [()] * len(texts), "What now?")
    candidates = tuple(
        Candidate(plan=Plan(messages=(), method="x", rules=rules), text=text, llm="test")
        for text in texts
    )
    return replace(turn, candidates=candidates)


def judged(feedback: Payload, texts: list[str], rules: tuple[str, ...] = (NO_BULLETS,)) -> Event:
    return event_of(9, feedback, shown(texts, rules))


def test_a_later_statement_takes_an_earlier_ones_place_and_both_are_shown_with_dates() -> None:
    said = told(Statement("I live in Porto. Call me Ana."), Statement("I moved to Lisbon"))
    assert said.in_force() == ("Call me Ana.", "I moved to Lisbon")
    now, name, before = said.beliefs()
    assert (now.name, now.probability, now.superseded) == ("I moved to Lisbon", 1.0, None)
    assert (before.name, before.probability) == ("I live in Porto.", 0.0)
    assert (before.since, before.superseded) == (1_700_000_001.0, 1_700_000_002.0)
    assert before.superseded_by == 'statement "I moved to Lisbon"'
    assert name.name == "Call me Ana."


def test_the_event_that_replaced_it_is_known() -> None:
    said = told(Statement("I live in Porto"), Statement("I moved to Lisbon"))
    assert [(entry.event, entry.by_event) for entry in said.entries] == [("e1", "e2"), ("e2", "")]


def test_a_fact_and_a_statement_take_each_others_place() -> None:
    said = told(Attribute("city", "Porto"), Statement("I moved to Lisbon"))
    assert said.in_force() == ("I moved to Lisbon",)
    again = said.observe(event_of(3, Attribute("city", "Madrid")))
    assert again.in_force() == ("city: Madrid",)
    assert [belief.kind for belief in again.beliefs()] == ["attribute", "statement", "attribute"]


def test_a_fact_replaces_the_older_value_of_its_name() -> None:
    said = told(Attribute("team", "red"), Attribute("shoe size", "42"), Attribute("team", "blue"))
    assert said.in_force() == ("shoe size: 42", "team: blue")


def test_saying_it_again_counts_it_and_makes_it_the_newest() -> None:
    said = told(Statement("I like tea"), Statement("I like coffee"), Statement("I like tea"))
    assert said.in_force() == ("I like coffee", "I like tea")
    tea = said.beliefs()[0]
    assert (tea.evidence, tea.since, tea.last_seen) == (2, 1_700_000_001.0, 1_700_000_003.0)


def test_what_is_taken_back_is_gone_and_is_not_said_itself() -> None:
    said = told(Statement("I like tea"), Statement("forget that I like tea"))
    assert said.in_force() == ()
    assert said.beliefs()[0].superseded_by == 'statement "forget that I like tea"'


def test_a_part_of_what_was_said_can_go() -> None:
    said = told(Statement("I love tea, coffee and cocoa"), Statement("I no longer drink coffee"))
    assert len(said.in_force()) == 2
    both = said.observe(event_of(3, Statement("I hate tea and cocoa")))
    assert both.in_force() == ("I no longer drink coffee", "I hate tea and cocoa")
    assert said.beliefs()[1].superseded_by == 'statement "I no longer drink coffee"'


def test_an_edit_that_breaks_what_the_answer_kept_replaces_it() -> None:
    said = told(Statement(NO_BULLETS))
    after = said.observe(judged(Edit("t9", 0, BULLETS), [PROSE]))
    assert after.in_force() == ()
    (belief,) = after.beliefs()
    assert belief.superseded_by == 'edit of an answer to "What now?"'
    assert said.observe(judged(Edit("t9", 0, "Two, then one."), [PROSE])).in_force() != ()
    assert said.observe(judged(Edit("t9", 0, BULLETS + "\n- three"), [BULLETS])).in_force() != ()


@pytest.mark.parametrize("feedback", [Ranking("t9", ((1,), (0,), (2,))), Pick("t9", 1)])
def test_an_order_that_puts_what_breaks_it_first_replaces_it(feedback: Payload) -> None:
    said = told(Statement(NO_BULLETS))
    assert said.observe(judged(feedback, [PROSE, BULLETS, PROSE])).in_force() == ()
    assert said.observe(judged(feedback, [BULLETS, PROSE, PROSE])).in_force() == (NO_BULLETS,)
    assert said.observe(judged(feedback, [PROSE, BULLETS, BULLETS])).in_force() == (NO_BULLETS,)


def test_an_answer_from_before_a_wish_says_nothing_about_it() -> None:
    said = told(Statement(NO_BULLETS))
    for feedback in (Pick("t9", 1), Edit("t9", 0, BULLETS)):
        assert said.observe(judged(feedback, [PROSE, BULLETS], ())).in_force() == (NO_BULLETS,)


def test_a_wish_for_an_occasion_is_only_judged_on_that_occasion() -> None:
    wish = "no bullet points for recipes"
    said = told(Statement(wish))
    for query, kept in (("What now?", (wish,)), ("A recipe for bread?", ())):
        turn = replace(shown([PROSE, BULLETS], (wish,)), query=query)
        assert said.observe(event_of(9, Pick("t9", 1), turn)).in_force() == kept


def test_nothing_else_changes_the_record() -> None:
    said = told(Statement("I like tea"))
    turn = turn_of(2, [("Baking",), ()], "Hi")
    assert said.observe(event_of(2, turn)) is said
    assert said.observe(event_of(3, Document("I like coffee"))) is said


def test_the_record_is_bounded_and_says_what_it_dropped() -> None:
    many = told(*[Statement(f"mention place number {'abcdefghij'[i % 10]}{i}") for i in range(200)])
    assert len(many.to_bytes()) <= MAX_BYTES
    assert many.in_force()[-1] == "mention place number j199"
    assert many.dropped == 200 - len(many.entries)
    assert many.note() == f" {many.dropped} older statements are in the log only."
    assert Said().note() == ""


def test_what_was_replaced_leaves_before_what_holds() -> None:
    moves = [Statement(f"I moved to Town{'abcdefghij'[i % 10]}{i}") for i in range(60)]
    said = told(Statement("I like tea"), *moves)
    assert said.in_force() == ("I like tea", "I moved to Townj59")
    assert 0 < said.dropped < 60


def test_a_statement_of_a_million_characters_is_kept_in_its_beginning() -> None:
    (kept,) = told(Statement("é" * 1_000_000)).in_force()
    assert 900 <= len(kept.encode()) <= 1000


payloads = st.one_of(
    st.text(min_size=1, max_size=60).filter(str.strip).map(Statement),
    st.sampled_from(
        ["I live in Porto", "I moved to Lisbon", "I like tea", "I hate tea", "be brief",
         "give me long answers", "call me Ana", "forget that I like tea"]
    ).map(Statement),
    st.builds(Attribute, st.sampled_from(["city", "job"]), st.sampled_from(["Porto", "nurse"])),
)  # fmt: skip


@given(st.lists(payloads, max_size=12))
def test_bytes_give_the_same_record_and_learning_goes_on_alike(given: list[Payload]) -> None:
    said = told(*given)
    back = Said.from_bytes(said.to_bytes())
    assert back == said
    more = event_of(99, Statement("I moved to Braga"))
    assert back.observe(more).to_bytes() == said.observe(more).to_bytes()
    assert len(set(said.in_force())) == len(said.in_force())


@pytest.mark.parametrize(
    "data", [b"", b"x", b"[]", b"{}", b'["a"]', b"[0,[]]", b'[0,["a",1,2]]', b'[0,["a","b",2,"c"]]']
)
def test_damaged_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(StateError, match="damaged"):
        Said.from_bytes(data)
