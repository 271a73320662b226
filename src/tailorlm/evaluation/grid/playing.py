"""A history played through the loop: as events of a log, without a database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import replace
from typing import Any, TypeVar

from tailorlm.evaluation.grid.tasks import Known, Option, PastTurn
from tailorlm.llms.base import LLM, Completion, Request
from tailorlm.loop import Loop
from tailorlm.loop.effects import About, Complete, Earlier, Effect, Keep, Load, Read, Steps
from tailorlm.methods.base import with_context
from tailorlm.store.base import StoredState
from tailorlm.types import (
    Attribute,
    Candidate,
    Context,
    Draft,
    Edit,
    Event,
    Feedback,
    Payload,
    Pick,
    Plan,
    Ranking,
    Rating,
    Turn,
    User,
)

Result = TypeVar("Result")
RECORDED = "recorded"
_HOUR = 3600.0


class Played:
    """One user whose history has been played: answers the loop's effects from memory.

    The events are an hour apart, which is what replay takes recordings for as well.

    Args:
        loop: With the method.
        llm: Answers what the method asks.
        user: Id of the user.
        history: What is known, oldest first.
        population: What the method learned from other users; None for nothing.
    """

    def __init__(
        self,
        loop: Loop,
        llm: LLM,
        user: str,
        history: Iterable[Known],
        population: bytes | None = None,
    ) -> None:
        self.loop = loop
        self.llm = llm
        self.user = user
        self.population = population
        self.events: list[Event] = []
        self._known: dict[Known, None] = {}
        self._state: StoredState | None = None
        self._play(history)

    def knowing(self, history: Iterable[Known]) -> Played:
        """This user, with what is not known yet of a history played after what is."""
        more = [known for known in history if known not in self._known]
        if not more:
            return self
        self._run(self.loop.learner.learn(self.user))
        longer = copy(self)
        longer.events, longer._known = list(self.events), dict(self._known)
        longer._play(more)
        return longer

    def plan(self, query: str) -> Plan:
        """The method's best plan for a query. Nothing of it is kept."""
        _, best = self._run(self.loop.preview(self.user, Context(query)))
        return best

    def answer(self, plan: Plan) -> Completion:
        """What the language model answers to a plan."""
        (completion,) = self.llm.answer_many((Request(messages=plan.messages, plan=plan),))
        return completion

    def utility(self, query: str, options: tuple[Option, ...]) -> list[float] | None:
        """What the method expects each answer to be worth; None where it has no opinion."""
        method = self.loop.method
        learned = self._run(self.loop.learner.learn(self.user))
        plans = [candidate.plan for candidate in shown(query, options, method.name)]
        utility = method.utility(learned.state, Context(query), plans)
        return None if utility is None else [float(value) for value in utility]

    def _play(self, history: Iterable[Known]) -> None:
        for known in history:
            self._known[known] = None
            self.events += _events(known, self.user, len(self.events) + 1, self.loop.method.name)

    def _run(self, steps: Steps[Result]) -> Result:
        answer: Any = None
        while True:
            try:
                effect = steps.send(answer)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            answer = self._perform(effect)

    def _perform(self, effect: Effect) -> object:
        match effect:
            case Load():
                return self._state and replace(self._state, latest=len(self.events))
            case Read(after=after):
                return self.events[after:]
            case About(user=user):
                payloads = [event.payload for event in self.events]
                facts = {p.name: p.value for p in payloads if isinstance(p, Attribute)}
                return User(user, facts), self.population
            case Earlier(turn=turn, before=before):
                return [e for e in self.events[: before - 1] if e.turn and e.turn.id == turn]
            case Keep(state=state):
                self._state = state
                return True
            case Complete(requests=requests):
                return tuple(self.llm.answer_many(requests))
        raise TypeError(f"a history that is played takes no {type(effect).__name__}")


def shown(query: str, options: Iterable[Option], method: str) -> tuple[Candidate, ...]:
    """Recorded answers as candidates of the loop."""
    messages = with_context(Context(query))
    return tuple(
        Candidate(
            plan=Plan(
                messages=messages,
                method=method,
                purpose="explore",
                tags=option.tags,
                draft=Draft(option.text, RECORDED),
            ),
            text=option.text,
            llm=RECORDED,
        )
        for option in options
    )


def events_of(user: str, history: Iterable[Known], method: str) -> list[Event]:
    """A user's log that says what is known, oldest first."""
    events: list[Event] = []
    for known in history:
        events += _events(known, user, len(events) + 1, method)
    return events


def _events(known: Known, user: str, position: int, method: str) -> Iterator[Event]:
    """The events that say one thing that is known, from a position of the log on."""
    for place, (payload, turn) in enumerate(_payloads(known, position, method), start=position):
        name = f"{user}-{place}"
        yield Event(
            id=name,
            user=user,
            position=place,
            time=_HOUR * place,
            key=name,
            payload=payload,
            turn=turn,
        )


def _payloads(known: Known, number: int, method: str) -> Iterator[tuple[Payload, Turn | None]]:
    """What stands in the log for one thing that is known, each with the turn that it is about."""
    if not isinstance(known, PastTurn):
        yield known, None
        return
    # The log keeps what was shown, and not that it was drafted before.
    candidates = tuple(
        replace(candidate, plan=replace(candidate.plan, draft=None))
        for candidate in shown(known.query, known.options, method)
    )
    turn = Turn(id=f"turn-{number}", query=known.query, candidates=candidates)
    yield turn, None
    yield _given(known, turn.id), turn


def _given(past: PastTurn, turn: str) -> Feedback:
    if past.pick is not None:
        return Pick(turn, past.pick)
    if past.rating is not None:
        return Rating(turn, 0, past.rating)
    if past.edit:
        return Edit(turn, 0, past.edit)
    return Ranking(turn, past.groups)
