"""A user who has said something, and the plan that a method makes of it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tailorlm.errors import InputError
from tailorlm.methods.base import Method
from tailorlm.types import Context, Event, Plan, Statement, User

_DAY = 86_400.0


def state_after(method: Method[object], statements: Sequence[str]) -> object:
    """The state of a user who has stated these, a day apart.

    Raises:
        InputError: If the method takes no statements.
    """
    if Statement not in method.accepts:
        raise InputError(
            f"The method {method.name!r} takes no statements, so there is nothing it could make of "
            "them. Take another one."
        )
    state = method.initial(User("u"))
    for number, said in enumerate(statements, start=1):
        event = Event(
            id=f"e{number}",
            user="u",
            position=number,
            time=_DAY * number,
            key=f"k{number}",
            payload=Statement(said),
        )
        state = method.observe(state, event)
    return state


def best_plan(
    method: Method[object], state: object, question: str, rng: np.random.Generator
) -> Plan:
    """The method's best plan for a question.

    Raises:
        InputError: If the method asks a language model while it plans.
    """
    plans = method.propose(state, Context(question), 1, rng)
    if not isinstance(plans, list):
        raise InputError(
            f"The method {method.name!r} asks a language model while it plans. Take one that plans "
            "by itself."
        )
    return plans[0]
