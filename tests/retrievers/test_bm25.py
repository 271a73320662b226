"""BM25 against bm25s and rank_bm25, which score the same words."""

from __future__ import annotations

import math

import bm25s
import numpy as np
import pytest
from rank_bm25 import BM25Okapi

from tailorlm.errors import InputError
from tailorlm.retrievers import Item, Memory
from tailorlm.retrievers._words import words_of
from tailorlm.retrievers.bm25 import Bm25Retriever

TEXTS = (
    "I bake sourdough bread every Sunday morning",
    "Please keep answers short, and never use bullet points",
    "The bread at the corner bakery is too salty for me, too salty by far",
    "My dog needs long walks before breakfast",
    "A letter to the landlord about the broken heating",
    "Rye bread, wheat bread, corn bread: bread of any kind, but no cake",
    "Quarterly figures, and what the board should know of them",
)
QUERIES = ("bread", "salty bread at the bakery", "the board and the landlord", "too too short", "x")
SETTINGS = ((1.2, 0.75), (1.5, 0.75), (0.5, 0.0), (2.0, 1.0))


def memory_of(texts: tuple[str, ...]) -> Memory:
    return Memory(stem=False).add([Item(text) for text in texts], None)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(("k1", "b"), SETTINGS)
def test_okapi_scores_are_those_of_rank_bm25(query: str, k1: float, b: float) -> None:
    reference = BM25Okapi([words_of(text) for text in TEXTS], k1=k1, b=b)
    scores = Bm25Retriever(k1, b, idf="okapi").scores(memory_of(TEXTS), query)
    assert np.allclose(scores, reference.get_scores(words_of(query)), rtol=1e-12, atol=1e-12)


def test_okapi_floors_frequent_words_as_rank_bm25_does() -> None:
    texts = ("red car", "red bus", "red and blue train", "green ship")
    reference = BM25Okapi([words_of(text) for text in texts], k1=1.2, b=0.75)
    scores = Bm25Retriever(idf="okapi").scores(memory_of(texts), "red blue")
    assert np.allclose(scores, reference.get_scores(["red", "blue"]), rtol=1e-12)


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize(("k1", "b"), SETTINGS)
def test_lucene_scores_are_those_of_bm25s(query: str, k1: float, b: float) -> None:
    reference = bm25s.BM25(k1=k1, b=b, method="lucene", dtype="float64")
    reference.index([words_of(text) for text in TEXTS], show_progress=False)
    known = [word for word in words_of(query) if word in reference.vocab_dict]
    expected = reference.get_scores(known) if known else np.zeros(len(TEXTS))
    # bm25s leaves out the factor k1 + 1, which is the same for all.
    scores = Bm25Retriever(k1, b).scores(memory_of(TEXTS), query)
    assert np.allclose(scores, expected * (k1 + 1.0), rtol=1e-6, atol=1e-9)


def test_a_score_worked_out_by_hand() -> None:
    # Two items of 2 and 4 words; "tea" is in the first alone: N = 2, n = 1, mean length 3.
    memory = memory_of(("green tea", "black coffee with milk"))
    norm = 1.2 * (1 - 0.75 + 0.75 * 2 / 3)
    expected = math.log(1 + 1.5 / 1.5) * 1 * 2.2 / (1 + norm)
    assert Bm25Retriever().scores(memory, "tea") == pytest.approx([expected, 0.0])


def test_scores_do_not_depend_on_how_the_memory_grew() -> None:
    grown = Memory(stem=False)
    for text in TEXTS:
        grown = grown.add([Item(text)], None)
    for query in QUERIES:
        one, other = (Bm25Retriever().scores(m, query) for m in (grown, memory_of(TEXTS)))
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    "settings", [{"k1": -0.1}, {"k1": math.nan}, {"b": 1.1}, {"b": -0.1}, {"idf": "bm42"}]
)
def test_settings_out_of_range_are_refused(settings: dict) -> None:
    with pytest.raises(InputError, match="but got"):
        Bm25Retriever(**settings)
