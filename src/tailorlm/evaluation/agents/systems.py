"""What is compared: plans without the writer's style, with examples, and with an agent's rules."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tailorlm.encoders.base import Encoder
from tailorlm.evaluation.agents.mails import Sample, Writer, Writers
from tailorlm.llms.base import LLM, Completion, Request
from tailorlm.methods.base import Parts, plans_of
from tailorlm.methods.preference_agent import (
    AgentState,
    Example,
    PreferenceAgent,
    PreferenceAgentConfig,
    agreed,
    distilled,
    measured_rules,
    population_of,
)
from tailorlm.tags import premium_library
from tailorlm.types import Context, Message, Plan, User
from tailorlm.writing.agent_prompt import writer_prompt
from tailorlm.writing.occasion import occasion_of
from tailorlm.writing.profile import WritingProfile

TRUE = "the true mail"
ZERO_SHOT = "zero-shot"
FEW_SHOT = "few-shot"
STATISTICAL = "statistical agent"
NEAREST = "nearest agent"
MODEL = "model agent"
NO_BASELINE = "no-baseline agent"
RECORDED = "zero-shot, recorded large model"
SMALL = "small model, zero-shot"
NAIVE = "naive fine-tune"
_SHOTS = 3
DRAWS = 3
"""Draws of the examples that few-shot shows; its figures are means over them."""
Planner = Callable[[Sample], Plan]
"""Makes the plan of a mail that is to be written."""


@dataclass(frozen=True, slots=True)
class Bench:
    """What all systems share.

    Attributes:
        encoder: Of the retrieval.
        draft: Writes the zero-shot drafts of training mails.
        llm: A language model that extracts intents and words rules for some training mails, or
            None to measure all rules.
        agent: A language model that was trained to give rules, or None for no "model" agent.
        distilled: Training mails per writer whose rules `llm` makes.
        seed: Of the examples that few-shot shows.
    """

    encoder: Encoder
    draft: LLM
    llm: LLM | None = None
    agent: LLM | None = None
    distilled: int = 20
    seed: int = 0


class Agents:
    """The systems of one writer, learned from the writer's training mails.

    Args:
        writer: Whose mails are learned from.
        others: What further senders have in common, as `PreferenceAgent.initial` takes it.
        bench: What all systems share.
    """

    def __init__(self, writer: Writer, others: bytes | None, bench: Bench) -> None:
        self.writer = writer
        self._bench = bench
        parts = Parts(encoder=bench.encoder, library=premium_library())
        examples = _examples(writer, bench)
        self._methods = {
            name: PreferenceAgent(parts, config)
            for name, config in _CONFIGS.items()
            if name != MODEL or bench.agent is not None
        }
        self._states: dict[str, AgentState] = {}
        for method in self._methods.values():
            how = method.config.rules
            if how not in self._states:
                state = method.initial(User(writer.name), others)
                for place, example in enumerate(examples[how]):
                    state = method.taught(state, example, position=place + 1)
                self._states[how] = state
        self._shots = [_shots(writer, bench.seed + draw) for draw in range(DRAWS)]

    def planners(self) -> Mapping[str, tuple[Planner, ...]]:
        """Every system by name, in the order of the report; one planner per random draw."""
        found: dict[str, tuple[Planner, ...]] = {
            ZERO_SHOT: (self.zero_shot,),
            FEW_SHOT: tuple(partial(self.few_shot, draw=draw) for draw in range(DRAWS)),
        }
        for name in self._methods:
            found[name] = (partial(self.by_agent, name),)
        return found

    def zero_shot(self, sample: Sample) -> Plan:
        """The task alone."""
        return Plan(messages=(Message("user", sample.task),), method="none", purpose="generic")

    def few_shot(self, sample: Sample, draw: int = 0) -> Plan:
        """The task after three training mails with their tasks.

        The demo writer reads no examples; it is given as rules what most of the three show, and
        the length that they lead to expect.
        """
        shots = self._shots[draw]
        turns = [
            message
            for shot in shots
            for message in (Message("user", shot.task), Message("assistant", shot.text))
        ]
        occasion = occasion_of(sample.subject, sample.points, sample.recipient)
        length = _profile(shots).habits(occasion)[0].text
        shown = agreed([measured_rules(Example(text=shot.text), "r1")[1:] for shot in shots])
        return Plan(
            messages=(*turns, Message("user", sample.task)), method="none", rules=(length, *shown)
        )

    def by_agent(self, name: str, sample: Sample) -> Plan:
        """The plan with an agent's rules."""
        method = self._methods[name]
        state = self._states[method.config.rules]
        rng = np.random.default_rng(self._bench.seed)
        proposal = method.propose(state, Context(sample.task), 1, rng)
        return plans_of(proposal, self._answer)[0]

    def _answer(self, request: Request) -> Completion:
        if self._bench.agent is None:
            raise RuntimeError("only the model agent asks, and there is no model")
        return self._bench.agent.complete(request)


