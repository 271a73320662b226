"""Query construction: what is searched for, given what was asked.

These are choices of phi_q of the survey of personalized LLMs (Zhang et al. 2024, eq. 1). The plain
query, phi_q(x) = x, is the shortest of them.
"""

from __future__ import annotations

from collections.abc import Mapping

from tailorlm.retrievers._words import words_of
from tailorlm.retrievers.memory import Memory
from tailorlm.types import Context

LATEST = 3
"""Earlier messages of the user that are read with a query."""


def with_history(context: Context, latest: int = LATEST) -> str:
    """The query after the user's latest messages before it, for questions such as "and for two?".

    Only the user's own words: an assistant's answers are long, and not what is asked for.
    """
    own = [message.content for message in context.history if message.role == "user"]
    return "\n".join([*own[len(own) - min(latest, len(own)) :], context.query])


def with_attributes(query: str, attributes: Mapping[str, str]) -> str:
    """The query before what is known of the user, as "city: Lisbon", by name."""
    known = [f"{name}: {value}" for name, value in sorted(attributes.items())]
    return "\n".join([query, *known])


def expanded(
    query: str, memory: Memory, found: list[int], *, words: int = 10, within: int = 3
) -> str:
    """The query with words that the first items found for it share, for a second search.

    This is pseudo-relevance feedback: a word counts in how many of the first items it occurs, less
    the share of all items that have it.

    Args:
        query: What was searched for.
        memory: Where.
        found: Places of the items found, best first.
        words: How many words are added at most.
        within: How many of the first items are read.
    """
    own = set(words_of(query, stem=memory.stem))
    seen: dict[str, int] = {}
    for index in found[:within]:
        for word in dict.fromkeys(words_of(memory[index].text, stem=memory.stem)):
            if word not in own:
                seen[word] = seen.get(word, 0) + 1
    least = min(2, len(found[:within]))
    worth = {word: count * _rarity(memory, word) for word, count in seen.items() if count >= least}
    if not worth:
        return query
    best = sorted(worth, key=lambda word: -worth[word])[:words]
    return f"{query}\n{' '.join(best)}"


def _rarity(memory: Memory, word: str) -> float:
    """From 1 for a word that hardly any item has down to 0 for one that all have."""
    return 1.0 - len(memory.matches(word).items) / len(memory)
