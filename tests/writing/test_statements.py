"""What statements claim, and which earlier ones they take the place of."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.writing.statements import (
    Claim,
    attribute_part,
    contradicts,
    read_statement,
    superseded_claims,
)

REPLACED = [
    ("I live in Porto", "I moved to Lisbon"),
    ("I'm based in Porto, Portugal.", "We've just moved from Porto to Lisbon last month!"),
    ("I live in Porto", "I moved to Lisbon in May"),
    ("I live in Porto", "I no longer live in Porto"),
    ("I live in Porto", "I left Porto"),
    ("I no longer live in Porto", "I moved back to Porto"),
    ("call me Ana", "Please call me Dr. Reyes."),
    ("call me Dr. Reyes", "stop calling me Dr. Reyes"),
    ("I go by Ana", "call me Dr. Reyes"),
    ("My name is Ana Reyes", "My name is Ana Costa"),
    ("I work as a nurse", "I'm a software engineer now"),
    ("I'm a teacher", "I retired"),
    ("I work at Acme", "I work for Initech now"),
    ("I work for Acme", "I left Acme"),
    ("I work for Acme", "I'm retired"),
    ("I'm single", "I got married"),
    ("I have two kids", "I have three children now"),
    ("I'm vegetarian", "I eat meat again"),
    ("I'm vegan", "I'm no longer vegan"),
    ("I'm vegan", "I eat cheese again"),
    ("I love steak", "I went vegetarian"),
    ("I'm vegetarian", "I'm a pescatarian now"),
    ("I'm 34", "I turned 35"),
    ("Answer in Spanish", "reply in English from now on"),
    ("Answer in Spanish", "stop answering in Spanish"),
    ("use imperial units", "use metric units"),
    ("I like tea", "I no longer like tea"),
    ("I love jazz", "I used to love jazz"),
    ("I can't stand olives", "I don't hate olives any more"),
    ("I smoke", "I gave up smoking"),
    ("I drink coffee", "I don't drink coffee any more"),
    ("I have a car", "I no longer have a car"),
    ("I'm allergic to nuts", "I'm not allergic to nuts any more"),
    ("I prefer tea to coffee", "I prefer coffee over tea"),
    ("I prefer coffee", "I prefer tea to coffee"),
    ("I prefer aisle seats", "I prefer window seats now"),
    ("My dog is called Rex", "my dog's name is Fido"),
    ("My favourite colour is blue", "Green is my favorite color now"),
    ("use bullet points", "stop using bullet points"),
    ("Stop using bullet points!", "I'd like bullet points"),
    ("keep it short", "give me long, detailed answers"),
    ("Keep it under 50 words", "Keep it under 200 words"),
    ("no exclamation marks", "use an exclamation mark where it fits"),
    ("be formal", "be casual"),
    ("short answers for code", "long answers when I ask about code"),
    ("For work, be formal", "be casual for work"),
    ("Give me 3 options", "Give me 5 options"),
    ("mention prices", "don't mention prices"),
    ("I have a fear of dogs", "I no longer have a fear of dogs"),
    ("I have a strong aversion to noise", "I love noise"),
    ("I have no interest in opera", "I strongly like opera"),
    ("I prefer to avoid flying", "I enjoy flying again"),
    ("I prefer walking to driving", "I prefer driving to walking"),
    ("I hate going to museums", "I like going to museums now"),
    ("I dislike eating olives because they are bitter", "I love olives"),
    ("I have a nut allergy", "I'm no longer allergic to nuts"),
    ("I live in Porto", "Forget that I live in Porto"),
    ("I like tea", "please forget that I like tea"),
    ("keep it short", "ignore what I said about keep it short"),
    ("I prefer tea to coffee", "forget that I prefer tea to coffee"),
    ("Always mention prices", "please mention prices"),
]
KEPT = [
    ("I like tea", "I like coffee"),
    ("I like tea", "I hate coffee"),
    ("I love tea, coffee and cocoa", "I no longer drink coffee"),
    ("short answers for code", "long answers for history"),
    ("short answers for code", "long answers please"),
    ("be formal", "be casual with my friends"),
    ("I live in Porto", "I work in Lisbon"),
    ("I live in Porto", "I might move to Lisbon next year"),
    ("I live in Porto", "I moved to the marketing team"),
    ("I live in Porto", "I moved to Linux"),
    ("I live in Porto", "I'm from Lisbon"),
    ("I live in Porto", "My sister moved to Lisbon"),
    ("I live in Porto", "Should I move to Lisbon?"),
    ("call me Ana", "call me tomorrow"),
    ("call me Dr. Reyes", "my name is Ana"),
    ("I work at Acme", "I work at night"),
    ("I work at Acme", "I work from home"),
    ("I work at Acme", "I live in Lisbon"),
    ("I have two kids", "I have a dog"),
    ("I speak French", "I speak German"),
    ("I'm allergic to nuts", "I'm allergic to shellfish"),
    ("I have an egg allergy", "I'm vegan"),
    ("I have an aversion to fish", "I'm vegetarian"),
    ("use bullet points", "I don't like listening to the radio"),
    ("I hate going to museums", "I like going to concerts"),
    ("I'm allergic to nuts", "I like nuts and bolts"),
    ("I'm vegetarian", "I eat cheese"),
    ("I prefer Italian food", "I prefer spicy food"),
    ("Be brief", "I love long walks"),
    ("use bullet points", "no exclamation marks"),
    ("use bullet points", "I'm allergic to nuts"),
    ("My dog is called Rex", "My cat is called Tom"),
    ("I drink tea for breakfast", "I don't drink tea at night"),
    ("mention prices", "mention opening hours"),
    ("Ich wohne in Berlin", "Ich mag Tee"),
]
ORDINARY = sorted({text for pair in REPLACED + KEPT for text in pair})


def replaces(new: str, old: str) -> bool:
    """Whether nothing is left of an older statement after a newer one."""
    (old_part,) = read_statement(old)
    gone = {i for part in read_statement(new) for i in superseded_claims(part, old_part)}
    return len(gone) == len(old_part.claims)


@pytest.mark.parametrize(("old", "new"), REPLACED)
def test_a_later_statement_takes_the_place_of(old: str, new: str) -> None:
    assert replaces(new, old)


@pytest.mark.parametrize(("old", "new"), KEPT)
def test_a_later_statement_leaves_alone(old: str, new: str) -> None:
    assert not replaces(new, old)


@pytest.mark.parametrize("text", ORDINARY)
def test_saying_it_again_replaces_it_and_nothing_contradicts_itself(text: str) -> None:
    assert replaces(text, text)
    for part in read_statement(text):
        assert not any(contradicts(one, other) for one in part.claims for other in part.claims)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("I moved to Lisbon. Call me Dr. Reyes!", ["I moved to Lisbon.", "Call me Dr. Reyes!"]),
        (
            "I live in Porto, call me Ana and keep it short.",
            ["I live in Porto", "call me Ana", "keep it short."],
        ),
        ("I moved to Lisbon and no longer eat meat", ["I moved to Lisbon", "I no longer eat meat"]),
        ("I love black and white films", ["I love black and white films"]),
        ("I love tea, coffee and cocoa", ["I love tea, coffee and cocoa"]),
        ("For code, keep it short and use no emoji", ["For code, keep it short and use no emoji"]),
        ("Dr. Reyes is my doctor.", ["Dr. Reyes is my doctor."]),
        ("one line\nand another; a third", ["one line", "and another", "a third"]),
    ],
)
def test_a_statement_is_cut_into_what_stands_for_itself(text: str, parts: list[str]) -> None:
    assert [part.text for part in read_statement(text)] == parts


def test_one_of_several_claims_can_go() -> None:
    (old,) = read_statement("I love tea, coffee and cocoa")
    (new,) = read_statement("I no longer drink coffee")
    assert [old.claims[i].about for i in superseded_claims(new, old)] == ["coffe"]


def test_taking_back_is_no_claim_of_its_own() -> None:
    (part,) = read_statement("Forget that I like tea")
    assert part.withdraws
    (other,) = read_statement("I like coffee")
    assert not superseded_claims(part, other)
    assert not other.withdraws


def test_what_cannot_be_read_is_kept_word_for_word() -> None:
    for text in ("Je vis à Lisbonne", "☕", "Mein Hund heißt Bello, 12 Jahre", "...", "?"):
        (part,) = read_statement(text)
        assert part.text == text
        assert [claim.kind for claim in part.claims] == ["wish"]


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("city", "Porto", "I moved to Lisbon"),
        ("job", "nurse", "I'm a teacher now"),
        ("favourite colour", "blue", "My favorite color is green"),
        ("Name", "Ana Reyes", "my name is Ana Costa"),
    ],
)
def test_attributes_and_statements_take_each_others_place(name: str, value: str, text: str) -> None:
    fact, (said,) = attribute_part(name, value), read_statement(text)
    assert superseded_claims(said, fact)
    assert superseded_claims(fact, said)
    assert superseded_claims(attribute_part(name, "another"), fact)
    assert not superseded_claims(attribute_part("shoe size", "42"), fact)


texts = st.one_of(
    st.sampled_from(ORDINARY),
    st.lists(st.sampled_from(ORDINARY), min_size=1, max_size=3).map(". ".join),
    st.lists(st.sampled_from(ORDINARY), min_size=2, max_size=3).map(" and ".join),
    st.text(min_size=1, max_size=80).filter(str.strip),
)


@given(text=texts)
def test_reading_a_part_gives_that_part_again(text: str) -> None:
    for part in read_statement(text):
        assert part.claims
        assert read_statement(part.text) == (part,)


@given(one=texts, other=texts)
def test_contradiction_is_symmetric_unless_something_has_changed(one: str, other: str) -> None:
    for first in claims_of(one):
        for second in claims_of(other):
            if not (first.changes or second.changes):
                assert contradicts(first, second) == contradicts(second, first)


@given(text=st.text(max_size=400))
def test_nothing_is_lost_in_reading(text: str) -> None:
    kept = "".join("".join(part.text for part in read_statement(text)).split())
    letters = [letter for letter in "".join(text.split()) if letter.isalnum()]
    assert [letter for letter in kept if letter.isalnum()] == letters


@pytest.mark.parametrize(
    "text",
    ["I am " * 200_000, "no longer " * 100_000, "since " * 100_000, ", and " * 100_000,
     "my " * 200_000, "x" * 1_000_000, "I like a. " * 100_000],
    ids=["am", "no longer", "since", "and", "my", "x", "sentences"],
)  # fmt: skip
def test_a_million_characters_are_read_quickly(text: str) -> None:
    started = time.perf_counter()
    parts = read_statement(text)
    assert time.perf_counter() - started < 2.0
    assert len(parts) <= 51


def claims_of(text: str) -> list[Claim]:
    return [claim for part in read_statement(text) for claim in part.claims]
