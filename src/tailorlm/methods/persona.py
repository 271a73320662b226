"""Persona-based prompting: what the user said about themselves, as a persona in the prompt.

Facts given as attributes, and what the user's statements tell about them, make up the persona; what
they say about how to be answered stands beside it. The answer is written for that person or, as in
role-play, the way that person would write it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np

from tailorlm.encoders.base import encode_query
from tailorlm.errors import InputError
from tailorlm.fence import fenced
from tailorlm.methods._personal import Line, Section, personal_plan
from tailorlm.methods._said import SAID, Entry, Said
from tailorlm.methods.base import Method, MethodConfig, Plans, check_accepts
from tailorlm.types import Context, Event, Plan, Profile, User

_FOR = (
    "The answer is for one particular reader. This is who they are, as JSON; take it into account "
    "where it bears on the question, and do not recite it:"
)
_AS = (
    "Write as one particular person would write, in their voice and from their point of view. This "
    "is who they are, as JSON; invent nothing else about them:"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonaConfig(MethodConfig):
    """Settings of `persona`.

    Attributes:
        stance: "for" answers the person, "as" writes in the person's place.
        by_relevance: Whether the facts closest to the query have the first claim on the budget
            where not all fit; else the newest.
    """

    stance: Literal["for", "as"] = "for"
    by_relevance: bool = True

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        if self.stance not in ("for", "as"):
            raise InputError(f"stance is 'for' or 'as', but got {self.stance!r}.")


class Persona(Method[Said]):
    """Describes the user to the LLM as a persona: attributes and statements."""

    name = "persona"
    paper = (
        "Persona-based prompting (Zhang et al. 2024, survey of personalized LLMs, section 5.2.2)."
    )
    accepts: ClassVar[frozenset[type]] = SAID
    Config = PersonaConfig
    config: PersonaConfig

    def initial(self, user: User, population: bytes | None = None) -> Said:
        """Nothing said yet; what the store knows of the user arrives as events."""
        return Said()

    def observe(self, state: Said, event: Event) -> Said:
        """Note what was said, and what speaks against it."""
        check_accepts(type(self), event)
        return state.observe(event)

    def propose(self, state: Said, context: Context, n: int, rng: np.random.Generator) -> Plans:
        """`n` times the same plan; an LLM that samples answers it differently."""
        facts = [e for e in reversed(state.entries) if state.holds(e) and e.describes_user]
        plan = self._plan(state, context, facts)
        if self.config.by_relevance and len(facts) > 1 and plan.left_out:
            plan = self._plan(state, context, self._by_relevance(facts, context))
        other = replace(plan, purpose="explore") if plan.purpose == "best" else plan
        return [plan, *[other] * (n - 1)]

    def unlearned_plan(self, state: Said, context: Context) -> Plan:
        """The query with what the user said, without the persona around it."""
        return personal_plan(self, context, state)

    def explain(self, state: Said, user: str) -> Profile:
        """What the user said, and what it replaced."""
        facts = sum(state.holds(entry) and entry.describes_user for entry in state.entries)
        wishes = len(state.in_force()) - facts
        summary = f"The persona of {user} has {_many(facts, 'fact')}."
        if not facts:
            summary = f"Nothing about {user} is known yet: there is no persona."
        if wishes:
            summary += f" Answers follow {_many(wishes, 'wish', 'es')}."
        return Profile(
            user=user,
            method=self.name,
            beliefs=state.beliefs(),
            certainty=1.0,
            summary=summary + state.note(),
        )

    def dump(self, state: Said) -> bytes:
        """What was said, as JSON."""
        return state.to_bytes()

    def load(self, data: bytes) -> Said:
        """The state of `dump`; raises StateError if the bytes are damaged."""
        return Said.from_bytes(data)

    def _plan(self, state: Said, context: Context, facts: Sequence[Entry]) -> Plan:
        title = _AS if self.config.stance == "as" else _FOR
        persona = Section(title, tuple(map(_line, facts)))
        wishes = tuple(entry for entry in state.entries if not entry.describes_user)
        return personal_plan(self, context, replace(state, entries=wishes), (persona,), "best")

    def _by_relevance(self, facts: Sequence[Entry], context: Context) -> Sequence[Entry]:
        """The facts closest to the query first."""
        vectors = self.parts.encoder.encode([entry.wording for entry in facts])
        near = vectors @ encode_query(self.parts.encoder, context.query)
        return [facts[i] for i in np.argsort(-near, kind="stable")]


def _line(entry: Entry) -> Line:
    said = {entry.name: entry.text} if entry.name else entry.text
    return Line((fenced(said),), entry.wording, is_rule=True)


def _many(count: int, name: str, plural: str = "s") -> str:
    return f"{count} {name}{'' if count == 1 else plural}"
