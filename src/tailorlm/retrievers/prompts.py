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
from tailorlm.retrievers._layout import laid_out
from tailorlm.retrievers.base import Hit
from tailorlm.retrievers.memory import Memory

Floats = npt.NDArray[np.float32]

_TRIES = 3
"""Items behind the first that does not fit that are tried in its place."""


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
    bullet: str = "- ",
    grouped: bool = False,
    coverage: float = 0.0,
    alike: float = 0.97,
) -> Fitted:
    """The best items that a budget holds.

    Near-duplicates are joined first, and the newest of them speaks for all. The rest is taken by
    maximal marginal relevance (Carbonell and Goldstein 1998), until the next does not fit; what
    is left goes to shorter items behind it.

    Args:
        memory: Where the items were found.
        hits: What was found, best first.
        budget: Tokens that the text may take, from 0.
        count: Tokens of a text; a longer text has no fewer.
        title: Line before the items.
        bullet: What each line begins with.
        grouped: Whether items that share a word stand behind it on one line, for short wordings;
            otherwise each stands on a line of its own.
        coverage: How much likeness to what is taken counts against relevance: 0 takes the items
            as they are ranked, 1 the least alike.
        alike: Cosine from which two items of one kind say the same; above 1 only the same wording.

    Raises:
        InputError: If a number is out of range.
    """
    if budget < 0:
        raise InputError(f"budget is a number of tokens from 0, but got {budget}.")
    if not 0 <= coverage <= 1:
        raise InputError(f"coverage is from 0 to 1, but got {coverage}.")
    speaking, joined = _without_duplicates(memory, hits, alike)
    order = _covering(memory, speaking, coverage)
    said = [" ".join(hit.item.wording.split()) for hit in order]

    def text_of(places: Sequence[int], together: bool = grouped) -> str:
        lines = laid_out([said[place] for place in places], bullet, grouped=together)
        return f"{title}\n{lines}" if title else lines

    def fits(places: Sequence[int], together: bool = grouped) -> bool:
        return count(text_of(places, together)) <= budget

    kept = _filled(len(order), fits)
    rest = sorted(set(range(len(order))) - set(kept))
    return Fitted(
        text_of(kept) if kept else "",
        tuple(order[place] for place in kept),
        tuple(order[place] for place in rest),
        tuple(joined),
    )


def _filled(number: int, fits: Callable[..., bool]) -> list[int]:
    """As many first places as fit, and then each of the next few that still does."""
    # Grouping only makes a text shorter, so what fits without it is where the search begins.
    apart = _most(0, number, lambda end: fits(range(end), False))
    first = _most(apart, min(2 * apart, number), lambda end: fits(range(end)))
    kept = list(range(first))
    for place in range(first + 1, min(first + 1 + _TRIES, number)):
        if fits([*kept, place]):
            kept.append(place)
    return kept


def _most(low: int, high: int, fits: Callable[[int], bool]) -> int:
    """The largest number up to `high` that fits, given that `low` does."""
    while low < high:
        middle = (low + high + 1) // 2
        if fits(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _without_duplicates(
    memory: Memory, hits: Sequence[Hit], alike: float
) -> tuple[list[Hit], list[Hit]]:
    """The newest of each group that says the same, at the group's best place, and the others."""
    leads = np.zeros(len(hits), dtype=np.bool_)
    same = _same_meaning(memory, hits, alike)
    worded: dict[tuple[str, str], int] = {}
    speaking: dict[int, Hit] = {}
    joined = []
    for place, hit in enumerate(hits):
        wording = (hit.item.kind, hit.item.wording)
        near = np.flatnonzero(same[place] & leads)
        leader = worded.get(wording, int(near[0]) if len(near) else place)
        worded.setdefault(wording, leader)
        if leader == place:
            leads[place] = True
            speaking[place] = hit
        elif hit.index > speaking[leader].index:
            joined.append(speaking[leader])
            speaking[leader] = hit
        else:
            joined.append(hit)
    return list(speaking.values()), joined


def _same_meaning(memory: Memory, hits: Sequence[Hit], alike: float) -> npt.NDArray[np.bool_]:
    """Which items of one kind are as near as `alike`, shape (hits, hits)."""
    if alike > 1:
        return np.zeros((len(hits), len(hits)), dtype=np.bool_)
    vectors = _vectors(memory, hits)
    kinds = np.array([hit.item.kind for hit in hits])
    same: npt.NDArray[np.bool_] = np.equal.outer(kinds, kinds)
    same &= vectors @ vectors.T >= alike
    return same


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
