"""One turn of the loop, without I/O: decide, plan, complete, record; and take feedback."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np

from tailorlm.errors import InputError
from tailorlm.llms.base import Completion, Request
from tailorlm.loop.asking import AskPolicy, check_n
from tailorlm.loop.effects import Append, Complete, Later, Steps
from tailorlm.loop.fold import Learned, Learner, completed, seeded
from tailorlm.loop.gate import Gate, relevance
from tailorlm.loop.snapshots import Snapshots
from tailorlm.methods.base import Method
from tailorlm.types import (
    Candidate,
    Context,
    Event,
    Feedback,
    Plan,
    Profile,
    Turn,
    check_id,
    check_text,
)

HowMany = int | Literal["auto"]


@dataclass(frozen=True, kw_only=True)
class Loop:
    """The loop of one method: everything `tailorlm` does in a turn.

    Attributes:
        method: Learns and plans.
        gate: Decides between personal and generic.
        policy: Decides how many candidates to show.
        seed: Seed of all choices; the same log and seed give the same plans.
        apart: Whether learning is done apart from asking and giving: then a turn is planned with
            what is trained by now, and feedback is recorded without waiting for training.
        snapshots: Earlier states of users, from which corrections are learned again.
    """

    method: Method[Any]
    gate: Gate = field(default_factory=Gate)
    policy: AskPolicy = field(default_factory=AskPolicy)
    seed: int = 0
    apart: bool = False
    snapshots: Snapshots = field(default_factory=Snapshots, compare=False, repr=False)

    @property
    def learner(self) -> Learner[Any]:
        """The method and the gate as one fold."""
        return Learner(self.method, self.gate, self.seed, self.snapshots)

    def ask(
        self, user: str, context: Context, n: HowMany = "auto", turn: str | None = None
    ) -> Steps[Event]:
        """Plan, complete and record one turn; returns the turn's event.

        The last effect before the turn is appended is the `Complete` whose requests have plans.

        Args:
            user: Id of the user.
            context: What is asked.
            n: How many candidates; see `AskPolicy`.
            turn: Id of the turn, for whoever has to know it before it is recorded; None makes one.

        Raises:
            InputError: If the user id, the query or `n` cannot be used.
            LLMError: If a completion failed; then nothing is recorded.
        """
        check_id(user, "user id")
        check_text(context.query, "query")
        if n != "auto":
            check_n(n)
        learned = yield from self._learned(user)
        rng = seeded(self.seed, user, learned.position, "ask")
        certainty = self.method.certainty(learned.state, context, rng)
        plans = yield from self._plans(learned, context, n, certainty, rng)
        # Shown in a random order: people favour places, and the best plan would always be first.
        plans = [plans[i] for i in rng.permutation(len(plans))]
        requests = tuple(Request(messages=plan.messages, plan=plan) for plan in plans)
        completions: Sequence[Completion] = yield Complete(requests, certainty)
        shown = Turn(
            id=uuid.uuid4().hex if turn is None else check_id(turn, "turn id"),
            query=context.query,
            history=context.history,
            candidates=tuple(
                Candidate(plan=replace(plan, draft=None), text=completion.text, llm=completion.llm)
                for plan, completion in zip(plans, completions, strict=True)
            ),
        )
        event: Event = yield Append(user, shown, None, learned.position)
        return event

    def give(self, user: str, feedback: Feedback, key: str | None = None) -> Steps[Event]:
        """Record feedback, then learn from it; returns its event.

        The event is durable before anything is learned, so an interruption loses nothing:
        the next call learns what this one could not.

        Raises:
            FeedbackError: If it does not fit its turn.
            NotFoundError: If its turn is not the user's.
        """
        check_id(user, "user id")
        event: Event = yield Append(user, feedback, key)
        if self.apart:
            yield Later(user)
        else:
            yield from self.learner.learn(user)
        return event

    def preview(self, user: str, context: Context) -> Steps[tuple[Plan, Plan]]:
        """The generic plan and the method's best one, for a look; nothing is recorded.

        Raises:
            InputError: If the user id or the query cannot be used.
        """
        check_id(user, "user id")
        check_text(context.query, "query")
        learned = yield from self._learned(user)
        rng = seeded(self.seed, user, learned.position, "preview")
        (best,) = yield from self._propose(learned, context, 1, rng)
        return self.method.generic_plan(context), best

    def profile(self, user: str) -> Steps[Profile]:
        """What is believed about a user by now."""
        learned = yield from self._learned(user)
        return self.method.explain(learned.state, user)

    def _learned(self, user: str) -> Steps[Learned[Any]]:
        """What is known of a user now, without waiting for what is learned apart."""
        return (yield from (self.learner.glimpse if self.apart else self.learner.learn)(user))

    def _plans(
        self,
        learned: Learned[Any],
        context: Context,
        n: HowMany,
        certainty: float,
        rng: np.random.Generator,
    ) -> Steps[list[Plan]]:
        """The method's plans, with the generic one in the mix or in place of the only one."""
        shown = self.policy.n(certainty) if n == "auto" else n
        checking = n == "auto" and shown == 1 and rng.random() < self.policy.check
        if checking:
            shown = self.policy.shown
        plans = yield from self._propose(learned, context, shown, rng)
        if all(plan.purpose == "generic" for plan in plans):
            return plans
        generic = self.method.unlearned_plan(learned.state, context)
        if shown == 1:
            x = relevance(context.query, plans[0], self.method.parts.encoder)
            helps = self.gate.probability(learned.gate, x) >= 0.5
            return plans if helps else [_in_place_of(plans[0], generic)]
        if checking or rng.random() < self.gate.mix_rate(learned.gate):
            return [*plans[:-1], _in_place_of(plans[-1], generic)]
        return plans

    def _propose(
        self, learned: Learned[Any], context: Context, n: int, rng: np.random.Generator
    ) -> Steps[list[Plan]]:
        """Ask the method, driving it where it asks a language model on the way."""
        proposal = self.method.propose(learned.state, context, n, rng)
        plans = proposal if isinstance(proposal, list) else (yield from completed(proposal))
        if len(plans) != n:
            raise InputError(
                f"Method {self.method.name!r} proposed {len(plans)} plans instead of {n}."
            )
        return plans


def _in_place_of(plan: Plan, generic: Plan) -> Plan:
    """The generic plan, with what the plan that it replaces has cost."""
    return replace(generic, notes=plan.notes)
