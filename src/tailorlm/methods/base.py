"""The method contract: a fold over a user's events that proposes plans.

A method is one file in this folder with one subclass of `Method`, named as the file. The registry
lists the folder; the conformance test finds every method and checks the contract, which is:

- `observe` is pure and deterministic, so replaying the log gives the state that learning
  event by event gave;
- methods do no I/O. One that needs a language model's help writes `propose` as a generator that
  yields tuples of `Request` and is sent tuples of `Completion`; what it has to remember of them
  goes into its plans, and `observe` takes it from the turn;
- randomness comes only from the generator that is passed in;
- feedback of a kind that is not in `accepts` is never shown to the method.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from tailorlm.encoders.base import Encoder
from tailorlm.errors import FeedbackError, InputError
from tailorlm.llms.base import Completion, Request
from tailorlm.retrievers.base import Retriever
from tailorlm.retrievers.hybrid import HybridRetriever
from tailorlm.tags import TagLibrary
from tailorlm.types import Context, Event, Message, Plan, Profile, Turn, User, kind_of

State = TypeVar("State")
"""What a method has learned about one user; immutable."""

Plans = list[Plan]
Asking = Generator[tuple[Request, ...], tuple[Completion, ...], Plans]
"""A `propose` that asks a language model on the way to its plans."""
Training = Generator[tuple[Request, ...], tuple[Completion, ...], State]
"""A `train` that asks a language model on the way to its state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodConfig:
    """Settings every method has; methods subclass it with their own.

    Attributes:
        budget: Tokens that the personal part of a prompt may take.
    """

    budget: int = 500

    def __post_init__(self) -> None:
        if self.budget < 0:
            raise InputError(f"budget is a number of tokens from 0, but got {self.budget}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What is injected into a method besides its Config.

    Attributes:
        encoder: Text encoder.
        library: The tags a user may like.
        retriever: Finds what a method keeps in a memory. Left out, it is "hybrid" over `encoder`.
    """

    encoder: Encoder
    library: TagLibrary
    retriever: Retriever = None  # type: ignore[assignment]  # filled in below

    def __post_init__(self) -> None:
        if self.retriever is None:
            object.__setattr__(self, "retriever", HybridRetriever(self.encoder))


class Method(ABC, Generic[State]):
    """Base of all methods.

    Attributes:
        name: Registry name, equal to the module's name.
        paper: Citation, with the equations used.
        accepts: Feedback classes that `observe` learns from.
        extra: Pip extra needed, or None.
        Config: The settings class.
        state_version: Raised whenever stored state of the previous version cannot be read.
    """

    name: ClassVar[str]
    paper: ClassVar[str]
    accepts: ClassVar[frozenset[type]]
    extra: ClassVar[str | None] = None
    Config: ClassVar[type[MethodConfig]] = MethodConfig
    state_version: ClassVar[int] = 1

    def __init__(self, parts: Parts, config: MethodConfig | None = None) -> None:
        self.parts = parts
        self.config = config if config is not None else self.Config()
        if not isinstance(self.config, self.Config):
            raise InputError(
                f"Method {self.name!r} takes a {self.Config.__qualname__}, "
                f"but got a {type(self.config).__qualname__}."
            )

    @abstractmethod
    def initial(self, user: User, population: bytes | None = None) -> State:
        """The state of a user of whom nothing is known but the population."""

    @abstractmethod
    def observe(self, state: State, event: Event) -> State:
        """The state after one event: a turn (which may teach nothing) or accepted feedback.

        Raises:
            FeedbackError: If the feedback is of a kind not in `accepts`.
        """

    @abstractmethod
    def propose(
        self, state: State, context: Context, n: int, rng: np.random.Generator
    ) -> Plans | Asking:
        """`n` plans for a query: the current best first, the others to learn from."""

    @abstractmethod
    def explain(self, state: State, user: str) -> Profile:
        """What is believed about the user, for a person to read."""

    @abstractmethod
    def dump(self, state: State) -> bytes:
        """The state as bytes; `load` gives back an equal state."""

    @abstractmethod
    def load(self, data: bytes) -> State:
        """The state of bytes written by `dump`.

        Raises:
            StateError: If they were not, or the tag library has changed beyond recognition.
        """

    @property
    def trains(self) -> bool:
        """Whether there is heavier learning in the fold, which can be done apart from requests."""
        return type(self).train is not Method.train

    def due(self, state: State) -> bool:
        """Whether enough has been observed since the last `train` to train again."""
        return False

    def train(
        self, state: State, events: Sequence[Event], rng: np.random.Generator
    ) -> State | Training[State]:
        """The state after heavier learning for one user, run when `due` says so.

        It is part of the fold: replaying the log trains at the same events, with the same
        randomness, and gives the same state, as far as a language model that it asks answers the
        same.

        Args:
            state: What is known, with `due(state)` true; false of what is returned.
            events: The user's log so far, oldest first, without what was corrected later.
            rng: Source of randomness.
        """
        return state

    def fit(self, logs: Mapping[str, Sequence[Event]], rng: np.random.Generator) -> bytes | None:
        """What is learned across users, run offline: the population that `initial` starts from.

        Args:
            logs: The users' logs by user id.
            rng: Source of randomness.

        Returns:
            The population, or None for a method that learns of each user alone.
        """
        return None

    def utility(
        self, state: State, context: Context, plans: Sequence[Plan]
    ) -> npt.NDArray[np.float64] | None:
        """What each plan's answer is expected to be worth to the user.

        Returns:
            Shape (len(plans),), larger is better, only differences mean something; None where the
            method has no opinion.
        """
        return None

    def certainty(self, state: State, context: Context, rng: np.random.Generator) -> float:
        """How sure the method is, from 0 to 1, that its best plan cannot be improved by asking.

        The loop shows fewer candidates as this grows. A method that does not learn from
        comparisons is always sure.
        """
        return 1.0

    def fingerprint(self) -> str:
        """Identifies everything besides events that a state depends on.

        A stored state with another fingerprint is not used; it is rebuilt from the log.
        """
        config = {name: getattr(self.config, name) for name in self.config.__dataclass_fields__}
        return f"{self.name}:{self.state_version}:{sorted(config.items())!r}"

    def unlearned_plan(self, state: State, context: Context) -> Plan:
        """The plan without what was learned, for when that does not help; its purpose is "generic".

        What the user asked for in so many words belongs in it: it is followed, not weighed.
        """
        return self.generic_plan(context)

    def generic_plan(self, context: Context) -> Plan:
        """The plan with nothing personal in it: the query as it came."""
        return Plan(messages=with_context(context), method=self.name, purpose="generic")


def plans_of(proposal: Plans | Asking, complete: Callable[[Request], Completion]) -> Plans:
    """The plans of a proposal; what it asks of a language model is answered by `complete`.

    For programs that have a model at hand and need no loop, such as simulations.
    """
    if isinstance(proposal, list):
        return proposal
    answers: Any = None
    while True:
        try:
            requests = proposal.send(answers)
        except StopIteration as stop:
            plans: Plans = stop.value
            return plans
        answers = tuple(complete(request) for request in requests)


def with_context(context: Context, *lead: Message) -> tuple[Message, ...]:
    """Leading messages, then the history and the query."""
    return (*lead, *context.history, Message("user", context.query))


def count_tokens(text: str) -> int:
    """An upper-leaning estimate of a text's tokens: one per four characters or per word.

    Vendors' tokenizers differ; the larger of the two counts stays above the usual ones on
    English, code and lists of names.
    """
    return max(-(-len(text) // 4), len(text.split()))


def check_accepts(method: type[Method[Any]], event: Event) -> None:
    """Raise `FeedbackError` if a method does not learn from this kind of event."""
    payload = event.payload
    if not isinstance(payload, Turn) and type(payload) not in method.accepts:
        accepted = sorted(kind.__name__.lower() for kind in method.accepts)
        raise FeedbackError(
            f"Method {method.name!r} does not learn from a {kind_of(payload)}; "
            f"it learns from: {', '.join(accepted) or 'nothing'}."
        )
