"""Preference agents: rules of how the user would write this very text, for any model to follow.

An agent maps what a text has to say, and to whom, to rules in plain words; the large model writes
from intent and rules (Shashidhar et al. 2024). Three agents share the method: one counts habits,
one looks up the rules of similar texts, one is a small language model trained on rules.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np

from tailorlm.errors import InputError, StateError
from tailorlm.llms.base import Request
from tailorlm.llms.builtin import Builtin
from tailorlm.methods._agent_plan import WritingTask, agreed, task_in, writing_plan
from tailorlm.methods._agent_privacy import reveals, without_private
from tailorlm.methods._agent_rules import Example, How, distilled, measured_rules, worded
from tailorlm.methods._said import SAID, Said
from tailorlm.methods.base import Asking, Method, MethodConfig, Plans, Training, check_accepts
from tailorlm.retrievers import Item, Memory
from tailorlm.types import (
    Belief,
    Context,
    Document,
    Edit,
    Event,
    Message,
    Plan,
    Profile,
    Turn,
    User,
)
from tailorlm.writing import own_words
from tailorlm.writing.agent_prompt import agent_prompt, read_rules
from tailorlm.writing.intent import intent_of
from tailorlm.writing.occasion import Occasion, occasion_of
from tailorlm.writing.profile import Habit, WritingProfile, pooled
from tailorlm.writing.rules import StyleRule, style_rules

__all__ = [
    "AgentState",
    "Example",
    "PreferenceAgent",
    "PreferenceAgentConfig",
    "agreed",
    "distilled",
    "measured_rules",
    "population_of",
]

_HEAD = struct.Struct("<4sIII")
_MAGIC = b"TLA1"
_FEW = 3
"""Texts up to which the habits of others count for about as much as the user's."""
_KIND = "example"
_MOST_PENDING = 20
_LEAST_TEXT = 100
"""Characters of a text that stand for its intent where none can be extracted."""
_LENGTHS = frozenset({"length", "sentences"})
_LEAST_WORDS = 2
"""Words of a rule that a model gives; less is no rule."""
_MODEL_TOKENS = 400
_DOUBT = 0.1
"""Probability from which another habit is worth showing."""
_HEADER = re.compile(
    r"(?P<name>from|to|cc|bcc|date|sent|subject|reply-to|x-[\w-]+)[ \t]*:(?P<value>[^\n]*)\n+",
    re.IGNORECASE,
)
_LONGEST_HEADER = 200
_FILE = re.compile(r"\.\w{1,5}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class PreferenceAgentConfig(MethodConfig):
    """Settings of `preference_agent`.

    Attributes:
        agent: "statistical" (habits by occasion, no model), "nearest" (rules of similar texts) or
            "model" (a language model trained to give rules, see `tailorlm train agent`).
        rules: How rules of a text are made: "r1" from the text, "r2" with deliberation, "r3" from
            its difference to a zero-shot text where there is one.
        no_quotes: Whether rules leave out what is private in the user's texts, and every quote.
        neighbours: Similar texts whose rules the "nearest" agent agrees on.
        distil: Whether the language model that answers the user also extracts what the user's texts
            say, drafts them and words their rules, as in the paper. It is then sent the texts, in
            up to three requests each. Otherwise all of that is measured.
    """

    agent: Literal["statistical", "nearest", "model"] = "statistical"
    rules: How = "r3"
    no_quotes: bool = False
    neighbours: int = 3
    distil: bool = False

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        for name, value, known in (
            ("agent", self.agent, ("statistical", "nearest", "model")),
            ("rules", self.rules, ("r1", "r2", "r3")),
        ):
            if value not in known:
                raise InputError(f"{name} is one of {', '.join(known)}, but got {value!r}.")
        if not 1 <= self.neighbours <= 50:
            raise InputError(f"neighbours is 1 to 50, but got {self.neighbours}.")


@dataclass(frozen=True, slots=True)
class AgentState:
    """What is known of how one user writes.

    Attributes:
        profile: Habits, counted over the user's texts.
        examples: The rules of each text, found by subject and intent.
        said: What the user said.
        others: What other writers have in common; None where nothing is known.
        last_seen: Time of the newest text, or None.
        pending: Positions of texts whose rules a language model is still to make.
        is_due: Whether a language model has answered since there are such texts.
    """

    profile: WritingProfile
    examples: Memory
    said: Said
    others: WritingProfile | None = None
    last_seen: float | None = None
    pending: tuple[int, ...] = ()
    is_due: bool = False


class PreferenceAgent(Method[AgentState]):
    """Learns how the user writes from texts and edits, and gives rules to the model that writes."""

    name = "preference_agent"
    paper = (
        "Unsupervised Human Preference Learning (Shashidhar et al. 2024), equations 1 to 5: "
        "preference agents with rules R1 to R3."
    )
    accepts: ClassVar[frozenset[type]] = frozenset({Document, Edit}) | SAID
    Config = PreferenceAgentConfig
    config: PreferenceAgentConfig

    def initial(self, user: User, population: bytes | None = None) -> AgentState:
        """Nothing of the user; the habits that the population shares, if there is one."""
        others = None if population is None else _profile(population)
        return AgentState(WritingProfile(), Memory(), Said(), others)

    def observe(self, state: AgentState, event: Event) -> AgentState:
        """Learn from a text the user wrote or edited, and from what the user said.

        An edit counts where a text was asked for, such as a mail; an edited answer to a question is
        not the user's writing. Quoted threads, forwarded mail and binary remains are passed over.
        """
        check_accepts(type(self), event)
        state = replace(state, said=state.said.observe(event))
        if isinstance(event.payload, Turn):
            answered = any(shown.llm != Builtin.name for shown in event.payload.candidates)
            return replace(state, is_due=bool(state.pending) and answered)
        example = _example(event)
        if example is None:
            return state
        taught = self.taught(state, example, time=event.time, position=event.position)
        if not self.config.distil or taught.profile is state.profile:
            return taught
        return replace(taught, pending=(*taught.pending, event.position)[-_MOST_PENDING:])

    def taught(
        self, state: AgentState, example: Example, *, time: float = 0.0, position: int = 0
    ) -> AgentState:
        """The state after one text with what is known about it: intent, draft, rules.

        For whoever has rules that were made elsewhere; `observe` measures them.

        Args:
            state: What is known before.
            example: The user's own words; a blank text changes nothing.
            time: When it was given, in seconds since 1970-01-01 UTC.
            position: Of its event in the user's log.
        """
        example = _with_intent(example)
        profile = _grown(state.profile, example)
        if profile is state.profile:
            return state
        item = self._item(example, time, position)
        examples = state.examples.add([item], self.parts.encoder)
        return replace(state, profile=profile, examples=examples, last_seen=time)

    def due(self, state: AgentState) -> bool:
        """Whether texts wait for a language model to word their rules, and one answers."""
        return state.is_due

    def train(
        self, state: AgentState, events: Sequence[Event], rng: np.random.Generator
    ) -> Training[AgentState]:
        """Have a language model extract intents, draft, and word the rules of texts that wait.

        Texts of which it gives no rules keep the measured ones. The demo writer gives none, so
        after it they wait on.
        """
        known = {event.position: event for event in events if event.position in state.pending}
        waiting = {place: example for place, event in sorted(known.items())
                   if (example := _example(event)) is not None}  # fmt: skip
        how, no_quotes = self.config.rules, self.config.no_quotes
        made = yield from distilled(list(waiting.values()), how, no_quotes=no_quotes)
        memory = state.examples
        for position, example in zip(waiting, made.examples, strict=True):
            if example.rules:
                item = self._item(example, known[position].time, position)
                memory = memory.replace(position, [item], self.parts.encoder)
        left = state.pending if made.llm == Builtin.name else ()
        return replace(state, examples=memory, pending=left, is_due=False)

    def propose(
        self, state: AgentState, context: Context, n: int, rng: np.random.Generator
    ) -> Plans | Asking:
        """Rules for the text that is asked for; what the user said alone where none is.

        The first plan has the agent's rules. Each of the others changes one habit, the least
        certain first, so that the user can show which is right.
        """
        task = task_in(context)
        if task is None or not _knows(state):
            return [writing_plan(self, context, (), state.said)] * n
        if self.config.agent == "model":
            return self._asked(state, context, task, n)
        return self._plans(state, context, task, n, self.rules_for(state, task))

    def rules_for(self, state: AgentState, task: WritingTask) -> tuple[str, ...]:
        """The rules of the "statistical" or the "nearest" agent for a task, most telling first."""
        found = self._nearest(state, task) if self.config.agent == "nearest" else ()
        return found or tuple(habit.text for habit in self._habits(state, task.occasion))

    def unlearned_plan(self, state: AgentState, context: Context) -> Plan:
        """What the user said, and nothing of how the user writes."""
        return writing_plan(self, context, (), state.said)

    def explain(self, state: AgentState, user: str) -> Profile:
        """The habits with their probabilities on any occasion, then what the user said.

        A habit's probability is a posterior mean; its evidence is the number of the user's texts
        that say something on it. For a phrase it is the share of texts that hold it.
        """
        habits = self._habits(state, Occasion())
        beliefs = tuple(
            Belief(
                kind="habit",
                name=habit.text,
                probability=habit.probability,
                evidence=habit.evidence,
                last_seen=state.last_seen if habit.evidence else None,
            )
            for habit in habits
        )
        ordered = sorted(beliefs, key=lambda belief: -belief.probability)
        return Profile(
            user=user,
            method=self.name,
            beliefs=state.said.beliefs(ordered),
            certainty=self.certainty(state, Context(""), np.random.default_rng(0)),
            summary=_summary(user, state) + state.said.note(),
        )

    def certainty(self, state: AgentState, context: Context, rng: np.random.Generator) -> float:
        """How sure the forms of greeting, closing and signature are: the mean of their shares.

        Where no text is asked for, rankings would teach nothing, and the method is sure.
        """
        task = task_in(context)
        if task is None and context.query:
            return 1.0
        occasion = Occasion() if task is None else task.occasion
        found = [state.profile.habit(facet, occasion, state.others)
                 for facet in ("greeting", "sign-off", "signature")]  # fmt: skip
        return float(np.mean([habit.probability if habit else 0.0 for habit in found]))

    def fit(self, logs: Mapping[str, Sequence[Event]], rng: np.random.Generator) -> bytes | None:
        """What at least three writers share: how long, how formal, which forms. No user's words."""
        profiles = []
        for events in logs.values():
            profile = WritingProfile()
            for event in events:
                example = _example(event)
                if example is not None:
                    profile = _grown(profile, _with_intent(example))
            profiles.append(profile)
        return population_of(profiles)

    def dump(self, state: AgentState) -> bytes:
        """Lengths, then profiles and what was said as JSON, then the examples."""
        head = {
            "profile": state.profile.as_json(),
            "others": None if state.others is None else state.others.as_json(),
            "last_seen": state.last_seen,
            "pending": state.pending,
            "is_due": state.is_due,
        }
        parts = (_json(head), state.said.to_bytes(), state.examples.to_bytes())
        return _HEAD.pack(_MAGIC, *map(len, parts)) + b"".join(parts)

    def load(self, data: bytes) -> AgentState:
        """The state of `dump`.

        Raises:
            StateError: If the bytes are something else.
        """
        try:
            magic, *lengths = _HEAD.unpack_from(data)
            if magic != _MAGIC or _HEAD.size + sum(lengths) != len(data):
                raise ValueError("its parts do not fit")
            ends = np.cumsum([_HEAD.size, *lengths])
            head = json.loads(data[ends[0] : ends[1]])
            last_seen = head["last_seen"]
            others = head["others"]
            return AgentState(
                profile=WritingProfile.of_json(head["profile"]),
                examples=Memory.from_bytes(data[ends[2] : ends[3]]),
                said=Said.from_bytes(data[ends[1] : ends[2]]),
                others=None if others is None else WritingProfile.of_json(others),
                last_seen=None if last_seen is None else float(last_seen),
                pending=tuple(map(int, head["pending"])),
                is_due=bool(head["is_due"]),
            )
        except (struct.error, ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateError(
                f"The preference_agent state is damaged ({type(error).__name__}). Rebuild it."
            ) from None

    def _item(self, example: Example, time: float, position: int) -> Item:
        """The rules of a text, to be found by what it says."""
        no_quotes = self.config.no_quotes
        rules = example.rules or measured_rules(example, self.config.rules, no_quotes=no_quotes)
        if no_quotes:
            rules = without_private(rules, example.text)
        return Item(
            text="\n".join([example.subject, *example.intent]).strip(),
            shown="\n".join(rules),
            kind=_KIND,
            time=time,
            position=position,
        )

    def _plans(
        self,
        state: AgentState,
        context: Context,
        task: WritingTask,
        n: int,
        rules: tuple[str, ...],
    ) -> Plans:
        """The plan with the rules, then those with one habit changed."""
        plans = [writing_plan(self, context, rules, state.said)]
        others = self._alternatives(state, task.occasion, rules) if n > 1 else []
        for place in range(n - 1):
            changed = others[place % len(others)] if others else rules
            plans.append(writing_plan(self, context, changed, state.said, purpose="explore"))
        return plans

    def _asked(self, state: AgentState, context: Context, task: WritingTask, n: int) -> Asking:
        """Have a model that was trained for it give the rules; habits where it gives none."""
        prompt = agent_prompt(task.subject, task.points, task.recipient, task.kind)
        (completion,) = yield (
            Request(messages=(Message("user", prompt),), temperature=0.0, max_tokens=_MODEL_TOKENS),
        )
        given = tuple(
            rule
            for rule in read_rules(completion.text)
            if len(rule.split()) >= _LEAST_WORDS and not (self.config.no_quotes and reveals(rule))
        )
        rules = given or self.rules_for(state, task)
        notes = (("agent_requests", 1.0), ("agent_rules", float(len(given))))
        return [replace(plan, notes=notes) for plan in self._plans(state, context, task, n, rules)]

    def _nearest(self, state: AgentState, task: WritingTask) -> tuple[str, ...]:
        """The rules that similar texts agree on; empty where nothing is similar.

        Similar texts say more or less than this one, so the length is the one that is expected for
        its intent, and theirs are left out.
        """
        query = "\n".join([task.subject, *task.points])
        hits = self.parts.retriever.rank(state.examples, query, self.config.neighbours)
        found = agreed([hit.item.wording.split("\n") for hit in hits])
        rules = [
            rule
            for rule in found
            if not any(read.facet in _LENGTHS for read in style_rules(rule))
            and not _ruled_out(rule, _wishes(state))
        ]
        length = [habit.text for habit in self._habits(state, task.occasion)[:1]]
        return (*length, *rules) if found else ()

    def _habits(self, state: AgentState, occasion: Occasion) -> tuple[Habit, ...]:
        """The user's habits, without those that what the user said rules out."""
        wishes = _wishes(state)
        no_quotes = self.config.no_quotes
        habits = (
            replace(habit, text=worded(habit.facet, habit.value, no_quotes=no_quotes))
            for habit in state.profile.habits(occasion, state.others)
        )
        return tuple(habit for habit in habits if habit.text and not _ruled_out(habit.text, wishes))

    def _alternatives(
        self, state: AgentState, occasion: Occasion, rules: tuple[str, ...]
    ) -> list[tuple[str, ...]]:
        """The rules with one habit as it may be instead, the most probable change first."""
        found = []
        for habit in self._habits(state, occasion):
            other = state.profile.habit(habit.facet, occasion, state.others, besides=habit.value)
            if other is None or other.probability < _DOUBT or habit.text not in rules:
                continue
            text = worded(other.facet, other.value, no_quotes=self.config.no_quotes)
            if not _ruled_out(text, _wishes(state)):
                changed = tuple(text if rule == habit.text else rule for rule in rules)
                found.append((other.probability, tuple(filter(None, changed))))
        return [changed for _, changed in sorted(found, key=lambda one: -one[0])]


def population_of(profiles: Iterable[WritingProfile]) -> bytes | None:
    """What these writers have in common, as `PreferenceAgent.initial` takes it; None of none."""
    common = pooled(profiles)
    return _json(common.as_json()) if common.texts else None


def _with_intent(example: Example) -> Example:
    """The example with what it says; a text of courtesies alone says what its beginning does."""
    intent = example.intent or intent_of(example.text) or (example.text[:_LEAST_TEXT],)
    return replace(example, intent=intent)


def _grown(profile: WritingProfile, example: Example) -> WritingProfile:
    """The profile with one more text; the same one where the text is blank."""
    occasion = occasion_of(example.subject, example.intent, example.recipient)
    return profile.add(example.text, occasion)


def _example(event: Event) -> Example | None:
    """The user's own writing in an event, with what is known of it; None where there is none."""
    payload, turn = event.payload, event.turn
    if isinstance(payload, Document):
        head, body = _headers(payload.text)
        title = "" if _FILE.search(payload.title) else payload.title
        return Example(
            text=own_words(body), subject=head.get("subject", title), recipient=head.get("to", "")
        )
    if not isinstance(payload, Edit) or turn is None:
        return None
    task = task_in(turn.context)
    if task is None:
        return None
    return Example(
        text=own_words(payload.text),
        subject=task.subject,
        recipient=task.recipient,
        kind=task.kind,
        intent=task.points,
        draft=turn.candidates[payload.candidate].text,
    )


def _headers(text: str) -> tuple[dict[str, str], str]:
    """The header lines that a saved mail begins with, by name in lower case, and the rest."""
    head: dict[str, str] = {}
    rest = text.lstrip()
    while found := _HEADER.match(rest):
        head.setdefault(found["name"].lower(), found["value"].strip()[:_LONGEST_HEADER])
        rest = rest[found.end() :]
    return head, rest if head else text


def _wishes(state: AgentState) -> list[StyleRule]:
    return [rule for text in state.said.in_force() for rule in style_rules(text)]


def _ruled_out(text: str, wishes: Sequence[StyleRule]) -> bool:
    """Whether a rule cannot be followed together with a wish."""
    if not wishes:
        return False
    return any(rule.excludes(wish) for rule in style_rules(text) for wish in wishes)


def _knows(state: AgentState) -> bool:
    return bool(state.profile.texts or (state.others is not None and state.others.texts))


def _summary(user: str, state: AgentState) -> str:
    own = state.profile.texts
    others = 0 if state.others is None else state.others.texts
    told = "1 text" if own == 1 else f"{own} texts"
    shared = f"what {others} texts of other writers share"
    if own == 0:
        known = f"rules are {shared}" if others else "texts are written without rules"
        return f"No text that {user} wrote is known yet: {known}."
    if own <= _FEW:
        rest = f"rules rest as much on {shared}" if others else "habits are guesses so far"
        return f"Only {told} of {user}: {rest}."
    return f"How {user} writes, by {told}{f' and {shared}' if others else ''}."


def _json(data: Any) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _profile(data: bytes) -> WritingProfile:
    try:
        return WritingProfile.of_json(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise StateError(
            f"The population of preference_agent is damaged ({type(error).__name__}). Fit it anew."
        ) from None
