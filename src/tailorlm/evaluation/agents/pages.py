"""Rows, tables and pages of what the suite found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tailorlm.evaluation.agents.measures import (
    AUTHOR,
    LESS_IS_BETTER,
    METRICS,
    PER_MAIL,
    STYLE,
    Scores,
)
from tailorlm.evaluation.agents.permutation import TABLE, Permutation
from tailorlm.evaluation.agents.systems import FEW_SHOT, STATISTICAL, ZERO_SHOT
from tailorlm.evaluation.intervals import ratio_interval
from tailorlm.evaluation.report import Bar, Cell, Grid, Heat, Report, Row, Section, measured

SUITE = "agents"
SYSTEMS = "Systems"
SENDERS = "Senders"
RECORDED = "Recorded mails"
_ALL = "all senders"
_DIGITS = {STYLE: 4}

LEAD = (
    "A preference agent gives rules of how somebody would write a text, and a writer follows them "
    "(Shashidhar et al. 2024). Here agents learn from sent mail of the Enron corpus, and mails "
    "that they have not seen are written anew from what they say, under the agents' rules and "
    "without.\n\n"
    "Senders are called A, B, C, and so on, and nothing of their mails is on this page. What a "
    "mail says was extracted by a language model where that was recorded, else by rule: short "
    "points without greeting, closing, courtesies, contractions, capitals and exclamation marks. "
    "Every writer gets the same points, subject, recipient and sender's name. The corpus names no "
    "recipients: it is the name in the greeting, or, where there is none, another name that the "
    "sender greets, so that having one tells nothing.\n\n"
    "The demo writer is a program with templates, not a language model. It follows rules that it "
    "can read, so these figures say what the rules carry; how a language model follows them is "
    "measured by naming one."
)
_SYSTEMS_TEXT = (
    "Means over the senders' test mails; intervals draw senders with replacement, and with few "
    "senders they are too narrow. ROUGE, METEOR and BERTScore (on the encoder named below, not "
    "comparable with published figures) compare with the true mail; length error is its relative "
    "size; greeting and sign-off match say how often the form is the true one. Style distance "
    "compares all of a system's texts with the sender's training mails: 0 is alike. The author "
    "classifiers were trained on training mails: one reads everything, the other sees content "
    "words masked. The true mails stand first: where they are not best, a measure is no limit. "
    "Few-shot shows three training mails, drawn three times; its figures are means. The demo "
    "writer reads no examples and is given what most of the three show."
)
_RECORDED_TEXT = (
    "Learned from the recorded training mails alone, with the rules that a large language model "
    "made of them (R3, the difference to its own zero-shot mail), and measured on the recorded "
    "test mails. The no-baseline agent has measured rules of the same mails instead (R1). The "
    "recorded zero-shot mails are the large model's own."
)
_PERMUTATION_TEXT = (
    "The statistical agent of every sender gives the rules for the test mails of every sender, and "
    "the demo writer writes. Line i, column j: the mean probability that the classifier gives to "
    "sender j for the texts written for j's mails under the rules of agent i. Every text of a "
    "column says the same, so what differs within it is style. The normalised matrix brings each "
    "line to mean 0 and standard deviation 1, which is how the paper's poster shows BERTScores."
)


def system_rows(
    found: Mapping[tuple[str, str], Scores], label: str, seed: int, resamples: int
) -> list[Row]:
    """Rows of every system: over all senders, then for each sender."""
    rows = _pooled(found, f"{SYSTEMS}, written by {label}", seed, resamples)
    table = f"{SENDERS}, written by {label}"
    for (writer, system), scores in found.items():
        words: dict[str, Any] = {
            "suite": SUITE, "table": table, "case": f"sender {writer}", "method": system
        }  # fmt: skip
        rng = np.random.default_rng(seed)
        for metric in PER_MAIL:
            known = [value for value in scores.values[metric] if value is not None]
            interval = ratio_interval(known, [1.0] * len(known), rng, resamples=resamples)
            rows.append(Row.of(interval, metric=metric, **words))
        mails = len(scores.values[AUTHOR]) - scores.empty
        rows.append(Row(metric=STYLE, value=_finite(scores.style), n=mails, **words))
    return rows


def recorded_rows(
    found: Mapping[tuple[str, str], Scores], label: str, seed: int, resamples: int
) -> list[Row]:
    """Rows of every system on the recorded mails."""
    return _pooled(found, f"{RECORDED}, written by {label}", seed, resamples)


def permutation_rows(matrices: Mapping[str, Permutation]) -> list[Row]:
    """A row for each number of each matrix, plain and normalised."""
    return [
        Row(
            suite=SUITE,
            table=TABLE,
            case=f"mails of sender {found.names[j]}",
            method=f"agent of sender {found.names[i]}",
            metric=f"{metric}{kind}",
            value=float(values[i, j]),
            n=1,
        )
        for metric, found in matrices.items()
        for kind, values in (("", found.values), (", normalised", found.normalised))
        for i in range(len(found.names))
        for j in range(len(found.names))
    ]


def report(
    rows: Sequence[Row],
    matrices: Mapping[str, Permutation],
    *,
    checklist: tuple[Bar, ...],
    metadata: Mapping[str, Any],
) -> Report:
    """The report of all rows."""
    tables = dict.fromkeys(row.table for row in rows)
    sections = [
        *(_systems(rows, table) for table in tables if table.startswith(SYSTEMS)),
        _permutations(matrices),
        *(_senders(rows, table) for table in tables if table.startswith(SENDERS)),
        *(_recorded(rows, table) for table in tables if table.startswith(RECORDED)),
    ]
    return Report(
        suite=SUITE,
        title="Preference agents on real mail",
        lead=LEAD,
        bars=checklist,
        sections=tuple(sections),
        rows=tuple(rows),
        metadata=metadata,
    )


def _pooled(
    found: Mapping[tuple[str, str], Scores], table: str, seed: int, resamples: int
) -> list[Row]:
    """Rows over all senders, each sender counting the same."""
    rows = []
    writers = list(dict.fromkeys(writer for writer, _ in found))
    for system in dict.fromkeys(system for _, system in found):
        rng = np.random.default_rng(seed)
        scores = [found[writer, system] for writer in writers]
        for metric in METRICS:
            means = [_mean_of(one, metric) for one in scores]
            known = [mean for mean in means if mean is not None]
            interval = ratio_interval(known, [1.0] * len(known), rng, resamples=resamples)
            rows.append(
                Row.of(interval, suite=SUITE, table=table, case=_ALL, method=system, metric=metric)
            )
    return rows


def _mean_of(scores: Scores, metric: str) -> float | None:
    if metric == STYLE:
        return _finite(scores.style)
    known = [value for value in scores.values[metric] if value is not None]
    return float(np.mean(known)) if known else None


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _systems(rows: Sequence[Row], table: str) -> Section:
    return Section(table, _SYSTEMS_TEXT, (_by_metric(rows, table, "Mean of all senders"),))


def _recorded(rows: Sequence[Row], table: str) -> Section:
    return Section(table, _RECORDED_TEXT, (_by_metric(rows, table, "Mean of all senders"),))


def _by_metric(rows: Sequence[Row], table: str, caption: str) -> Grid:
    """A line per system and a column per metric."""
    by_place = {(r.method, r.metric): r for r in rows if r.table == table}
    methods = dict.fromkeys(method for method, _ in by_place)
    header = ("system", *(f"{m}{' (less is better)' if m in LESS_IS_BETTER else ''}"
                          for m in METRICS))  # fmt: skip
    lines = tuple(
        (Cell(method), *(measured(by_place.get((method, m)), _DIGITS.get(m, 3)) for m in METRICS))
        for method in methods
    )
    return Grid(caption, header, lines)


def _senders(rows: Sequence[Row], table: str) -> Section:
    """A table per metric with a line per system and a column per sender."""
    grids = []
    for metric in (STYLE, AUTHOR, "length error", "greeting match", "sign-off match"):
        by_place = {(r.method, r.case): r for r in rows if (r.table, r.metric) == (table, metric)}
        methods = dict.fromkeys(method for method, _ in by_place)
        cases = tuple(dict.fromkeys(case for _, case in by_place))
        lines = tuple(
            (Cell(m), *(measured(by_place.get((m, c)), _DIGITS.get(metric, 3)) for c in cases))
            for m in methods
        )
        grids.append(Grid(metric.capitalize(), ("system", *cases), lines))
    text = (
        "Intervals draw the sender's test mails with replacement; style distance is of all texts "
        f"at once and has none. {STATISTICAL.capitalize()}, {ZERO_SHOT} and {FEW_SHOT} are what "
        "the bar compares."
    )
    return Section(table, text, tuple(grids))


def _permutations(matrices: Mapping[str, Permutation]) -> Section:
    grids, plots = [], []
    for metric, found in matrices.items():
        names = tuple(f"mails of {name}" for name in found.names)
        for kind, values in (("", found.values), (", normalised", found.normalised)):
            lines = tuple(
                (Cell(f"agent of {name}"), *(Cell(f"{value:.3f}") for value in line))
                for name, line in zip(found.names, values, strict=True)
            )
            grids.append(Grid(f"{metric.capitalize()}{kind}", ("agent", *names), lines))
        plots.append(
            Heat(
                f"{metric.capitalize()}, normalised by agent",
                rows=found.names,
                columns=found.names,
                row_label="agent of sender",
                column_label="mails of sender",
                values=tuple(tuple(float(v) for v in line) for line in found.normalised),
            )
        )
    return Section(TABLE, _PERMUTATION_TEXT, tuple(grids), tuple(plots))


def matrix_text(rows: Sequence[Row]) -> str:
    """The normalised matrix of author probabilities for a terminal, by the report's rows."""
    found = {(row.method, row.case): row.value for row in rows
             if (row.table, row.metric) == (TABLE, f"{AUTHOR}, normalised")}  # fmt: skip
    agents = list(dict.fromkeys(agent for agent, _ in found))
    mails = list(dict.fromkeys(case for _, case in found))
    wide = max((len(name) for name in (*agents, *mails)), default=0) + 2
    lines = ["".ljust(wide) + "".join(name.rjust(wide) for name in mails)]
    lines += [
        agent.ljust(wide) + "".join(f"{found[agent, case]:{wide}.2f}" for case in mails)
        for agent in agents
    ]
    return "\n".join(lines)
