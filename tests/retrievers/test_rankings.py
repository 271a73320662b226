"""Known values of TF-IDF, dense retrieval, recency and reciprocal rank fusion."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.methods.logs import HashEncoder
from tests.retrievers.test_conformance import memory_of

from tailorlm.errors import InputError, UnknownNameError
from tailorlm.retrievers.dense import DenseRetriever
from tailorlm.retrievers.hybrid import HybridRetriever
from tailorlm.retrievers.recency import RecencyRetriever
from tailorlm.retrievers.tfidf import TfidfRetriever

ENCODER = HashEncoder()
DAY = 86_400.0


def test_tfidf_by_hand() -> None:
    memory = memory_of(["green tea", "green tea tea", "coffee"])
    # Query weights: green log(3/2), coffee log(3/1).
    green, coffee = math.log(3 / 2), math.log(3)
    length = math.hypot(green, coffee)
    second = 1 / math.hypot(1, 1 + math.log(2))
    expected = [green / length / math.sqrt(2), green / length * second, coffee / length]
    assert TfidfRetriever().scores(memory, "green coffee") == pytest.approx(expected)


def test_a_word_that_every_item_has_tells_nothing() -> None:
    assert TfidfRetriever().scores(memory_of(["tea one", "tea two"]), "tea").tolist() == [0, 0]


def test_dense_scores_are_cosines() -> None:
    texts = ["bake bread", "play chess", ""]
    exact = ENCODER.encode(texts) @ ENCODER.encode(["bake bread today"])[0]
    scores = DenseRetriever(ENCODER).scores(memory_of(texts), "bake bread today")
    assert scores == pytest.approx(exact, abs=0.01)


def test_vectors_of_another_encoder_are_refused() -> None:
    with pytest.raises(InputError, match="0 dimensions, but those of encoder 'hash' 24"):
        DenseRetriever(ENCODER).scores(memory_of(["x"], None), "x")


def test_an_item_is_worth_half_after_each_half_life() -> None:
    memory = memory_of(["a", "b", "c"])
    start = 1e9
    scores = RecencyRetriever(half_life=2).scores(memory, "", start + 2e5 + 4 * DAY)
    ages = np.array([2e5, 1e5, 0]) / DAY + 4
    assert scores == pytest.approx(0.5 ** (ages / 2))
    hits = RecencyRetriever().rank(memory, "", 3)
    assert [hit.index for hit in hits] == [2, 1, 0]
    assert hits[0].score == 1.0


def test_an_item_of_the_future_is_as_new_as_can_be() -> None:
    assert RecencyRetriever().scores(memory_of(["a"]), "", 0.0).tolist() == [1.0]


def test_ranks_are_fused_by_the_formula() -> None:
    memory = memory_of(["red car", "blue car car", "blue ship"])
    words = [h.index for h in HybridRetriever(ENCODER, {"bm25": 1}).rank(memory, "blue car", 3)]
    newest = [2, 1, 0]
    hybrid = HybridRetriever(ENCODER, {"bm25": 2.0, "recency": 0.5}, constant=10)
    expected = [
        2.0 / (11 + words.index(item)) + 0.5 / (11 + newest.index(item)) for item in range(3)
    ]
    assert hybrid.scores(memory, "blue car") == pytest.approx(expected)


def test_an_item_that_one_ranking_lacks_counts_in_the_other_alone() -> None:
    memory = memory_of(["tea", "coffee"])
    scores = HybridRetriever(ENCODER, {"bm25": 1.0}).scores(memory, "tea")
    assert scores == pytest.approx([1 / 61, 0.0])


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": {"bm25": -1.0}}, "at least 0, but got -1"),
        ({"weights": {"bm25": math.nan}}, "at least 0, but got nan"),
        ({"weights": {"bm25": 0.0}}, "Give one above 0"),
        ({"weights": {}}, "Give one above 0"),
        ({"constant": -1.0}, "constant is at least 0"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict, message: str) -> None:
    with pytest.raises(InputError, match=message):
        HybridRetriever(ENCODER, **settings)


def test_only_known_retrievers_are_joined() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'dense'"):
        HybridRetriever(ENCODER, {"dence": 1.0})


def test_a_half_life_is_positive() -> None:
    with pytest.raises(InputError, match="above 0, but got 0"):
        RecencyRetriever(half_life=0)
