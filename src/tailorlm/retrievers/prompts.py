"""Prompt construction: as much of what was found as a budget of tokens holds.

This is phi_p of the survey of personalized LLMs (Zhang et al. 2024, eq. 2 and 3) without the query,
which the caller puts behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.retrievers.base import Hit
from tailorlm.retrievers.memory import Memory

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a prompt says of the items found.

    Attributes:
        text: The title and a line for each kept item; "" if nothing fits.
        kept: The items in the text, in its order.
        left_out: Items that did not fit, best first.
        joined: Items that say the same as a newer one of the kept and are not repeated.
    """

    text: str
    kept: tuple[Hit, ...]
    left_out: tuple[Hit, ...]
    joined: tuple[Hit, ...] = ()


def fit(
    memory: Memory,
    hits: Sequence[Hit],
    budget: int = 500,
    *,
    count: Callable[[str], int],
    title: str = "",
    wording: Callable[[str], str] | None = None,
    coverage: float = 0.3,
    alike: float = 0.95,
) -> Fitted:
    """The best items that a budget holds, each on a line of its own.

    Near-duplicates are joined first, and the newest of them speaks for all. The rest is taken by
    maximal marginal relevance (Carbonell and Goldstein 1998), so that one topic does not fill the
    budget. An item that is too long for what is left gives way to shorter ones behind it.

    Args:
        memory: Where the items were found.
        hits: What was found, best first.
        budget: Tokens that the text may take, from 0.
        count: Tokens of a text.
        title: Line before the items.
        wording: Shortens the wording of an item; None leaves it as it is.
        coverage: How much unlikeness to what is taken counts against relevance: 0 takes the items
            as they are ranked, 1 the least alike.
        alike: Cosine from which two items of one kind say the same.

    Raises:
        InputError: If a number is out of range.
    """
    if budget < 0:
        raise InputError(f"budget is a number of tokens from 0, but got {budget}.")
    if not 0 <= coverage <= 1:
        raise InputError(f"coverage is from 0 to 1, but got {coverage}.")
    speaking, joined = _without_duplicates(memory, hits, alike)
    lines: list[str] = [title] if title else []
    kept, left_out = [], []
    for hit in _covering(memory, speaking, coverage):
        said = hit.item.wording if wording is None else wording(hit.item.wording)
        line = f"- {' '.join(said.split())}"
        if count("\n".join([*lines, line])) <= budget:
            lines.append(line)
            kept.append(hit)
        else:
            left_out.append(hit)
    text = "\n".join(lines) if kept else ""
    return Fitted(text, tuple(kept), tuple(left_out), tuple(joined))


def _without_duplicates(
    memory: Memory, hits: Sequence[Hit], alike: float
) -> tuple[list[Hit], list[Hit]]:
    """The newest of each group that says the same, at the group's best place, and the others."""
    vectors = _vectors(memory, hits)
    same = vectors @ vectors.T >= alike
    leaders: dict[int, Hit] = {}
    joined = []
    for place, hit in enumerate(hits):
        leader = next(
            (
                other
                for other in leaders
                if leaders[other].item.kind == hit.item.kind
                and (same[place, other] or leaders[other].item.wording == hit.item.wording)
            ),
            None,
        )
        if leader is None:
            leaders[place] = hit
        elif hit.index > leaders[leader].index:
            joined.append(leaders[leader])
            leaders[leader] = hit
        else:
            joined.append(hit)
    return list(leaders.values()), joined


def _covering(memory: Memory, hits: Sequence[Hit], coverage: float) -> list[Hit]:
    """The items in the order of maximal marginal relevance."""
    if coverage == 0 or len(hits) < 2:
        return list(hits)
    vectors = _vectors(memory, hits)
    alike = np.maximum(vectors @ vectors.T, 0.0)
    worth = np.array([hit.score for hit in hits])
    worth = (1.0 - coverage) * worth / worth.max()
    nearest = np.zeros(len(hits))
    order: list[Hit] = []
    for _ in hits:
        best = int(np.argmax(worth - coverage * nearest))
        order.append(hits[best])
        worth[best] = -np.inf
        nearest = np.maximum(nearest, alike[best])
    return order


def _vectors(memory: Memory, hits: Sequence[Hit]) -> Floats:
    """Vectors of the items, shape (hits, dim)."""
    return memory.vectors[[hit.index for hit in hits]]
