"""Words of texts in many scripts."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.retrievers._words import MAX_COUNT, count_words, hash_of, singular, words_of


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Hello, World! 10:30", ["hello", "world", "10", "30"]),
        ("I don't like Ana's tea", ["i", "dont", "like", "ana", "tea"]),
        ("I don’t, we’ll", ["i", "dont", "well"]),
        ("l'été à Zürich", ["l", "été", "à", "zürich"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("お寿司が", ["お寿", "寿司", "司が"]),
        ("我爱北京 ok", ["我爱", "爱北", "北京", "ok"]),
        ("茶", ["茶"]),
        ("GPT在北", ["gpt", "在北"]),
        ("Привет, мир", ["привет", "мир"]),
        ("snake_case", ["snake", "case"]),
        ("", []),
        ("?!… — ", []),
    ],
)
def test_words(text: str, words: list[str]) -> None:
    assert words_of(text) == words


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("cities", "city"), ("dishes", "dishe"), ("shoes", "shoes"), ("cats", "cat"),
        ("glass", "glass"), ("bus", "bus"), ("gas", "gas"), ("menus", "menus"), ("días", "días"),
        ("tea", "tea"),
    ],
)  # fmt: skip
def test_plurals(word: str, expected: str) -> None:
    assert singular(word) == expected


@given(st.text(max_size=60))
def test_words_are_never_empty_and_hold_no_blanks(text: str) -> None:
    for word in words_of(text):
        assert word
        assert not any(letter.isspace() for letter in word)
    assert len(words_of(text)) == len(words_of(text, stem=True))


def test_counts_and_numbers() -> None:
    terms, counts = count_words("tea Tea coffee", stem=False)
    assert counts.tolist() == [2, 1]
    assert np.array_equal(terms, hash_of(["tea", "coffee"]))
    # CRC-32 of "tea", which must never change: memories are stored with it.
    assert hash_of(["tea"]).tolist() == [2391201714]
    assert count_words("x " * 70_000)[1].tolist() == [MAX_COUNT]
