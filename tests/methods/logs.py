"""Made-up logs for method tests: seeded, with every kind of feedback, in the shape of real ones."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tailorlm.methods.base import Method, Parts, with_context
from tailorlm.tags import TagLibrary, library_of
from tailorlm.types import (
    Attribute,
    Candidate,
    Context,
    Correction,
    Document,
    Edit,
    Event,
    Feedback,
    Message,
    Payload,
    Pick,
    Plan,
    Ranking,
    Rating,
    Statement,
    Turn,
)

TAGS = (
    "Baking", "Pastry", "Tax law", "Robotics", "Solo travel", "Jazz", "Gardening", "Chess",
    "Astronomy", "Running", "Poetry", "Beekeeping",
)  # fmt: skip
QUERIES = (
    "How should I spend a free weekend?",
    "Plan my evening",
    "Explain inflation to me",
    "Write a birthday card for a friend",
)


class HashEncoder:
    """Words to fixed random directions: fast, offline, and alike only where words are shared."""

    name = "hash"
    version = "1"
    dim = 24

    def encode(self, texts: object) -> np.ndarray:
        rows = []
        for text in texts:
            total = np.zeros(self.dim)
            for word in str(text).lower().split():
                seed = [ord(letter) for letter in word]
                total += np.random.default_rng(seed).normal(size=self.dim)
            norm = np.linalg.norm(total)
            rows.append(total / norm if norm else total)
        return np.array(rows, dtype=np.float32)


def parts(library: TagLibrary | None = None) -> Parts:
    return Parts(encoder=HashEncoder(), library=library or library_of(TAGS))


def turn_of(position: int, sets: list[tuple[str, ...]], query: str, method: str = "x") -> Turn:
    """A turn that showed an answer per tag set; the last set empty means a generic answer."""
    context = Context(query)
    candidates = []
    for place, tags in enumerate(sets):
        lead = (Message("system", f"about {', '.join(tags)}"),) if tags else ()
        plan = Plan(
            messages=with_context(context, *lead),
            method=method,
            purpose="generic" if not tags else ("explore" if place else "best"),
            tags=tags,
        )
        candidates.append(Candidate(plan=plan, text=f"answer {position}.{place}", llm="test"))
    return Turn(id=f"t{position}", query=query, candidates=tuple(candidates))


def event_of(position: int, payload: Payload, turn: Turn | None = None, user: str = "ana") -> Event:
    return Event(
        id=f"e{position}",
        user=user,
        position=position,
        time=1_700_000_000.0 + position,
        key=f"k{position}",
        payload=payload,
        turn=turn,
    )


def random_feedback(turn: Turn, rng: np.random.Generator, canary: str) -> Feedback:
    n = len(turn.candidates)
    order = [int(i) for i in rng.permutation(n)]
    choices: list[Feedback] = [
        Ranking(turn.id, tuple((i,) for i in order)),
        Ranking(turn.id, ((order[0],), tuple(order[1:]))),
        Ranking(turn.id, ((order[0],), (order[1],))),
        Pick(turn.id, order[0]),
        Edit(turn.id, order[0], f"{canary} rewritten {turn.id}"),
        Rating(turn.id, order[0], float(rng.integers(1, 6))),
        Statement(f"{canary} call me Dr. {turn.id}"),
        Document(f"{canary} a letter of mine, number {turn.id}.", "letter"),
        Attribute("city", f"{canary} town"),
        Correction("rule", f"Mention {canary} in answer {turn.id}.", "set"),
    ]
    return choices[int(rng.integers(len(choices)))]


def random_log(
    seed: int,
    *,
    turns: int = 12,
    user: str = "ana",
    canary: str = "CANARY",
    tags: tuple[str, ...] = TAGS,
) -> list[Event]:
    """Turns with three answers each and one feedback on each turn, seeded."""
    rng = np.random.default_rng(seed)
    events: list[Event] = []
    for number in range(turns):
        sets = [tuple(str(t) for t in rng.choice(tags, 3, replace=False)) for _ in range(3)]
        if rng.random() < 0.3:
            sets[2] = ()
        turn = turn_of(number, sets, QUERIES[number % len(QUERIES)])
        events.append(event_of(len(events) + 1, turn, user=user))
        feedback = random_feedback(turn, rng, canary)
        about_turn = hasattr(feedback, "turn")
        events.append(event_of(len(events) + 1, feedback, turn if about_turn else None, user))
    return events


def large_log() -> list[Event]:
    """A long history in long words: turns with edits and ranks, documents, statements, facts."""
    events: list[Event] = []
    for number in range(60):
        turn = turn_of(number, [(TAGS[number % 12],), (), (TAGS[5],)], f"What to cook, {number}?")
        candidates = tuple(
            replace(candidate, text=f"{candidate.text} " + "cook long words " * 60)
            for candidate in turn.candidates
        )
        turn = replace(turn, candidates=candidates)
        for payload, about in (
            (turn, None),
            (Ranking(turn.id, ((0,), (1,), (2,))), turn),
            (Edit(turn.id, 1, f"My own words {number}. " * 40), turn),
            (Document(f"Letter {number} on what I cook. " * 60), None),
            (Statement(f"Remember the {TAGS[number % 12]} of place {'x' * number}"), None),
            (Attribute(f"fact {number % 30}", f"a rather long value {number} " * 5), None),
        ):
            events.append(event_of(len(events) + 1, payload, about))
    return events


def accepted(method: Method, events: list[Event]) -> list[Event]:
    return [e for e in events if isinstance(e.payload, Turn) or type(e.payload) in method.accepts]
