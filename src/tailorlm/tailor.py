"""The facade: ask, take feedback, and read what was learned, in a few calls.

`Tailor` drives the loop of `tailorlm.loop` synchronously: it answers the loop's effects from a
store and a language model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from tailorlm.encoders import create_encoder
from tailorlm.encoders.base import Encoder
from tailorlm.errors import NotFoundError, StoreCorruptError, StoreError
from tailorlm.forgetting import forget_texts
from tailorlm.llms import create_llm
from tailorlm.llms.base import LLM
from tailorlm.loop import AskPolicy, Gate, Loop
from tailorlm.loop.effects import (
    About,
    Append,
    Complete,
    Earlier,
    Effect,
    Keep,
    Later,
    Load,
    Read,
    Steps,
)
from tailorlm.loop.fold import effective, seeded
from tailorlm.loop.turn import HowMany
from tailorlm.methods import create_method
from tailorlm.methods.base import Method, MethodConfig, Parts
from tailorlm.retrievers import Retriever, create_retriever
from tailorlm.store import Erasure, Store, StoredState, UserSummary, open_store
from tailorlm.tags import TagLibrary, load_library, premium_library
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
    Profile,
    Ranking,
    Rating,
    Statement,
    Turn,
    User,
    ranking_groups,
)

Result = TypeVar("Result")


class Tailor:
    """Learns how each user wants to be answered, and answers so.

    Args:
        store: Database URL ("sqlite:///tailor.db", "postgresql://..."), a file path, or a store.
        llm: Registry name of a language model ("openai/gpt-4o-mini", "builtin"), or an LLM.
        method: Registry name of a method, or a method.
        encoder: Registry name of a text encoder, or an encoder.
        tags: A tag library, the path of one, or None for the library of PREMIUM.
        retriever: Registry name of a retriever, or a retriever, for methods that look things up.
        config: The method's settings; None for its defaults. Only with a method's name.
        gate: Decides between personal and generic answers.
        policy: Decides how many candidates ``n="auto"`` shows.
        seed: Seed of all choices.
        keep: What is made of a turn or feedback before it is stored, such as leaving out personal
            data; None stores it as it is. Then `ask` and `turn` give what was stored.

    Raises:
        UnknownNameError: If a name is unknown.
        MissingExtraError: If a part is not installed.
        TagLibraryError: If the tag library is malformed.
        StoreError: If the database cannot be opened.
    """

    def __init__(
        self,
        store: str | Path | Store = "sqlite:///tailor.db",
        *,
        llm: str | LLM = "builtin",
        method: str | Method[Any] = "bayes_tags",
        encoder: str | Encoder = "static",
        tags: str | Path | TagLibrary | None = None,
        retriever: str | Retriever = "hybrid",
        config: MethodConfig | Mapping[str, Any] | None = None,
        gate: Gate | None = None,
        policy: AskPolicy | None = None,
        seed: int = 0,
        keep: Callable[[Payload], Payload] | None = None,
    ) -> None:
        if not isinstance(method, Method):
            library = _library(tags)
            encoder = create_encoder(encoder) if isinstance(encoder, str) else encoder
            if isinstance(retriever, str):
                retriever = create_retriever(retriever, encoder)
            parts = Parts(encoder=encoder, library=library, retriever=retriever)
            method = create_method(method, parts, config)
        self.llm = create_llm(llm) if isinstance(llm, str) else llm
        self.loop = Loop(
            method=method, gate=gate or Gate(), policy=policy or AskPolicy(), seed=seed
        )
        self.store = open_store(store) if isinstance(store, str | Path) else store
        self.keep = keep
        self._later: Callable[[str], bool] | None = None

    def learn_apart(self, later: Callable[[str], bool]) -> None:
        """Leave learning to others: from now on, asking and giving do not wait for it.

        Args:
            later: Called with the id of a user about whom there is something to learn, from any
                thread; whoever takes it on drives `loop.learner.learn`.
        """
        self._later = later
        self.loop = replace(self.loop, apart=True)

    @property
    def method(self) -> Method[Any]:
        """The method that learns."""
        return self.loop.method

    def ask(
        self, user: str, query: str, *, n: HowMany = "auto", history: Sequence[Message] = ()
    ) -> ShownTurn:
        """Answer a query.

        Args:
            user: Id of the user, who need not be known yet.
            query: What is asked.
            n: How many candidates, from 1 to 10; "auto" shows several while ranking them is worth
                the user's effort, and one when the method is sure.
            history: Earlier messages of the conversation.

        Raises:
            InputError: If the id, the query or `n` cannot be used.
            LLMError: If the language model failed; nothing is recorded then.
        """
        event = self.run(self.loop.ask(user, Context(query, tuple(history)), n))
        return self._shown(user, event.payload)

    def turn(self, user: str, turn: str | None = None) -> ShownTurn:
        """An earlier turn of a user, by id; without an id the latest.

        Raises:
            NotFoundError: If the user has no such turn.
        """
        found = self.store.latest_turn(user) if turn is None else self.store.turn(user, turn)
        return self._shown(user, found)

    def give(self, user: str, feedback: Feedback, *, key: str | None = None) -> Event:
        """Record feedback and learn from it.

        Args:
            user: Id of the user.
            feedback: What the user gave.
            key: Idempotency key: the same key and feedback again add nothing.

        Raises:
            FeedbackError: If it does not fit its turn.
            NotFoundError: If it is on a turn that is not this user's.
        """
        return self.run(self.loop.give(user, feedback, key))

    def say(self, user: str, text: str, *, key: str | None = None) -> Event:
        """Record something the user said about how to be answered, or about themselves."""
        return self.give(user, Statement(text), key=key)

    def write(self, user: str, text: str, title: str = "", *, key: str | None = None) -> Event:
        """Record a text the user wrote."""
        return self.give(user, Document(text, title), key=key)

    def describe(self, user: str, name: str, value: str, *, key: str | None = None) -> Event:
        """Record a fact about the user."""
        return self.give(user, Attribute(name, value), key=key)

    def correct(
        self,
        user: str,
        kind: str,
        name: str,
        action: str,
        value: str = "",
        *,
        key: str | None = None,
    ) -> Event:
        """Record that the user locks, sets or forgets a belief, or takes that back.

        Arguments as the attributes of `Correction`.

        Raises:
            FeedbackError: If the action or the value cannot be used.
        """
        return self.give(user, Correction(kind, name, action, value), key=key)

    def learns_from(self, feedback: Feedback) -> bool:
        """Whether the method learns from this kind of feedback (all kinds are recorded)."""
        return type(feedback) in self.method.accepts

    def profile(self, user: str) -> Profile:
        """What is believed about a user.

        Raises:
            NotFoundError: If there is no such user.
        """
        steps = self.loop.profile(user)
        # The loop asks for the state first. To it nobody is a new user; to the store, a mistake.
        first = steps.send(None)
        known = isinstance(first, Load)
        state = self.store.load_state(user, self.method.name) if known else self.perform(first)
        return self.run(steps, state)

    def fit(self) -> bool:
        """Learn across all users of the store what new users start from.

        What is known of the users there are is learned again from their logs at their next turn,
        from the new start.

        Returns:
            Whether the method learns across users at all.
        """
        logs = {
            summary.user: list(self.store.events(summary.user)) for summary in self.store.users()
        }
        effective_logs = {user: effective(events) for user, events in logs.items()}
        rng = seeded(self.loop.seed, "", 0, "fit")
        population = self.method.fit(effective_logs, rng)
        if population is None:
            return False
        self.store.save_population(self.method.name, population)
        for user in logs:
            self.store.drop_states(user)
        return True

    def log(self, user: str) -> Iterator[Event]:
        """The user's events, oldest first."""
        return self.store.events(user)

    def users(self) -> Iterator[UserSummary]:
        """All users."""
        return self.store.users()

    def erase(self, user: str) -> Erasure:
        """Remove everything about a user, for good, also from this process's caches."""
        try:
            return self.store.erase(user)
        finally:
            forget_texts()

    def close(self) -> None:
        """Release the database and the language model's connections."""
        self.llm.close()
        self.store.close()

    def __enter__(self) -> Tailor:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _shown(self, user: str, turn: object) -> ShownTurn:
        if not isinstance(turn, Turn):
            raise TypeError(f"a turn was expected, but got {type(turn).__name__}")
        return ShownTurn(self, user, turn)

    def run(self, steps: Steps[Result], answer: object = None) -> Result:
        """Drive the loop to its result, answering its effects.

        Args:
            steps: The loop.
            answer: What it waits for already; None for a loop that has not begun.
        """
        while True:
            try:
                effect = steps.send(answer)
            except StopIteration as stop:
                result: Result = stop.value
                return result
            answer = self.perform(effect)

    def perform(self, effect: Effect) -> object:
        """Do what the loop asks of the outside, and return its answer."""
        match effect:
            case Load(user, method):
                return self._known(lambda: self.store.load_state(user, method), None)
            case Read(user, after):
                none: list[Event] = []
                return self._known(lambda: list(self.store.events(user, after=after)), none)
            case About(user, method):
                who = self._known(lambda: self.store.user(user), User(user))
                return who, self.store.load_population(method)
            case Earlier(user, turn, before):
                return self.store.feedback(user, turn, before=before)
            case Append(user, payload, key, after):
                kept = payload if self.keep is None else self.keep(payload)
                return self.store.append(user, kept, key=key, after=after)
            case Keep(user, state):
                return self._keep(user, state)
            case Later(user):
                return self._later is not None and self._later(user)
            case Complete(requests=requests):
                return tuple(self.llm.answer_many(requests))

    def _known(self, read: Callable[[], Result], otherwise: Result) -> Result:
        """What the store holds of a user, or `otherwise` where the user is not known yet."""
        try:
            return read()
        except NotFoundError:
            return otherwise

    def _keep(self, user: str, state: StoredState) -> bool:
        """Keep derived state. Where nothing can be written now, the log gives it back any time."""
        try:
            return self.store.save_state(user, state)
        except StoreCorruptError:
            raise
        except (NotFoundError, StoreError):  # not found: erased meanwhile
            return False


