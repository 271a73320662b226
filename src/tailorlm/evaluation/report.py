"""What every suite reports: rows that read alike, sections for people, and bars met or not.

A suite measures and fills a `Report`; `write_report` puts it into a folder as `report.json`, for
programs, and `report.html`, one page that needs nothing else.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import Interval

JSON_NAME = "report.json"
HTML_NAME = "report.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One number of a report.

    Attributes:
        suite: The suite, as "premium".
        table: The table or figure it belongs to.
        case: The setting it was measured in.
        method: What was measured.
        metric: The measure.
        value: The measured number; None where it was not measured.
        low: Lower end of the 95% interval; None where there is none.
        high: Upper end of it.
        n: What the number is a mean of (users, unless the metric says otherwise).
        paper: The number of the paper for the same cell; None where it gives none.
    """

    suite: str
    table: str
    case: str
    method: str
    metric: str
    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    paper: float | None = None

    @classmethod
    def of(cls, interval: Interval, **words: Any) -> Row:
        """A row of an interval, counting its users."""
        return cls(
            value=interval.value, low=interval.low, high=interval.high, n=interval.users, **words
        )


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a table: what stands there, and its interval in small print."""

    text: str
    interval: str = ""


@dataclass(frozen=True, slots=True)
class Grid:
    """A table for people.

    Attributes:
        caption: What it shows.
        header: Names of the columns; the first is that of the line's label.
        lines: A label and cells for each line.
        prose: Whether the cells hold texts rather than numbers.
    """

    caption: str
    header: tuple[str, ...]
    lines: tuple[tuple[Cell, ...], ...]
    prose: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """A line of a plot with its band; `x`, `y`, `low` and `high` have the same length."""

    label: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True, slots=True)
class Plot:
    """Curves over turns, with vertical marks.

    Attributes:
        title: What it shows; also its description for those who cannot see it.
        x_label: Of the horizontal axis.
        y_label: Of the vertical axis, which runs from 0 to 1.
        curves: Drawn in this order.
        marks: Place and text of vertical lines.
    """

    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    marks: tuple[tuple[float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Heat:
    """A matrix of numbers as coloured squares.

    Attributes:
        title: What it shows; also its description for those who cannot see it.
        rows: Labels of the lines, from the top.
        columns: Labels of the columns.
        row_label: What the lines are.
        column_label: What the columns are.
        values: A number for each line and column.
    """

    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    row_label: str
    column_label: str
    values: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Dots:
    """Numbers with their intervals, one below the other.

    Attributes:
        title: What it shows; also its description for those who cannot see it.
        x_label: Of the horizontal axis.
        points: Name, value, and lower and upper end of each, from the top; the ends are the value
            where there is no interval.
    """

    title: str
    x_label: str
    points: tuple[tuple[str, float, float, float], ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page: a heading, paragraphs with blank lines between, tables and plots."""

    title: str
    text: str
    grids: tuple[Grid, ...] = ()
    plots: tuple[Plot | Heat | Dots, ...] = ()


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar that the results have to clear.

    Attributes:
        name: What is asked for.
        measured: What was found, in words with numbers.
        met: Whether it was cleared; None where it could not be measured.
    """

    name: str
    measured: str
    met: bool | None


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that a suite found.

    Attributes:
        suite: Its name.
        title: Of the page.
        lead: Paragraphs before the first section, with blank lines between.
        bars: The checklist.
        sections: The parts of the page, in order.
        rows: Every number.
        metadata: How it was made: version, seed, settings, run time, memory, machine.
    """

    suite: str
    title: str
    lead: str
    bars: tuple[Bar, ...]
    sections: tuple[Section, ...]
    rows: tuple[Row, ...]
    metadata: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))

    def as_dict(self) -> dict[str, Any]:
        """The content of `report.json`."""
        return {
            "suite": self.suite,
            "metadata": dict(self.metadata),
            "bars": [asdict(bar) for bar in self.bars],
            "rows": [asdict(row) for row in self.rows],
        }


