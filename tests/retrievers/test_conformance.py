"""Every retriever in the registry keeps the contract of `tailorlm.retrievers.base`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.methods.logs import HashEncoder

from tailorlm import registry
from tailorlm.errors import InputError, UnknownNameError
from tailorlm.retrievers import Item, Memory, create_retriever

NAMES = registry.names(registry.RETRIEVERS)
ENCODER = HashEncoder()
TEXTS = (
    "I bake bread on Sundays",
    "Short answers, please",
    "お寿司が大好きです",
    "मुझे हिन्दी में उत्तर दें",
    "Ich esse kein Fleisch",
    "Ich esse kein Fleisch",
    "",
    "!!!",
    "10 pm",
)


def memory_of(texts: list[str] | tuple[str, ...], encoder: object = ENCODER) -> Memory:
    return Memory().add(
        [Item(text, time=1e9 + 1e5 * i, position=i) for i, text in enumerate(texts)], encoder
    )


def test_the_registry_finds_the_retrievers() -> None:
    assert NAMES == ["bm25", "dense", "hybrid", "recency", "tfidf"]


@pytest.mark.parametrize("name", NAMES)
@given(
    texts=st.lists(st.text(max_size=30) | st.sampled_from(TEXTS), max_size=10),
    query=st.text(max_size=30) | st.sampled_from(TEXTS),
    k=st.integers(0, 12),
    now=st.none() | st.floats(-1e12, 1e12),
)
def test_ranks_are_sorted_finite_and_at_most_k(
    name: str, texts: list[str], query: str, k: int, now: float | None
) -> None:
    memory = memory_of(texts)
    retriever = create_retriever(name, ENCODER)
    hits = retriever.rank(memory, query, k, now=now)
    scores = [hit.score for hit in hits]
    assert len(hits) <= min(k, len(texts))
    assert np.isfinite(scores).all()
    assert all(score > 0 for score in scores)
    order = [(-hit.score, -hit.index) for hit in hits]
    assert order == sorted(order)
    assert len({hit.index for hit in hits}) == len(hits)
    assert [hit.item for hit in hits] == [memory[hit.index] for hit in hits]
    assert hits == retriever.rank(Memory.from_bytes(memory.to_bytes()), query, k, now=now)
    assert hits == retriever.rank(memory, query, k + 5, now=now)[:k]
    everything = retriever.scores(memory, query, now)
    assert everything.shape == (len(texts),)
    assert np.isfinite(everything).all()


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_found_in_an_empty_memory(name: str) -> None:
    assert create_retriever(name, ENCODER).rank(Memory(), "bread", 5) == []
    assert create_retriever(name, ENCODER).scores(Memory(), "bread").shape == (0,)


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"recency"}))
@pytest.mark.parametrize("place", [0, 1, 2, 3, 5])
def test_a_text_is_found_by_itself_in_any_script(name: str, place: int) -> None:
    hits = create_retriever(name, ENCODER).rank(memory_of(TEXTS), TEXTS[place], 3)
    assert hits[0].index == place


@pytest.mark.parametrize("name", ["bm25", "tfidf"])
@pytest.mark.parametrize("query", ["", "?!", "zebra", "x" * 100_000])
def test_words_that_no_item_has_find_nothing(name: str, query: str) -> None:
    assert create_retriever(name).rank(memory_of(TEXTS), query, 5) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_negative_k_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="from 0, but got -1"):
        create_retriever(name, ENCODER).rank(memory_of(TEXTS), "bread", -1)


def test_a_retriever_is_found_by_name_and_takes_its_settings() -> None:
    assert create_retriever("bm25", k1=1.5).k1 == 1.5
    assert create_retriever("hybrid", ENCODER, weights={"recency": 2.0}).joined[0][1] == 2.0
    with pytest.raises(UnknownNameError, match="Did you mean 'hybrid'"):
        create_retriever("hybird", ENCODER)
    with pytest.raises(InputError, match="no setting 'k'"):
        create_retriever("bm25", ENCODER, k=3)
    with pytest.raises(InputError, match="It has: none"):
        create_retriever("tfidf", ENCODER, x=3)
    with pytest.raises(InputError, match="Give it an encoder"):
        create_retriever("dense")