class ShownTurn:
    """A turn as its user sees it, and what the user can do with it.

    Positions count from 0, in the order of `candidates`.
    """

    def __init__(self, tailor: Tailor, user: str, turn: Turn) -> None:
        self._tailor = tailor
        self.user = user
        self.turn = turn

    @property
    def id(self) -> str:
        """The turn's id."""
        return self.turn.id

    @property
    def candidates(self) -> tuple[Candidate, ...]:
        """The candidates, in the order shown."""
        return self.turn.candidates

    @property
    def texts(self) -> list[str]:
        """The candidates' texts, in the order shown."""
        return [candidate.text for candidate in self.candidates]

    @property
    def best(self) -> int:
        """Position of the candidate that the method thinks best."""
        for purpose in ("best", "generic"):
            for position, candidate in enumerate(self.candidates):
                if candidate.plan.purpose == purpose:
                    return position
        return 0

    @property
    def text(self) -> str:
        """Text of the candidate that the method thinks best."""
        return self.candidates[self.best].text

    def rank(
        self,
        order: Sequence[int | Sequence[int]],
        *,
        partial: bool = False,
        key: str | None = None,
    ) -> Event:
        """Order the candidates, best first; a nested sequence is a tie.

        Raises:
            FeedbackError: If a candidate is repeated, invented or (unless `partial`) omitted.
        """
        groups = ranking_groups(order, len(self.candidates), partial=partial)
        return self._tailor.give(self.user, Ranking(self.id, groups), key=key)

    def pick(self, candidate: int, *, key: str | None = None) -> Event:
        """Choose one candidate over all others."""
        return self._tailor.give(self.user, Pick(self.id, candidate), key=key)

    def edit(self, candidate: int, text: str, *, key: str | None = None) -> Event:
        """Give the candidate as the user would have it."""
        return self._tailor.give(self.user, Edit(self.id, candidate, text), key=key)

    def rate(self, candidate: int, score: float, *, key: str | None = None) -> Event:
        """Score a candidate from 1 to 5."""
        return self._tailor.give(self.user, Rating(self.id, candidate, score), key=key)

    def __repr__(self) -> str:
        return f"<ShownTurn {self.id[:8]} of {self.user!r}, {len(self.candidates)} candidates>"


def _library(tags: str | Path | TagLibrary | None) -> TagLibrary:
    if tags is None:
        return premium_library()
    return tags if isinstance(tags, TagLibrary) else load_library(tags)
