"""The ways to compose a prompt that are set side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from tailorlm.encoders.base import Encoder
from tailorlm.evaluation.preferences.haystacks import World
from tailorlm.methods.base import count_tokens
from tailorlm.retrievers import Memory, Retriever, create_retriever
from tailorlm.retrievers.prompts import Fitted, fit

BUDGET = 500
"""Tokens of the personal part, as the methods count them."""
TITLE = "What the user has said of their wishes, the likeliest to matter first:"
FOUND = 200
"""Items that are retrieved; no budget of 500 tokens holds more."""
FEEDBACK = 0.5
"""Weight of the first items in the second search."""

PLAIN = ("recency", "bm25", "tfidf", "dense", "hybrid")
"""Retrievers over all messages, each message word for word on a line of its own."""
COMPOSED = "composed"
EVERY_SIZE = (*PLAIN, COMPOSED)
"""What is measured in haystacks of every size; the steps between only in the largest."""
STEPS = ("dense", "wishes only", "shortened", "grouped", COMPOSED, "with coverage")
"""What is added to dense retrieval, one thing after the other; the last is beyond what is used."""


@dataclass(frozen=True)
class Composer:
    """One way to compose a prompt.

    Attributes:
        name: What reports call it.
        kept: Which memory of a world it searches.
        retriever: What it searches with.
        settings: Of `fit`, besides the budget.
    """

    name: str
    kept: Literal["verbatim", "stated", "short"]
    retriever: Retriever
    settings: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def memory(self, world: World) -> Memory:
        """The memory that it searches."""
        found: Memory = getattr(world, self.kept)
        return found

    def compose(self, memory: Memory, question: str) -> Fitted:
        """The personal part of the prompt for a question."""
        hits = self.retriever.rank(memory, question, FOUND)
        return fit(memory, hits, BUDGET, count=count_tokens, title=TITLE, **self.settings)


def composers(encoder: Encoder) -> list[Composer]:
    """All ways, the plain ones first."""
    # An item stands for another only where both are worded alike.
    as_said = {"alike": 2.0}
    grouped = {"alike": 2.0, "grouped": True}
    dense = create_retriever("dense", encoder)
    feedback = create_retriever("dense", encoder, feedback=FEEDBACK)
    plain = {name: create_retriever(name, encoder) for name in PLAIN}
    return [
        *(Composer(name, "verbatim", retriever, as_said) for name, retriever in plain.items()),
        Composer("wishes only", "stated", dense, as_said),
        Composer("shortened", "short", dense, as_said),
        Composer("grouped", "short", dense, grouped),
        Composer(COMPOSED, "short", feedback, grouped),
        Composer("with coverage", "short", feedback, grouped | {"coverage": 0.1}),
    ]
