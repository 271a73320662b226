"""Recency: the newest first, whatever the query."""

from __future__ import annotations

import numpy as np

from tailorlm.errors import InputError
from tailorlm.retrievers.base import FloatArray, Retriever
from tailorlm.retrievers.memory import Memory

_DAY = 86_400.0
_LEAST = 1e-300


class RecencyRetriever(Retriever):
    """An item is worth half as much after each half-life.

    Args:
        half_life: In days, above 0.

    Raises:
        InputError: If it is not.
    """

    name = "recency"

    def __init__(self, half_life: float = 30.0) -> None:
        if not half_life > 0:
            raise InputError(f"half_life is a number of days above 0, but got {half_life}.")
        self.half_life = half_life

    def scores(self, memory: Memory, query: str, now: float | None = None) -> FloatArray:
        """``0.5 ** (age / half_life)``, above 0 and at most 1, shape (items,)."""
        if len(memory) == 0:
            return np.zeros(0)
        latest = float(memory.times.max()) if now is None else now
        days = np.maximum(latest - memory.times, 0.0) / _DAY
        return np.maximum(0.5 ** (days / self.half_life), _LEAST)
