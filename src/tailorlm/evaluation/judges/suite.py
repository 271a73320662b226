"""The calibration of judges: each judges the pairs of every source, and is held against people."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

import tailorlm
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import RESAMPLES
from tailorlm.evaluation.judges.asking import Answers, Spent, ask, check_llm, spent
from tailorlm.evaluation.judges.base import LLMJudge, Verdict
from tailorlm.evaluation.judges.measures import Draws
from tailorlm.evaluation.judges.offline import (
    AuthorJudge,
    InterestJudge,
    LengthJudge,
    OfflineJudge,
    SimilarityJudge,
    StyleJudge,
    judge_all,
    known_answers,
)
from tailorlm.evaluation.judges.page import LEAD, SUITE, Judged, bars, figures, sections
from tailorlm.evaluation.judges.prompted import AnnotatorJudge, ClosestJudge, RolePlayJudge
from tailorlm.evaluation.judges.rubric import RubricJudge
from tailorlm.evaluation.judges.sources import Source
from tailorlm.evaluation.report import Report, machine, peak_memory
from tailorlm.llms.base import LLM

ANSWERS = "answers.jsonl"
"""What language models said, in the folder of the report."""
LLM_PAIRS = 100
"""Pairs of each source that a language model judges."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run depends on.

    Attributes:
        seed: Of the pairs that a language model judges, of classifiers and of intervals.
        llm_pairs: Pairs of each source that a language model judges, from 1.
        prices: Of a million tokens read and of a million written; None where they are not known.
        resamples: Rounds of the bootstrap.

    Raises:
        InputError: If a number cannot be used.
    """

    seed: int = 0
    llm_pairs: int = LLM_PAIRS
    prices: tuple[float, float] | None = None
    resamples: int = RESAMPLES

    def __post_init__(self) -> None:
        if self.llm_pairs < 1:
            raise InputError(f"A language model judges 1 pair at least, but got {self.llm_pairs}.")
        if self.prices is not None:
            Spent(0, 0, 0).cost(*self.prices)


def run_judges(
    sources: Sequence[Source],
    encoder: Encoder,
    llms: Sequence[LLM],
    answers: Answers,
    settings: Settings,
    progress: Callable[[str, int, int], None] | None = None,
) -> Report:
    """Let every judge judge every source.

    Args:
        sources: Pairs with what people said of them.
        encoder: Of the judges that compare meaning.
        llms: Language models; each judges by every prompt that the source has the knowledge for.
        answers: What they said before; filled.
        settings: Seed, sizes and prices.
        progress: Told the judge, and how many of its requests are answered, of all.

    Raises:
        InputError: If there is no source, or a writer is no language model.
        LLMError: If a request fails.
    """
    if not sources:
        raise InputError(
            "There is nothing to calibrate judges on. Give recorded rankings or reviews."
        )
    for llm in llms:
        check_llm(llm)
    started = time.monotonic()
    judged = [one for source in sources for one in _offline(source, encoder, settings)]
    for llm in llms:
        for source in sources:
            judged += _by_llm(source, llm, len(llms) > 1, answers, settings, progress)
    draws = Draws(settings.seed, settings.resamples)
    rows = figures(sources, judged, settings.prices, draws)
    memory = peak_memory()
    return Report(
        suite=SUITE,
        title="Judges, held against people",
        lead=LEAD,
        bars=bars(rows),
        sections=sections(sources, judged, rows),
        rows=tuple(rows),
        metadata={
            "version": tailorlm.__version__,
            "encoder": f"{encoder.name} {encoder.version}",
            "llms": [llm.label for llm in llms],
            "seed": settings.seed,
            "llm_pairs": settings.llm_pairs,
            "resamples": settings.resamples,
            "pairs": {source.name: len(source.pairs) for source in sources},
            "seconds": round(time.monotonic() - started, 1),
            "peak_memory_MiB": None if memory is None else round(memory),
            "machine": machine(),
        },
    )


def _offline(source: Source, encoder: Encoder, settings: Settings) -> list[Judged]:
    """What judges without a language model say; those that know too little are left out.

    A classifier learns from earlier turns, so where the truth is given it has no part.
    """
    judges: list[OfflineJudge] = [LengthJudge(), SimilarityJudge(source.people, encoder)]
    if len(known_answers(source.people)) >= StyleJudge.LEAST:
        judges.append(StyleJudge(source.people))
    if not any(pair.truth for pair in source.pairs):
        judges.append(AuthorJudge(source.people, settings.seed))
    if any(person.likes for person in source.people.values()):
        judges.append(InterestJudge(source.people, encoder))
    return [Judged(source.name, one.name, tuple(judge_all(one, source.pairs))) for one in judges]


def _by_llm(
    source: Source,
    llm: LLM,
    named: bool,
    answers: Answers,
    settings: Settings,
    progress: Callable[[str, int, int], None] | None,
) -> list[Judged]:
    """What a language model says by each prompt; all are given the same part of the pairs."""
    rng = np.random.default_rng(settings.seed)
    chosen = rng.permutation(len(source.pairs))[: settings.llm_pairs]
    pairs = [source.pairs[place] for place in sorted(chosen.tolist())]
    found = []
    for judge in _llm_judges(source):
        name = f"{judge.name}, {llm.label}" if named else judge.name

        def tell(done: int, total: int, name: str = name) -> None:
            if progress is not None:
                progress(f"{name} on {source.name}", done, total)

        verdicts: list[Verdict] = ask(judge, llm, pairs, answers, progress=tell)
        took = spent(judge, llm, pairs, answers)
        found.append(Judged(source.name, name, tuple(verdicts), took))
    return found


def _llm_judges(source: Source) -> list[LLMJudge]:
    """The prompts that a source has the knowledge for."""
    if all(pair.truth for pair in source.pairs):
        return [ClosestJudge()]
    judges: list[LLMJudge] = [RubricJudge(source.people), RolePlayJudge(source.people)]
    if all(source.people[pair.user].likes for pair in source.pairs):
        judges.append(AnnotatorJudge(source.people))
    return judges
