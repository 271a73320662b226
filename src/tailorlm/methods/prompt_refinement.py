"""Prompt refinement: the instructions themselves are learned, from how their answers score.

Every answer is written under a prompt, a few lines on how to answer. Rankings, ratings and edits
score the prompts; the best are kept in a bank with their scores. Candidates shown to learn from are
written under new prompts: a language model proposes them from the bank and from answers that the
user did not like, or, without one, manners of writing are added and dropped. What was proposed is
in the plan of the candidate, so the log holds it, and reading the log again needs no model.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import astuple, dataclass, field, replace
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from tailorlm.encoders.base import encode_query
from tailorlm.errors import InputError, StateError
from tailorlm.fence import plain_line
from tailorlm.llms.base import Completion, Request
from tailorlm.methods._examples import preference_of, shortened
from tailorlm.methods._history import History
from tailorlm.methods._memories import memory_fingerprint, pack, unpack
from tailorlm.methods._personal import Line, Section, personal_plan
from tailorlm.methods._refine_bank import (
    PROMPT,
    Lines,
    Misaligned,
    Prompt,
    best_of,
    lines_of,
    scores_of,
    with_score,
)
from tailorlm.methods._refine_text import read_prompts, refinement_request, rewrites
from tailorlm.methods._said import SAID, Said
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
    Event,
    Message,
    Plan,
    Profile,
    Purpose,
    Rating,
    Turn,
    User,
    belief_key,
)

Notes = tuple[tuple[str, float], ...]
_TITLE = "How this reader likes to be answered; follow it where it suits the question:"
_MOST_TOKENS = 500
"""Longest answer of the language model that proposes prompts."""
_MOST_MISALIGNED = 12
_TEXT = 300
_DRAWS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptRefinementConfig(MethodConfig):
    """Settings of `prompt_refinement`.

    Attributes:
        ask_llm: Whether a language model proposes prompts; without, manners are added and dropped.
        bank: Prompts that are kept, the best.
        refine: Disliked answers between two requests for new prompts.
        by_query: Whether scores on similar queries count more.
        generator_budget: Tokens that the prompt of a request for prompts may take.
    """

    ask_llm: bool = True
    bank: int = 6
    refine: int = 3
    by_query: bool = True
    generator_budget: int = 4000

    def __post_init__(self) -> None:
        MethodConfig.__post_init__(self)
        for name in ("bank", "refine"):
            if not 1 <= getattr(self, name) <= 50:
                raise InputError(f"{name} is 1 to 50, but got {getattr(self, name)}.")


@dataclass(frozen=True, slots=True)
class PromptRefinementState:
    """What is known of one user.

    Attributes:
        bank: Prompts with their scores, best first, the generic one last.
        misaligned: Answers that were not liked, oldest first.
        waiting: How many of them came since prompts were last asked for.
        history: How often manners won, from all texts that were judged.
        said: What the user said.
    """

    bank: tuple[Prompt, ...] = (Prompt(()),)
    misaligned: tuple[Misaligned, ...] = ()
    waiting: int = 0
    history: History = field(default_factory=History)
    said: Said = field(default_factory=Said)


class PromptRefinement(Method[PromptRefinementState]):
    """Refines the prompt itself by how its answers score, and keeps a bank of the best."""

    name = "prompt_refinement"
    paper = (
        "Prompt refinement: Fermi (Kim and Yang 2024), as in Zhang et al. 2024, survey of "
        "personalized LLMs, section 5.2.4: score, keep the best, propose from misaligned answers."
    )
    accepts: ClassVar[frozenset[type]] = frozenset({Rating}) | SAID
    Config = PromptRefinementConfig
    config: PromptRefinementConfig

    def __init__(self, parts: Parts, config: MethodConfig | None = None) -> None:
        super().__init__(parts, config)
        refinement_request((), (), count=9, budget=self.config.generator_budget)

    def fingerprint(self) -> str:
        """Also changes with the encoder's vectors."""
        return f"{super().fingerprint()}:{memory_fingerprint(self.parts)}"

    def initial(self, user: User, population: bytes | None = None) -> PromptRefinementState:
        """A bank with nothing but the generic prompt."""
        return PromptRefinementState()

    def observe(self, state: PromptRefinementState, event: Event) -> PromptRefinementState:
        """Score the prompts of the answers that were judged, and note what was not liked."""
        check_accepts(type(self), event)
        payload, turn = event.payload, event.turn
        if isinstance(payload, Turn):
            asked = any("refine_requests" in dict(c.plan.notes) for c in payload.candidates)
            return replace(state, waiting=0) if asked else state
        state = replace(state, history=state.history.observe(event), said=state.said.observe(event))
        if turn is None:
            return state
        better = _better(event)
        for candidate, score in sorted(scores_of(event).items()):
            shown = turn.candidates[candidate]
            lines = lines_of(shown.plan, self.name)
            if lines is not None:
                bank = with_score(state.bank, lines, turn.query, score, self.config.bank)
                state = replace(state, bank=bank)
            if score < 0.5:
                missed = Misaligned(
                    shortened(turn.query, _TEXT), shortened(shown.text, _TEXT), better
                )
                kept = (*state.misaligned, missed)[-_MOST_MISALIGNED:]
                state = replace(state, misaligned=kept, waiting=state.waiting + 1)
        return state

    def propose(
        self, state: PromptRefinementState, context: Context, n: int, rng: np.random.Generator
    ) -> Plans | Asking:
        """The best prompt for this query, then new ones to be scored.

        A single answer is written under the best prompt; while that is the empty one, it is
        generic.
        """
        state = _followed(state)
        if n > 1 and self.config.ask_llm and state.waiting >= self.config.refine:
            return self._asking(state, context, n, rng)
        return self._plans(state, context, n, rng, (), ())

    def unlearned_plan(self, state: PromptRefinementState, context: Context) -> Plan:
        """The query with what the user said, and no learned prompt."""
        return personal_plan(self, context, state.said)

    def utility(
        self, state: PromptRefinementState, context: Context, plans: Sequence[Plan]
    ) -> npt.NDArray[np.float64]:
        """Expected score of each plan's prompt on this query; one half for an unknown one."""
        state = _followed(state)
        expected = dict(
            zip((p.lines for p in state.bank), self._expected(state, context), strict=True)
        )
        return np.array([expected.get(lines_of(p, self.name) or (), 0.5) for p in plans])

    def certainty(
        self, state: PromptRefinementState, context: Context, rng: np.random.Generator
    ) -> float:
        """Probability that the best prompt of the bank is better than every other one in it."""
        tried = [prompt for prompt in _followed(state).bank if prompt.count]
        if len(tried) < 2:
            return 0.0
        best = tried.index(best_of(tried))
        draws = np.array([prompt.draws(rng, _DRAWS) for prompt in tried])
        return float((draws.argmax(axis=0) == best).mean())

    def explain(self, state: PromptRefinementState, user: str) -> Profile:
        """The bank with its scores, the manners that won, and what the user said."""
        found = [
            Belief(
                kind="prompt",
                name=" ".join(prompt.lines),
                probability=prompt.mean,
                evidence=round(prompt.count),
            )
            for prompt in state.bank
            if prompt.lines
        ]
        return Profile(
            user=user,
            method=self.name,
            beliefs=state.said.beliefs((*found, *state.history.beliefs())),
            certainty=self.certainty(state, Context(""), np.random.default_rng(0)),
            summary=_words(state, user) + state.said.note(),
        )

    def dump(self, state: PromptRefinementState) -> bytes:
        """What was said, and the rest as JSON."""
        rest = [
            [astuple(prompt) for prompt in state.bank],
            [astuple(missed) for missed in state.misaligned],
            state.waiting,
            state.history.to_json(),
        ]
        return pack(state.said.to_bytes(), json.dumps(rest, ensure_ascii=False).encode())

    def load(self, data: bytes) -> PromptRefinementState:
        """The state of `dump`; raises StateError if the bytes are damaged."""
        said, rest = unpack(data, 2, self.name)
        try:
            bank, misaligned, waiting, history = json.loads(rest)
            return PromptRefinementState(
                bank=tuple(
                    Prompt(tuple(lines), float(total), float(count), tuple(map(tuple, queries)))
                    for lines, total, count, queries in bank
                ),
                misaligned=tuple(Misaligned(*missed) for missed in misaligned),
                waiting=int(waiting),
                history=History.of_json(history),
                said=Said.from_bytes(said),
            )
        except (ValueError, TypeError, AttributeError):
            raise StateError(f"The {self.name} state is damaged. Rebuild it.") from None

    def _expected(self, state: PromptRefinementState, context: Context) -> npt.NDArray[np.float64]:
        """Expected score of each prompt of the bank on this query.

        Scores on similar queries count by their cosine, beside the mean over all.
        """
        means = np.array([prompt.mean for prompt in state.bank])
        queries = [query for prompt in state.bank for query, _ in prompt.queries]
        if not self.config.by_query or not queries:
            return means
        distinct = list(dict.fromkeys(queries))
        vectors = self.parts.encoder.encode(distinct) @ encode_query(
            self.parts.encoder, context.query
        )
        near = dict(zip(distinct, np.maximum(vectors, 0.0).tolist(), strict=True))
        for place, prompt in enumerate(state.bank):
            weights = np.array([near[query] for query, _ in prompt.queries])
            scores = np.array([score for _, score in prompt.queries])
            means[place] = (2.0 * means[place] + weights @ scores) / (2.0 + weights.sum())
        return means

    def _asking(
        self, state: PromptRefinementState, context: Context, n: int, rng: np.random.Generator
    ) -> Asking:
        messages = refinement_request(
            state.bank, state.misaligned, count=n - 1, budget=self.config.generator_budget
        )
        seed = int(rng.integers(2**31 - 1))
        (answer,) = yield (
            Request(messages=messages, temperature=0.7, max_tokens=_MOST_TOKENS, seed=seed),
        )
        proposed = read_prompts(answer.text, n - 1)
        return self._plans(
            state, context, n, rng, proposed, _notes(messages, answer, len(proposed))
        )

    def _plans(
        self,
        state: PromptRefinementState,
        context: Context,
        n: int,
        rng: np.random.Generator,
        proposed: Sequence[Lines],
        notes: Notes,
    ) -> Plans:
        expected = self._expected(state, context)
        best = state.bank[int(expected.argmax())]
        chosen = [best.lines]
        forgotten = _forgotten(state.said)
        for lines in (*proposed, *self._others(state, best, rng)):
            if len(chosen) == n:
                break
            if lines not in chosen and _name(lines) not in forgotten:
                chosen.append(lines)
        chosen += [best.lines] * (n - len(chosen))
        plans = [
            self._plan(state, context, lines, "explore" if place else "best")
            for place, lines in enumerate(chosen)
        ]
        plans[0] = replace(plans[0], notes=(*plans[0].notes, *notes))
        return plans

    def _others(
        self, state: PromptRefinementState, best: Prompt, rng: np.random.Generator
    ) -> list[Lines]:
        """Prompts to try beside the best: rewrites of it, and between them others of the bank."""
        tried = {prompt.lines for prompt in state.bank}
        new = [
            lines
            for lines in rewrites(best.lines, state.history, state.said, rng)
            if lines and lines not in tried
        ]
        others = [prompt for prompt in state.bank if prompt is not best]
        draws = [float(prompt.draws(rng, 1)[0]) for prompt in others]
        known = [others[i].lines for i in np.argsort(-np.array(draws), kind="stable")]
        mixed = [lines for pair in zip(new, known, strict=False) for lines in pair]
        return [*mixed, *new[len(known) :]]

    def _plan(
        self, state: PromptRefinementState, context: Context, lines: Lines, purpose: Purpose
    ) -> Plan:
        told = tuple(Line((plain_line(line),), line, is_rule=True) for line in lines)
        section = Section(_TITLE, told)
        plan = personal_plan(self, context, state.said, (section,), purpose)
        if plan.purpose == "generic":
            return plan
        written = sum(line not in plan.left_out for line in lines)
        return replace(plan, notes=((PROMPT, written),))


