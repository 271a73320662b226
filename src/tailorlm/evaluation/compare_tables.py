"""A comparison for people and for programs: terminal, LaTeX, dictionaries, DataFrame."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from tailorlm.errors import MissingExtraError
from tailorlm.evaluation.comparison import Comparison, MethodScore, Pair, matrix
from tailorlm.evaluation.intervals import Interval
from tailorlm.evaluation.metrics.comparisons import Wins

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

_WIDTH = 110
_DIGITS = re.compile(r"\d[\d,.]*\d|\d")
_MOST_COLUMNS = 8
"""Methods whose wins against each other fit into a terminal."""
_LATEX = str.maketrans(
    {
        "\\": r"\textbackslash{}",
        "~": r"\textasciitilde{}",
        "^": r"\textasciicircum{}",
        **{mark: f"\\{mark}" for mark in "&%$#_{}"},
    }
)


def rows(comparison: Comparison) -> list[dict[str, Any]]:
    """See `Comparison.rows`."""
    return [
        {
            "method": score.method,
            "role": score.role or None,
            "metric": comparison.metric,
            "mean": score.mean.value,
            "low": score.mean.low,
            "high": score.mean.high,
            "users": score.mean.users,
            "items": score.items,
            "unscored": score.n_unscored,
            **_against(comparison, score.method),
        }
        for score in comparison.methods
    ]


def as_dict(comparison: Comparison) -> dict[str, Any]:
    """See `Comparison.as_dict`."""
    return {
        "metric": comparison.metric,
        "better": comparison.better,
        "by": comparison.by,
        "baseline": comparison.baseline,
        "missing": list(comparison.missing),
        "settings": dict(comparison.settings),
        "methods": [
            {
                "method": score.method,
                "role": score.role or None,
                "mean": asdict(score.mean),
                "items": score.items,
                "unscored": dict(score.unscored),
            }
            for score in comparison.methods
        ],
        "pairs": [asdict(pair) for pair in comparison.pairs],
    }


def frame(comparison: Comparison) -> Any:
    """See `Comparison.frame`."""
    try:
        import pandas
    except ImportError:
        raise MissingExtraError("A DataFrame", "evaluation") from None
    return pandas.DataFrame(rows(comparison)).set_index("method")


def latex(comparison: Comparison, digits: int = 3) -> str:
    """See `Comparison.latex`."""
    base = _escaped(comparison.baseline)
    head = ["Method", "Mean (95\\% interval)", f"Less {base} (95\\% interval)", "$p$ (Holm)", "$n$"]
    lines = [
        r"% \usepackage{booktabs}",
        r"\begin{tabular}{lrrrr}",
        r"\toprule",
        " & ".join(head) + r" \\",
        r"\midrule",
    ]
    for score in comparison.methods:
        name = _escaped(_named(score))
        cells = [name, _latex_interval(score.mean, digits)]
        pair = _pair(comparison, score.method)
        if pair is None:
            cells += ["--", "--"]
        else:
            cells += [_latex_interval(pair.difference, digits, signed=True), p_text(pair.corrected)]
        cells.append(str(score.items))
        lines.append(" & ".join(cells) + r" \\")
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def table(comparison: Comparison) -> RenderableType:
    """What is printed: means, differences from the baseline, and who wins against whom."""
    from rich.console import Group
    from rich.text import Text

    title = f"{comparison.metric} ({comparison.better} is better)"
    parts: list[RenderableType] = [Text(title, style="bold"), _means(comparison)]
    if len(comparison.methods) <= _MOST_COLUMNS:
        wins = "Wins / ties / losses of the line against the column, by items"
        parts += [Text(wins, style="bold"), _wins(comparison)]
    return Group(*parts, Text("\n".join(notes(comparison))))


def text(comparison: Comparison) -> str:
    """What is printed, as a text."""
    from rich.console import Console

    stream = io.StringIO()
    Console(file=stream, width=_WIDTH).print(comparison)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines())


def notes(comparison: Comparison) -> list[str]:
    """What has to be known to read the numbers, one sentence or two a line."""
    settings = comparison.settings
    whom = "users" if comparison.by == "user" else "items"
    how = (
        f"Intervals resample {whom}; p flips the signs of whole {whom} and is corrected (Holm) for "
        f"{len(comparison.pairs)} pairs. Needed: {whom} to see such a difference with a chance of "
        f"{settings['power']:.0%}, in one test at {settings['level']:g}."
    )
    found = [how]
    users = max((pair.difference.users for pair in comparison.pairs), default=0)
    least = min(1.0, 2.0 ** (1 - users) * len(comparison.pairs))
    if users and least > settings["level"]:
        several = f"{users} {whom if users > 1 else whom[:-1]}"
        found.append(
            f"With {several} and {len(comparison.pairs)} pairs no corrected p can be below "
            f"{p_text(least)}, whatever the differences."
        )
    if comparison.missing:
        found.append(f"There is no row for: {', '.join(comparison.missing)}.")
    for score in comparison.methods:
        for reason, count in _alike(score.unscored):
            found.append(f"{score.method}: {count} unscored, left out ({reason}).")
    return found


def _alike(reasons: Mapping[str, int]) -> list[tuple[str, int]]:
    """Reasons and how often each; those that differ in numbers alone count as the first of them."""
    named: dict[str, tuple[str, int]] = {}
    for reason, count in reasons.items():
        kind = _DIGITS.sub("0", reason)
        first, before = named.get(kind, (reason, 0))
        named[kind] = first, before + count
    return list(named.values())


def number(value: float | None, digits: int = 3, *, signed: bool = False) -> str:
    """A number for a cell; a dash where there is none."""
    return "-" if value is None else f"{value:{'+' if signed else ''}.{digits}f}"


def interval_text(interval: Interval, digits: int = 3, *, signed: bool = False) -> str:
    """The ends of an interval; a dash where they are unknown."""
    if interval.low is None or interval.high is None:
        return "-"
    return f"{number(interval.low, digits, signed=signed)} to " + number(
        interval.high, digits, signed=signed
    )


def p_text(p: float | None) -> str:
    """A p value with two digits that mean something."""
    return "-" if p is None else f"{p:.4f}" if p < 0.01 else f"{p:.2f}"


def wins_text(wins: Wins | None) -> str:
    """Wins, ties and losses."""
    return "" if wins is None else f"{wins.wins}/{wins.ties}/{wins.losses}"


def _means(comparison: Comparison) -> Table:
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column("Method")
    base = comparison.baseline
    for column in ("Mean", "95%", "Items", f"Less {base}", "95%", "p (Holm)", "Needed"):
        shown.add_column(column, justify="right")
    for score in comparison.methods:
        pair = _pair(comparison, score.method)
        cells = ["-", "", "", ""]
        if pair is not None:
            cells = [
                number(pair.difference.value, signed=True),
                interval_text(pair.difference, signed=True),
                p_text(pair.corrected),
                "-" if pair.users_needed is None else f"{pair.users_needed:,}",
            ]
        mean = score.mean
        shown.add_row(
            _named(score), number(mean.value), interval_text(mean), f"{score.items:,}", *cells
        )
    return shown


def _wins(comparison: Comparison) -> Table:
    from rich import box
    from rich.table import Table

    shown = Table(box=box.SIMPLE_HEAD)
    shown.add_column("")
    for score in comparison.methods:
        shown.add_column(score.method, justify="right")
    for name, wins in matrix(comparison):
        shown.add_row(name, *map(wins_text, wins))
    return shown


def _against(comparison: Comparison, method: str) -> dict[str, Any]:
    """A method against the baseline, in words that go after the method's own."""
    pair = _pair(comparison, method)
    gap = Interval(None, None, None, 0) if pair is None else pair.difference
    return {
        "baseline": comparison.baseline,
        "difference": gap.value,
        "difference_low": gap.low,
        "difference_high": gap.high,
        "p": None if pair is None else pair.p,
        "p_corrected": None if pair is None else pair.corrected,
        "wins": None if pair is None else pair.items.wins,
        "ties": None if pair is None else pair.items.ties,
        "losses": None if pair is None else pair.items.losses,
        "users_needed": None if pair is None else pair.users_needed,
    }


def _pair(comparison: Comparison, method: str) -> Pair | None:
    """The method against the baseline; None for the baseline itself."""
    base = comparison.baseline
    return None if method == base else comparison.between(method, base)


def _named(score: MethodScore) -> str:
    return (
        f"{score.method} ({score.role})" if score.role not in ("", score.method) else score.method
    )


def _latex_interval(interval: Interval, digits: int, *, signed: bool = False) -> str:
    if interval.value is None:
        return "--"
    value = f"${number(interval.value, digits, signed=signed)}$"
    if interval.low is None or interval.high is None:
        return value
    ends = [number(end, digits, signed=signed) for end in (interval.low, interval.high)]
    return f"{value} (${ends[0]}$ to ${ends[1]}$)"


def _escaped(name: str) -> str:
    return name.translate(_LATEX)
