"""What a message says of its user's wishes, in fewer words, without turning them round."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.retrievers.wording import shortened, wishes


@pytest.mark.parametrize(
    ("said", "short"),
    [
        (
            "I have a strong aversion to online learning and prefer in-person classes.",
            "no online learning; prefer in-person classes",
        ),
        ("I'm not a fan of fish as pets.", "no fish pets"),
        ("I strongly prefer not to watch opera.", "no opera"),
        ("I can't stand loud bars; I prefer quiet ones.", "no loud bars; prefer quiet ones"),
        ("I have a severe allergy to tree nuts.", "allergic: tree nuts"),
        ("I have an intense fear of heights.", "afraid: heights"),
        ("I only drink decaf.", "only drink decaf"),
        ("I avoid diesel cars due to their emissions.", "no diesel cars"),
        ("I avoid snacks that do not have a label.", "no snacks without label"),
        ("I avoid fabrics like wool, silk or fur.", "no fabrics like wool, silk, fur"),
        ("I find water sports dull and avoid them.", "water sports dull; avoid"),
        ("I prefer tea over coffee.", "prefer tea over coffee"),
        ("I prefer plain tea since I dislike sugar.", "prefer plain tea; no sugar"),
        ("I follow a strict vegan diet.", "vegan diet"),
        ("Ich mag keinen Fisch.", "Ich mag keinen Fisch"),
        ("魚は食べません。", "魚は食べません"),
        ("I am.", "I am."),
        ("", ""),
    ],
)  # fmt: skip
def test_a_statement_in_fewer_words(said: str, short: str) -> None:
    assert shortened(said) == short


@pytest.mark.parametrize(
    "said",
    [
        "I don't eat meat.",
        "My knees hurt, so I avoid running.",
        "I've never liked jazz.",
        "I'll go with option 2, the quiet one.",
        "The other options don't really appeal to me.",
        "I usually prefer stories to dry manuals.",
    ],
)
def test_what_is_a_wish(said: str) -> None:
    assert wishes(said) == said


@pytest.mark.parametrize(
    "said",
    [
        "What should I cook tonight?",
        "Can you recommend a hotel for me?",
        "I'm planning a trip to Peru next month.",
        "Thanks for the tips!",
        "",
    ],
)
def test_what_is_none(said: str) -> None:
    assert wishes(said) == ""


def test_only_the_sentences_with_wishes_are_taken() -> None:
    message = "Thanks! By the way, I avoid dairy. Do you know a good café near me?"
    assert wishes(message) == "By the way, I avoid dairy."


@given(st.text(max_size=200))
def test_any_text_has_a_wording(text: str) -> None:
    assert bool(shortened(text)) == bool(text.split())
    wishes(text)


@pytest.mark.parametrize(
    "text", ["I have " * 5000, "I and but so " * 4000, "no. " * 5000, "x" * 10**5]
)
def test_long_texts_take_no_time(text: str) -> None:
    start = time.process_time()
    shortened(text)
    wishes(text)
    assert time.process_time() - start < 5.0