def _forgotten(said: Said) -> frozenset[str]:
    """Keys of the prompts that are not to be followed."""
    marks = said.corrected.marks
    return frozenset(belief_key(mark.name) for mark in marks if mark.word == "forgotten")


def _name(lines: Lines) -> str:
    """Key of the belief that a prompt is."""
    return belief_key(" ".join(lines))


def _followed(state: PromptRefinementState) -> PromptRefinementState:
    """The state with those prompts only that may be followed; the generic one always may."""
    forgotten = _forgotten(state.said)
    if not forgotten:
        return state
    bank = tuple(p for p in state.bank if not p.lines or _name(p.lines) not in forgotten)
    return replace(state, bank=bank)


def _better(event: Event) -> str:
    """The text that was preferred to the others, if there is one."""
    found = preference_of(event)
    return shortened(found.preferred[0], _TEXT) if found and found.preferred else ""


def _notes(messages: Sequence[Message], answer: Completion, found: int) -> Notes:
    prompt = sum(count_tokens(message.content) for message in messages)
    return (
        ("refine_completion_tokens", answer.usage.completion or count_tokens(answer.text)),
        ("refine_parsed", int(found > 0)),
        ("refine_prompt_tokens", answer.usage.prompt or prompt),
        ("refine_requests", 1),
    )


def _words(state: PromptRefinementState, user: str) -> str:
    best = best_of(state.bank)
    tried = sum(bool(prompt.count) for prompt in state.bank)
    if not tried:
        return f"No prompt has been scored for {user} yet: answers are generic."
    if not best.lines:
        return f"Of {tried} prompts in the bank of {user}, the generic one scores best."
    return (
        f"The best of {tried} prompts of {user} scores {best.mean:.2f} of 1: {' '.join(best.lines)}"
    )