_CONFIGS: Mapping[str, PreferenceAgentConfig] = {
    STATISTICAL: PreferenceAgentConfig(agent="statistical"),
    NEAREST: PreferenceAgentConfig(agent="nearest"),
    MODEL: PreferenceAgentConfig(agent="model"),
    NO_BASELINE: PreferenceAgentConfig(agent="nearest", rules="r1"),
}


def learn(writers: Writers, bench: Bench) -> tuple[Agents, ...]:
    """The systems of every measured writer; each starts from what all other senders share."""
    own = [_profile(writer.train) for writer in writers.measured]
    further = [_profile(samples) for samples in writers.others]
    return tuple(
        Agents(writer, population_of([*own[:place], *own[place + 1 :], *further]), bench)
        for place, writer in enumerate(writers.measured)
    )


def task_request(sample: Sample) -> Request:
    """The task as the zero-shot writers get it."""
    return Request(messages=(Message("user", sample.task),), temperature=0.0)


def naive_request(sample: Sample) -> Request:
    """What a model is asked that was trained to write the text itself."""
    prompt = writer_prompt(sample.subject, sample.points, sample.recipient)
    return Request(messages=(Message("user", prompt),), temperature=0.0)


def written(llm: LLM, plans: Sequence[Plan]) -> list[str]:
    """What a writer makes of plans."""
    requests = [Request(messages=plan.messages, plan=plan, temperature=0.0) for plan in plans]
    return [completion.text.strip() for completion in llm.complete_many(requests)]


def _profile(samples: Sequence[Sample]) -> WritingProfile:
    profile = WritingProfile()
    for sample in samples:
        profile = profile.add(sample.text, occasion_of(sample.subject, sample.points))
    return profile


def _examples(writer: Writer, bench: Bench) -> Mapping[str, list[Example]]:
    """The training mails with rules by difference, "r3", and from the mail alone, "r1"."""
    plans = [
        Plan(messages=(Message("user", sample.task),), method="none") for sample in writer.train
    ]
    by_llm = 0 if bench.llm is None else bench.distilled
    missing = [p for p, sample in enumerate(writer.train) if p >= by_llm and not sample.draft]
    drafts = dict(zip(missing, written(bench.draft, [plans[p] for p in missing]), strict=True))
    known = [
        Example(
            text=sample.text,
            subject=sample.subject,
            recipient=sample.recipient,
            intent=sample.points,
            draft=sample.draft or drafts.get(place, ""),
            rules=sample.rules,
        )
        for place, sample in enumerate(writer.train)
    ]
    alone = [Example(text=e.text, subject=e.subject, recipient=e.recipient, intent=e.intent)
             for e in known]  # fmt: skip
    return {"r3": _distilled(known, "r3", bench), "r1": _distilled(alone, "r1", bench)}


def _distilled(examples: list[Example], how: Any, bench: Bench) -> list[Example]:
    """The examples, the first of them with rules of the language model if there is one."""
    if bench.llm is None:
        return examples
    asking = distilled(examples[: bench.distilled], how)
    answers: Any = None
    while True:
        try:
            requests = asking.send(answers)
        except StopIteration as stop:
            return [*stop.value.examples, *examples[bench.distilled :]]
        answers = tuple(bench.llm.complete_many(requests))


def _shots(writer: Writer, seed: int) -> list[Sample]:
    """Three training mails, drawn once per writer."""
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(writer.train), size=min(_SHOTS, len(writer.train)), replace=False)
    return [writer.train[int(place)] for place in chosen]
