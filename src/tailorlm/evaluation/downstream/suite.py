"""The suite: three tasks on two ways to divide the ratings, with a language model or without."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import tailorlm
from tailorlm.datasets.rated_films import Film, RatedFilms
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.downstream import measure, page
from tailorlm.evaluation.downstream.asking import (
    LIST_KINDS,
    STAR_KINDS,
    Asking,
)
from tailorlm.evaluation.downstream.features import described
from tailorlm.evaluation.downstream.measure import Draws, Measured
from tailorlm.evaluation.downstream.methods import Chosen, Loss, Method, choose
from tailorlm.evaluation.downstream.mixing import (
    Joined,
    averaged,
    averaged_by_user,
    chosen_of,
    mixed,
)
from tailorlm.evaluation.downstream.ratings import FloatArray, IntArray, Ratings
from tailorlm.evaluation.downstream.recommending import (
    GENERIC,
    Similarities,
    ranking_loss,
    ranking_methods,
    tested,
)
from tailorlm.evaluation.downstream.similar import plot_similarity
from tailorlm.evaluation.downstream.splits import Split, leave_one_out, time_split
from tailorlm.evaluation.downstream.stars import (
    BOTH_PERSONAL,
    FACTORS,
    OWN,
    star_loss,
    star_methods,
)
from tailorlm.evaluation.intervals import RESAMPLES
from tailorlm.evaluation.judges.asking import Answers, check_llm
from tailorlm.evaluation.report import Report, machine, peak_memory
from tailorlm.llms.base import LLM
from tailorlm.retrievers import create_retriever

ANSWERS = "answers.jsonl"
"""What the language model said, in the folder of the report."""
LLM_USERS = 20
_QUICK_USERS, _QUICK_SETTINGS, _QUICK_RESAMPLES = 100, 3, 1000


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run depends on.

    Attributes:
        seed: Of everything that is drawn.
        quick: Ratings of 100 users alone, and fewer settings and resamples.
        llm_users: Users whose held-out film a language model is asked about, from 1.
    """

    seed: int = 0
    quick: bool = False
    llm_users: int = LLM_USERS

    def __post_init__(self) -> None:
        if self.llm_users < 1:
            raise InputError(
                f"A language model is asked for 1 user at least, not {self.llm_users}."
            )

    @property
    def draws(self) -> Draws:
        """Of intervals and p values."""
        return Draws(self.seed, _QUICK_RESAMPLES if self.quick else RESAMPLES)


Progress = Callable[[str], None]
"""Told what is done next."""
Counted = Callable[[int, int], None]
"""Told how many requests are answered, of all that were not."""


def run_downstream(
    data: RatedFilms,
    encoder: Encoder,
    settings: Settings,
    progress: Progress = lambda step: None,
    llm: LLM | None = None,
    answers: Answers | None = None,
    counted: Counted | None = None,
) -> Report:
    """Run the suite.

    Args:
        data: Films with plots, and their ratings.
        encoder: Of plots.
        settings: Seed and size.
        progress: Told what is done next.
        llm: Asked for stars and orders as well; None to leave that out.
        answers: What it said before; filled. None to keep nothing.
        counted: Told of requests.

    Raises:
        InputError: If there are too few ratings to hold some out, or the writer is no language
            model.
        LLMError: If a request fails.
    """
    started = time.monotonic()
    if llm is not None:
        check_llm(llm)
    ratings = Ratings.of(data.films, data.ratings)
    if settings.quick:
        ratings = _some(ratings, settings.seed)
    progress("Reading plots")
    world = _World.of(data.films, encoder, settings)
    rng = np.random.default_rng(settings.seed)
    found = [
        world.run(split, progress) for split in (leave_one_out(ratings, rng), time_split(ratings))
    ]
    sections = [
        page.section(task, [one for run in found for one in run.measured if one.task == task])
        for task in measure.PRIMARY
    ]
    measured = [one for run in found for one in run.measured]
    if llm is not None:
        progress(f"Asking {llm.label}")
        asked = world.ask(found[0], llm, Answers() if answers is None else answers, counted)
        sections.append(page.asked_section(asked, llm.label))
        measured += asked
    sections.append(page.chosen_section([line for run in found for line in run.chosen]))
    return Report(
        suite=page.SUITE,
        title="Stars, likes and recommendations for users of MovieLens",
        lead=f"{page.LEAD}\n\n{_counts(data, ratings, found)}",
        bars=tuple(page.bars([one for run in found for one in run.measured])),
        sections=tuple(sections),
        rows=tuple(page.rows(measured)),
        metadata=_metadata(data, ratings, encoder, settings, llm, time.monotonic() - started),
    )


@dataclass(frozen=True, eq=False, slots=True)
class _Run:
    """What one split gave."""

    split: Split
    stars: list[Chosen]
    lists: list[Chosen]
    measured: list[Measured]

    @property
    def chosen(self) -> list[tuple[str, str, Chosen]]:
        """Split, task and method."""
        return [
            (self.split.name, task, one)
            for task, methods in ((measure.STARS, self.stars), (measure.LISTS, self.lists))
            for one in methods
        ]


