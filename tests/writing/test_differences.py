from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.errors import InputError
from tailorlm.writing import StyleRule
from tailorlm.writing.differences import difference, form_of, phrases_of, plain_words_of

DRAFT = (
    "Dear Ana,\n\nI hope you are doing well. The roof is finished, and the bill of 40 euros is "
    "attached. Please let me know if you have any questions.\n\nBest regards,\nOmar Lund"
)
EDIT = "Hi Ana!\n\n- The roof is finished\n- The bill is attached\n\nNo action needed.\n\nOL"


def test_a_form_has_a_value_for_what_can_be_told() -> None:
    form = form_of(DRAFT)
    told = {
        "greeting": "Dear {name},",
        "sign-off": "Best regards",
        "signature": "full name",
        "layout": "prose",
        "pleasantries": "yes",
        "commas": "yes",
        "please": "yes",
        "paragraphs": "one",
        "case": "normal",
    }
    assert {facet: form.values[facet] for facet in told} == told
    assert "contractions" in form.values  # "you are" could be contracted
    assert form.words == 33
    assert 5 < form.sentence_words < 15


def test_what_a_text_has_no_case_of_is_left_out() -> None:
    assert "contractions" not in form_of("The roof is finished.").values
    assert "spelling" not in form_of("The roof is finished.").values


def test_groups_and_nobody_are_greeted_like_a_name() -> None:
    greetings = {form_of(f"{g}\n\nThe roof is done.").values["greeting"]
                 for g in ("Hi all,", "Hi Omar,", "Hi,", "Hi everyone,")}  # fmt: skip
    assert greetings == {"Hi {name},"}


def test_values_are_those_that_rules_of_writing_check() -> None:
    for text in (DRAFT, EDIT):
        form = form_of(text)
        for facet in ("greeting", "sign-off", "signature", "layout", "thanks", "case"):
            assert StyleRule(facet, form.values[facet]).kept_by(text), facet


def test_a_difference_names_what_changed_and_what_did_not() -> None:
    changed = difference(DRAFT, EDIT)
    assert changed.changed["layout"] == ("prose", "bullets")
    assert changed.changed["greeting"] == ("Dear {name},", "Hi {name}!")
    assert changed.changed["signature"] == ("full name", "initials")
    assert changed.changed["sign-off"] == ("Best regards", "none")
    assert "emoji" not in changed.changed
    assert changed.before.words > changed.after.words


def test_phrases_that_came_and_went() -> None:
    changed = difference(DRAFT, EDIT)
    assert "no action needed" in changed.added
    assert "please let me know if you" in changed.removed
    assert "the roof is finished" not in changed.added | changed.removed
    assert not any("40" in phrase for phrase in changed.removed)
    assert "dear ana" not in changed.removed  # greetings are told by their form


def test_nothing_changes_in_a_text_that_is_left_alone() -> None:
    changed = difference(DRAFT, DRAFT)
    assert (changed.changed, changed.added, changed.removed) == ({}, frozenset(), frozenset())


def test_only_own_words_count() -> None:
    answer = f"{EDIT}\n\nOn Monday Ana Reyes wrote:\n> PLEASE CALL ME!!! :)\n"
    assert difference(DRAFT, answer) == difference(DRAFT, EDIT)


@pytest.mark.parametrize("text", ["", "  \n", "> quoted only", "\x00\x01\x02\x03"])
def test_a_text_without_own_words_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="own words"):
        form_of(text)
    with pytest.raises(InputError, match="own words"):
        difference(DRAFT, text)


def test_what_lies_between_two_values_is_neither() -> None:
    sentence = "The roof of the house is finished and the bill will come by post."
    assert form_of(sentence).values["sentence length"] == "between"


def test_phrases_do_not_cross_sentences_or_figures() -> None:
    found = phrases_of(plain_words_of("One two three. Four five, 6 seven eight."))
    assert found == {"one two", "two three", "one two three", "four five", "seven eight"}


def test_ten_megabytes_are_read_in_part() -> None:
    assert len(plain_words_of("The roof is done. " * 600_000)) <= 3_000


@given(st.text(max_size=300), st.text(max_size=300))
def test_added_and_removed_change_places(one: str, other: str) -> None:
    try:
        there, back = difference(one, other), difference(other, one)
    except InputError:
        return
    assert (there.added, there.removed) == (back.removed, back.added)
    assert {facet: pair[::-1] for facet, pair in there.changed.items()} == back.changed
