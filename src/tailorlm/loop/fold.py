"""From the log to what is learned: fold events into a method's state and the gate's.

Only the newest judgement of a turn counts: a user who ranks a turn again has corrected the first
ranking, which stays in the log but teaches nothing any more. When a correction arrives the state
is learned again without the corrected event, from a state before it if there is one.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np

from tailorlm.errors import StateError
from tailorlm.llms.base import Completion, Request
from tailorlm.loop.effects import About, Complete, Earlier, Keep, Later, Load, Read, Steps
from tailorlm.loop.gate import Gate, GateState
from tailorlm.loop.snapshots import Snapshots
from tailorlm.methods.base import Method
from tailorlm.store.base import StoredState
from tailorlm.types import Correction, Edit, Event, Payload, Pick, Ranking, Rating, Turn

State = TypeVar("State")
Result = TypeVar("Result")
_LENGTH = struct.Struct("<I")
_UNKEPT_TURNS = 8
"""Turns that are read again rather than kept in a state: most are asked without feedback, and
reading a few takes less than writing the state at each."""

_STOPS = (64, 16, 4)
"""Events before the end of a log at which a state is noted while all of it is read."""


@dataclass(frozen=True, slots=True)
class Learned(Generic[State]):
    """Everything learned about a user up to a position of the log."""

    state: State
    gate: GateState
    position: int


@dataclass(frozen=True, slots=True)
class Learner(Generic[State]):
    """A method and a gate that learn together."""

    method: Method[State]
    gate: Gate
    seed: int = 0
    snapshots: Snapshots = field(default_factory=Snapshots, compare=False, repr=False)

    @property
    def fingerprint(self) -> str:
        """Identifies everything besides events that the learned state depends on."""
        return f"{self.method.fingerprint()}|{self.gate!r}|{self.seed}"

    def observe(self, learned: Learned[State], event: Event) -> Learned[State]:
        """Fold one event; feedback the method does not accept leaves its state as it is."""
        state = learned.state
        if isinstance(event.payload, Turn) or type(event.payload) in self.method.accepts:
            state = self.method.observe(state, event)
        gate = self.gate.observe(learned.gate, event, self.method.parts.encoder)
        return Learned(state, gate, event.position)

    def fold(
        self,
        user: str,
        learned: Learned[State],
        events: Iterable[Event],
        before: Sequence[Event] | None = None,
    ) -> Steps[Learned[State]]:
        """Fold events in order, training the method whenever it is due.

        Args:
            user: Id of the user.
            learned: What is known before.
            events: The events to fold.
            before: The log up to them, or None to read it if it is needed.
        """
        log = None if before is None else list(before)
        for event in events:
            learned = self.observe(learned, event)
            if log is not None:
                log.append(event)
            if not self.method.due(learned.state):
                continue
            if log is None:
                whole: list[Event] = yield Read(user, 0)
                log = effective([e for e in whole if e.position <= event.position])
            rng = seeded(self.seed, user, event.position, "train")
            trained = self.method.train(learned.state, tuple(log), rng)
            if isinstance(trained, Generator):
                trained = yield from completed(trained)
            learned = Learned(trained, learned.gate, learned.position)
        return learned

    def learn(self, user: str) -> Steps[Learned[Any]]:
        """What is learned about a user by now: the stored state and whatever came since."""
        stored: StoredState | None = yield Load(user, self.method.name)
        learned = self._restore(stored)
        if learned is None:
            return (yield from self.rebuild(user))
        if stored is not None and stored.latest == learned.position:
            return learned
        fresh: list[Event] = yield Read(user, learned.position)
        corrected: list[int] = []
        for event in fresh:
            corrected += yield from self._corrects(user, event)
        if corrected:
            return (yield from self._again(user, stored, min(corrected)))
        if not fresh:
            return learned
        learned = yield from self.fold(user, learned, fresh)
        if self.method.trains or len(fresh) > _UNKEPT_TURNS or not all(map(_is_turn, fresh)):
            yield from self._keep(user, learned, *([] if stored is None else [stored]))
        return learned

    def _again(self, user: str, stored: StoredState | None, position: int) -> Steps[Learned[Any]]:
        """What is learned once the event at a position does not count any more.

        Training reads all of the log, so that a method that trains starts from the beginning.
        """
        if stored is None or self.method.trains:
            return (yield from self.rebuild(user))
        before: StoredState | None = stored
        if stored.position >= position:
            before = self.snapshots.before(user, stored, position)
        learned = self._restore(before)
        if learned is None:
            return (yield from self.rebuild(user))
        events: list[Event] = yield Read(user, learned.position)
        learned = yield from self.fold(user, learned, effective(events))
        if events:
            learned = Learned(learned.state, learned.gate, events[-1].position)
            yield from self._keep(user, learned, *([] if before is None else [before]))
        return learned

    def glimpse(self, user: str) -> Steps[Learned[Any]]:
        """What is learned about a user, without training: that is left to be done apart.

        The stored state and whatever came since, observed and not trained on. It is not kept, so
        that whoever trains goes on from where training stopped.
        """
        stored: StoredState | None = yield Load(user, self.method.name)
        learned = self._restore(stored)
        if learned is None:
            who, population = yield About(user, self.method.name)
            learned = Learned(self.method.initial(who, population), self.gate.initial(), 0)
        elif stored is not None and stored.latest == learned.position:
            return learned
        fresh: list[Event] = yield Read(user, learned.position)
        if fresh:
            yield Later(user)
        for event in effective(fresh):
            learned = self.observe(learned, event)
        return learned

    def rebuild(self, user: str) -> Steps[Learned[Any]]:
        """What is learned about a user, from the whole log."""
        who, population = yield About(user, self.method.name)
        events: list[Event] = yield Read(user, 0)
        learned = Learned(self.method.initial(who, population), self.gate.initial(), 0)
        counting = effective(events)
        on_the_way: list[StoredState] = []
        start = 0
        for stop in [*(len(counting) - back for back in _STOPS if back < len(counting)), None]:
            part = counting[start:stop]
            learned = yield from self.fold(user, learned, part, counting[:start])
            if stop is not None:
                on_the_way.append(self._stored(learned))
                start = stop
        if events:
            learned = Learned(learned.state, learned.gate, events[-1].position)
            yield from self._keep(user, learned, *on_the_way)
        return learned

    def _corrects(self, user: str, event: Event) -> Steps[list[int]]:
        """Positions of the feedback before an event that it corrects."""
        if isinstance(event.payload, Correction):
            log: list[Event] = yield Read(user, 0)
            earlier = [other for other in log if other.position < event.position]
        elif event.turn is None:
            return []
        else:
            earlier = yield Earlier(user, event.turn.id, event.position)
        return [other.position for other in earlier if subject(other) == subject(event)]

    def _restore(self, stored: StoredState | None) -> Learned[State] | None:
        """The stored state, or None where there is none that this learner can go on from."""
        if stored is None or stored.fingerprint != self.fingerprint:
            return None
        try:
            (length,) = _LENGTH.unpack_from(stored.data)
            gate_end = _LENGTH.size + length
            gate = GateState.from_bytes(stored.data[_LENGTH.size : gate_end])
            return Learned(self.method.load(stored.data[gate_end:]), gate, stored.position)
        except (StateError, struct.error):
            return None

    def _stored(self, learned: Learned[State]) -> StoredState:
        """What was learned, as it is stored."""
        gate = learned.gate.to_bytes()
        return StoredState(
            method=self.method.name,
            fingerprint=self.fingerprint,
            position=learned.position,
            data=_LENGTH.pack(len(gate)) + gate + self.method.dump(learned.state),
        )

    def _keep(self, user: str, learned: Learned[State], *earlier: StoredState) -> Steps[None]:
        """Keep what was learned; `earlier` are states that it goes on from, oldest first."""
        state = self._stored(learned)
        kept: bool = yield Keep(user, state)
        if kept:
            self.snapshots.add(user, earlier, state)


def completed(
    asking: Generator[tuple[Request, ...], tuple[Completion, ...], Result],
) -> Steps[Result]:
    """What a method makes of a language model's answers: complete what it asks until it is done."""
    answers: Any = None
    while True:
        try:
            requests = asking.send(answers)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        answers = yield Complete(requests)


def seeded(seed: int, user: str, position: int, purpose: str) -> np.random.Generator:
    """Randomness of its own for each user, position of the log and purpose."""
    words = [seed, zlib.crc32(user.encode()), position, zlib.crc32(purpose.encode())]
    return np.random.default_rng(words)


def _is_turn(event: Event) -> bool:
    return isinstance(event.payload, Turn)


def subject(event: Event) -> tuple[object, ...]:
    """What an event judges; a later event with the same subject corrects it."""
    return judged(event.payload) or ("event", event.id)


def judged(payload: Payload) -> tuple[object, ...] | None:
    """What feedback judges, or None for what judges nothing.

    Rankings and picks both order a turn's candidates; edits and ratings concern one candidate;
    corrections concern one belief.
    """
    if isinstance(payload, Ranking | Pick):
        return ("order", payload.turn)
    if isinstance(payload, Rating | Edit):
        return (type(payload).__name__, payload.turn, payload.candidate)
    if isinstance(payload, Correction):
        return ("correction", payload.family, payload.key)
    return None


def effective(events: Sequence[Event]) -> list[Event]:
    """The events without those that a later one corrects, in order."""
    newest = {subject(event): event.position for event in events}
    return [event for event in events if newest[subject(event)] == event.position]