@dataclass(frozen=True, eq=False, slots=True)
class _World:
    """What is known of films before anybody rates them."""

    films: Sequence[Film]
    fixed: FloatArray
    alike: Similarities
    order: IntArray
    settings: Settings

    @classmethod
    def of(cls, films: Sequence[Film], encoder: Encoder, settings: Settings) -> _World:
        words, meaning = create_retriever("bm25", encoder), create_retriever("dense", encoder)
        return cls(
            films,
            described(films, encoder),
            Similarities(
                plot_similarity(films, words, None), plot_similarity(films, meaning, encoder)
            ),
            np.random.default_rng(settings.seed).permutation(len(films)),
            settings,
        )

    def run(self, split: Split, progress: Progress) -> _Run:
        """Choose, fit and measure every method on a split."""
        seed, draws = self.settings.seed, self.settings.draws
        hidden = leave_one_out(split.train, np.random.default_rng(seed))
        progress(f"{split.name}: stars")
        methods = self._tried(star_methods(self.fixed, seed))
        stars = _with_both(
            choose(methods, split.train, hidden, star_loss), averaged, hidden, star_loss
        )
        progress(f"{split.name}: lists")
        methods = self._tried(ranking_methods(self.fixed, self.alike, seed))
        loss = ranking_loss(self.order)
        lists = _with_both(
            choose(methods, split.train, hidden, loss),
            averaged_by_user(len(self.films)),
            hidden,
            loss,
        )
        progress(f"{split.name}: intervals")
        measured: list[Measured] = []
        for case, part in _parts(split):
            measured += measure.measure_stars(stars, part, case, draws)
            measured.append(measure.measure_lists(lists, part, case, self.order, draws))
        return _Run(split, stars, lists, measured)

    def ask(self, run: _Run, llm: LLM, answers: Answers, counted: Counted | None) -> list[Measured]:
        """The tasks for some users with a language model, beside the other methods."""
        draws, split = self.settings.draws, self._few(run.split)
        asking = Asking(self.films, split, llm, answers, counted)
        case = page.ASKED.format(split=split.name)
        said = asking.stars(self.alike.meaning)
        popular = chosen_of(run.lists, GENERIC).predict
        lists = asking.lists(popular, self.order, self.settings.seed)
        return [
            *measure.measure_stars(run.stars, split, case, draws, said, STAR_KINDS),
            measure.measure_lists(run.lists, split, case, self.order, draws, lists, LIST_KINDS),
        ]

    def _tried(self, methods: list[Method]) -> list[Method]:
        """The methods with the settings that a run of this size tries."""
        if not self.settings.quick:
            return methods
        return [method.thinned(_QUICK_SETTINGS) for method in methods]

    def _few(self, split: Split) -> Split:
        """The same with the tests of as many users as a language model is asked about."""
        rng = np.random.default_rng(self.settings.seed)
        chosen = rng.permutation(tested(split))[: self.settings.llm_users]
        return split.only(np.isin(np.arange(len(split.test.users)), chosen))


def _with_both(found: list[Chosen], joined: Joined, hidden: Split, loss: Loss) -> list[Chosen]:
    """The methods, and the factors with the user's own head."""
    parts = chosen_of(found, FACTORS), chosen_of(found, OWN)
    return [*found, mixed(BOTH_PERSONAL, parts, joined, hidden, loss)]


def _parts(split: Split) -> list[tuple[str, Split]]:
    """The test by whether the user is known, and what it is called."""
    known = split.known
    if known[split.test.user].all():
        return [(split.name, split)]
    parts = [
        (f"{split.name}, {words}", split.only(which))
        for words, which in (("known users", known), (measure.NEW_USERS, ~known))
    ]
    return [(case, part) for case, part in parts if len(part.test)]


def _some(ratings: Ratings, seed: int) -> Ratings:
    """The ratings of as many users as a quick run looks at."""
    rng = np.random.default_rng(seed)
    return ratings.taken(np.isin(ratings.user, rng.permutation(len(ratings.users))[:_QUICK_USERS]))


def _counts(data: RatedFilms, ratings: Ratings, found: Sequence[_Run]) -> str:
    """What was measured on."""
    users = len(np.unique(ratings.user))
    text = (
        f"There are {len(ratings):,} ratings by {users:,} users of {len(data.films):,} films with "
        f"a plot; {data.without_plot:,} ratings of films without one are left out."
    )
    for run in found:
        split = run.split
        text += (
            f"\n\n{split.name.capitalize()}: {len(split.train):,} ratings are learned from and "
            f"{len(split.test):,} tested. {' '.join(split.notes)}"
        )
    return text


def _metadata(
    data: RatedFilms,
    ratings: Ratings,
    encoder: Encoder,
    settings: Settings,
    llm: LLM | None,
    seconds: float,
) -> dict[str, Any]:
    memory = peak_memory()
    return {
        "version": tailorlm.__version__,
        "data": "MovieLens latest small, TMDB 5000",
        "films": len(data.films),
        "ratings": len(ratings),
        "users": len(np.unique(ratings.user)),
        "encoder": f"{encoder.name} {encoder.version}",
        "llm": None if llm is None else llm.label,
        "llm_users": None if llm is None else settings.llm_users,
        "seed": settings.seed,
        "quick": settings.quick,
        "resamples": settings.draws.resamples,
        "seconds": round(seconds, 1),
        "peak_memory_MiB": None if memory is None else round(memory),
        "machine": machine(),
    }
