from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.writing.answer_style import ANSWER_STYLES, answer_style

PLAIN = "The model has four parts. They work together."


def style(text: str) -> dict[str, float]:
    return dict(zip(ANSWER_STYLES, answer_style(text), strict=True))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("long answers", PLAIN * 6),
        ("long sentences", "The model has four parts and they work together well."),
        ("long words", "Stratification encapsulates heterogeneous functionality."),
        ("words of many syllables", "Stratification encapsulates functionality."),
        (
            "demanding reading",
            "Stratification encapsulates heterogeneous functionality throughout.",
        ),
        ("exclamation marks", "The model has four parts! They work together!"),
        ("questions", "How many parts? Four."),
        ("lists", "1. one part\n2. another part"),
        ("several paragraphs", "The model has parts.\n\nThey work.\n\nTogether."),
        ("contractions", "It's got four parts and they don't fail."),
        ("addressing the reader", "You know your parts, and you can use yours."),
        ("speaking as I", "I think my parts are mine."),
        ("negations", "No, it is not that and never was."),
        ("everyday words", "It is really just like things, so very much."),
        ("parentheses", "The model (TCP) has parts (four)."),
        ("figures", "In 1974 it had 4 parts and 1 name."),
        ("emoji and trailing dots", "Four parts ... and so on 🙂."),
    ],
)
def test_each_number_grows_with_what_it_is_named_for(name: str, text: str) -> None:
    assert style(text)[name] > style(PLAIN)[name] + 0.3


def test_known_numbers() -> None:
    found = style("One two three four. Five six!")
    assert found["long answers"] == pytest.approx((np.log(7) - 4.2) / 0.6)
    assert found["long sentences"] == pytest.approx((np.log(4) - 2.6) / 0.4)
    assert found["exclamation marks"] == pytest.approx(4.0)
    assert found["words of many syllables"] == pytest.approx((1 - 1.65) / 0.3)
    # Flesch-Kincaid: 0.39 * 3 words + 11.8 * 1 syllable - 15.59 = -2.62.
    assert found["demanding reading"] == pytest.approx((-2.62 - 9.0) / 5.0)


@given(st.text(max_size=300))
def test_any_text_has_numbers_of_moderate_size(text: str) -> None:
    found = answer_style(text)
    assert found.shape == (len(ANSWER_STYLES),)
    assert (np.abs(found) <= 4.0).all()


@pytest.mark.parametrize("text", ["word " * 200_000, "a" * 1_000_000, "(" * 1_000_000, " \n" * 99])
def test_huge_texts_are_measured_quickly(text: str) -> None:
    start = time.perf_counter()
    answer_style(text)
    assert time.perf_counter() - start < 1.0
