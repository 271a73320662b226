"""The whole suite: conflicting preferences, profiles, many users, and what it may cost."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import tailorlm
from tailorlm.datasets.profile_answers import ProfileAnswers, load_profile_answers, load_profiles
from tailorlm.datasets.rated_texts import load_rated_texts
from tailorlm.datasets.summary_reviews import load_summary_reviews
from tailorlm.datasets.worker_summaries import WorkerSummary, load_worker_summaries
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import RESAMPLES
from tailorlm.evaluation.plots import check_installed
from tailorlm.evaluation.prlhf.bench import Bench, Sizes, Tell
from tailorlm.evaluation.prlhf.conflicting import FEW, Conflict, Ground, prepare, run_conflict
from tailorlm.evaluation.prlhf.conflicting_page import BARS, conflict_part
from tailorlm.evaluation.prlhf.heads import SUITE, Draws, Part
from tailorlm.evaluation.prlhf.journal import JOURNAL, Journal
from tailorlm.evaluation.prlhf.many_user_pages import many_user_pages, steps_of
from tailorlm.evaluation.prlhf.personal_profiles import profile_part, run_profiles
from tailorlm.evaluation.prlhf.profile_pages import profile_pages
from tailorlm.evaluation.prlhf.rated_worlds import offensiveness
from tailorlm.evaluation.prlhf.rated_worlds import summaries as reviewed_summaries
from tailorlm.evaluation.prlhf.safety import (
    agreement_of_heads,
    agreement_of_model,
    dropped_by_picks,
    dropped_by_written,
)
from tailorlm.evaluation.prlhf.safety_page import safety_part
from tailorlm.evaluation.prlhf.trainers import BaseRecipe, Recipe, Trainers
from tailorlm.evaluation.report import Bar, Report, Section, check_folder, machine, peak_memory

PARTS = ("conflicting", "profiles", "users", "safety")
SUMMARIES = Path("tldr_worker_best") / "openai_reddit_user_summary.csv.gz"
RATINGS = Path("popquorn") / "offensiveness_raw.csv.gz"
REVIEWS = Path("squality") / "human_eval_all_responses.jsonl.gz"
PROFILES, PROFILE_WORDS = "profiles.jsonl", "profiles_users.json"
QUICK = Sizes(
    posts=150,
    words=24,
    each=8,
    steps=10,
    judged=12,
    own=6,
    prompts=4,
    written=24,
    checks=2,
    seeds=1,
    ablations=False,
    pairs=1,
    base=BaseRecipe(layers=2, width=96, vocabulary=1500, epochs=1),
    recipe=Recipe(
        learning_rate=3e-3, user_learning_rate=1e-2, batch_size=8, max_tokens=128, epochs=1
    ),
)
NAMED = Sizes(
    words=200, each=900, each_of_many=450, steps=None, written=96, recipe=Recipe(max_tokens=512)
)
"""With a base that was named: the paper's hyper-parameters, and all posts for each worker."""
SHORT = Sizes(
    judged=20,
    own=6,
    prompts=4,
    written=48,
    checks=2,
    seeds=1,
    ablations=False,
    recipe=replace(Sizes().recipe, batch_size=8, epochs=1),
)
"""With a number of steps: posts as short and rates as high as for the suite's own base.

At the paper's rates, which are for 1,456 steps, a run of a few steps changes nothing.
"""
_QUICK_RESAMPLES = 1000
_LEAD = (
    "Users want different things from the same model. P-RLHF (Li et al., 2024) learns a model of "
    "each user from what the user prefers: P-DPO gives a language model a prefix for each user, "
    "P-RM gives each user a reward. This page repeats its experiments and sets the paper's figures "
    "beside ours.\n\n"
    "Simulated workers and recorded profiles are evidence about the algorithms, not about people; "
    "the part on many users has ratings and judgements of people."
)
_NOT_HERE = (
    "Not measured: this part trains language models, and what that needs is not installed. "
    "Install it with pip install 'tailorlm[train]'."
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is run.

    Attributes:
        data: Folder of data sets.
        recordings: Folder of recorded answers under profiles; None leaves them out.
        quick: Whether everything is small.
        base: A model to begin from; "" for the suite's own small one.
        steps: Steps of each training from a named base; None for all there is to learn from.
        seeds: Worlds of the main comparison; None for the default.
        seed: Of everything that is drawn.
        parts: Which of `PARTS`; all if empty.
        sizes: Sizes to use instead of those that the others say.
    """

    data: Path
    recordings: Path | None = None
    quick: bool = False
    base: str = ""
    steps: int | None = None
    seeds: int | None = None
    seed: int = 0
    parts: tuple[str, ...] = ()
    sizes: Sizes | None = None

    def __post_init__(self) -> None:
        for name, value in (("steps", self.steps), ("seeds", self.seeds)):
            if value is not None and value < 1:
                raise InputError(f"The number of {name} is at least 1, but got {value}.")
        wrong = [part for part in self.parts if part not in PARTS]
        if wrong:
            raise InputError(f"A part is one of {', '.join(PARTS)}, but got {wrong[0]!r}.")
        if self.steps is not None and not self.base:
            raise InputError("--steps goes with --base: the suite's own base has its own length.")

    def has(self, part: str) -> bool:
        """Whether a part is run."""
        return not self.parts or part in self.parts

    @property
    def resamples(self) -> int:
        """Rounds of the bootstrap."""
        return _QUICK_RESAMPLES if self.quick else RESAMPLES

    @cached_property
    def used(self) -> Sizes:
        """How large everything is."""
        sizes = self.sizes or (NAMED if self.base else QUICK if self.quick else Sizes())
        if self.quick and self.base:
            sizes = replace(QUICK, steps=None, recipe=replace(NAMED.recipe, epochs=1))
        if self.steps is not None:
            total = self.steps * SHORT.recipe.batch_size
            sizes = replace(SHORT, each=-(-total // FEW), steps=None)
        return sizes if self.seeds is None else replace(sizes, seeds=self.seeds)


def run_prlhf(
    folder: Path,
    encoder: Encoder,
    trainers: Trainers | None,
    settings: Settings,
    *,
    replace_old: bool = False,
    tell: Tell = lambda what, step, total: None,
) -> Report:
    """Run the suite; what is finished is kept in the folder until the report is written.

    Args:
        folder: Where the report will be, and meanwhile models and the journal.
        encoder: Of answers, for linear reward heads.
        trainers: Whoever trains; None where what training needs is not installed.
        settings: What to run.
        replace_old: Whether the folder may hold a report already.
        tell: Told what is done, and how far it is.

    Raises:
        InputError: If the folder, the data or the settings cannot be used.
        MissingExtraError: If the package that draws plots is not installed.
        TailorError: If a training fails.
    """
    check_installed()
    check_folder(folder, replace=replace_old)
    start = time.perf_counter()
    summaries, answers, profiles = _read(settings)
    head = _head(settings, encoder, summaries, answers)
    bench = None
    if trainers is not None:
        bench = Bench(
            trainers=trainers,
            folder=folder,
            journal=Journal(folder / JOURNAL, head),
            sizes=settings.used,
            seed=settings.seed,
            base=settings.base,
            tell=tell,
        )
    work = _Work(encoder, bench, settings, summaries, answers, profiles, tell)
    parts = list(work.parts())
    return Report(
        suite=SUITE,
        title="P-RLHF, repeated: models and rewards that know their users",
        lead=f"{_LEAD}\n\n{_size_words(settings, trainers is not None)}",
        bars=tuple(bar for part in parts for bar in part.bars),
        sections=tuple(section for part in parts for section in part.sections),
        rows=tuple(row for part in parts for row in part.rows),
        metadata=_metadata(work, time.perf_counter() - start),
    )


def _read(
    settings: Settings,
) -> tuple[list[WorkerSummary], list[ProfileAnswers], dict[str, str]]:
    """Everything that the chosen parts read, before anything is trained."""
    summaries: list[WorkerSummary] = []
    if settings.has("conflicting") or settings.has("safety") or settings.has("profiles"):
        summaries = load_worker_summaries(settings.data / SUMMARIES)
    if settings.recordings is None:
        return summaries, [], {}
    return (
        summaries,
        load_profile_answers(settings.recordings / PROFILES),
        load_profiles(settings.recordings / PROFILE_WORDS),
    )


@dataclass
class _Work:
    """The parts one after the other; what one trained, the next may use."""

    encoder: Encoder
    bench: Bench | None
    settings: Settings
    summaries: list[WorkerSummary]
    answers: list[ProfileAnswers]
    profiles: Mapping[str, str]
    tell: Tell

    @property
    def draws(self) -> Draws:
        """How intervals are drawn."""
        return Draws(self.settings.seed, self.settings.resamples)

    @cached_property
    def ground(self) -> Ground | None:
        """What trainings begin from, where there can be any."""
        return None if self.bench is None else prepare(self.bench, self.summaries)

    @cached_property
    def conflict(self) -> Conflict | None:
        """Trainings with conflicting preferences, where they are wanted and can be run."""
        if self.bench is None or self.ground is None or not self.settings.has("conflicting"):
            return None
        return run_conflict(self.bench, self.ground)

    def parts(self) -> Iterator[Part]:
        """What was found, in the order of the page."""
        has = self.settings.has
        if has("conflicting"):
            yield self._conflicting()
        if has("profiles") and self.answers:
            yield from self._profiles()
        if has("users"):
            yield self._users()
        if has("safety"):
            yield self._safety()

    def _conflicting(self) -> Part:
        if self.conflict is None:
            bars = tuple(Bar(name, "", None) for name in BARS)
            return Part((), (Section("Conflicting preferences", _NOT_HERE),), bars)
        return conflict_part(self.conflict, self.draws, self.settings.used.written)

    def _profiles(self) -> Iterator[Part]:
        self.tell("reward heads on profiles", 0, 1)
        yield profile_pages(
            self.answers,
            self.encoder,
            seed=self.settings.seed,
            quick=self.settings.quick,
            resamples=self.settings.resamples,
        )
        if self.bench is None or self.ground is None:
            yield Part((), (Section("Profiles: P-DPO", _NOT_HERE),), ())
            return
        found = run_profiles(self.bench, self.answers, self.profiles, self.ground.base)
        yield profile_part(found, self.draws)

    def _users(self) -> Part:
        settings, done = self.settings, 0
        worlds = [
            offensiveness(load_rated_texts(settings.data / RATINGS), self.encoder),
            reviewed_summaries(load_summary_reviews(settings.data / REVIEWS), self.encoder),
        ]
        total = steps_of(worlds, quick=settings.quick)

        def tell() -> None:
            nonlocal done
            done += 1
            self.tell("many users", done, total)

        return many_user_pages(
            worlds,
            self.encoder,
            seed=settings.seed,
            quick=settings.quick,
            resamples=settings.resamples,
            tell=tell,
        )

    def _safety(self) -> Part:
        dropped, agreed = [], agreement_of_heads(self.encoder)
        if self.answers:
            dropped += dropped_by_picks(self.answers, self.encoder, self.settings.seed)
        if self.conflict is not None:
            dropped += dropped_by_written(self.conflict.written)
        if self.bench is not None and self.ground is not None:
            agreed += agreement_of_model(self.bench, self.ground.base)
        part = safety_part(dropped, agreed, self.draws)
        if self.bench is None:
            missing = Section("Safety: P-DPO", _NOT_HERE)
            part = Part(part.rows, (*part.sections, missing), part.bars)
        return part


def _size_words(settings: Settings, trains: bool) -> str:
    if not trains:
        return _NOT_HERE
    if settings.base:
        of = f"Models begin from {Path(settings.base).name}."
        if settings.steps is not None:
            of += (
                f" Each training has {settings.steps} steps, on the first words of posts alone and "
                "at rates of ours: at the paper's so few steps would change nothing."
            )
    else:
        of = (
            "Models begin from a small one of the shape of Llama, a few million weights, that the "
            "suite itself trains on posts and summaries. It writes no sensible summaries, and none "
            "are needed to see whether preferences are told apart. Learning rates are ours, for a "
            "model so small; the paper's are 5e-5."
        )
    if settings.quick:
        of += " This is the quick form: it shows that everything runs, and its figures say little."
    return of


def _head(
    settings: Settings,
    encoder: Encoder,
    summaries: list[WorkerSummary],
    answers: list[ProfileAnswers],
) -> dict[str, Any]:
    """What finished trainings depend on."""
    read = repr((summaries, [(one.id, one.prompt, dict(one.answers)) for one in answers]))
    sizes = asdict(settings.used)
    # More worlds and ablations only add trainings.
    del sizes["seeds"], sizes["ablations"]
    return {
        "version": tailorlm.__version__,
        "encoder": f"{encoder.name}-{encoder.version}",
        "base": settings.base,
        "seed": settings.seed,
        "sizes": sizes,
        "data": hashlib.sha256(read.encode("utf-8", "replace")).hexdigest()[:12],
    }


def _metadata(work: _Work, seconds: float) -> dict[str, Any]:
    settings, bench, memory = work.settings, work.bench, peak_memory()
    runs = () if work.conflict is None else work.conflict.runs
    return {
        "version": tailorlm.__version__,
        "seed": settings.seed,
        "quick": settings.quick,
        "parts": ", ".join(settings.parts) or "all",
        "encoder": f"{work.encoder.name} {work.encoder.version}",
        "base": _base_name(work),
        "worlds": settings.used.seeds,
        "sizes": asdict(settings.used),
        "device": runs[0].learned.trained.device if runs else "none",
        "resumed": bench is not None and bench.journal.resumed,
        "seconds": round(seconds, 1),
        "peak_memory_mib": None if memory is None else round(memory),
        "machine": machine(),
    }


def _base_name(work: _Work) -> str:
    if work.settings.base:
        return Path(work.settings.base).name
    if work.ground is None or work.ground.trained is None:
        return "none"
    told = work.ground.trained
    return f"the suite's own, {told.parameters:,} weights, {told.steps:,} steps"
