"""The whole suite: learn from first edits, hold later ones out, fill the tables, judge the bars."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import tailorlm
from tailorlm.datasets.recorded_edits import RecordedEdit
from tailorlm.datasets.rewrites import Rewrite
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.edits import tables
from tailorlm.evaluation.edits.learners import (
    by_user,
    learner,
    made_of_recorded,
    made_of_rewrite,
)
from tailorlm.evaluation.edits.recorded import (
    Split,
    learned,
    named_parts,
    scored,
    written,
)
from tailorlm.evaluation.edits.rewritten import predict_rewrites
from tailorlm.evaluation.intervals import RESAMPLES
from tailorlm.evaluation.report import Report, Section, machine, peak_memory
from tailorlm.llms.base import LLM
from tailorlm.methods.edit_rules import EditRulesConfig

_QUICK_USERS, _QUICK_RESAMPLES = 40, 1000
_LEAST_USERS = 2
_LEAD = (
    "What people change in drafts says how they want to be written for. The method edit_rules "
    "learns from it; this page shows what it found.\n\n"
    "In the first part the users are simulated by a language model that was told a preference. "
    "The learner sees drafts and edits, never the preference. In the second part real people made "
    "mails of others more polite, about ten each.\n\n"
    "Small print is a 95% interval of the mean, from resampling users with all their edits."
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run depends on.

    Attributes:
        seed: Of everything that is drawn.
        quick: Rewrites of 40 users only, and fewer resamples.
    """

    seed: int = 0
    quick: bool = False

    @property
    def resamples(self) -> int:
        """Rounds of the bootstrap."""
        return _QUICK_RESAMPLES if self.quick else RESAMPLES


def run_edits(
    recorded: Sequence[RecordedEdit],
    preferences: Mapping[str, str],
    rewrites: Sequence[Rewrite],
    encoder: Encoder,
    llm: LLM,
    settings: Settings,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Run the suite.

    Args:
        recorded: Edits of users whose preference is known; at least three each.
        preferences: What each of these users wants, for scoring.
        rewrites: Rewrites of mails; those of unknown people are left out. Empty to leave the
            part out.
        encoder: Tells what a mail is about.
        llm: Writes mails by the rules.
        settings: Seed and size.
        progress: Told how many people's rewrites were read, of all.

    Raises:
        InputError: If there is too little to learn from or to hold out.
    """
    started = time.monotonic()
    parts = [_recorded(recorded, preferences, encoder, llm, settings)]
    if rewrites:
        parts.append(_rewritten(rewrites, encoder, settings, progress))
    rows = tuple(row for part in parts for row in part.rows)
    sections: tuple[Section, ...] = tuple(s for part in parts for s in part.sections)
    bars = tuple(bar for part in parts for bar in part.bars)
    return Report(
        suite=tables.SUITE,
        title="What edits tell about their users",
        lead=_LEAD,
        bars=bars,
        sections=sections,
        rows=rows,
        metadata=_metadata(encoder, llm, settings, time.monotonic() - started),
    )


def _recorded(
    recorded: Sequence[RecordedEdit],
    preferences: Mapping[str, str],
    encoder: Encoder,
    llm: LLM,
    settings: Settings,
) -> tables.Part:
    split = Split.of([made_of_recorded(edit) for edit in recorded])
    if len(split.first) < _LEAST_USERS or not all(map(len, split.first.values())):
        raise InputError("Edits of at least two users with two edits each are needed.")
    method = learner(encoder)
    general = learner(encoder, EditRulesConfig(by_subject=False))
    states = learned(method, split)
    draws = tables.Draws(settings.seed, settings.resamples)
    return tables.recorded_part(
        named_parts(method, states, split, preferences),
        scored(method, general, states, split),
        written(method, llm, states, split),
        list(states),
        draws,
    )


def _rewritten(
    rewrites: Sequence[Rewrite],
    encoder: Encoder,
    settings: Settings,
    progress: Callable[[int, int], None] | None,
) -> tables.Part:
    known = [rewrite for rewrite in rewrites if rewrite.user is not None]
    made = [made_of_rewrite(rewrite, number) for number, rewrite in enumerate(known)]
    if settings.quick:
        few = list(by_user(made))[:_QUICK_USERS]
        made = [edit for edit in made if edit.user in set(few)]
    rng = np.random.default_rng(settings.seed)
    predicted = predict_rewrites(learner(encoder), made, rng, progress)
    return tables.rewritten_part(predicted, tables.Draws(settings.seed, settings.resamples))


def _metadata(encoder: Encoder, llm: LLM, settings: Settings, seconds: float) -> dict[str, Any]:
    memory = peak_memory()
    return {
        "version": tailorlm.__version__,
        "encoder": f"{encoder.name} {encoder.version}",
        "llm": llm.label,
        "seed": settings.seed,
        "quick": settings.quick,
        "resamples": settings.resamples,
        "seconds": round(seconds, 1),
        "peak_memory_MiB": None if memory is None else round(memory),
        "machine": machine(),
    }