def check_folder(folder: Path, *, replace: bool) -> None:
    """Make the folder of a report, or say why it cannot be used.

    Raises:
        InputError: If it is a file, or holds a report that is not to be replaced.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder} is a file. Give a folder for the report.")
    if not replace:
        there = [name for name in (JSON_NAME, HTML_NAME) if (folder / name).exists()]
        if there:
            raise InputError(
                f"{folder} holds a finished report ({', '.join(there)}). Give another folder, or "
                "replace it with --force."
            )
    folder.mkdir(parents=True, exist_ok=True)


def write_report(report: Report, folder: Path, *, replace: bool = False) -> tuple[Path, Path]:
    """Write `report.json` and `report.html` into a folder, each whole or not at all.

    Args:
        report: What to write.
        folder: Made if it is not there; other files in it stay as they are.
        replace: Whether a report that is there already may be replaced.

    Returns:
        The paths of the two files.

    Raises:
        InputError: If the folder cannot be used.
        MissingExtraError: If there are plots and the package that draws them is not installed.
    """
    from tailorlm.evaluation.report_page import page

    check_folder(folder, replace=replace)
    # Both texts are made before either is written, so that a failure leaves no half report.
    texts = {
        JSON_NAME: json.dumps(report.as_dict(), indent=1, ensure_ascii=False, allow_nan=False)
        + "\n",
        HTML_NAME: page(report),
    }
    for name, text in texts.items():
        write_atomically(folder / name, text)
    return folder / JSON_NAME, folder / HTML_NAME


def write_atomically(path: Path, text: str) -> None:
    """Write a text file so that a reader finds the old content or the new one, never a part."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def machine() -> str:
    """The kind of machine, without its name: system, processor type and number of cores."""
    cores = os.cpu_count() or 1
    return f"{platform.system()} {platform.machine()}, {cores} core{'s' if cores > 1 else ''}"


def peak_memory() -> float | None:
    """Most memory that this process has had, in MiB; None where the system does not say."""
    try:
        import resource
    except ImportError:  # not on Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if platform.system() == "Darwin" else 1024)


def number(value: float | None, digits: int = 2) -> str:
    """A number for a cell; a dash where there is none."""
    return "–" if value is None else f"{value:.{digits}f}"


def measured(row: Row | None, digits: int = 2) -> Cell:
    """The cell of a row; a dash where there is none."""
    if row is None or row.value is None:
        return Cell("–")
    if row.low is None or row.high is None:
        return Cell(number(row.value, digits))
    return Cell(
        number(row.value, digits), f"{number(row.low, digits)} to {number(row.high, digits)}"
    )


def side_by_side(
    rows: Iterable[Row],
    columns: Sequence[tuple[str, str]],
    *,
    caption: str,
    label: str,
    paper: str | None = None,
    digits: int = 2,
) -> Grid:
    """A table with a line per case and a column per method.

    Args:
        rows: Of one metric, each case and method once.
        columns: Method and heading of each column.
        caption: What the table shows.
        label: Heading of the first column.
        paper: The method whose paper figure stands in a column of its own; None for no such
            column.
        digits: After the decimal point.
    """
    by_place = {(row.case, row.method): row for row in rows}
    lines = []
    for case in dict.fromkeys(case for case, _ in by_place):
        cells = [Cell(case)]
        if paper is not None:
            reference = by_place.get((case, paper))
            cells.append(Cell(number(reference.paper if reference else None, digits)))
        cells += [measured(by_place.get((case, method)), digits) for method, _ in columns]
        lines.append(tuple(cells))
    header = [label, *(["paper"] if paper is not None else []), *(text for _, text in columns)]
    return Grid(caption, tuple(header), tuple(lines))


def beside_paper(
    rows: Iterable[Row],
    columns: Sequence[tuple[str, str]],
    *,
    caption: str,
    label: str,
    digits: int = 2,
) -> Grid:
    """A table with a line per case and a column per method, and the paper's figure below each.

    Args:
        rows: Of one metric, each case and method once.
        columns: Method and heading of each column.
        caption: What the table shows.
        label: Heading of the first column.
        digits: After the decimal point.
    """
    by_place = {(row.case, row.method): row for row in rows}
    lines = []
    for case in dict.fromkeys(case for case, _ in by_place):
        cells = [Cell(case)]
        for method, _ in columns:
            row = by_place.get((case, method))
            told = "" if row is None or row.paper is None else f"paper {number(row.paper, digits)}"
            cells.append(Cell(number(None if row is None else row.value, digits), told))
        lines.append(tuple(cells))
    return Grid(caption, (label, *(text for _, text in columns)), tuple(lines))
