"""The report of a grid: for people, for programs, and the summary that the terminal shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tailorlm import __version__
from tailorlm.evaluation.compare_tables import interval_text, notes, number, p_text, wins_text
from tailorlm.evaluation.comparison import Comparison, MethodScore, matrix
from tailorlm.evaluation.grid.run import Grid
from tailorlm.evaluation.grid.scoring import METRICS
from tailorlm.evaluation.grid.tasks import Label, Reference, Task
from tailorlm.evaluation.report import (
    Cell,
    Dots,
    Report,
    Row,
    Section,
    machine,
    write_atomically,
    write_report,
)
from tailorlm.evaluation.report import Grid as Table

SUITE = "grid"
_DEMO = (
    " The demo writer is no language model: it shows what a plan changes, and no quality can be "
    "read from it."
)
COMPARISONS, LATEX = "comparisons.json", "tables.tex"
_SHOWN = 3
_LONGEST, _CAPTION = 600, 120


def report_of(grid: Grid) -> Report:
    """The report of a grid."""
    users, tasks = len(grid.tasks.users), len(grid.tasks.tasks)
    methods = ", ".join(row for row, _ in grid.settings.rows)
    lead = (
        f"{tasks:,} queries of {users:,} users from {grid.tasks.name}, answered by {grid.llm}. "
        f"Rows: {methods}.{_DEMO if grid.demo else ''}\n\n"
        "Three rows stand beside whatever is compared: none, the language model without "
        f"personalization; pooled, {grid.settings.pooled} with everybody's history as if it were "
        f"one user's; and contextual, a user's own history put into the prompt.{_across(grid)}"
    )
    sections = [*_overview(grid), *map(_section, grid.comparisons.values()), *_answers(grid)]
    return Report(
        suite=SUITE,
        title=f"Methods compared on {grid.tasks.name}",
        lead=lead,
        bars=(),
        sections=tuple(sections),
        rows=tuple(_rows(grid)),
        metadata=_metadata(grid),
    )


def _across(grid: Grid) -> str:
    """Which methods were fitted to others first, as a paragraph; "" where none was."""
    found: dict[str, list[int]] = {}
    for (row, _), given in grid.given.items():
        if given.others:
            found.setdefault(row, []).append(given.others)
    if not found:
        return ""
    most, least = max(map(max, found.values())), min(map(min, found.values()))
    numbers = f"{least:,}" if most == least else f"{least:,} to {most:,}"
    return (
        f"\n\n{', '.join(found)} learn across users: each user starts from what {numbers} others, "
        "none of the same tenth of the users, have in common."
    )


def write_grid(grid: Grid) -> tuple[Path, Path]:
    """Write the report, the comparisons and their tables in LaTeX into the grid's folder.

    Raises:
        MissingExtraError: If the plots cannot be drawn.
    """
    out = grid.settings.out
    compared = {metric: found.as_dict() for metric, found in grid.comparisons.items()}
    tables = (f"% {metric}\n{found.latex()}" for metric, found in grid.comparisons.items())
    write_atomically(out / LATEX, "\n".join(tables))
    text = json.dumps(compared, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(out / COMPARISONS, text + "\n")
    return write_report(report_of(grid), out, replace=True)


def summary(grid: Grid) -> str:
    """The comparisons as text."""
    parts = [*map(str, grid.comparisons.values()), *_nothing(grid)]
    return "\n\n".join(parts) + "\n"


def _nothing(grid: Grid) -> list[str]:
    """The metrics that scored nothing, and why."""
    return [
        f"{METRICS[metric].title}: nothing scored ({why})." for metric, why in grid.unscored.items()
    ]


def _overview(grid: Grid) -> Iterator[Section]:
    """Every method's mean by every metric."""
    header = ("method", *(METRICS[metric].title for metric in grid.comparisons))
    lines = []
    for row, _ in grid.settings.rows:
        cells = [Cell(row)]
        for found in grid.comparisons.values():
            mean = found.score(row).mean
            cells.append(Cell(number(mean.value), interval_text(mean)))
        lines.append(tuple(cells))
    verdicts = "\n\n".join([*map(_verdict, grid.comparisons.values()), *_nothing(grid)])
    text = (
        f"{verdicts}\n\nBelow are means over the queries; small, 95% intervals that resample users."
    )
    yield Section("At a glance", text, (Table("Means", header, tuple(lines)),))


def _verdict(found: Comparison) -> str:
    """Which methods differ from the baseline by more than chance, in a sentence."""
    about, base = METRICS[found.metric], found.baseline
    told: dict[str, list[str]] = {"better": [], "worse": []}
    for score in found.methods:
        if score.method == base:
            continue
        pair = found.between(score.method, base)
        gain = pair.difference.value
        if gain and pair.corrected is not None and pair.corrected <= found.settings["level"]:
            word = "better" if (gain > 0) is (about.better == "higher") else "worse"
            numbers = f"{number(gain, signed=True)}, p {p_text(pair.corrected)}"
            told[word].append(f"{score.method} ({numbers})")
    parts = [f"{word} than {base}: {', '.join(names)}" for word, names in told.items() if names]
    said = "; ".join(parts) or f"no difference from {base} that could not be chance"
    return f"{about.title} ({about.better} is better): {said}."


def _section(found: Comparison) -> Section:
    about = METRICS[found.metric]
    text = f"{about.says} {about.better.capitalize()} is better.\n\n" + "\n\n".join(notes(found))
    points = tuple(
        (score.method, mean.value, _or(mean.low, mean.value), _or(mean.high, mean.value))
        for score in found.methods
        if (mean := score.mean).value is not None
    )
    plots = (Dots(f"{about.title} by method", about.title, points),) if points else ()
    return Section(about.title, text, (_means(found), _pairs(found), _wins(found)), plots)


