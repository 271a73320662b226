"""What a retriever is to tailorlm: the items of a memory in the order they answer a query.

It is R(phi_q(x), D_i, k) of the survey of personalized LLMs (Zhang et al. 2024, eq. 1): D_i is
the user's `Memory`, phi_q builds the query (`queries`), and the result goes into the prompt
(`prompts`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.retrievers.memory import Item, Memory

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hit:
    """An item that was found.

    Attributes:
        index: Its place in the memory.
        score: Above 0, larger is better; what it means is up to the retriever.
        item: The item.
    """

    index: int
    score: float
    item: Item


class Retriever(ABC):
    """Base of all retrievers. They keep nothing of any user.

    Attributes:
        name: Registry name, equal to the module's name.
        needs_encoder: Whether the constructor takes the text encoder first.
    """

    name: ClassVar[str]
    needs_encoder: ClassVar[bool] = False

    @abstractmethod
    def scores(self, memory: Memory, query: str, now: float | None = None) -> FloatArray:
        """How well each item answers a query, shape (items,), finite; 0 or less is not at all.

        Args:
            memory: What is searched.
            query: Any text.
            now: The time, in seconds since 1970-01-01 UTC; None is that of the newest item.
        """

    def rank(self, memory: Memory, query: str, k: int, *, now: float | None = None) -> list[Hit]:
        """At most `k` items with a score above 0, best first, of equal ones the newest.

        Args:
            memory: What is searched.
            query: Any text; one without words may find nothing.
            k: From 0.
            now: As for `scores`.

        Raises:
            InputError: If `k` is negative.
        """
        if k < 0:
            raise InputError(f"k is a number of items from 0, but got {k}.")
        if len(memory) == 0:
            return []
        scores = self.scores(memory, query, now)
        return [
            Hit(int(place), float(scores[place]), memory[int(place)])
            for place in best_first(scores)[:k]
        ]


def best_first(scores: FloatArray) -> npt.NDArray[np.intp]:
    """Places of the scores above 0, the largest first, of equal ones the last."""
    newest = np.flatnonzero(scores > 0)[::-1]
    return newest[np.argsort(-scores[newest], kind="stable")]
