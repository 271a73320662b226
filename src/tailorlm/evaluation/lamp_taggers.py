"""What predicts a user's tag for a film by looking things up: counts, neighbours, retrieval.

A tagger is given profiles and the texts of films to tag, and never the tags of those films.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tailorlm.datasets.lamp import TaggedText
from tailorlm.encoders.base import Encoder
from tailorlm.llms.base import LLM, Request
from tailorlm.retrievers import Item, Memory
from tailorlm.retrievers.bm25 import Bm25Retriever
from tailorlm.types import Message

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class TaggingUser:
    """What is known of a user before the films to tag come.

    Attributes:
        id: The user.
        pool: The tags to choose from.
        profile: What the user has tagged, oldest first.
    """

    id: str
    pool: tuple[str, ...]
    profile: tuple[TaggedText, ...]


class Tagger(Protocol):
    """Predicts tags.

    Attributes:
        name: What reports call it.
        draws: Whether its predictions depend on the random generator.
    """

    name: str
    draws: bool

    def fit(self, users: Sequence[TaggingUser], rng: np.random.Generator) -> None:
        """Learn from the profiles of all users, once and before any prediction."""

    def predict(
        self, user: TaggingUser, films: Sequence[str], rng: np.random.Generator
    ) -> list[str]:
        """A tag of the user's pool for each film's text."""


class OwnProfile:
    """Base of taggers that learn nothing across users and draw nothing."""

    draws = False

    def fit(self, users: Sequence[TaggingUser], rng: np.random.Generator) -> None:
        """Nothing is learned ahead."""


class MostFrequent(OwnProfile):
    """The user's most frequent tag; of equally frequent ones the one used last."""

    name = "most frequent of user"

    def predict(
        self, user: TaggingUser, films: Sequence[str], rng: np.random.Generator
    ) -> list[str]:
        """The same tag for every film."""
        return [majority(user)] * len(films)


class MostFrequentOverall:
    """The most frequent tag of all users' profiles, as far as the user's pool has it."""

    name = "most frequent overall"
    draws = False

    def __init__(self) -> None:
        self.uses: Counter[str] = Counter()

    def fit(self, users: Sequence[TaggingUser], rng: np.random.Generator) -> None:
        """Count the tags of all profiles."""
        self.uses = Counter(item.tag for user in users for item in user.profile)

    def predict(
        self, user: TaggingUser, films: Sequence[str], rng: np.random.Generator
    ) -> list[str]:
        """The same tag for every film; of equally frequent ones the first of the pool."""
        return [max(user.pool, key=lambda tag: self.uses[tag])] * len(films)


class Nearest(OwnProfile):
    """The tag of the profile's most similar film, by the encoder; of equal ones the latest."""

    name = "nearest neighbour"

    def __init__(self, encoder: Encoder) -> None:
        self.encoder = encoder

    def predict(
        self, user: TaggingUser, films: Sequence[str], rng: np.random.Generator
    ) -> list[str]:
        """The neighbour's tag; without a profile the first of the pool."""
        if not user.profile:
            return [majority(user)] * len(films)
        known = self.encoder.encode([item.description for item in user.profile])
        cosines = self.encoder.encode(list(films)) @ known.T
        last = len(user.profile) - 1
        return [user.profile[last - int(row[::-1].argmax())].tag for row in cosines]


class Oppu(OwnProfile):
    """OPPU's retrieval (Tan et al. 2024) without its adapters: k films by BM25 and a profile text.

    With a language model, the k retrieved films, the user's most frequent tag and the pool are put
    to it, and its answer is read. Without one this rule decides: each of the k films votes for its
    tag with its BM25 score; the tag with most votes wins, of equal ones that of the better ranked
    film; where no word of the film occurs in the profile, it is the user's most frequent tag.

    Attributes:
        asked: Requests so far.
        unread: Answers among them that named no tag of the pool; there the rule decided.
    """

    def __init__(self, k: int, llm: LLM | None = None) -> None:
        self.name = f"OPPU retrieval, k={k}"
        self.k = k
        self.bm25 = Bm25Retriever(k1=1.5)
        self.llm = llm
        self.asked = 0
        self.unread = 0

    def predict(
        self, user: TaggingUser, films: Sequence[str], rng: np.random.Generator
    ) -> list[str]:
        """By the language model where there is one, else by the rule."""
        profile = Memory(limit=max(len(user.profile), 1), stem=False).add(
            (Item(item.description, kind="document") for item in user.profile), None
        )
        return [self._decide(user, film, self.bm25.scores(profile, film)) for film in films]

    def _decide(self, user: TaggingUser, film: str, scores: FloatArray) -> str:
        # Newest first, so that of equal scores the newest is taken.
        newest = np.arange(len(scores))[::-1]
        found = newest[np.argsort(-scores[newest], kind="stable")][: self.k]
        by_rule = self._vote(user, found, scores)
        if self.llm is None:
            return by_rule
        retrieved = [user.profile[i] for i in found]
        self.asked += 1
        answer = self.llm.complete(Request(messages=tagging_prompt(user, retrieved, film)))
        tag = read_tag(answer.text, user.pool)
        self.unread += tag is None
        return by_rule if tag is None else tag

    @staticmethod
    def _vote(user: TaggingUser, found: npt.NDArray[np.intp], scores: FloatArray) -> str:
        votes: dict[str, float] = {}
        for i in found:
            if scores[i] > 0:
                tag = user.profile[i].tag
                votes[tag] = votes.get(tag, 0.0) + float(scores[i])
        return max(votes, key=lambda tag: votes[tag]) if votes else majority(user)


def majority(user: TaggingUser) -> str:
    """The user's most frequent tag, the last used of equal ones; the pool's first without any."""
    uses = Counter(item.tag for item in reversed(user.profile))
    return max(uses, key=lambda tag: uses[tag]) if uses else user.pool[0]


def tagging_prompt(
    user: TaggingUser, retrieved: Sequence[TaggedText], film: str
) -> tuple[Message, ...]:
    """The retrieved films, the user's most frequent tag, the pool and the film to tag."""
    lines = ["Films this person has tagged, the most similar first:"]
    lines += [f"- {item.description}\n  tag: {item.tag}" for item in retrieved]
    lines += [
        f"Their most frequent tag: {majority(user)}",
        f"Tags to choose from: {'; '.join(user.pool)}",
        f"Film to tag: {film}",
        "Tag:",
    ]
    rule = "You tag films as one particular person does. Answer with one tag of the list only."
    return (Message("system", rule), Message("user", "\n".join(lines)))


def read_tag(answer: str, pool: Sequence[str]) -> str | None:
    """The tag of the pool that an answer is, or else names; None if it names none or several.

    A tag that is part of a longer one that is named, as "comedy" of "dark comedy", does not count.
    """
    folded = {tag.casefold(): tag for tag in pool}
    words = answer.strip().strip("\"'.`*").casefold()
    if words in folded:
        return folded[words]
    rest, named = answer.casefold(), []
    for tag in sorted(folded, key=len, reverse=True):
        pattern = rf"(?<!\w){re.escape(tag)}(?!\w)"
        if re.search(pattern, rest):
            named.append(folded[tag])
            rest = re.sub(pattern, " ", rest)
    return named[0] if len(named) == 1 else None
