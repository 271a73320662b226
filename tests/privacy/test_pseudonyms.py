from __future__ import annotations

import json
import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.privacy.test_detect import FOUND, TEXTS

from tailorlm.privacy import Pseudonyms, StreamRestorer, create_detector

REGEX = create_detector("regex")
MAIL = "Hi Ana,\nask Tom Becker (tom@becker.example, +49 30 901820). Tom knows.\n\nBest,\nAna Reyes"


def scrubbed(text: str) -> tuple[str, Pseudonyms]:
    pseudonyms = Pseudonyms(REGEX)
    return pseudonyms.scrub(text), pseudonyms


def test_people_named_in_full_and_by_one_name_are_told_apart() -> None:
    text, pseudonyms = scrubbed(MAIL)
    assert text == (
        "Hi Person_2_first,\nask Person_1 (email_1@example.invalid, Phone_1). Person_1_first "
        "knows.\n\nBest,\nPerson_2"
    )
    assert pseudonyms.originals["Person_2_last"] == "Reyes"
    assert pseudonyms.restore(text) == MAIL


@pytest.mark.parametrize(("kind", "text", "piece"), FOUND)
def test_nothing_found_is_left_and_all_comes_back(kind: str, text: str, piece: str) -> None:
    clean, pseudonyms = scrubbed(text)
    assert piece not in clean
    assert REGEX.find(clean) == ()
    assert pseudonyms.restore(clean) == text


@given(TEXTS)
def test_what_is_scrubbed_can_be_restored(text: str) -> None:
    clean, pseudonyms = scrubbed(text)
    assert pseudonyms.restore(clean) == text
    assert pseudonyms.scrub(text) == clean


def test_pseudonyms_keep_clear_of_those_a_text_has() -> None:
    text, pseudonyms = scrubbed(
        "Person_1, person 2 and email_1@example.invalid met Ana, a@b.example"
    )
    assert text.endswith("met Person_3, email_2@example.invalid")
    assert pseudonyms.restore("Person_1 and Person_3") == "Person_1 and Ana"


def test_a_conversation_shares_its_names() -> None:
    pseudonyms = Pseudonyms(REGEX, ["Qor"])
    texts = ["My name is Zyx Abara.", "Hello Zyx!", "ABARA and Qor"]
    assert pseudonyms.scrub_all(texts) == [
        "My name is Person_1.", "Hello Person_1_first!", "Person_2 and Person_3",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "restored"),
    [
        ("Dear Person_1's friend", "Dear Ana Reyes's friend"),
        ("PERSON_1 and person_1", "Ana Reyes and Ana Reyes"),
        (r"**Person\_1**, _Person_1_", "**Ana Reyes**, _Ana Reyes_"),
        ("Person-1 or Person 1 or Person‑1", "Ana Reyes or Ana Reyes or Ana Reyes"),
        ("Person_1s Haus", "Ana Reyess Haus"),
        ("Person_1_first, Person_1_Last", "Ana, Reyes"),
        (
            "Person_12, Person_2, myPerson_1, Person_01",
            "Person_12, Person_2, myPerson_1, Person_01",
        ),
        ("mailto:EMAIL_1@EXAMPLE.INVALID.", "mailto:ana@r.example."),
        ("email_1 and Email 1", "ana@r.example and Email 1"),
        ("<email\\_1@example.invalid>", "<ana@r.example>"),
    ],
)
def test_what_models_change_about_pseudonyms_does_not_matter(written: str, restored: str) -> None:
    _, pseudonyms = scrubbed("I met Ana Reyes, ana@r.example")
    assert pseudonyms.restore(written) == restored


def test_in_json_what_comes_back_is_escaped() -> None:
    pseudonyms = Pseudonyms(REGEX)
    pseudonyms.scrub("secret: a\\b1\\c")
    assert list(pseudonyms.originals) == ["Secret_1"]
    assert json.loads(pseudonyms.restore('{"x": "Secret_1"}', in_json=True)) == {"x": "a\\b1\\c"}


def test_long_values_do_not_run_into_what_follows() -> None:
    text = "password: " + "a1" * 200
    clean, pseudonyms = scrubbed(text)
    assert pseudonyms.restore(clean) == text


WRITTEN = st.lists(
    st.sampled_from(
        ["Person_1", "person\\_1", "Person 1", "Person_1_first", "Person_12", "Person_2", "email_1",
         "email_1@example.invalid", "Phone_1", "phone ", "Pers", "_", "\\", "1", " ", ".", "é", "x",
         "first", "@example", ".invalid", "per", "EMAIL_1@EXAMPLE.INVALID", "Person_1_last"]
    ),
    max_size=8,
).map("".join)  # fmt: skip


@given(WRITTEN, st.lists(st.integers(0, 80), max_size=12))
def test_however_a_stream_is_cut_it_is_restored_alike(text: str, cuts: list[int]) -> None:
    _, pseudonyms = scrubbed("I met Ana Reyes and Bo, call me Bo; ana@r.example, +49 30 901820")
    restorer = StreamRestorer(pseudonyms)
    ends = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [restorer.feed(text[a:b]) for a, b in pairwise(ends)]
    assert "".join([*pieces, restorer.close()]) == pseudonyms.restore(text)


def test_every_cut_of_a_mail_gives_the_mail() -> None:
    clean, pseudonyms = scrubbed(MAIL)
    for cut in range(len(clean) + 1):
        restorer = StreamRestorer(pseudonyms)
        assert restorer.feed(clean[:cut]) + restorer.feed(clean[cut:]) + restorer.close() == MAIL


def test_only_what_may_become_a_pseudonym_is_held_back() -> None:
    clean, pseudonyms = scrubbed(MAIL)
    restorer = StreamRestorer(pseudonyms)
    shown = 0
    for place, letter in enumerate(clean, 1):
        shown += len(restorer.feed(letter))
        assert restorer.held == "" or re.search(
            r"(?:^|[\W_])[A-Za-z](?:[\w@.])*$", clean[:place]
        ), restorer.held
    words = StreamRestorer(pseudonyms)
    pieces = ["Good ", "morning", ", dear ", "P", "rofessor", " x"]
    assert [words.feed(word) for word in pieces] == [*pieces[:3], "", "Professor", " x"]


def test_without_pseudonyms_nothing_is_held_back() -> None:
    restorer = StreamRestorer(Pseudonyms(REGEX))
    assert restorer.feed("Person_1 e") == "Person_1 e"
    assert restorer.close() == ""
