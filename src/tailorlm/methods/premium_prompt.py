"""PREMIUM-Prompt: a language model reads the latest rankings and names the tags to answer under.

The method keeps the last s ranked turns (the interaction history buffer) and asks the language
model once per candidate for a user profile of k tags. It learns nothing itself: what it knows is
what fits into one prompt.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar

import numpy as np

from tailorlm.errors import InputError, StateError
from tailorlm.llms.base import Completion, Request
from tailorlm.methods._premium_prompt_text import (
    PREVIOUS_QUERY,
    RESPONSE,
    Choice,
    Groups,
    Interaction,
    again,
    generator_prompt,
    read_profile,
    shortened,
    smallest,
)
from tailorlm.methods._said import SAID, Said
from tailorlm.methods._tag_plans import tag_plan
from tailorlm.methods.base import (
    Asking,
    Method,
    MethodConfig,
    Parts,
    check_accepts,
    count_tokens,
)
from tailorlm.types import (
    Belief,
    Context,
    Event,
    Message,
    Pick,
    Plan,
    Profile,
    Purpose,
    Ranking,
    User,
)

_MOST_TOKENS = 400
"""Longest answer of the generator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PremiumPromptConfig(MethodConfig):
    """Settings of `premium_prompt`.

    Attributes:
        tags_per_answer: Ordinary tags in a user profile (k).
        buffer_size: Ranked turns that are kept, first in first out (s).
        generator_budget: Tokens that the prompt of the candidate generator may take; asking again
            adds the answer that could not be read.
        retries: How often a candidate's profile is asked for again when it cannot be read.
        temperature: Sampling temperature of the generator; at 0 all candidates would be alike.
        pairs: Whether a profile has one style of each pair of the library, too.
    """

    tags_per_answer: int = 3
    buffer_size: int = 5
    generator_budget: int = 8000
    retries: int = 1
    temperature: float = 1.0
    pairs: bool = True

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        if not 1 <= self.tags_per_answer <= 16:
            raise InputError(f"tags_per_answer is 1 to 16, but got {self.tags_per_answer}.")
        if not 1 <= self.buffer_size <= 1000:
            raise InputError(f"buffer_size is 1 to 1000, but got {self.buffer_size}.")
        if not 0 <= self.retries <= 10:
            raise InputError(f"retries is 0 to 10, but got {self.retries}.")
        if not 0 <= self.temperature <= 2:
            raise InputError(f"temperature is 0 to 2, but got {self.temperature}.")


@dataclass(frozen=True, slots=True)
class PremiumPromptState:
    """What is kept of one user.

    Attributes:
        buffer: The latest ranked turns, oldest first.
        said: What the user said.
    """

    buffer: tuple[Interaction, ...] = ()
    said: Said = field(default_factory=Said)


@dataclass
class _Asked:
    """One candidate's profile while it is being asked for."""

    messages: tuple[Message, ...]
    seed: int
    spare: tuple[str, ...]
    found: tuple[str, ...] = ()
    requests: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    first_was_whole: bool = False

    def request(self, temperature: float) -> Request:
        return Request(
            messages=self.messages,
            temperature=temperature,
            max_tokens=_MOST_TOKENS,
            seed=self.seed + self.requests,
        )

    def take(self, completion: Completion, choice: Choice) -> None:
        """Read an answer; a later one counts only if more can be read from it."""
        usage = completion.usage
        written = sum(count_tokens(message.content) for message in self.messages)
        self.prompt_tokens += usage.prompt or written
        self.completion_tokens += usage.completion or count_tokens(completion.text)
        self.requests += 1
        read = read_profile(completion.text, choice)
        if len(read) > len(self.found):
            self.found = read
        if len(self.found) == choice.size and self.requests == 1:
            self.first_was_whole = True
        if len(self.found) < choice.size:
            self.messages = again(self.messages, completion.text, self.found, choice)

    def notes(self, fell_back: bool) -> tuple[tuple[str, float], ...]:
        return (
            ("generator_completion_tokens", self.completion_tokens),
            ("generator_fallbacks", int(fell_back)),
            ("generator_parsed", int(self.first_was_whole)),
            ("generator_prompt_tokens", self.prompt_tokens),
            ("generator_requests", self.requests),
            ("generator_retries", self.requests - 1),
        )


