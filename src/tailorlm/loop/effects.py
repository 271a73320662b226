"""What the loop asks of the outside: the only I/O there is, as values.

The loop's generators yield these and are sent the answers, so that one loop serves the
synchronous facade, an asynchronous server and the tests.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, TypeVar

from tailorlm.llms.base import Request
from tailorlm.store.base import StoredState
from tailorlm.types import Payload

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Load:
    """Read the derived state of a user under a method; answered with StoredState or None."""

    user: str
    method: str


@dataclass(frozen=True, slots=True)
class Read:
    """Read a user's events after a position; answered with a list of events."""

    user: str
    after: int


@dataclass(frozen=True, slots=True)
class About:
    """Read who a user is and what is known across users; answered with (User, bytes or None)."""

    user: str
    method: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """Read a turn's feedback with a position below `before`; answered with a list of events."""

    user: str
    turn: str
    before: int


@dataclass(frozen=True, slots=True)
class Complete:
    """Complete requests, together if possible; answered with a tuple of completions.

    Attributes:
        requests: What is asked.
        certainty: For the candidates of a turn, how sure the method is of its best answer, from 0
            to 1; None for what a method asks on the way.
    """

    requests: tuple[Request, ...]
    certainty: float | None = None


@dataclass(frozen=True, slots=True)
class Append:
    """Add an event to the log; answered with the event, once durable.

    Attributes:
        user: Whose log it is.
        payload: The turn or feedback.
        key: Idempotency key, or None.
        after: Position of the log that the payload was made from, 0 for one made from none.
    """

    user: str
    payload: Payload
    key: str | None
    after: int = 0


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep derived state; answered with whether it was kept."""

    user: str
    state: StoredState


@dataclass(frozen=True, slots=True)
class Later:
    """Have learning that takes long done apart; answered with whether it will be."""

    user: str


Effect = Load | Read | About | Earlier | Complete | Append | Keep | Later
Steps = Generator[Effect, Any, Result]
"""A part of the loop: yields effects, is sent their answers, returns its result."""
