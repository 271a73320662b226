"""Run the suite: hide each preference, compose prompts, count what they carry."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import tailorlm
from tailorlm.datasets.prefeval import HeldPreference, load_prefeval
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import ratio_interval
from tailorlm.evaluation.preferences.composers import COMPOSED, EVERY_SIZE, Composer, composers
from tailorlm.evaluation.preferences.haystacks import (
    HAYSTACKS,
    SIZES,
    Haystack,
    World,
    distractors,
    form_of,
    make_world,
    needles,
    within,
)
from tailorlm.evaluation.preferences.measures import METRICS, Carried, bearing, carried
from tailorlm.evaluation.preferences.page import sections
from tailorlm.evaluation.premium.sessions import Remembered
from tailorlm.evaluation.report import Bar, Report, Row, machine

SUITE = "preferences"
TABLE = "hidden preferences"
BARS = {"static": 0.75}
OTHER_BAR = 0.9
"""What the composed prompt is to carry among 300 stated preferences: of the embedded encoder, and
of any other."""
_QUICK_EVERY = 10
_QUICK_SIZES = (max(SIZES),)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a run depends on.

    Attributes:
        data: Folder with PrefEval.
        quick: Every tenth preference, in the largest haystacks only.
        seed: Of haystacks, order and intervals.
    """

    data: Path
    quick: bool = False
    seed: int = 0

    @property
    def sizes(self) -> tuple[int, ...]:
        """Messages of others that are measured."""
        return _QUICK_SIZES if self.quick else SIZES


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one way to compose made of one hidden preference."""

    haystack: Haystack
    size: int
    composer: str
    topic: str
    carried: Carried


def run_preferences(
    encoder: Encoder,
    settings: Settings,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Report:
    """Hide every preference in every haystack and compose prompts for its question.

    Args:
        encoder: Of messages and questions.
        settings: What to run.
        progress: Called with the preferences hidden so far and how many there are in all.

    Raises:
        InputError: If the data cannot be used.
    """
    start = time.perf_counter()
    every = _QUICK_EVERY if settings.quick else 1
    loaded = {kind: load_prefeval(_folder(settings.data), form_of(kind)) for kind in HAYSTACKS}
    total = sum(len(rows[::every]) for rows in loaded.values())
    remembered = Remembered(encoder)
    outcomes: list[Outcome] = []
    done = 0
    for number, kind in enumerate(HAYSTACKS):
        rows = loaded[kind]
        seeds = np.random.SeedSequence([settings.seed, number]).spawn(2)
        world = make_world(rows, kind, remembered, np.random.default_rng(seeds[0]))
        remembered.encode([row.question for row in rows[::every]])
        ways = composers(remembered)
        for place, seed in zip(range(len(rows)), seeds[1].spawn(len(rows)), strict=True):
            if place % every == 0:
                rng = np.random.default_rng(seed)
                outcomes += _hide(world, rows, place, kind, settings.sizes, ways, rng)
                done += 1
                if progress is not None:
                    progress(done, total)
    figures = rows_of(outcomes, settings.seed)
    return Report(
        suite=SUITE,
        title="Hidden preferences: what a prompt of 500 tokens carries",
        lead=_lead(encoder, settings),
        bars=(judge(figures, encoder.name),),
        sections=sections(figures, settings.sizes),
        rows=tuple(figures),
        metadata={
            "version": tailorlm.__version__,
            "seed": settings.seed,
            "quick": settings.quick,
            "encoder": f"{encoder.name}-{encoder.version}",
            "preferences": {kind: len(rows[::every]) for kind, rows in loaded.items()},
            "run_time_seconds": round(time.perf_counter() - start, 1),
            "machine": machine(),
        },
    )


def _folder(data: Path) -> Path:
    """The folder with the files, which may be one of several data sets in a folder."""
    if not data.is_dir():
        raise InputError(f"There is no folder {data}. Name the folder with PrefEval's data.")
    inner = data / "prefeval"
    return inner if inner.is_dir() else data


def _hide(
    world: World,
    rows: Sequence[HeldPreference],
    row: int,
    kind: Haystack,
    sizes: Sequence[int],
    ways: Sequence[Composer],
    rng: np.random.Generator,
) -> list[Outcome]:
    """Hide one preference in haystacks of each size, and compose prompts in each way."""
    hidden = needles(world, row)
    texts = [world.messages[place].text for place in hidden]
    # A choice is told by the last message; the one before is the question that it answers.
    told = [rows[row].messages[-1]] if kind == "choice" else rows[row].messages
    best = texts.index(told[bearing(told, rows[row].preference)])
    others = distractors(world, rows, row, rng)
    found = []
    for size in sizes:
        positions = [*hidden, *others[:size].tolist()]
        memories = {
            name: within(getattr(world, name), positions) for name in {way.kept for way in ways}
        }
        for way in ways:
            if way.name not in EVERY_SIZE and size != max(sizes):
                continue
            fitted = way.compose(memories[way.kept], rows[row].question)
            result = carried(fitted, hidden[best], texts[best], rows[row].preference)
            found.append(Outcome(kind, size, way.name, rows[row].topic, result))
    return found


def rows_of(outcomes: Sequence[Outcome], seed: int) -> list[Row]:
    """A share for each haystack, size, way and metric, with intervals that resample topics."""
    cells: defaultdict[tuple[str, int, str], list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        cells[outcome.haystack, outcome.size, outcome.composer].append(outcome)
    figures = []
    for (haystack, size, composer), cell in cells.items():
        topics = {topic: place for place, topic in enumerate(sorted({o.topic for o in cell}))}
        which = np.array([topics[outcome.topic] for outcome in cell])
        for metric in METRICS:
            met = np.array([getattr(outcome.carried, metric) for outcome in cell], dtype=float)
            interval = ratio_interval(
                np.bincount(which, met), np.bincount(which), np.random.default_rng(seed)
            )
            figures.append(
                Row(
                    suite=SUITE,
                    table=TABLE,
                    case=f"{haystack}, {size} turns",
                    method=composer,
                    metric=metric,
                    value=interval.value,
                    low=interval.low,
                    high=interval.high,
                    n=len(cell),
                )
            )
    return figures


def judge(figures: Sequence[Row], encoder: str) -> Bar:
    """Whether the composed prompt carries enough of the stated preferences."""
    wanted = BARS.get(encoder, OTHER_BAR)
    case = f"explicit, {max(SIZES)} turns"
    row = next(
        row for row in figures if (row.case, row.method, row.metric) == (case, COMPOSED, "carried")
    )
    value = row.value or 0.0
    return Bar(
        f"At least {wanted:.0%} of stated preferences among {max(SIZES)} others are carried",
        f"{value:.1%} of {row.n}",
        value >= wanted,
    )


def _lead(encoder: Encoder, settings: Settings) -> str:
    said = (
        "Each preference of PrefEval is hidden among messages of others, and a prompt is composed "
        "for the question it bears on. The personal part of the prompt takes at most 500 tokens "
        "(one per four characters or per word, whichever are more). Nothing but the messages and "
        f"the question is known to what composes it. Encoder: {encoder.name} {encoder.version}."
    )
    if settings.quick:
        said += " This is the quick form: every tenth preference, in the largest haystacks only."
    return said
