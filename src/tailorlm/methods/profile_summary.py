"""A profile in words, as TidyBot keeps one: a language model summarises the user's history.

When enough has happened since the last summary, planning asks the language model for a new one. The
plan carries it, the turn with the plan goes into the log, and from there `observe` takes it into
the state: so what the model said is part of the log, and reading the log again needs no model.
Without one, the profile is what `_history` counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np

from tailorlm.errors import InputError, StateError
from tailorlm.fence import plain_line
from tailorlm.llms.base import Completion, Request
from tailorlm.methods._history import (
    COLD,
    History,
    common_of,
    fit_common,
    manner_lines,
    topic_lines,
)
from tailorlm.methods._memories import pack, unpack
from tailorlm.methods._personal import Line, Section, personal_plan
from tailorlm.methods._said import SAID, Said
from tailorlm.methods._summary_text import Recent, read_summary, recent_of, summary_request
from tailorlm.methods.base import (
    Asking,
    Method,
    MethodConfig,
    Parts,
    Plans,
    check_accepts,
    count_tokens,
)
from tailorlm.types import (
    Belief,
    Context,
    Document,
    Event,
    Message,
    Plan,
    Profile,
    Rating,
    Turn,
    User,
)

_TITLE = (
    "What is known of the reader and of how they like to be answered; follow it where it suits:"
)
_MOST_TOKENS = 500
"""Longest answer of the summariser."""
_MOST_RECENT = 60
_SURE_AFTER = 3
Notes = tuple[tuple[str, float], ...]
_SUMMARY, _ITEMS = "summary_lines", "summary_items"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileSummaryConfig(MethodConfig):
    """Settings of `profile_summary`.

    Attributes:
        ask_llm: Whether a language model summarises; without, the profile is counted.
        first: Preferences and documents before the first summary.
        refresh: Preferences and documents between two summaries.
        lines: Lines of a summary, at most.
        topics: Topics in a counted profile, at most.
        generator_budget: Tokens that the summariser's prompt may take.
    """

    ask_llm: bool = True
    first: int = 3
    refresh: int = 10
    lines: int = 8
    topics: int = 8
    generator_budget: int = 4000

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        for name in ("first", "refresh", "lines"):
            if not 1 <= getattr(self, name) <= 50:
                raise InputError(f"{name} is 1 to 50, but got {getattr(self, name)}.")
        if not 0 <= self.topics <= 50:
            raise InputError(f"topics is 0 to 50, but got {self.topics}.")


@dataclass(frozen=True, slots=True)
class ProfileSummaryState:
    """What is known of one user.

    Attributes:
        history: What is counted.
        recent: What no summary has seen, oldest first.
        waiting: Preferences and documents since a summary was last asked for.
        summary: The language model's words, or nothing.
        seen: Preferences and documents that the summary rests on.
        asked: Whether a summary has ever been asked for.
        common: What users have in common, from `fit`.
        said: What the user said.
    """

    history: History = field(default_factory=History)
    recent: tuple[Recent, ...] = ()
    waiting: int = 0
    summary: tuple[str, ...] = ()
    seen: int = 0
    asked: bool = False
    common: History = field(default_factory=History)
    said: Said = field(default_factory=Said)


class ProfileSummary(Method[ProfileSummaryState]):
    """Has the LLM summarise what a user preferred and wrote into a profile, and answers by it."""

    name = "profile_summary"
    paper = (
        "TidyBot (Wu et al. 2023), as adapted to answers in PREMIUM (section 6): a profile "
        "summarised from queries and preferred responses."
    )
    accepts: ClassVar[frozenset[type]] = frozenset({Rating, Document}) | SAID
    Config = ProfileSummaryConfig
    config: ProfileSummaryConfig

    def __init__(self, parts: Parts, config: MethodConfig | None = None) -> None:
        super().__init__(parts, config)
        longest = ["x" * 300] * self.config.lines
        summary_request(longest, (), lines=self.config.lines, budget=self.config.generator_budget)

    def fit(self, logs: Mapping[str, Sequence[Event]], rng: np.random.Generator) -> bytes:
        """How many users prefer each manner; no user's words are in it."""
        return json.dumps(fit_common(logs).to_json()).encode()

    def initial(self, user: User, population: bytes | None = None) -> ProfileSummaryState:
        """Nothing but what users have in common."""
        return ProfileSummaryState(common=common_of(population))

    def observe(self, state: ProfileSummaryState, event: Event) -> ProfileSummaryState:
        """Count what was preferred, written or said; take over the summary that a turn carries."""
        check_accepts(type(self), event)
        if isinstance(event.payload, Turn):
            return self._with_summary(state, event.payload)
        state = replace(state, history=state.history.observe(event), said=state.said.observe(event))
        recent = recent_of(event)
        if recent is None:
            return state
        kept = (*state.recent, recent)[-_MOST_RECENT:]
        return replace(state, recent=kept, waiting=state.waiting + 1)

    def propose(
        self, state: ProfileSummaryState, context: Context, n: int, rng: np.random.Generator
    ) -> Plans | Asking:
        """The whole profile, then random halves of it, after a new summary if one is due."""
        if self._is_due(state):
            return self._asking(state, context, n, rng)
        return self._plans(state, context, n, rng, ())

    def unlearned_plan(self, state: ProfileSummaryState, context: Context) -> Plan:
        """The query with what the user said, and no profile."""
        return personal_plan(self, context, state.said)

    def certainty(
        self, state: ProfileSummaryState, context: Context, rng: np.random.Generator
    ) -> float:
        """After n preferences and documents, n / (n + 3)."""
        return state.history.size / (state.history.size + _SURE_AFTER)

    def explain(self, state: ProfileSummaryState, user: str) -> Profile:
        """The summary's lines, manners with their probability, and what the user said.

        A language model's words carry no measured probability and are shown with one half.
        """
        lines = self._summary(state)
        found = [
            Belief(kind="summary", name=line, probability=0.5, evidence=state.seen)
            for line in lines
        ]
        return Profile(
            user=user,
            method=self.name,
            beliefs=state.said.beliefs((*found, *state.history.beliefs())),
            certainty=self.certainty(state, Context(""), np.random.default_rng(0)),
            summary=self._words(state, user) + state.said.note(),
        )

    def dump(self, state: ProfileSummaryState) -> bytes:
        """What was said, and the rest as JSON."""
        rest = [
            state.history.to_json(), state.recent, state.waiting, state.summary, state.seen,
            state.asked, state.common.to_json(),
        ]  # fmt: skip
        return pack(state.said.to_bytes(), json.dumps(rest, ensure_ascii=False).encode())

    def load(self, data: bytes) -> ProfileSummaryState:
        """The state of `dump`; raises StateError if the bytes are damaged."""
        said, rest = unpack(data, 2, self.name)
        try:
            history, recent, waiting, summary, seen, asked, common = json.loads(rest)
            return ProfileSummaryState(
                history=History.of_json(history),
                recent=tuple((query, preferred, refused) for query, preferred, refused in recent),
                waiting=int(waiting),
                summary=tuple(map(str, summary)),
                seen=int(seen),
                asked=bool(asked),
                common=History.of_json(common),
                said=Said.from_bytes(said),
            )
        except (ValueError, TypeError, AttributeError):
            raise StateError(f"The {self.name} state is damaged. Rebuild it.") from None

    def _is_due(self, state: ProfileSummaryState) -> bool:
        least = self.config.refresh if state.asked else self.config.first
        return self.config.ask_llm and state.waiting >= least

    def _asking(
        self, state: ProfileSummaryState, context: Context, n: int, rng: np.random.Generator
    ) -> Asking:
        messages = summary_request(
            state.summary,
            state.recent,
            lines=self.config.lines,
            budget=self.config.generator_budget,
        )
        seed = int(rng.integers(2**31 - 1))
        (answer,) = yield (
            Request(messages=messages, temperature=0.0, max_tokens=_MOST_TOKENS, seed=seed),
        )
        summary = read_summary(answer.text, self.config.lines)
        notes = _notes(messages, answer, len(summary))
        if summary:
            state = replace(state, summary=summary)
            notes = (*notes, (_ITEMS, len(state.recent)))
        return self._plans(state, context, n, rng, notes)

    def _plans(
        self,
        state: ProfileSummaryState,
        context: Context,
        n: int,
        rng: np.random.Generator,
        notes: Notes,
    ) -> Plans:
        lines = self._lines(state)
        sets = [lines]
        sets += [[line for line in lines if rng.random() < 0.5] for _ in range(n - 1)]
        plans = []
        for place, chosen in enumerate(sets):
            plan = personal_plan(
                self,
                context,
                state.said,
                (Section(_TITLE, tuple(chosen)),),
                "explore" if place else "best",
            )
            plans.append(plan)
        # What it cost is noted once, and how many of the best plan's rules are the new summary.
        if notes:
            told = sum(line in plans[0].rules for line in self._summary(state))
            plans[0] = replace(plans[0], notes=(*notes, (_SUMMARY, told)))
        return plans

    def _lines(self, state: ProfileSummaryState) -> list[Line]:
        """What the profile says, the most telling first."""
        found = [Line((plain_line(line),), line, is_rule=True) for line in self._summary(state)]
        if not found:
            found += topic_lines(state.history, state.said, self.config.topics)
        return found + manner_lines(state.history, state.common, state.said)

    def _summary(self, state: ProfileSummaryState) -> list[str]:
        """The language model's lines that nothing said since has made untrue."""
        return [line for line in state.summary if not state.said.outdates(line)]

    def _with_summary(self, state: ProfileSummaryState, turn: Turn) -> ProfileSummaryState:
        """Take over the summary of a turn that this method planned; or note that it got none."""
        plans = [c.plan for c in turn.candidates if c.plan.method == self.name]
        notes = {name: value for plan in plans for name, value in plan.notes}
        if "summary_requests" not in notes:
            return state
        state = replace(state, waiting=0, asked=True)
        count = int(notes.get(_SUMMARY, 0))
        carriers = [
            plan for plan in plans if plan.purpose == "best" and dict(plan.notes).get(_SUMMARY)
        ]
        if not count or not carriers:
            return state
        return replace(
            state,
            summary=carriers[0].rules[:count],
            recent=state.recent[int(notes.get(_ITEMS, 0)) :],
            seen=state.history.size,
        )

    def _words(self, state: ProfileSummaryState, user: str) -> str:
        history = state.history
        if not history.size:
            common = (
                " Answers follow what users have in common." if state.common.preferred() else ""
            )
            return f"Nothing is learned about {user} yet: answers are generic.{common}"
        given = f"{_many(history.preferences, 'preference')} and "
        given += _many(history.documents, "document")
        if state.summary:
            return f"A language model has summarised {given} of {user}."
        if history.size < COLD and state.common.preferred():
            return f"With only {given}, {user} is answered by what users have in common."
        return f"The profile of {user} is counted from {given}."


def _notes(messages: Sequence[Message], answer: Completion, lines: int) -> Notes:
    prompt = sum(count_tokens(message.content) for message in messages)
    return (
        ("summary_completion_tokens", answer.usage.completion or count_tokens(answer.text)),
        ("summary_parsed", int(lines > 0)),
        ("summary_prompt_tokens", answer.usage.prompt or prompt),
        ("summary_requests", 1),
    )


def _many(count: int, name: str) -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}"