class PremiumPrompt(Method[PremiumPromptState]):
    """Has the LLM read the latest rankings and name the tags to answer under."""

    name = "premium_prompt"
    paper = "PREMIUM-Prompt (PREMIUM, section 3, figures 9 and 10, appendix D)."
    accepts: ClassVar[frozenset[type]] = SAID
    Config = PremiumPromptConfig
    config: PremiumPromptConfig
    state_version = 2

    def __init__(self, parts: Parts, config: MethodConfig | None = None) -> None:
        super().__init__(parts, config)
        library = parts.library
        k = min(self.config.tags_per_answer, len(library.tags))
        self.choice = Choice(library.tags, library.pairs if self.config.pairs else (), k)
        least = smallest(self.choice, count_tokens)
        if self.config.generator_budget < least:
            raise InputError(
                f"generator_budget is {self.config.generator_budget} tokens, but the "
                f"{len(library.tags)} tags of the library need {least} with the instructions. "
                "Raise it, or use a smaller tag library."
            )

    def initial(self, user: User, population: bytes | None = None) -> PremiumPromptState:
        """An empty buffer."""
        return PremiumPromptState()

    def observe(self, state: PremiumPromptState, event: Event) -> PremiumPromptState:
        """Note what was said; put a ranked turn into the buffer, first in first out."""
        check_accepts(type(self), event)
        state = replace(state, said=state.said.observe(event))
        payload, turn = event.payload, event.turn
        if turn is None:
            return state
        groups: Groups = ()
        if isinstance(payload, Ranking):
            groups = payload.groups
        elif isinstance(payload, Pick):
            others = tuple(i for i in range(len(turn.candidates)) if i != payload.candidate)
            groups = ((payload.candidate,), others) if others else ()
        if len(groups) < 2:
            return state
        interaction = Interaction(
            query=shortened(turn.query, PREVIOUS_QUERY),
            tags=tuple(candidate.plan.tags for candidate in turn.candidates),
            responses=tuple(shortened(candidate.text, RESPONSE) for candidate in turn.candidates),
            groups=groups,
        )
        kept = (*state.buffer, interaction)[-self.config.buffer_size :]
        return replace(state, buffer=kept)

    def propose(
        self, state: PremiumPromptState, context: Context, n: int, rng: np.random.Generator
    ) -> Asking:
        """Ask for `n` profiles at once, again for those that cannot be read, then plan.

        What cannot be read after the retries is filled up with tags that won more often than they
        lost in the buffer, then with random ones, and counted in the plan's notes.
        """
        prompt = generator_prompt(
            self.choice,
            context.query,
            state.buffer,
            budget=self.config.generator_budget,
            count=count_tokens,
        )
        asked = [
            _Asked(prompt.messages, int(rng.integers(2**31 - 1)), self._spare(state, rng))
            for _ in range(n)
        ]
        for _ in range(1 + self.config.retries):
            waiting = [one for one in asked if len(one.found) < self.choice.size]
            if not waiting:
                break
            completions = yield tuple(one.request(self.config.temperature) for one in waiting)
            for one, completion in zip(waiting, completions, strict=True):
                one.take(completion, self.choice)
        return [self._plan(state.said, context, one, place) for place, one in enumerate(asked)]

    def unlearned_plan(self, state: PremiumPromptState, context: Context) -> Plan:
        """The query with what the user said, and no tags."""
        return tag_plan(self, context, (), "generic", state.said)

    def certainty(
        self, state: PremiumPromptState, context: Context, rng: np.random.Generator
    ) -> float:
        """Mean probability, as in `explain`, of the k most probable tags."""
        best = sorted((share for share, _ in self._shares(state).values()), reverse=True)
        k = self.config.tags_per_answer
        return float(np.mean([*best, *[0.5] * k][:k]))

    def explain(self, state: PremiumPromptState, user: str) -> Profile:
        """The tags in the buffer by how often their answers won there.

        The probability of a tag is (wins + 1) / (comparisons + 2) over the pairs of answers in the
        buffer of which one carries it. It describes the evidence, not what the language model
        makes of it.
        """
        shares = self._shares(state)
        ordered = sorted(shares, key=lambda tag: -shares[tag][0])
        beliefs = tuple(
            Belief(kind="tag", name=tag, probability=shares[tag][0], evidence=shares[tag][1])
            for tag in ordered
        )
        seen = len(state.buffer)
        certainty = self.certainty(state, Context(""), np.random.default_rng(0))
        liked = [f"{b.name} ({b.probability:.0%})" for b in beliefs if b.probability > 0.5][:5]
        says = f"; ahead there: {', '.join(liked)}" if liked else ""
        return Profile(
            user=user,
            method=self.name,
            beliefs=state.said.beliefs(beliefs),
            certainty=certainty,
            summary=f"The LLM reads the latest {seen} ranked turns of {user}{says}."
            + state.said.note(),
        )

    def dump(self, state: PremiumPromptState) -> bytes:
        """What was said on the first line and the buffer on the second, as JSON."""
        rows = [[i.query, i.tags, i.responses, i.groups] for i in state.buffer]
        buffer = json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()
        return state.said.to_bytes() + b"\n" + buffer

    def load(self, data: bytes) -> PremiumPromptState:
        """The state of `dump`.

        Raises:
            StateError: If the bytes are something else.
        """
        try:
            said, _, buffer = data.partition(b"\n")
            rows = tuple(_interaction(row) for row in json.loads(buffer))
            return PremiumPromptState(rows, Said.from_bytes(said))
        except (ValueError, TypeError, IndexError) as error:
            raise StateError(
                f"The premium_prompt state is damaged ({type(error).__name__}). Rebuild it."
            ) from None

    def _shares(self, state: PremiumPromptState) -> dict[str, tuple[float, int]]:
        """Smoothed share of comparisons won, and turns it was ranked in, of each tag seen."""
        wins: dict[str, int] = {}
        losses: dict[str, int] = {}
        turns: dict[str, int] = {}
        for item in state.buffer:
            for place, group in enumerate(item.groups):
                above = [set(item.tags[i]) for g in item.groups[:place] for i in g]
                for i in group:
                    for tags in above:
                        _count(wins, tags - set(item.tags[i]))
                        _count(losses, set(item.tags[i]) - tags)
            _count(turns, {tag for group in item.groups for i in group for tag in item.tags[i]})
        return {
            tag: ((wins.get(tag, 0) + 1) / (wins.get(tag, 0) + losses.get(tag, 0) + 2), turns[tag])
            for tag in sorted(turns)
            if tag in self.parts.library.index
        }

    def _spare(self, state: PremiumPromptState, rng: np.random.Generator) -> tuple[str, ...]:
        """What to fill up with: tags ahead in the buffer, then all others in random order."""
        shares = self._shares(state)
        ahead = sorted((t for t in shares if shares[t][0] > 0.5), key=lambda t: -shares[t][0])
        known = self.choice.known
        shuffled = [known[i] for i in rng.permutation(len(known))]
        return tuple(dict.fromkeys([*ahead, *shuffled]))

    def _plan(self, said: Said, context: Context, asked: _Asked, place: int) -> Plan:
        fell_back = len(asked.found) < self.choice.size
        chosen = self.choice.profile([*asked.found, *asked.spare])
        purpose: Purpose = "explore" if place else "best"
        plan = tag_plan(self, context, chosen, purpose, said)
        return replace(plan, notes=asked.notes(fell_back))


def _count(counts: dict[str, int], tags: set[str]) -> None:
    for tag in tags:
        counts[tag] = counts.get(tag, 0) + 1


def _interaction(row: Any) -> Interaction:
    query, tags, responses, groups = row
    answers = tuple(tuple(map(_text, members)) for members in tags)
    order = tuple(tuple(group) for group in groups)
    places = [i for group in order for i in group]
    if len(answers) != len(responses) or not all(i in range(len(answers)) for i in places):
        raise ValueError
    return Interaction(_text(query), answers, tuple(map(_text, responses)), order)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value
