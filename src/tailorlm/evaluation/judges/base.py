"""What a judge is given and what it says: two answers for a user, read in both orders."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import ClassVar

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics.scored import Unscored, check_not_blank
from tailorlm.llms.base import Request
from tailorlm.types import Message

MOST_TOKENS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two answers to compare.

    Attributes:
        id: Unique among the pairs of a run.
        user: For whom they are.
        query: What was asked.
        one: The first answer, in the sense that a preference of 1 is for it.
        other: The second answer.
        truth: What the user wrote or would have written; "" where it is not known.

    Raises:
        InputError: If an answer is blank.
    """

    id: str
    user: str
    query: str
    one: str
    other: str
    truth: str = ""

    def __post_init__(self) -> None:
        for text, which in ((self.one, "first"), (self.other, "second")):
            check_not_blank(text, f"{which} answer of pair {self.id[:80]!r}")


@dataclass(frozen=True, slots=True)
class PastTurn:
    """What a user preferred before: a query, the answer preferred and one that was not."""

    query: str
    preferred: str
    rejected: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What a judge may know of a user.

    Attributes:
        information: Facts and wishes, in words.
        likes: Tags that the user likes.
        turns: What the user preferred before, oldest first.
        feedback: What the user said of answers, in words.
    """

    information: str = ""
    likes: tuple[str, ...] = ()
    turns: tuple[PastTurn, ...] = ()
    feedback: tuple[str, ...] = ()

    @property
    def preferred(self) -> tuple[str, ...]:
        """Answers that the user preferred, each once."""
        return tuple(dict.fromkeys(turn.preferred for turn in self.turns))

    @property
    def rejected(self) -> tuple[str, ...]:
        """Answers that the user did not prefer, each once."""
        return tuple(dict.fromkeys(turn.rejected for turn in self.turns))


@dataclass(frozen=True, slots=True)
class Reading:
    """What a judge says of two answers in one order.

    Attributes:
        prefers: 1 for the answer that was shown first, 0 for the second, 0.5 for a tie;
            `Unscored` where what the judge said could not be read.
        parts: The same by criterion, for judges that have criteria; those that do not apply are
            left out.
    """

    prefers: float | Unscored
    parts: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of a pair, read as given and swapped.

    Attributes:
        pair: Id of the pair.
        user: For whom it was judged.
        given: With the pair's first answer shown first.
        swapped: With the second answer shown first.
    """

    pair: str
    user: str
    given: Reading
    swapped: Reading

    @property
    def preference(self) -> float | Unscored:
        """1 for the pair's first answer, 0 for the second, 0.5 for a tie.

        An answer is preferred if it is in both orders; anything else that was read is a tie (Zheng
        et al. 2023, "Judging LLM-as-a-Judge with MT-Bench and Chatbot Arena", section 3.4).
        `Unscored` where one of the orders is: the place cannot be evened out then.
        """
        return settled(self.given.prefers, self.swapped.prefers)

    @property
    def is_consistent(self) -> bool | Unscored:
        """Whether both orders say the same of the answers; `Unscored` where one says nothing."""
        given, swapped = self.given.prefers, self.swapped.prefers
        if isinstance(given, Unscored):
            return given
        return swapped if isinstance(swapped, Unscored) else given == 1.0 - swapped

    @property
    def parts(self) -> Mapping[str, float]:
        """As `preference`, for each criterion that both orders applied."""
        both = self.given.parts.keys() & self.swapped.parts.keys()
        found = {}
        for name in self.given.parts:
            if name in both:
                preference = settled(self.given.parts[name], self.swapped.parts[name])
                if not isinstance(preference, Unscored):
                    found[name] = preference
        return found


def settled(given: float | Unscored, swapped: float | Unscored) -> float | Unscored:
    """One preference from both orders, each told of the answer shown first."""
    for one in (given, swapped):
        if isinstance(one, Unscored):
            return one
    if given == 1.0 and swapped == 0.0:
        return 1.0
    if given == 0.0 and swapped == 1.0:
        return 0.0
    return 0.5


class LLMJudge(ABC):
    """A judge that is a prompt and a way to read what a language model says to it.

    It does no I/O: `asking.ask` sends its requests.

    Args:
        people: What is known of each user.

    Attributes:
        name: What reports call it.
    """

    name: ClassVar[str]

    def __init__(self, people: Mapping[str, Person]) -> None:
        self.people = people

    def request(self, pair: Pair, *, swapped: bool) -> Request:
        """What to ask of a language model, with the second answer shown first if swapped.

        Raises:
            InputError: If nothing is known of the user, or not what this judge needs.
        """
        shown = (pair.other, pair.one) if swapped else (pair.one, pair.other)
        return Request(
            messages=self.prompt(pair, *shown), temperature=0.0, max_tokens=MOST_TOKENS, seed=0
        )

    def person(self, pair: Pair) -> Person:
        """What is known of the user of a pair.

        Raises:
            InputError: If nothing is.
        """
        return person_of(self.people, pair.user, self.name)

    @abstractmethod
    def prompt(self, pair: Pair, first: str, second: str) -> tuple[Message, ...]:
        """The messages for two answers in the order in which they are shown.

        Raises:
            InputError: If what this judge needs to know is not known.
        """

    @abstractmethod
    def read(self, text: str) -> Reading:
        """What an answer to the prompt says, read strictly; `Unscored` if it is not as asked."""


def person_of(people: Mapping[str, Person], user: str, judge: str) -> Person:
    """What is known of a user.

    Raises:
        InputError: If nothing is.
    """
    if user not in people:
        raise InputError(
            f"The judge {judge!r} is told nothing of the user {user[:80]!r}. Give a Person for "
            "every user whose answers are judged."
        )
    return people[user]
