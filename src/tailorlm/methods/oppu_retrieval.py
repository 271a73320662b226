"""OPPU's retrieval without its adapters: a profile in words and the k most similar past items.

The history is what the user preferred, each answer under its query, and what they wrote. For each
query the k items found for it go into the prompt, after a profile text of the user.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from tailorlm.errors import InputError
from tailorlm.methods._examples import (
    EXAMPLES,
    WRITINGS,
    example_lines,
    items_of,
    without_repeats,
)
from tailorlm.methods._history import (
    COLD,
    History,
    common_of,
    fit_common,
    manner_lines,
    read_history,
    topic_lines,
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

_PROFILE = "Profile of the reader, from their history; follow it where it suits the question:"
_SURE_AFTER = 3
_TOPICS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class OppuRetrievalConfig(MethodConfig):
    """Settings of `oppu_retrieval`.

    Attributes:
        k: Items of the history in a prompt; the paper's are 1, 2 and 4.
        profile: Whether a profile text stands before them.
        kept: Items that are kept of a user; the oldest leave first.
    """

    k: int = 4
    profile: bool = True
    kept: int = 2000

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        if not 0 <= self.k <= 50:
            raise InputError(f"k is 0 to 50, but got {self.k}.")
        if not 1 <= self.kept <= 100_000:
            raise InputError(f"kept is 1 to 100,000, but got {self.kept}.")


@dataclass(frozen=True, slots=True)
class OppuRetrievalState:
    """What is known of one user.

    Attributes:
        memory: Preferred answers under their queries, and passages.
        history: What the profile text is counted from.
        common: What users have in common, from `fit`.
        said: What the user said.
    """

    memory: Memory
    history: History = field(default_factory=History)
    common: History = field(default_factory=History)
    said: Said = field(default_factory=Said)


class OppuRetrieval(Method[OppuRetrievalState]):
    """Puts a profile text and the k most similar items of the history into the prompt."""

    name = "oppu_retrieval"
    paper = (
        "OPPU (Tan et al. 2024), its retrieval and profile augmentation without adapters, as in "
        "PREMIUM (section 6, k = 1, 2, 4)."
    )
    accepts: ClassVar[frozenset[type]] = frozenset({Rating, Document}) | SAID
    Config = OppuRetrievalConfig
    config: OppuRetrievalConfig

    def fingerprint(self) -> str:
        """Also changes with the encoder's vectors."""
        return f"{super().fingerprint()}:{memory_fingerprint(self.parts)}"

    def fit(self, logs: Mapping[str, Sequence[Event]], rng: np.random.Generator) -> bytes:
        """How many users prefer each manner; no user's words are in it."""
        return json.dumps(fit_common(logs).to_json()).encode()

    def initial(self, user: User, population: bytes | None = None) -> OppuRetrievalState:
        """An empty history, and what users have in common."""
        return OppuRetrievalState(Memory(self.config.kept), common=common_of(population))

    def observe(self, state: OppuRetrievalState, event: Event) -> OppuRetrievalState:
        """Keep what was preferred or written, and count it for the profile."""
        check_accepts(type(self), event)
        return replace(
            state,
            memory=state.memory.add(items_of(event), self.parts.encoder),
            history=state.history.observe(event),
            said=state.said.observe(event),
        )

    def propose(
        self, state: OppuRetrievalState, context: Context, n: int, rng: np.random.Generator
    ) -> Plans:
        """The profile with the k best items, then with k drawn from the 3k best.

        Without a history, plans are generic.
        """
        k = self.config.k
        asked = with_history(context)
        # A turn that was judged twice comes up twice.
        found = self.parts.retriever.rank(state.memory, asked, 6 * k)
        hits = without_repeats(found)[: 3 * k]
        plans = [self._plan(state, context, hits[:k], "best")]
        for _ in range(n - 1):
            places = sorted(rng.permutation(len(hits))[:k])
            plans.append(self._plan(state, context, [hits[i] for i in places], "explore"))
        return plans

    def unlearned_plan(self, state: OppuRetrievalState, context: Context) -> Plan:
        """The query with what the user said, and no history."""
        return personal_plan(self, context, state.said)

    def certainty(
        self, state: OppuRetrievalState, context: Context, rng: np.random.Generator
    ) -> float:
        """After n items of history, n / (n + 3)."""
        return len(state.memory) / (len(state.memory) + _SURE_AFTER)

    def explain(self, state: OppuRetrievalState, user: str) -> Profile:
        """Manners with their probability, and what the user said."""
        summary = summary_of(state.memory, user)
        if state.history.size < COLD and state.common.preferred():
            summary += " Until there is more, the profile says what users have in common."
        return Profile(
            user=user,
            method=self.name,
            beliefs=state.said.beliefs(state.history.beliefs()),
            certainty=self.certainty(state, Context(""), np.random.default_rng(0)),
            summary=summary + state.said.note(),
        )

    def dump(self, state: OppuRetrievalState) -> bytes:
        """What was said and counted as JSON, and the memory."""
        counts = [json.dumps(h.to_json()).encode() for h in (state.history, state.common)]
        return pack(state.said.to_bytes(), *counts, state.memory.to_bytes())

    def load(self, data: bytes) -> OppuRetrievalState:
        """The state of `dump`; raises StateError if the bytes are damaged."""
        said, history, common, memory = unpack(data, 4, self.name)
        return OppuRetrievalState(
            Memory.from_bytes(memory),
            read_history(history),
            read_history(common),
            Said.from_bytes(said),
        )

    def _plan(
        self, state: OppuRetrievalState, context: Context, hits: Sequence[Hit], purpose: Purpose
    ) -> Plan:
        profile = []
        if self.config.profile:
            profile = manner_lines(state.history, state.common, state.said)
            profile += topic_lines(state.history, state.said, _TOPICS)
        items = [hit.item for hit in hits]
        answers = [item for item in items if item.kind != "document"]
        documents = [item for item in items if item.kind == "document"]
        sections = (
            Section(_PROFILE, tuple(profile)),
            Section(EXAMPLES, example_lines(answers)),
            Section(WRITINGS, example_lines(documents)),
        )
        return personal_plan(self, context, state.said, sections, purpose)
