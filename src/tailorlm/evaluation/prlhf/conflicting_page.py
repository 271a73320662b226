"""Rows, tables, curves and bars of conflicting preferences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tailorlm.evaluation.intervals import Interval, ratio_interval
from tailorlm.evaluation.prlhf import paper
from tailorlm.evaluation.prlhf.conflicting import FEW, MANY, Conflict, Run, Written
from tailorlm.evaluation.prlhf.heads import SUITE, Draws, Part, Tally
from tailorlm.evaluation.prlhf.heads import row as row_of
from tailorlm.evaluation.prlhf.measures import joined, standard_error
from tailorlm.evaluation.prlhf.worlds import size
from tailorlm.evaluation.report import (
    Bar,
    Cell,
    Curve,
    Grid,
    Plot,
    Row,
    Section,
    measured,
    number,
)

LENGTHS = "Figure 3"
WORDS, EMPTY = "words per answer", "share of empty answers"
ERROR = ", standard error"
COST = "Trainings"
BARS = (
    "P-DPO individual has at least 0.95 of Accuracy-top and of the minority",
    "Vanilla DPO stays under 0.65 of Accuracy-top and 0.35 of the minority",
    "Accuracy-generic of P-DPO individual is within 0.02 of vanilla DPO",
    "Answers for minority workers are at most a third as long as for the majority",
)

_TEXT = (
    "Ten workers compare a longer and a shorter summary of posts; seven always prefer the longer "
    "one, numbers 4, 5 and 6 the shorter one, and no text says so. Vanilla DPO learns one model "
    "for all. P-DPO learns a prefix for each worker (individual) or mixes K shared ones for each "
    "(cluster). Accuracy is how often the implicit reward puts the preferred summary first, on "
    "posts that nobody was trained on. Accuracy-generic is that of ten new workers, seven of whom "
    "prefer longer, whom the model does not know.\n\n"
    "A model that scores alike for all workers and always prefers the longer summary has 0.70 of "
    "Accuracy-top and Accuracy-generic, 1.00 of the majority and 0.00 of the minority. The nearer "
    "vanilla DPO comes to these, the better it has learned what the majority wants.\n\n"
    "The paper's figures are of a model of 6 billion parameters and pairs that a model wrote. Our "
    "pairs are recorded summaries: two of different lengths where there are, else a summary and "
    "its first sentence. Small print is the paper's figure in the first table of each kind, and a "
    "95% interval from resampling workers in the second."
)
_LENGTHS_TEXT = (
    "Mean words of answers drawn at temperature 1 for evaluation posts. Who always prefers the "
    "shorter of two answers is served best by an empty one, though none was learned from; the "
    "paper's model wrote empty answers for its minority workers. Answers end at {limit} tokens at "
    "the latest, and answers of that length were cut. Intervals resample posts."
)


def conflict_part(found: Conflict, draws: Draws, limit: int) -> Part:
    """Everything for the report.

    Args:
        found: What was trained and written.
        draws: How intervals are drawn.
        limit: Longest answer written, in tokens.
    """
    rows = [
        *(row for group in grouped(found.runs).values() for row in _accuracy_rows(group, draws)),
        *_length_rows(found.written, draws),
        *_cost_rows(found),
    ]
    sections = (
        Section(
            "Conflicting preferences", _TEXT, tuple(_accuracy_grids(rows)), tuple(_curves(found))
        ),
        Section(
            "Lengths of what is written",
            _LENGTHS_TEXT.format(limit=limit),
            (_length_grid(rows), _cost_grid(rows)),
        ),
    )
    return Part(tuple(rows), sections, _bars(rows))


def grouped(runs: Sequence[Run]) -> dict[tuple[int, str], list[Run]]:
    """Runs of the same model and number of workers, in all worlds."""
    groups: defaultdict[tuple[int, str], list[Run]] = defaultdict(list)
    for run in runs:
        groups[run.workers, run.model].append(run)
    return dict(groups)


def _accuracy_rows(runs: Sequence[Run], draws: Draws) -> list[Row]:
    """The four measures of one model, with standard errors of the means over workers."""
    model, count = runs[0].model, runs[0].workers
    finals = [run.final for run in runs]
    tallies: dict[str, Tally] = {
        paper.TOP: joined([final.seen for final in finals]),
        paper.GENERIC: joined([final.new for final in finals]),
        paper.MAJORITY: joined([final.group(prefers_longer=True) for final in finals]),
        paper.MINORITY: joined([final.group(prefers_longer=False) for final in finals]),
    }
    rows = []
    for metric, tally in tallies.items():
        words: dict[str, Any] = {"table": paper.table_of(count, model), "case": f"{count} workers"}
        interval = draws.accuracy(tally)
        rows.append(
            Row.of(
                interval,
                suite=SUITE,
                method=model,
                metric=metric,
                paper=paper.accuracy(count, model, metric),
                **words,
            )
        )
        if metric in (paper.MAJORITY, paper.MINORITY):
            error = standard_error(tally.by_user)
            rows.append(
                Row(
                    suite=SUITE,
                    method=model,
                    metric=metric + ERROR,
                    value=error,
                    n=len(tally.by_user),
                    **words,
                )
            )
    return rows


def _length_rows(written: Sequence[Written], draws: Draws) -> list[Row]:
    """Words of each writer's answers, over the worlds; a worker is as many workers as worlds."""
    nobody = "nobody in particular"
    texts: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    # The base is the same in all worlds.
    texts[nobody, "SFT"] += written[0].sft
    for one in written:
        texts[nobody, paper.VANILLA] += one.vanilla
        texts[nobody, paper.INDIVIDUAL] += one.generic
        for worker, answers in zip(one.world.workers, one.by_worker, strict=True):
            wanted = "longer" if worker.prefers_longer else "shorter"
            texts[f"{worker.name}, prefers {wanted}", paper.INDIVIDUAL] += answers
    rows = []
    for (case, method), told in texts.items():
        interval = _mean([float(size(text)) for text in told], draws)
        rows.append(row_of(LENGTHS, case, method, WORDS, interval))
        empty = _mean([float(not text) for text in told], draws)
        rows.append(row_of(LENGTHS, case, method, EMPTY, empty))
    for wants, prefers_longer in (("longer", True), ("shorter", False)):
        means = [m for one in written for m in one.words(prefers_longer=prefers_longer)]
        case = f"all workers who prefer {wants}"
        rows.append(row_of(LENGTHS, case, paper.INDIVIDUAL, WORDS, _mean(means, draws)))
    return rows


