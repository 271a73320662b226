"""The whole suite: read the mails, learn, write, measure, judge the bars."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import tailorlm
from tailorlm.datasets.recorded_emails import load_recorded_emails
from tailorlm.encoders.base import Encoder
from tailorlm.evaluation.agents import bars, pages
from tailorlm.evaluation.agents.mails import Sample, Writer, Writers, load_writers
from tailorlm.evaluation.agents.measures import AUTHOR, MASKED, Judge, Scores
from tailorlm.evaluation.agents.permutation import Permutation, permute
from tailorlm.evaluation.agents.systems import (
    NAIVE,
    RECORDED,
    SMALL,
    TRUE,
    Agents,
    Bench,
    learn,
    naive_request,
    task_request,
    written,
)
from tailorlm.evaluation.intervals import RESAMPLES
from tailorlm.evaluation.plots import check_installed
from tailorlm.evaluation.report import Report, Row, check_folder, machine, peak_memory
from tailorlm.llms import create_llm
from tailorlm.llms.base import LLM

SUITE = "agents"
DEMO = "the demo writer"
_QUICK_TRAIN, _QUICK_TEST, _QUICK_OTHERS, _QUICK_RESAMPLES = 80, 12, 25, 1000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is run.

    Attributes:
        data: Folder that holds the mails.
        recordings: File of recorded intents, drafts and rules, or None.
        quick: Whether fewer mails are used.
        writers: Senders that are measured.
        mails: Most test mails per sender; None for all (or as few as `quick` takes).
        least: Mails that a sender must have; None for 100.
        seed: Of divisions and draws.
        llm: A language model that writes as well, and words rules; or None.
        agent: A language model trained to give rules, for the "model" agent; or None.
        naive: A language model trained to write the texts, the naive fine-tune; or None.
        small: The small language model without training, or None.
    """

    data: Path
    recordings: Path | None = None
    quick: bool = False
    writers: int = 5
    mails: int | None = None
    least: int | None = None
    seed: int = 0
    llm: LLM | None = None
    agent: LLM | None = None
    naive: LLM | None = None
    small: LLM | None = None

    @property
    def resamples(self) -> int:
        """Rounds of the bootstrap."""
        return _QUICK_RESAMPLES if self.quick else RESAMPLES


Found = dict[tuple[str, str], Scores]
"""Scores by writer and system."""


def run_agents(
    folder: Path,
    encoder: Encoder,
    settings: Settings,
    *,
    replace: bool = False,
    on_step: Callable[[str], None] | None = None,
) -> Report:
    """Run the suite.

    Args:
        folder: Where the report will be written; checked before anything is run.
        encoder: Of retrieval and BERTScore.
        settings: What is run.
        replace: Whether a report in the folder may be replaced.
        on_step: Called with what begins.

    Raises:
        InputError: If the folder or the data cannot be used.
        LLMError: If a language model does not answer.
        MissingExtraError: If the packages of plots or metrics are not installed.
    """
    check_installed()
    check_folder(folder, replace=replace)
    start = time.perf_counter()
    step = on_step or (lambda what: None)
    step("Reading mails")
    writers = _load(settings)
    demo = create_llm("builtin")
    bench = Bench(encoder, demo, llm=settings.llm, agent=settings.agent, seed=settings.seed)
    step("Learning how each sender writes")
    agents = learn(writers, bench)
    step("Training the author classifiers")
    judge = Judge(writers, encoder, np.random.default_rng(settings.seed))
    recorded = _recorded(writers)
    recorded_agents = learn(recorded, bench) if recorded.measured else ()
    rows: list[Row] = []
    by_writer: dict[str, Found] = {}
    for label, llm in _pens(settings, demo).items():
        step(f"Writing with {label}")
        by_writer[label] = _scores(agents, llm, judge, settings)
        rows += pages.system_rows(by_writer[label], label, settings.seed, settings.resamples)
        if recorded_agents:
            found = _scores(recorded_agents, llm, judge, settings, with_recorded=True)
            rows += pages.recorded_rows(found, label, settings.seed, settings.resamples)
    step("Permuting agents and mails")
    matrices = _matrices(agents, demo, judge)
    rows += pages.permutation_rows(matrices)
    emails = [] if settings.recordings is None else load_recorded_emails(settings.recordings)
    return pages.report(
        rows,
        matrices,
        checklist=(
            bars.permutation_bar(matrices[AUTHOR]),
            bars.style_bar(by_writer[DEMO]),
            bars.parsing_bar(emails),
        ),
        metadata=_metadata(writers, judge, settings, encoder, by_writer, start),
    )


