"""Contextual prompting: the user's own history as examples in the prompt.

Past turns whose answer the user preferred, and passages that the user wrote, are looked up for
each query by how similar they are and how recent, and go into the prompt as few-shot examples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.methods._examples import (
    EXAMPLES,
    WRITINGS,
    example_lines,
    items_of,
    without_repeats,
)
from tailorlm.methods._memories import memory_fingerprint, pack, summary_of, unpack
from tailorlm.methods._personal import Section, personal_plan
from tailorlm.methods._said import SAID, Said
from tailorlm.methods.base import Method, MethodConfig, Plans, check_accepts
from tailorlm.retrievers import Hit, Memory
from tailorlm.retrievers.queries import with_history
from tailorlm.types import (
    Context,
    Document,
    Event,
    Plan,
    Profile,
    Purpose,
    Rating,
    User,
)

_SURE_AFTER = 3
"""Examples after which a further one is expected to improve little: certainty n / (n + 3)."""
_LOOKED_AT = 200
_RANK = 60
"""Of reciprocal rank fusion: sum of w / (60 + rank)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextualConfig(MethodConfig):
    """Settings of `contextual`.

    Attributes:
        examples: Past turns in a prompt, at most.
        passages: Passages of the user's documents in a prompt, at most.
        recency: What being recent counts beside being similar: 0 takes the most similar, 1 the
            latest, whatever they are about.
        kept: Items that are kept of a user; the oldest leave first.
    """

    examples: int = 4
    passages: int = 2
    recency: float = 0.2
    kept: int = 2000

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        for name in ("examples", "passages"):
            if not 0 <= getattr(self, name) <= 50:
                raise InputError(f"{name} is 0 to 50, but got {getattr(self, name)}.")
        if not 0 <= self.recency <= 1:
            raise InputError(f"recency is a share from 0 to 1, but got {self.recency}.")
        if not 1 <= self.kept <= 100_000:
            raise InputError(f"kept is 1 to 100,000, but got {self.kept}.")


@dataclass(frozen=True, slots=True)
class ContextualState:
    """What is kept of one user.

    Attributes:
        memory: Preferred answers and passages.
        said: What the user said.
    """

    memory: Memory
    said: Said = field(default_factory=Said)


class Contextual(Method[ContextualState]):
    """Shows the LLM similar or recent answers that the user preferred, and what they wrote."""

    name = "contextual"
    paper = (
        "Contextual prompting (Zhang et al. 2024, survey of personalized LLMs, section 5.2.1; "
        "equations 1 to 3). Fusion of rankings: Cormack et al. 2009."
    )
    accepts: ClassVar[frozenset[type]] = frozenset({Rating, Document}) | SAID
    Config = ContextualConfig
    config: ContextualConfig

    def fingerprint(self) -> str:
        """Also changes with the encoder's vectors."""
        return f"{super().fingerprint()}:{memory_fingerprint(self.parts)}"

    def initial(self, user: User, population: bytes | None = None) -> ContextualState:
        """An empty memory."""
        return ContextualState(Memory(self.config.kept))

    def observe(self, state: ContextualState, event: Event) -> ContextualState:
        """Keep the preferred answer, the edited text or the document's own words."""
        check_accepts(type(self), event)
        memory = state.memory.add(items_of(event), self.parts.encoder)
        return replace(state, memory=memory, said=state.said.observe(event))

    def propose(
        self, state: ContextualState, context: Context, n: int, rng: np.random.Generator
    ) -> Plans:
        """The examples by the configured mix, then by other mixes of similar and recent.

        Without anything to show, plans are generic.
        """
        similar = self._similar(state.memory, context)
        mixes = [self.config.recency, *(float(mix) for mix in rng.random(n - 1))]
        return [
            self._plan(state, context, similar, mix, "explore" if place else "best")
            for place, mix in enumerate(mixes)
        ]

    def unlearned_plan(self, state: ContextualState, context: Context) -> Plan:
        """The query with what the user said, and no examples."""
        return personal_plan(self, context, state.said)

    def certainty(
        self, state: ContextualState, context: Context, rng: np.random.Generator
    ) -> float:
        """After n preferred answers or passages, n / (n + 3)."""
        return len(state.memory) / (len(state.memory) + _SURE_AFTER)

    def explain(self, state: ContextualState, user: str) -> Profile:
        """What the user said, and how much there is to draw on."""
        return Profile(
            user=user,
            method=self.name,
            beliefs=state.said.beliefs(),
            certainty=self.certainty(state, Context(""), np.random.default_rng(0)),
            summary=summary_of(state.memory, user) + state.said.note(),
        )

    def dump(self, state: ContextualState) -> bytes:
        """What was said as JSON, and the memory."""
        return pack(state.said.to_bytes(), state.memory.to_bytes())

    def load(self, data: bytes) -> ContextualState:
        """The state of `dump`; raises StateError if the bytes are damaged."""
        said, memory = unpack(data, 2, self.name)
        return ContextualState(Memory.from_bytes(memory), Said.from_bytes(said))

    def _similar(self, memory: Memory, context: Context) -> npt.NDArray[np.float64]:
        """How well each item answers the query and the user's messages before it."""
        if len(memory) == 0:
            return np.zeros(0)
        return self.parts.retriever.scores(memory, with_history(context))

    def _plan(
        self,
        state: ContextualState,
        context: Context,
        similar: npt.NDArray[np.float64],
        recency: float,
        purpose: Purpose,
    ) -> Plan:
        order, scores = _mixed(similar, recency)
        turns, passages = self._chosen(state.memory, order, scores)
        sections = (
            Section(EXAMPLES, example_lines([hit.item for hit in turns])),
            Section(WRITINGS, example_lines([hit.item for hit in passages])),
        )
        return personal_plan(self, context, state.said, sections, purpose)

    def _chosen(
        self, memory: Memory, order: npt.NDArray[np.intp], scores: npt.NDArray[np.float64]
    ) -> tuple[Sequence[Hit], Sequence[Hit]]:
        """The best past turns and the best passages among the first `_LOOKED_AT`, best first."""
        hits = [Hit(i, float(scores[i]), memory[i]) for i in map(int, order[:_LOOKED_AT])]
        turns = without_repeats(hit for hit in hits if hit.item.kind != "document")
        passages = [hit for hit in hits if hit.item.kind == "document"]
        return turns[: self.config.examples], passages[: self.config.passages]


def _mixed(
    similar: npt.NDArray[np.float64], recency: float
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.float64]]:
    """Places of the items, best first, and the scores they have by both rankings together."""
    n = len(similar)
    scores = recency / (_RANK + np.arange(n, 0, -1.0))
    newest = np.arange(n)[::-1]
    by_similarity = newest[np.argsort(-similar[newest], kind="stable")]
    by_similarity = by_similarity[similar[by_similarity] > 0]
    scores[by_similarity] += (1.0 - recency) / (_RANK + 1.0 + np.arange(len(by_similarity)))
    order = newest[np.argsort(-scores[newest], kind="stable")]
    return order[scores[order] > 0], scores