def _mean(values: Sequence[float], draws: Draws) -> Interval:
    rng = np.random.default_rng(draws.seed)
    return ratio_interval(values, np.ones(len(values)), rng, resamples=draws.resamples)


def _cost_rows(found: Conflict) -> list[Row]:
    rows = []
    if found.base_trained is not None:
        told = found.base_trained
        for metric, value in (
            ("steps", told.steps), ("seconds", told.seconds), ("weights", told.parameters),
            ("texts", told.comparisons), ("held-out loss, nats per token", told.loss),
        ):  # fmt: skip
            rows.append(
                Row(suite=SUITE, table=COST, case="the base", method="SFT", metric=metric,
                    value=round(float(value), 4), n=1)
            )  # fmt: skip
    for (count, model), runs in grouped(found.runs).items():
        trained = [run.learned.trained for run in runs]
        for metric, values in (
            ("steps", [t.steps for t in trained]),
            ("seconds", [t.seconds for t in trained]),
            ("weights", [t.parameters for t in trained]),
            ("comparisons", [t.comparisons for t in trained]),
        ):
            rows.append(
                Row(suite=SUITE, table=COST, case=f"{count} workers", method=model, metric=metric,
                    value=round(float(np.mean(values)), 1), n=len(values))
            )  # fmt: skip
    return rows


def _accuracy_grids(rows: Sequence[Row]) -> list[Grid]:
    grids = []
    for count in (FEW, MANY):
        here = [r for r in rows if r.case == f"{count} workers" and r.table != COST]
        models = list(dict.fromkeys(row.method for row in here))
        by_place = {(row.method, row.metric): row for row in here}
        if not models:
            continue
        beside, within = [], []
        for model in models:
            found = [by_place[model, metric] for metric in paper.METRICS]
            errors = [by_place.get((model, metric + ERROR)) for metric in paper.METRICS]
            cells = [
                Cell(
                    number(row.value, 3)
                    + ("" if error is None else f" ± {number(error.value, 3)}"),
                    "" if row.paper is None else f"paper {number(row.paper, 3)}",
                )
                for row, error in zip(found, errors, strict=True)
            ]
            beside.append((Cell(model), *cells))
            within.append((Cell(model), *(measured(row, 3) for row in found)))
        header = ("model", *paper.METRICS)
        tables = "Tables 4 and 5" if count == FEW else "Table 6"
        grids.append(
            Grid(f"{tables}: {count} workers, ± standard error over workers, and the paper's "
                 "figures", header, tuple(beside))
        )  # fmt: skip
        grids.append(Grid(f"The same, {count} workers, with intervals", header, tuple(within)))
    return grids


