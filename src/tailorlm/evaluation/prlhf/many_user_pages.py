"""What is told about many real users: rows, tables, a curve and bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from tailorlm.encoders.base import Encoder
from tailorlm.evaluation.prlhf.heads import Draws, Part, row
from tailorlm.evaluation.prlhf.many_users import (
    COUNTS,
    MODELS,
    PAIRS,
    TEXTS,
    UNIFORM,
    Measured,
    measure,
    models_of,
)
from tailorlm.evaluation.prlhf.rated_worlds import RatedWorld
from tailorlm.evaluation.report import Bar, Cell, Curve, Grid, Plot, Row, Section, measured

NEW = "new users"
GAIN = "gain over pooled"
ACCURACY = "accuracy"
_FOLDS, _QUICK_FOLDS, _QUICK_USERS = 5, 1, 40
_TEXT = (
    "Each person's ratings imply pairs: of two texts rated differently, the one rated higher is "
    "put first. A reward head sees {width} principal components of how a text is written and of "
    "the encoder's vector ({encoder}), found without the ratings. Unseen pairs: a fifth of each "
    "person's pairs is held out, and their texts stand in other pairs of the same person, so that "
    "a head of one's own may know them from there. Unseen texts: a fifth of the {unit} is held out "
    "from everybody, which asks what carries over to new texts. New users: a fifth of the people "
    "and a fifth of the {unit} are held out; a new user's comparisons are drawn from the pairs of "
    "other texts, {draws} times, and the held-out texts are asked about. {folds} of the five "
    "fifths were held out in turn. Small print is a 95% interval from resampling people with all "
    "their pairs; gains are over the pooled model without text, on the same pairs. The settings of "
    "the heads were chosen after several dozen had been tried on ratings of this kind, so that a "
    "gain is what the best of them gave, not a blind trial."
)


def many_user_pages(
    worlds: Sequence[RatedWorld],
    encoder: Encoder,
    *,
    seed: int = 0,
    quick: bool = False,
    resamples: int = 10_000,
    tell: Callable[[], None] = lambda: None,
) -> Part:
    """Measure the reward heads on ratings of real people.

    Args:
        worlds: From `rated_worlds.offensiveness` and `rated_worlds.summaries`, by this encoder.
        encoder: Named in the text.
        seed: Of folds, draws and intervals.
        quick: The first 40 people, one fold instead of five, and fewer draws.
        resamples: Rounds of the bootstrap.
        tell: Called `steps_of(worlds, quick=quick)` times.
    """
    n_folds, draws = (_QUICK_FOLDS, 2) if quick else (_FOLDS, 10)
    intervals = Draws(seed, resamples)
    rows: list[Row] = []
    sections: list[Section] = []
    bars: list[Bar] = []
    for whole in worlds:
        world = whole.first(_QUICK_USERS) if quick else whole
        found = measure(world, seed=seed, n_folds=n_folds, draws=draws, tell=tell)
        own = _rows(world, found, intervals)
        rows += own
        sections.append(_section(world, own, encoder, n_folds, draws))
        bars += _bars(world, own)
    return Part(tuple(rows), tuple(sections), tuple(bars))


def steps_of(worlds: Sequence[RatedWorld], *, quick: bool) -> int:
    """How often `many_user_pages` tells that it goes on."""
    return 3 * len(worlds) * (_QUICK_FOLDS if quick else _FOLDS)


def _rows(world: RatedWorld, found: Measured, draws: Draws) -> list[Row]:
    rows = []
    for (split, name), tally in found.seen.items():
        rows.append(row(world.name, split, name, ACCURACY, draws.accuracy(tally)))
        gain = draws.gain(tally, found.seen[split, UNIFORM])
        rows.append(row(world.name, split, name, GAIN, gain))
    for (name, count), tally in found.new.items():
        case = _after(count)
        rows.append(row(world.name, case, name, ACCURACY, draws.accuracy(tally)))
        rows.append(row(world.name, case, name, GAIN, draws.gain(tally, found.new[UNIFORM, count])))
        if count:
            change = draws.gain(tally, found.new[name, 0])
            rows.append(row(world.name, case, name, "gain over no comparison", change))
    return rows


def _after(count: int) -> str:
    return f"{NEW} after {count} comparisons"


def _section(
    world: RatedWorld, rows: Sequence[Row], encoder: Encoder, n_folds: int, draws: int
) -> Section:
    found = {(one.case, one.method, one.metric): one for one in rows}
    names = models_of(world)

    def line(name: str, cases: Sequence[tuple[str, str]]) -> tuple[Cell, ...]:
        return (Cell(name), *(measured(found.get((case, name, m)), 4) for case, m in cases))

    seen = [(split, metric) for split in (PAIRS, TEXTS) for metric in (ACCURACY, GAIN)]
    new = [(_after(count), ACCURACY) for count in COUNTS]
    last = _after(COUNTS[-1])
    new += [(last, "gain over no comparison")]
    grids = (
        Grid(
            f"{len(world.users)} people who were seen",
            ("user model", PAIRS, "gain", TEXTS, "gain"),
            tuple(line(name, seen) for name in names),
        ),
        Grid(
            "New users, by comparisons given",
            ("user model", *map(str, COUNTS), f"gain of {COUNTS[-1]} over 0"),
            tuple(line(name, new) for name in names),
        ),
    )
    text = _TEXT.format(
        width=world.features.shape[1],
        encoder=encoder.name,
        unit="texts" if len(set(world.units.tolist())) == len(world.units) else "passages",
        draws=draws,
        folds=n_folds,
    )
    return Section(world.name, text, grids, (_plot(world, found),))


def _plot(world: RatedWorld, found: dict[tuple[str, str, str], Row]) -> Plot:
    curves = []
    for name in MODELS:
        own = [found[_after(count), name, ACCURACY] for count in COUNTS]
        values = [[float(x if x is not None else 0.0) for x in (o.value, o.low or o.value,
                   o.high or o.value)] for o in own]  # fmt: skip
        y, low, high = (tuple(column) for column in zip(*values, strict=True))
        curves.append(Curve(name, COUNTS, y, low, high))
    return Plot(f"New users of {world.name}", "comparisons", "accuracy", tuple(curves))


def _bars(world: RatedWorld, rows: Sequence[Row]) -> list[Bar]:
    found = {(one.case, one.method, one.metric): one for one in rows}
    bars = []
    for split in (PAIRS, TEXTS):
        gains = {name: found[split, name, GAIN] for name in MODELS if name != UNIFORM}
        told = "; ".join(
            f"{name} {one.value:+.4f} ({one.low:+.4f} to {one.high:+.4f})"
            for name, one in gains.items()
            if one.value is not None and one.low is not None and one.high is not None
        )
        met = any(one.low is not None and one.low > 0 for one in gains.values())
        name = f"{world.name}: an individual or cluster model beats the pooled one, {split}"
        bars.append(Bar(name, told, met if told else None))
    bars.append(_new_bar(world, found))
    return bars


def _new_bar(world: RatedWorld, found: dict[tuple[str, str, str], Row]) -> Bar:
    """Whether some model tells new users better with every step, and in all beyond its interval."""
    told, met = [], False
    for name in MODELS:
        values = [found[_after(count), name, ACCURACY].value for count in COUNTS]
        known = [value for value in values if value is not None]
        gain = found[_after(COUNTS[-1]), name, "gain over no comparison"]
        if name == UNIFORM or len(known) < len(COUNTS) or gain.low is None or gain.high is None:
            continue
        met = met or (gain.low > 0 and all(b > a for a, b in pairwise(known)))
        told.append(
            f"{name} {', '.join(f'{value:.4f}' for value in known)} "
            f"(in all {gain.low:+.4f} to {gain.high:+.4f})"
        )
    name = (
        f"{world.name}: new users of an individual or cluster model gain with each step, and "
        "in all by more than its interval"
    )
    return Bar(name, "; ".join(told), met if told else None)
