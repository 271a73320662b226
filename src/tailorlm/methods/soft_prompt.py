"""Personal generation by a soft prompt: the local LLM knows the user, the prompt need not say it.

The plan names whose soft prompt is to be put before the messages; the LLM `soft_prompt` has it, if
it was trained on that user, and puts the generic one there if not. Training is done offline, from
the comparisons in the log. What the user said stands in the prompt, as with every method.
"""

from __future__ import annotations

import json
from dataclasses import astuple, dataclass, field, replace
from typing import ClassVar

import numpy as np

from tailorlm.errors import StateError
from tailorlm.methods._memories import pack, unpack
from tailorlm.methods._personal import personal_plan
from tailorlm.methods._said import SAID, Said
from tailorlm.methods.base import Method, Plans, check_accepts
from tailorlm.types import (
    Context,
    Edit,
    Event,
    Pick,
    Plan,
    Profile,
    Ranking,
    Rating,
    User,
    kind_of,
)

_HALF_SURE_AFTER = 20
"""Comparisons after which a trained soft prompt is taken to be half sure; ours."""


@dataclass(frozen=True, slots=True)
class Given:
    """How much feedback of each kind there is to learn from."""

    ranking: int = 0
    pick: int = 0
    edit: int = 0
    rating: int = 0

    @property
    def comparisons(self) -> int:
        """All but ratings, which compare only where several answers of a turn are rated."""
        return self.ranking + self.pick + self.edit

    def and_one(self, kind: str) -> Given:
        """One more of a kind."""
        return replace(self, **{kind: getattr(self, kind) + 1})

    def __str__(self) -> str:
        counts = zip(("ranking", "pick", "edit", "rating"), astuple(self), strict=True)
        return ", ".join(f"{n} {kind}{'' if n == 1 else 's'}" for kind, n in counts if n)


@dataclass(frozen=True, slots=True)
class SoftPromptState:
    """What is known of one user.

    Attributes:
        user: The user's id, which names the soft prompt.
        given: What training has to learn from.
        said: What the user said.
    """

    user: str
    given: Given = field(default_factory=Given)
    said: Said = field(default_factory=Said)


class SoftPromptMethod(Method[SoftPromptState]):
    """Has a local LLM answer with the user's own soft prompt, trained on comparisons."""

    name = "soft_prompt"
    paper = "P-RLHF (Li et al. 2024), sections 4.2 to 4.4: user models as soft prompts."
    accepts: ClassVar[frozenset[type]] = frozenset({Rating}) | SAID

    def initial(self, user: User, population: bytes | None = None) -> SoftPromptState:
        """Nothing given yet."""
        return SoftPromptState(user.id)

    def observe(self, state: SoftPromptState, event: Event) -> SoftPromptState:
        """Count what there is to learn from, and note what was said."""
        check_accepts(type(self), event)
        given = state.given
        if isinstance(event.payload, Ranking | Pick | Edit | Rating):
            given = given.and_one(kind_of(event.payload))
        return replace(state, given=given, said=state.said.observe(event))

    def propose(
        self, state: SoftPromptState, context: Context, n: int, rng: np.random.Generator
    ) -> Plans:
        """`n` times the same plan; an LLM that samples answers it differently."""
        told = personal_plan(self, context, state.said)
        plan = replace(told, soft_prompt=state.user, purpose="best")
        return [plan, *[replace(plan, purpose="explore")] * (n - 1)]

    def unlearned_plan(self, state: SoftPromptState, context: Context) -> Plan:
        """The query with what the user said, under nobody's soft prompt."""
        return personal_plan(self, context, state.said)

    def certainty(
        self, state: SoftPromptState, context: Context, rng: np.random.Generator
    ) -> float:
        """After n comparisons, n / (n + 20)."""
        count = state.given.comparisons
        return count / (count + _HALF_SURE_AFTER)

    def explain(self, state: SoftPromptState, user: str) -> Profile:
        """How much there is to learn from and how it is learned, with what the user said.

        A soft prompt is embeddings, which no words describe; so nothing else is claimed.
        """
        summary = (
            f"There is nothing yet to learn {user}'s soft prompt from: rank, pick or edit answers."
        )
        if str(state.given):
            summary = (
                f"{user}'s soft prompt can be learned from {state.given}. `tailorlm train pdpo` "
                "learns it with everyone's, `tailorlm train users` adds it to a trained model."
            )
        return Profile(
            user=user,
            method=self.name,
            beliefs=state.said.beliefs(),
            certainty=self.certainty(state, Context(""), np.random.default_rng(0)),
            summary=summary + state.said.note(),
        )

    def dump(self, state: SoftPromptState) -> bytes:
        """What was said, and the rest as JSON."""
        rest = json.dumps([state.user, *astuple(state.given)], ensure_ascii=False)
        return pack(state.said.to_bytes(), rest.encode())

    def load(self, data: bytes) -> SoftPromptState:
        """The state of `dump`; raises StateError if the bytes are damaged."""
        said, rest = unpack(data, 2, self.name)
        try:
            user, *counts = json.loads(rest)
            if not isinstance(user, str) or [type(count) for count in counts] != [int] * 4:
                raise TypeError("a name and four counts are expected")
        except (ValueError, TypeError) as error:
            raise StateError(
                f"The state of 'soft_prompt' is damaged ({type(error).__name__}). Rebuild it."
            ) from None
        return SoftPromptState(user, Given(*counts), Said.from_bytes(said))
