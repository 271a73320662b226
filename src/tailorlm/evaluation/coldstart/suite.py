"""The whole suite: texts and films that people rated, and recorded rankings."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import tailorlm
from tailorlm.datasets.film_genres import FilmGenres
from tailorlm.datasets.movie_files import MovieRating
from tailorlm.datasets.ranking_tager import RankedTurn
from tailorlm.datasets.rated_texts import RatedText
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.coldstart import heads, rankings
from tailorlm.evaluation.coldstart.people import EVENTS, LEARNED, People, readers, viewers
from tailorlm.evaluation.coldstart.tables import SUITE, Draws, Found, part
from tailorlm.evaluation.intervals import RESAMPLES
from tailorlm.evaluation.report import Report, machine, peak_memory
from tailorlm.methods.hierarchy import HierarchyConfig

_QUICK_PEOPLE, _QUICK_USERS, _QUICK_FOLDS, _QUICK_RESAMPLES = 100, 4, 1, 1000
_LEAD = (
    "What a new user's first events tell. Three levels predict: global, one taste for everybody; "
    "persona, a mixture of groups of users; user, learned from nothing but the user's own events. "
    "Together they are averaged, and their weights follow how probable each one found every event "
    "before it was learned.\n\n"
    "No number was chosen on the users or the pairs that it was measured on. Small print is a 95% "
    "interval of the mean, from resampling users; each user counts the same."
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run depends on.

    Attributes:
        seed: Of everything that is drawn.
        quick: One fold of 100 people each, four users of the rankings, and fewer resamples.
    """

    seed: int = 0
    quick: bool = False

    @property
    def resamples(self) -> int:
        """Rounds of the bootstrap."""
        return _QUICK_RESAMPLES if self.quick else RESAMPLES

    @property
    def folds(self) -> int:
        """Fifths that are held out."""
        return _QUICK_FOLDS if self.quick else heads.FOLDS


@dataclass(frozen=True, kw_only=True)
class Data:
    """What is measured on; what is empty is left out.

    Attributes:
        texts: Texts that people rated.
        ratings: Films that people rated.
        films: What the films are.
        turns: Recorded rankings.
    """

    texts: Sequence[RatedText] = ()
    ratings: Sequence[MovieRating] = ()
    films: Sequence[FilmGenres] = ()
    turns: Sequence[RankedTurn] = ()


def run_coldstart(
    data: Data,
    encoder: Encoder,
    settings: Settings,
    progress: Callable[[], None] = lambda: None,
) -> Report:
    """Run the suite.

    Args:
        data: At least one of its parts.
        encoder: Of texts, tags and queries.
        settings: Seed and size.
        progress: Called after each fold of people and after each user of the rankings.

    Raises:
        InputError: If there is nothing to measure on, or too few people or events.
    """
    started = time.monotonic()
    found = []
    if data.texts:
        rng = np.random.default_rng(settings.seed)
        found.append(_rated(readers(data.texts, encoder, rng), "at random", settings, progress))
    if data.ratings:
        rng = np.random.default_rng(settings.seed)
        people = viewers(data.ratings, data.films, rng)
        found.append(_rated(people, "the earlier ones", settings, progress))
    if data.turns:
        found.append(_ranked(data.turns, encoder, settings, progress))
    if not found:
        raise InputError("There is nothing to measure on: give ratings, rankings or both.")
    draws = Draws(settings.seed, settings.resamples)
    parts = [part(one, draws) for one in found]
    return Report(
        suite=SUITE,
        title="What a new user's first events tell",
        lead=_LEAD,
        bars=tuple(bar for one in parts for bar in one.bars),
        sections=tuple(one.section for one in parts),
        rows=tuple(row for one in parts for row in one.rows),
        metadata=_metadata(encoder, settings, time.monotonic() - started),
    )


def _rated(people: People, divided: str, settings: Settings, progress: Callable[[], None]) -> Found:
    some = people.first(_QUICK_PEOPLE) if settings.quick else people
    rng = np.random.default_rng(settings.seed)
    told = heads.measure(some, rng, settings.folds, progress)
    text = (
        f"{len(some)} people, of whom {len(told.weights)} were tested; {people.left_out} have too "
        f"few pairs. An event is a pair of things that the user rated differently, drawn of "
        f"{LEARNED:.0%} of what the user rated ({divided}); asked is about all pairs of the rest. "
        f"A thing's features: {people.described}.\n\n"
        "All levels are linear reward heads. A fifth of the people is tested at a time; settings "
        "are chosen on another fifth by loss, each level's by itself and then the weights', and "
        "the population is learned from the other three. "
        f"“{heads.STARTED}” is the other way to use a population: one head whose prior is how "
        f"weights spread over people; “{heads.BOTH}” has it in the place of the user's own level."
        f"\n\nChosen: {_chosen(told.chosen)}."
    )
    return Found(people.name, text, heads.COUNTS, told.right, told.loss, told.weights)


def _ranked(
    turns: Sequence[RankedTurn],
    encoder: Encoder,
    settings: Settings,
    progress: Callable[[], None],
) -> Found:
    told = rankings.measure(
        turns,
        encoder,
        seed=settings.seed,
        n_folds=settings.folds,
        n_users=_QUICK_USERS if settings.quick else None,
        tell=progress,
    )
    users = len({turn.user for turn in turns})
    config = HierarchyConfig()
    text = (
        f"{users} users of recorded rankings, of whom {len(told.weights)} were tested; the method "
        f"hierarchy with its usual settings (own {config.own:g}, "
        f"share {config.share:g}, groups {config.groups}). Each user in turn is "
        f"new, and `fit` sees the other {users - 1}. A fifth of the user's turns is held out at a "
        f"time and the others are learned from in their order, so that {told.counts[-1]} is the "
        "most there is. An event is one ranking. The loss is that of a whole ranking. Tags are "
        "those of all users together, so that the population knows them."
    )
    name = "Recorded rankings"
    return Found(name, text, told.counts, told.right, told.loss, told.weights)


def _chosen(chosen: Sequence[heads.Chosen]) -> str:
    """The settings with the number of folds that chose them."""
    return "; ".join(
        f"{times} × width of the user's prior {one.width:g}, {one.centres} centres, own weight and "
        f"share {_mix(one.mix)}, with the user started {_mix(one.started)}"
        for one, times in Counter(chosen).most_common()
    )


def _mix(mix: heads.Mix) -> str:
    return f"{mix.own:.2g} and {mix.share:g}"


def _metadata(encoder: Encoder, settings: Settings, seconds: float) -> dict[str, Any]:
    memory = peak_memory()
    return {
        "version": tailorlm.__version__,
        "encoder": f"{encoder.name} {encoder.version}",
        "events": EVENTS,
        "seed": settings.seed,
        "quick": settings.quick,
        "resamples": settings.resamples,
        "seconds": round(seconds, 1),
        "peak_memory_MiB": None if memory is None else round(memory),
        "machine": machine(),
    }
