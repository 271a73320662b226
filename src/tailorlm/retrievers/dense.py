"""Dense retrieval: items whose vectors point the query's way."""

from __future__ import annotations

import math

import numpy as np

from tailorlm.encoders.base import Encoder, encode_query
from tailorlm.errors import InputError
from tailorlm.retrievers.base import FloatArray, Retriever, best_first
from tailorlm.retrievers.memory import Memory

FIRST = 10
"""Items whose mean vector is searched for as well."""


class DenseRetriever(Retriever):
    """Cosine of an encoder's vectors, over all items: 2,000 need no approximate index.

    Args:
        encoder: The encoder that filled the memory.
        feedback: Weight of the mean vector of the first ten items in a second search, from 0.
            This is Rocchio's rule without judgements (Manning, Raghavan and Schuetze 2008,
            section 9.1.6): what is like the best items is found as well.

    Raises:
        InputError: If the weight is out of range.
    """

    name = "dense"
    needs_encoder = True

    def __init__(self, encoder: Encoder, feedback: float = 0.0) -> None:
        if not (math.isfinite(feedback) and feedback >= 0):
            raise InputError(f"feedback is a weight from 0, but got {feedback}.")
        self.encoder = encoder
        self.feedback = feedback

    def scores(self, memory: Memory, query: str, now: float | None = None) -> FloatArray:
        """Cosines from -1 to 1, more with feedback, shape (items,).

        Raises:
            InputError: If the memory was filled with vectors of another length.
        """
        if len(memory) == 0:
            return np.zeros(0)
        vector = encode_query(self.encoder, query)
        if memory.columns.dim != len(vector):
            raise InputError(
                f"The memory's vectors have {memory.columns.dim} dimensions, but those of encoder "
                f"{self.encoder.name!r} {len(vector)}. Fill the memory with the same encoder."
            )
        vectors = memory.vectors
        scores = (vectors @ vector).astype(np.float64)
        if self.feedback and vector.any():
            first = best_first(scores)[:FIRST]
            scores += self.feedback * (vectors @ vectors[first].sum(axis=0)) / max(len(first), 1)
        return scores
