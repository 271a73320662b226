"""Dense retrieval: items whose vectors point the query's way."""

from __future__ import annotations

import numpy as np

from tailorlm.encoders.base import Encoder, encode_query
from tailorlm.errors import InputError
from tailorlm.retrievers.base import FloatArray, Retriever
from tailorlm.retrievers.memory import Memory


class DenseRetriever(Retriever):
    """Cosine of an encoder's vectors, over all items: 2,000 need no approximate index.

    Args:
        encoder: The encoder that filled the memory.
    """

    name = "dense"
    needs_encoder = True

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def scores(self, memory: Memory, query: str, now: float | None = None) -> FloatArray:
        """Cosines from -1 to 1, shape (items,).

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
        return (memory.vectors @ vector).astype(np.float64)