def _means(found: Comparison) -> Table:
    base = found.baseline
    header = ("method", "mean", "scored", "unscored", f"less {base}", "p", "p (Holm)", "needed")
    return Table(
        f"Each method, and what it gains over {base}",
        header,
        tuple(_line(found, score) for score in found.methods),
    )


def _line(found: Comparison, score: MethodScore) -> tuple[Cell, ...]:
    role = f" ({score.role})" if score.role not in ("", score.method) else ""
    cells = [
        Cell(score.method + role),
        Cell(number(score.mean.value), interval_text(score.mean)),
        Cell(f"{score.items:,}"),
        Cell(f"{score.n_unscored:,}"),
    ]
    if score.method == found.baseline:
        return (*cells, *(Cell("–") for _ in range(4)))
    pair = found.between(score.method, found.baseline)
    return (
        *cells,
        Cell(
            number(pair.difference.value, signed=True), interval_text(pair.difference, signed=True)
        ),
        Cell(p_text(pair.p)),
        Cell(p_text(pair.corrected)),
        Cell("–" if pair.users_needed is None else f"{pair.users_needed:,}"),
    )


def _pairs(found: Comparison) -> Table:
    """Every two methods, the later one against the earlier."""
    header = ("methods", "difference", "p", "p (Holm)", "users for whom", "needed", "would be seen")
    lines = []
    for pair in (pair.turned() for pair in found.pairs):
        gap = pair.difference
        lines.append(
            (
                Cell(f"{pair.one} less {pair.other}"),
                Cell(number(gap.value, signed=True), interval_text(gap, signed=True)),
                Cell(p_text(pair.p)),
                Cell(p_text(pair.corrected)),
                Cell(wins_text(pair.users), "better / even / worse"),
                Cell("–" if pair.users_needed is None else f"{pair.users_needed:,}"),
                Cell(number(pair.detectable)),
            )
        )
    caption = (
        "Every two methods; the last column is the least difference that these users would show "
        f"with a chance of {found.settings['power']:.0%}"
    )
    return Table(caption, header, tuple(lines))


def _wins(found: Comparison) -> Table:
    names = [score.method for score in found.methods]
    lines = tuple(
        (Cell(name), *(Cell(wins_text(one)) for one in wins)) for name, wins in matrix(found)
    )
    return Table("Wins / ties / losses of the line against the column", ("method", *names), lines)


def _answers(grid: Grid) -> Iterator[Section]:
    """What was answered to a few queries, each of another user."""
    picked: dict[str, Task] = {}
    for task in grid.tasks.tasks:
        if isinstance(task.truth, Reference | Label):
            picked.setdefault(task.user, task)
    tables = [_answered(grid, task) for task in list(picked.values())[:_SHOWN]]
    if tables:
        text = (
            "The first query of the first users. All prompts, answers and scores are in "
            "journal.jsonl, a line each."
        )
        yield Section("Some answers", text, tuple(tables))


def _answered(grid: Grid, task: Task) -> Table:
    right = task.truth.text if isinstance(task.truth, Reference) else ""
    if isinstance(task.truth, Label):
        right = task.truth.label
    lines = [(Cell("what was right"), Cell(_short(right)))]
    for row, _ in grid.settings.rows:
        given = grid.given[row, task.id]
        lines.append((Cell(row), Cell(_short(given.answer or given.failure))))
    caption = f"{task.user}: {_short(' '.join(task.query.split()), _CAPTION)}"
    return Table(caption, ("row", "answer"), tuple(lines), prose=True)


def _rows(grid: Grid) -> Iterator[Row]:
    words: dict[str, Any] = {"suite": SUITE, "case": grid.tasks.name}
    for metric, found in grid.comparisons.items():
        title = METRICS[metric].title
        for score in found.methods:
            named = words | {"table": title, "method": score.method}
            yield Row.of(score.mean, metric=metric, **named)
            yield Row(metric=f"{metric} unscored", value=score.n_unscored, n=score.items, **named)
            if score.method != found.baseline:
                pair = found.between(score.method, found.baseline)
                yield Row.of(pair.difference, metric=f"{metric} less {found.baseline}", **named)
                yield Row(metric="p", value=pair.p, n=pair.difference.users, **named)
                yield Row(
                    metric="p corrected", value=pair.corrected, n=pair.difference.users, **named
                )


def _metadata(grid: Grid) -> dict[str, object]:
    settings, given = grid.settings, list(grid.given.values())
    missing = {role for found in grid.comparisons.values() for role in found.missing}
    return {
        "version": __version__,
        "data": grid.tasks.name,
        "digest": grid.tasks.digest,
        "users": len(grid.tasks.users),
        "queries": len(grid.tasks.tasks),
        "llm": grid.llm,
        "encoder": settings.encoder,
        "retriever": settings.retriever,
        "tags": settings.tags or "those in the data, or PREMIUM's",
        "seed": settings.seed,
        "rows": ", ".join(row for row, _ in settings.rows),
        "rows missing": ", ".join(sorted(missing)) or "none",
        "pooled": settings.pooled,
        "requests": sum(one.asked for one in given),
        "requests answered from the file": sum(one.found for one in given),
        "tokens": sum(sum(one.tokens) for one in given),
        "known from an earlier run": grid.resumed,
        "seconds of this run": round(grid.seconds, 1),
        "machine": machine(),
    }


def _short(text: str, longest: int = _LONGEST) -> str:
    text = re.sub(r"\n\s*\n", "\n", text.strip())
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
