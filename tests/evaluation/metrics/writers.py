"""Two made-up people who write about the same things in ways of their own."""

from __future__ import annotations

import numpy as np

TOPICS = ("the budget", "our lunch", "the new desk", "the trip", "the plan", "the roof")
DAYS = ("Monday", "Tuesday", "Friday", "Sunday")


def formal(rng: np.random.Generator) -> str:
    """A mail of somebody who writes in full sentences."""
    topic, day = rng.choice(TOPICS), rng.choice(DAYS)
    lines = [
        f"I would like to discuss {topic} with you on {day}.",
        f"It would be appreciated if you could let me have your thoughts about {topic}.",
        f"Unfortunately, I am not available before {day}; I do apologise.",
        "Please do not hesitate to contact me with any questions, as they are welcome.",
    ]
    body = " ".join(rng.permutation(lines)[: rng.integers(2, 5)])
    return f"Dear Dana,\n\n{body}\n\nKind regards,\nFrancis"


def brief(rng: np.random.Generator) -> str:
    """A mail of somebody who writes little."""
    topic, day = rng.choice(TOPICS), rng.choice(DAYS)
    lines = [
        f"can't do {day}!",
        f"what's up with {topic}??",
        f"let's talk {topic}, {day} ok?",
        "thx, you're the best!!",
        "gonna be late...",
    ]
    return " ".join(rng.permutation(lines)[: rng.integers(2, 5)])


def mails(n: int, seed: int) -> tuple[list[str], list[str]]:
    """n mails of either, those of the formal writer first."""
    rng = np.random.default_rng(seed)
    return [formal(rng) for _ in range(n)], [brief(rng) for _ in range(n)]
