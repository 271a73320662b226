"""The report "helped": a finished grid, and stated wishes crossed with other questions."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

import tailorlm
from tailorlm.datasets.prefeval import HeldPreference
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.helped.asking_identities import AskedBias, Prompts, asked_bias
from tailorlm.evaluation.helped.flattery import NAME, flattery
from tailorlm.evaluation.helped.grids import Answered, gaps_in, narrowing_in, worse_off_in
from tailorlm.evaluation.helped.misplaced import Misplaced, crossed, misplaced
from tailorlm.evaluation.helped.section import Helped, helped_section
from tailorlm.evaluation.helped.sycophancy import Sycophancy
from tailorlm.evaluation.judges.asking import Answers
from tailorlm.evaluation.metrics.scored import Unscored
from tailorlm.evaluation.prlhf.claims import FACTS
from tailorlm.evaluation.report import Report, machine
from tailorlm.llms.base import LLM
from tailorlm.methods import create_method
from tailorlm.methods.base import Method, Parts
from tailorlm.retrievers import create_retriever
from tailorlm.tags import premium_library

SUITE = "helped"
METHODS = ("persona", "contextual", "bayes_tags", "oppu_retrieval")
ANSWERS = "answers.jsonl"
"""What the language model said, in the folder of the report."""
OTHERS = (0, 10, 100)
"""What else a user has said; a prompt has no room for the largest."""
_LEAD = (
    "A mean gain says nothing of those who lose. This page asks who is worse off, whether groups "
    "are served alike, whether it matters who the user says they are, whether what is shown "
    "narrows, whether answers flatter, and whether wishes turn up where they do not belong.\n\n"
    "Small print is a 95% interval from resampling users, real or made up; for identities, from "
    "resampling prompts; for wishes out of place, from resampling topics."
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run depends on.

    Attributes:
        methods: Whose prompts are looked at, and answered where a language model is given.
        rows: Wishes that are crossed, from 1.
        others: What else the user has said.
        groups: By attribute the value of each user of the grid.
        asked: Facts, questions and requests of each kind that a language model is asked, from 1;
            None for all.
        seed: Of everything that is drawn.
    """

    methods: tuple[str, ...] = METHODS
    rows: int = 100
    others: tuple[int, ...] = OTHERS
    groups: Mapping[str, Mapping[str, str]] = field(default_factory=lambda: MappingProxyType({}))
    asked: int | None = None
    seed: int = 0


def run_helped(
    answered: Sequence[Answered],
    preferences: Sequence[HeldPreference],
    encoder: Encoder,
    settings: Settings,
    progress: Callable[[int, int], None] | None = None,
    llm: LLM | None = None,
    answers: Answers | None = None,
) -> Report:
    """Measure what can be measured with what is given.

    Args:
        answered: Of a grid; empty for none.
        preferences: Stated ones of PrefEval; empty for none.
        encoder: Of answers and questions.
        settings: What to run.
        progress: Told how many methods and settings, or requests, are done, of all.
        llm: Is asked about facts stated wrongly, and by users who say who they are; None to leave
            both out.
        answers: What it said before; filled. None to keep nothing.

    Raises:
        InputError: If nothing is given, or a method or the language model cannot be used.
        LLMError: If a request fails.
    """
    if not answered and not preferences and llm is None:
        raise InputError(
            "There is nothing to measure. Give a grid, stated preferences or a language model."
        )
    started = time.monotonic()
    found = Helped(
        worse_off=worse_off_in(answered, settings.seed),
        gaps=gaps_in(answered, settings.groups, settings.seed),
        identities={} if llm is None else _identities(llm, answers, encoder, settings, progress),
        narrowing=narrowing_in(answered, encoder, seed=settings.seed),
        sycophancy={} if llm is None else _flattery(llm, answers, encoder, settings, progress),
        misplaced=_misplaced(preferences, encoder, settings, progress) if preferences else {},
    )
    section, rows = helped_section(found, SUITE)
    return Report(
        suite=SUITE,
        title="Whom personalization helps",
        lead=_LEAD,
        bars=(),
        sections=(section,),
        rows=tuple(rows),
        metadata={
            "version": tailorlm.__version__,
            "encoder": f"{encoder.name} {encoder.version}",
            "seed": settings.seed,
            "answers": len(answered),
            "llm": None if llm is None else llm.label,
            "preferences": min(settings.rows, len(preferences)),
            "seconds": round(time.monotonic() - started, 1),
            "machine": machine(),
        },
    )


def _methods(encoder: Encoder, settings: Settings) -> list[Method[object]]:
    parts = Parts(
        encoder=encoder, library=premium_library(), retriever=create_retriever("dense", encoder)
    )
    return [create_method(name, parts) for name in settings.methods]


def _flattery(
    llm: LLM,
    answers: Answers | None,
    encoder: Encoder,
    settings: Settings,
    progress: Callable[[int, int], None] | None,
) -> dict[tuple[str, str], Sycophancy]:
    """Each method and the facts stated wrongly."""
    kept = Answers() if answers is None else answers
    found = {}
    for method in _methods(encoder, settings):
        rng = np.random.default_rng(settings.seed)
        claims = FACTS[: settings.asked]
        found[method.name, NAME] = flattery(
            method, llm, kept, rng, claims=claims, progress=progress
        )
    return found


def _identities(
    llm: LLM,
    answers: Answers | None,
    encoder: Encoder,
    settings: Settings,
    progress: Callable[[int, int], None] | None,
) -> dict[tuple[str, str], AskedBias]:
    """Each method and who the user says they are; left out where no answer can be read."""
    kept = Answers() if answers is None else answers
    prompts = Prompts() if settings.asked is None else Prompts().first(settings.asked)
    found = {}
    for method in _methods(encoder, settings):
        rng = np.random.default_rng(settings.seed)
        bias = asked_bias(method, llm, kept, rng, prompts=prompts, progress=progress)
        if not isinstance(bias, Unscored):
            found[method.name, "stated"] = bias
    return found


def _misplaced(
    preferences: Sequence[HeldPreference],
    encoder: Encoder,
    settings: Settings,
    progress: Callable[[int, int], None] | None,
) -> dict[tuple[str, str], Misplaced]:
    """Each method with each number of other things said; numbers beyond the data are left out."""
    methods = _methods(encoder, settings)
    others = [number for number in settings.others if number < len(preferences)]
    found: dict[tuple[str, str], Misplaced] = {}
    for number in others:
        rng = np.random.default_rng(settings.seed)
        rows = crossed(preferences, encoder, rng, count=settings.rows, others=number)
        for method in methods:
            rng = np.random.default_rng(settings.seed)
            found[method.name, f"{number} others"] = misplaced(method, rows, rng)
            if progress is not None:
                progress(len(found), len(others) * len(methods))
    return found
