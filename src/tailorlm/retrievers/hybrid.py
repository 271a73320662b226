"""Hybrid retrieval: several rankings joined into one, by rank and not by score."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError, UnknownNameError
from tailorlm.retrievers.base import FloatArray, Retriever, best_first
from tailorlm.retrievers.bm25 import Bm25Retriever
from tailorlm.retrievers.dense import DenseRetriever
from tailorlm.retrievers.memory import Memory
from tailorlm.retrievers.recency import RecencyRetriever
from tailorlm.retrievers.tfidf import TfidfRetriever

WEIGHTS: Mapping[str, float] = {"bm25": 0.3, "dense": 1.0}
"""What counts how much unless it is told otherwise. With equal weights the many items that share
only "what" or "for" with a question push out what it is about; docs/preferences.md has figures."""


class HybridRetriever(Retriever):
    """Reciprocal rank fusion (Cormack, Clarke and Buettcher 2009).

    An item scores ``sum_r w_r / (constant + rank_r)`` over the rankings that hold it, with ranks
    from 1. Words find names and rare terms, vectors find other words for the same thing.

    Args:
        encoder: The encoder that filled the memory.
        weights: Weight of each of "bm25", "tfidf", "dense" and "recency", from 0; what is not
            named has none.
        constant: Of the formula, from 0; the paper's is 60.
        k1: Of BM25.
        b: Of BM25.

    Raises:
        UnknownNameError: If a weight is of no such retriever.
        InputError: If a number is out of range or all weights are 0.
    """

    name = "hybrid"
    needs_encoder = True

    def __init__(
        self,
        encoder: Encoder,
        weights: Mapping[str, float] = WEIGHTS,
        constant: float = 60.0,
        k1: float = 1.2,
        b: float = 0.75,
    ) -> None:
        known: dict[str, Retriever] = {
            "bm25": Bm25Retriever(k1, b),
            "tfidf": TfidfRetriever(),
            "dense": DenseRetriever(encoder),
            "recency": RecencyRetriever(),
        }
        for name, weight in weights.items():
            if name not in known:
                raise UnknownNameError("retriever to join", name, known)
            if not (math.isfinite(weight) and weight >= 0):
                raise InputError(f"The weight of {name!r} is at least 0, but got {weight}.")
        if not any(weights.values()):
            raise InputError("All weights of the hybrid retriever are 0. Give one above 0.")
        if not (math.isfinite(constant) and constant >= 0):
            raise InputError(f"constant is at least 0, but got {constant}.")
        self.constant = constant
        self.joined = tuple((known[name], float(w)) for name, w in weights.items() if w > 0)

    def scores(self, memory: Memory, query: str, now: float | None = None) -> FloatArray:
        """Fused scores, 0 for items that no ranking holds, shape (items,)."""
        total = np.zeros(len(memory))
        for retriever, weight in self.joined:
            order = best_first(retriever.scores(memory, query, now))
            total[order] += weight / (self.constant + 1.0 + np.arange(len(order)))
        return total