def _load(settings: Settings) -> Writers:
    quick = settings.quick
    most_test = _QUICK_TEST if quick else None
    return load_writers(
        settings.data,
        settings.recordings,
        writers=settings.writers,
        seed=settings.seed,
        most_train=_QUICK_TRAIN if quick else None,
        most_test=settings.mails or most_test,
        most_others=_QUICK_OTHERS if quick else 100,
        least=settings.least,
    )


def _pens(settings: Settings, demo: LLM) -> Mapping[str, LLM]:
    """Who writes, by what the report calls them."""
    pens = {DEMO: demo}
    if settings.llm is not None:
        pens[settings.llm.label] = settings.llm
    return pens


def _recorded(writers: Writers) -> Writers:
    """The writers with recorded mails, and of their mails the recorded ones alone."""
    measured = []
    for writer in writers.measured:
        train = tuple(s for s in writer.train if s.is_recorded and s.rules)
        test = tuple(s for s in writer.test if s.is_recorded)
        if train and test:
            measured.append(Writer(writer.name, train, test))
    return Writers(tuple(measured), writers.others)


def _scores(
    agents: Sequence[Agents],
    llm: LLM,
    judge: Judge,
    settings: Settings,
    *,
    with_recorded: bool = False,
) -> Found:
    """What every system scores on every writer's test mails."""
    found: Found = {}
    for agent in agents:
        name, samples = agent.writer.name, agent.writer.test
        found[name, TRUE] = judge.scores(samples, [sample.text for sample in samples])
        if with_recorded:
            found[name, RECORDED] = judge.scores(samples, [sample.draft for sample in samples])
        for system, planners in agent.planners().items():
            draws = [written(llm, [make(sample) for sample in samples]) for make in planners]
            found[name, system] = Scores.mean([judge.scores(samples, texts) for texts in draws])
        for system, other, request in (
            (SMALL, settings.small, task_request),
            (NAIVE, settings.naive, naive_request),
        ):
            if other is not None:
                answers = other.complete_many([request(sample) for sample in samples])
                texts = [answer.text.strip() for answer in answers]
                found[name, system] = judge.scores(samples, texts)
    return found


def _matrices(agents: Sequence[Agents], demo: LLM, judge: Judge) -> dict[str, Permutation]:
    texts: dict[tuple[str, str], list[str]] = {}
    make = partial(permute, agents, demo, judge, texts=texts)
    return {metric: make(metric) for metric in (AUTHOR, MASKED)}


def _metadata(
    writers: Writers,
    judge: Judge,
    settings: Settings,
    encoder: Encoder,
    by_writer: Mapping[str, Found],
    start: float,
) -> dict[str, Any]:
    samples: list[Sample] = [s for writer in writers.measured for s in writer.test]
    held_out = judge.classifiers[AUTHOR].held_out
    masked = judge.classifiers[MASKED].held_out
    return {
        "version": tailorlm.__version__,
        "seed": settings.seed,
        "quick": settings.quick,
        "encoder": f"{encoder.name} {encoder.version}",
        "senders": len(writers.measured),
        "training_mails": len(writers.train),
        "test_mails": len(samples),
        "test_mails_with_recorded_intent": sum(sample.is_recorded for sample in samples),
        "further_senders": len(writers.others),
        "author_classifier_held_out_accuracy": round(held_out.accuracy, 4),
        "author_classifier_held_out_accuracy_words_masked": round(masked.accuracy, 4),
        "empty_answers": sum(s.empty for found in by_writer.values() for s in found.values()),
        "language_models": {
            role: llm.label
            for role in ("llm", "agent", "naive", "small")
            if (llm := getattr(settings, role)) is not None
        }
        or "none: model agent, naive fine-tune and small model were not run",
        "seconds": round(time.perf_counter() - start, 1),
        "peak_memory_mib": peak_memory(),
        "machine": machine(),
    }
