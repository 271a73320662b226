"""The tables of the suite, its curves and its bars, from what was measured."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tailorlm.evaluation.coldstart.heads import COMBINED, LEVELS
from tailorlm.evaluation.coldstart.people import FloatArray
from tailorlm.evaluation.intervals import Interval, ratio_interval
from tailorlm.evaluation.report import Bar, Curve, Plot, Row, Section, side_by_side

SUITE = "coldstart"
RIGHT, LOSS, WEIGHT = "pairs told right", "loss, nats", "weight of the level"
GAIN = f"pairs told right, {COMBINED} less this"
ALL = "all numbers together"


@dataclass(frozen=True, slots=True)
class Part:
    """What was found on one set of data."""

    rows: tuple[Row, ...]
    section: Section
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured on one set of data.

    Attributes:
        name: Of the data.
        text: What was done, for the page.
        counts: Numbers of events.
        right: By method, shape (users, len(counts)): share of pairs told right.
        loss: By method, the same shape, nats.
        weights: Shape (users, len(counts), 3): of the levels.
    """

    name: str
    text: str
    counts: Sequence[int]
    right: Mapping[str, FloatArray]
    loss: Mapping[str, FloatArray]
    weights: FloatArray


@dataclass(frozen=True, slots=True)
class Draws:
    """How intervals are drawn: anew from the seed for each, so that none depends on another."""

    seed: int
    resamples: int

    def mean(self, by_user: FloatArray) -> Interval:
        """The mean of a number of each user, and its interval by users."""
        rng = np.random.default_rng(self.seed)
        return ratio_interval(by_user, np.ones(len(by_user)), rng, resamples=self.resamples)


def part(found: Found, draws: Draws) -> Part:
    """Tables, curves and bars of one set of data."""
    rows = _rows(found, draws)
    grids = tuple(
        side_by_side(
            [row for row in rows if row.metric == metric],
            [(name, name) for name in columns],
            caption=caption,
            label="events",
            digits=digits,
        )
        for metric, columns, caption, digits in (
            (RIGHT, tuple(found.right), "Pairs told right", 3),
            (GAIN, tuple(n for n in found.right if n != COMBINED), _GAINS, 3),
            (LOSS, tuple(found.loss), "Loss in nats, less is better", 3),
            (WEIGHT, LEVELS, "Weight of each level", 2),
        )
    )
    plots = (
        _plot(rows, RIGHT, tuple(found.right), f"{found.name}: pairs told right"),
        _plot(rows, WEIGHT, LEVELS, f"{found.name}: weight of each level"),
    )
    section = Section(found.name, found.text, grids, plots)
    return Part(tuple(rows), section, _bars(found, rows))


_GAINS = "The levels together less each of the others, in pairs told right"


def _rows(found: Found, draws: Draws) -> list[Row]:
    rows = []

    def add(case: str, method: str, metric: str, by_user: FloatArray) -> None:
        words = {"suite": SUITE, "table": found.name, "case": case, "method": method}
        rows.append(Row.of(draws.mean(by_user), **words, metric=metric))

    cases = [(str(count), place) for place, count in enumerate(found.counts)]
    for metric, measured in ((RIGHT, found.right), (LOSS, found.loss)):
        for case, place in cases:
            for name, values in measured.items():
                add(case, name, metric, values[:, place])
    for name in found.right:
        if name != COMBINED:
            gains = found.right[COMBINED] - found.right[name]
            for case, place in cases:
                add(case, name, GAIN, gains[:, place])
            add(ALL, name, GAIN, gains.mean(axis=1))
    for case, place in cases:
        for level, name in enumerate(LEVELS):
            add(case, name, WEIGHT, found.weights[:, place, level])
    return rows


def _plot(rows: Sequence[Row], metric: str, methods: Sequence[str], title: str) -> Plot:
    curves = []
    for name in methods:
        own = [row for row in rows if (row.metric, row.method) == (metric, name)]
        points = [
            (float(row.case), row.value, row.value if row.low is None else row.low,
             row.value if row.high is None else row.high)
            for row in own if row.value is not None
        ]  # fmt: skip
        x, y, low, high = (list(column) for column in zip(*points, strict=True))
        curves.append(Curve(name, x, y, low, high))
    return Plot(title, "events learned from", metric, tuple(curves))


def _bars(found: Found, rows: Sequence[Row]) -> tuple[Bar, Bar]:
    """Whether the levels together are nowhere worse, and on the whole better, than each alone."""
    gains = [row for row in rows if row.metric == GAIN and row.method in LEVELS]
    worse = [row for row in gains if row.case != ALL and row.high is not None and row.high < 0]
    lowest = min((row for row in gains if row.case != ALL), key=lambda row: row.value or 0.0)
    whole = [row for row in gains if row.case == ALL]
    return (
        Bar(
            f"{found.name}: at no number of events worse than a level alone, beyond chance",
            f"worst by {_points(lowest)} points, than {lowest.method} at {lowest.case}; beyond "
            f"chance at {len(worse)} of {len(gains) - len(whole)}",
            not worse,
        ),
        Bar(
            f"{found.name}: better than each level alone over all numbers of events, beyond chance",
            "; ".join(f"{_points(row)} points over {row.method}" for row in whole),
            all(row.low is not None and row.low > 0 for row in whole),
        ),
    )


def _points(row: Row) -> str:
    if row.value is None or row.low is None or row.high is None:
        return "no"
    return f"{100 * row.value:+.1f} ({100 * row.low:+.1f} to {100 * row.high:+.1f})"
