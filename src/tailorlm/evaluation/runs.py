"""Several finished runs on one page: what each found, and what they have in common side by side."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any

from tailorlm import __version__
from tailorlm.errors import InputError
from tailorlm.evaluation.report import JSON_NAME, Cell, Dots, Grid, Report, Row, Section, measured

_MOST_POINTS = 40
_MOST_PLOTS = 12
"""Of one run; its tables have the rest."""
_SAID = {True: "met", False: "not met", None: "not measured"}


@dataclass(frozen=True, slots=True)
class Run:
    """What the report.json of a run holds.

    Attributes:
        name: Of its folder.
        suite: What was run.
        metadata: How.
        bars: Name, what was measured, and whether the bar was met.
        rows: Every number.
    """

    name: str
    suite: str
    metadata: Mapping[str, Any]
    bars: tuple[tuple[str, str, bool | None], ...]
    rows: tuple[Row, ...]


def load_run(folder: str | Path) -> Run:
    """Read the report of a finished run.

    Raises:
        InputError: If there is none, or it is none of ours.
    """
    folder = Path(folder)
    path = folder / JSON_NAME if folder.is_dir() else folder
    try:
        data = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise InputError(
            f"{folder} holds no {JSON_NAME}. Name the folder of a run that is finished."
        ) from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        raise InputError(f"{path} is not JSON.") from None
    try:
        return Run(
            name=path.resolve().parent.name,
            suite=str(data["suite"]),
            metadata=dict(data["metadata"]),
            bars=tuple((bar["name"], bar["measured"], bar["met"]) for bar in data["bars"]),
            rows=tuple(_row(row) for row in data["rows"]),
        )
    except (KeyError, TypeError, ValueError):
        raise InputError(
            f"{path} is not a report of tailorlm: it needs suite, metadata, bars and rows."
        ) from None


def report_of_runs(runs: Sequence[Run]) -> Report:
    """One report of several runs.

    Raises:
        InputError: If there is no run.
    """
    if not runs:
        raise InputError("There is no run to report. Name at least one folder.")
    runs = _told_apart(runs)
    sections = [_listing(runs), *_shared(runs), *(_section(run) for run in runs)]
    return Report(
        suite="runs",
        title="Runs" if len(runs) > 1 else f"Run {runs[0].name}",
        lead=(
            "Each number as its run wrote it, nothing is computed anew. Small print is a 95% "
            "interval where the run gives one."
        ),
        bars=(),
        sections=tuple(sections),
        rows=tuple(row for run in runs for row in run.rows),
        metadata={"version": __version__, "runs": ", ".join(run.name for run in runs)},
    )


def _row(words: Mapping[str, Any]) -> Row:
    """A row with the fields that a row has; raises `TypeError` or `ValueError` otherwise."""
    known = {field.name for field in fields(Row)}
    needed = {field.name for field in fields(Row) if field.default is MISSING}
    if not needed <= words.keys() <= known:
        raise ValueError("not a row")
    for name in ("value", "low", "high", "paper"):
        if not isinstance(words.get(name), int | float | None):
            raise TypeError(name)
    return Row(**words)


def _told_apart(runs: Sequence[Run]) -> list[Run]:
    """The runs with names that differ."""
    names: dict[str, int] = defaultdict(int)
    found = []
    for run in runs:
        names[run.name] += 1
        again = f" ({names[run.name]})" if names[run.name] > 1 else ""
        found.append(Run(run.name + again, run.suite, run.metadata, run.bars, run.rows))
    return found


def _listing(runs: Iterable[Run]) -> Section:
    lines = []
    for run in runs:
        met = sum(bar[2] is True for bar in run.bars)
        words = (
            run.name,
            run.suite,
            str(run.metadata.get("version", "–")),
            str(run.metadata.get("llm", "–")),
            f"{len(run.rows):,}",
            f"{met} of {len(run.bars)}" if run.bars else "–",
        )
        lines.append(tuple(map(Cell, words)))
    header = ("run", "suite", "version", "LLM", "numbers", "bars met")
    return Section("Runs", "", (Grid("What is on this page", header, tuple(lines)),))


def _shared(runs: Sequence[Run]) -> Iterator[Section]:
    """Measures with intervals that several runs of one suite have, beside each other."""
    places: dict[tuple[str, str, str], dict[str, list[Row]]] = defaultdict(dict)
    for run in runs:
        for row in run.rows:
            places[row.suite, row.table, row.metric].setdefault(run.name, []).append(row)
    grids, plots = [], []
    for (suite, table, metric), by_run in places.items():
        every = [row for rows in by_run.values() for row in rows]
        if len(by_run) < 2 or all(row.low is None for row in every):
            continue
        several = len({row.case for row in every}) > 1
        title = f"{suite}, {table}: {metric}"
        cells: dict[str, dict[str, Row]] = defaultdict(dict)
        for name, rows in by_run.items():
            for row in rows:
                cells[f"{row.method}, {row.case}" if several else row.method][name] = row
        lines = tuple(
            (Cell(label), *(measured(found.get(name), 3) for name in by_run))
            for label, found in cells.items()
        )
        grids.append(Grid(title, ("", *by_run), lines))
        named = [
            (f"{label} – {name}", row)
            for label, found in cells.items()
            for name, row in found.items()
        ]
        plots += _dots(title, metric, named)
    if grids:
        yield Section("Side by side", "", tuple(grids), tuple(plots[:_MOST_PLOTS]))


def _section(run: Run) -> Section:
    tables: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in run.rows:
        tables[row.table, row.metric].append(row)
    grids, plots = [], []
    if run.bars:
        lines = tuple((Cell(n), Cell(_SAID[met]), Cell(said)) for n, said, met in run.bars)
        grids.append(Grid("Bars", ("bar", "", "measured"), lines))
    for (table, metric), rows in tables.items():
        title = f"{table}: {metric}"
        grids.append(_table(title, rows))
        several = len({row.case for row in rows}) > 1
        named = [(f"{row.method}, {row.case}" if several else row.method, row) for row in rows]
        plots += _dots(title, metric, named)
    said = "; ".join(
        f"{name.replace('_', ' ')}: {value}"
        for name, value in run.metadata.items()
        if isinstance(value, str | int | float)
    )
    shown = tuple(plots[:_MOST_PLOTS])
    return Section(f"{run.name} ({run.suite})", said, tuple(grids), shown)


def _table(title: str, rows: Sequence[Row]) -> Grid:
    """A line per case and a column per method."""
    methods = tuple(dict.fromkeys(row.method for row in rows))
    cases = dict.fromkeys(row.case for row in rows)
    by_place = {(row.case, row.method): row for row in rows}
    lines = tuple(
        (Cell(case), *(measured(by_place.get((case, method)), 3) for method in methods))
        for case in cases
    )
    return Grid(title, ("case", *methods), lines)


def _dots(title: str, label: str, named: Sequence[tuple[str, Row]]) -> list[Dots]:
    """A plot of rows that have intervals; none where there are too few or too many of them."""
    points = tuple(
        (name, row.value, row.low, row.high)
        for name, row in named
        if row.value is not None and row.low is not None and row.high is not None
    )
    return [Dots(title, label, points)] if 2 <= len(points) <= _MOST_POINTS else []
