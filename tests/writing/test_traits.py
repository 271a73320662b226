from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.writing import measure
from tailorlm.writing.traits import sentences_of, trait_names, words_of


@pytest.mark.parametrize(
    ("text", "trait", "value"),
    [
        ("One two three. Four five.", "words", 5),
        ("One two three. Four five.", "sentence_words", 2.5),
        ("It costs 3.50 at 9.15 a.m. Tell Mr. Ode.", "sentences", 2),
        ("- one\n- two\nthree", "bullets", 2 / 3),
        ("1. one\n2. two", "numbered", 1),
        ("I don't know. It is late.", "contractions", 0.5),
        ("I'm here and it's late.", "contractions", 1),
        ("No verbs to shorten.", "contractions", 0.5),
        ("done. Sent it. will call.", "lower_starts", 2 / 3),
        ("THE END is near", "capitals", 0.5),
        ("Hi Ana!\nGreat! All is done.", "exclamations", 1),
        ("Who? What?", "questions", 1),
        ("Please send it. Thanks.", "courtesies", 2),
        ("The colour of the center.", "british", 0.5),
        ("We organise and advise, likewise.", "british", 1),
        ("Hope you are well. The file is attached.", "friendly", 0.5),
        ("Perhaps it might rain.", "hedges", 2),
        ("See you 🙂", "emoji", 1),
        ("Pay $1,200 by 5/6.", "figures", 2),
    ],
)
def test_known_values(text: str, trait: str, value: float) -> None:
    assert getattr(measure(text), trait) == pytest.approx(value)


def test_parts_of_a_mail_are_seen() -> None:
    traits = measure("Hi Ana,\n\nIt is done.\n\nBest,\nBo")
    assert (traits.greeting, traits.sign_off, traits.signature) == (1, 1, 1)
    assert traits.sentences == 1


def test_formality_tells_an_office_from_a_friend() -> None:
    office = "I would appreciate receiving the completed documentation at your convenience."
    friend = "hey!! can't make it tonite, i'm wiped out :)"
    assert measure(office).formality > 0.8 > 0.4 > measure(friend).formality


def test_words_and_sentences() -> None:
    assert words_of("Don't follow-up on K-12, naïve 東京 x_y") == [
        "Don't", "follow-up", "on", "K-12", "naïve", "東京", "x", "y",
    ]  # fmt: skip
    assert sentences_of("Go. Stop.\nWait") == ["Go.", "Stop.", "Wait"]
    assert len(sentences_of("J. R. Ode paid 3.50.")) == 1


@given(st.text(max_size=200))
def test_any_text_measures_finite(text: str) -> None:
    numbers = measure(text).as_tuple()
    assert len(numbers) == len(trait_names())
    assert all(math.isfinite(number) and number >= 0 for number in numbers)
    assert 0 <= measure(text).formality <= 1