def _curves(found: Conflict) -> list[Plot]:
    """Accuracy-top and Accuracy-generic over steps, the mean of the worlds and their range."""
    plots = []
    for title, name in (("Accuracy-top", "top"), ("Accuracy-generic", "generic")):
        curves = []
        for (count, model), runs in grouped(found.runs).items():
            if count != FEW or len(runs[0].curve) < 3:
                continue
            values = np.array([[getattr(a, name) for _, a in run.curve] for run in runs])
            curves.append(
                Curve(
                    model,
                    [step for step, _ in runs[0].curve],
                    values.mean(0).tolist(),
                    values.min(0).tolist(),
                    values.max(0).tolist(),
                )
            )
        if curves:
            plots.append(
                Plot(f"Figure 5: {title} over training steps, with the range over worlds",
                     "training step", title, tuple(curves))
            )  # fmt: skip
    return plots


def _length_grid(rows: Sequence[Row]) -> Grid:
    here = {(r.case, r.method, r.metric): r for r in rows if r.table == LENGTHS}
    places = dict.fromkeys((case, method) for case, method, _ in here)
    lines = tuple(
        (
            Cell(case),
            Cell(method),
            measured(here.get((case, method, WORDS)), 1),
            measured(here.get((case, method, EMPTY)), 2),
        )
        for case, method in places
    )
    return Grid("Figure 3: what is written", ("written for", "by", WORDS, EMPTY), lines)


def _cost_grid(rows: Sequence[Row]) -> Grid:
    here = [row for row in rows if row.table == COST]
    by_place = {(row.case, row.method, row.metric): row for row in here}
    metrics = list(dict.fromkeys(row.metric for row in here))
    places = dict.fromkeys((row.case, row.method) for row in here)
    lines = tuple(
        (
            Cell(f"{method}, {case}"),
            *(_plain(by_place.get((case, method, metric))) for metric in metrics),
        )
        for case, method in places
    )
    return Grid("What each training took, means over worlds", ("training", *metrics), lines)


def _plain(row: Row | None) -> Cell:
    if row is None or row.value is None:
        return Cell("–")
    return Cell(f"{row.value:,.0f}" if row.value >= 100 else f"{row.value:g}")


def _bars(rows: Sequence[Row]) -> tuple[Bar, ...]:
    values = {
        (row.method, row.metric): row.value for row in rows
        if row.case == f"{FEW} workers" and row.table != COST
    }  # fmt: skip
    ours = {metric: values.get((paper.INDIVIDUAL, metric)) for metric in paper.METRICS}
    theirs = {metric: values.get((paper.VANILLA, metric)) for metric in paper.METRICS}
    lengths = {row.case: row.value for row in rows if (row.table, row.metric) == (LENGTHS, WORDS)}
    longer = lengths.get("all workers who prefer longer")
    shorter = lengths.get("all workers who prefer shorter")
    return (
        _bar(
            BARS[0],
            [ours[paper.TOP], ours[paper.MINORITY]],
            lambda top, minority: top >= 0.95 and minority >= 0.95,
            lambda top, minority: f"{top:.3f} and {minority:.3f}",
        ),
        _bar(
            BARS[1],
            [theirs[paper.TOP], theirs[paper.MINORITY]],
            lambda top, minority: top < 0.65 and minority < 0.35,
            lambda top, minority: (
                f"{top:.3f} and {minority:.3f}; the most that one model for "
                "all can have is 0.70, with 0.00 of the minority"
            ),
        ),
        _bar(
            BARS[2],
            [ours[paper.GENERIC], theirs[paper.GENERIC]],
            lambda own, other: abs(own - other) <= 0.02 + 1e-9,
            lambda own, other: f"{own:.3f} and {other:.3f}",
        ),
        _bar(
            BARS[3],
            [shorter, longer],
            lambda few, many: few <= many / 3,
            lambda few, many: f"{few:.1f} and {many:.1f} words",
        ),
    )


def _bar(
    name: str,
    values: Sequence[float | None],
    is_met: Callable[..., bool],
    say: Callable[..., str],
) -> Bar:
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        return Bar(name, "", None)
    return Bar(name, say(*known), is_met(*known))
