"""The tables of the calibration, its figures and its bars."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from tailorlm.evaluation.intervals import Interval
from tailorlm.evaluation.judges.asking import Spent
from tailorlm.evaluation.judges.base import Verdict
from tailorlm.evaluation.judges.measures import (
    Draws,
    agreement,
    between,
    consistency,
    part_agreement,
    position_bias,
    ties,
    unscored,
)
from tailorlm.evaluation.judges.offline import LengthJudge
from tailorlm.evaluation.judges.rubric import CRITERIA
from tailorlm.evaluation.judges.sources import Source
from tailorlm.evaluation.metrics.scored import Unscored
from tailorlm.evaluation.report import Bar, Cell, Dots, Grid, Row, Section, measured, side_by_side

SUITE = "judges"
PEOPLE, JUDGES, PARTS, COST = "agreement with people", "between judges", "criteria", "cost"
AGREES, ALIKE, KAPPA = "agrees with the user", "says the same", "kappa"
FIRST, CONSISTENT, TIES, UNSCORED = (
    "favour of the first place", "same in both orders", "ties", "unscored",
)  # fmt: skip
PERSON = "another person"
LEAD = (
    "A judge says which of two answers a user prefers. Here each judges pairs that people have "
    "compared already, so that it shows how far it can be trusted where nobody has.\n\n"
    "The first half of every source tells the judges about its users, and the second half is "
    "judged. Each pair is read in both orders, and an answer wins if it does in both. Agreement "
    "counts a tie as half, so a judge without opinion has 0.50. A pair that could not be read in "
    "one of the orders is unscored, and has no part in the other numbers.\n\n"
    "Small print is a 95% interval from resampling users with all their pairs. With four users it "
    "says little of other users, and no interval is corrected for how many there are."
)


@dataclass(frozen=True, slots=True)
class Judged:
    """What one judge said of one source.

    Attributes:
        source: Name of the source.
        judge: Name of the judge.
        verdicts: Of its pairs, or of those that it was given.
        spent: What it took; None for judges without a language model.
    """

    source: str
    judge: str
    verdicts: tuple[Verdict, ...]
    spent: Spent | None = None


def figures(
    sources: Sequence[Source],
    judged: Sequence[Judged],
    prices: tuple[float, float] | None,
    draws: Draws,
) -> list[Row]:
    """Every number of the report."""
    rows = []
    for source in sources:
        own = [one for one in judged if one.source == source.name]
        rows += [row for one in own for row in _rows(source, one, prices, draws)]
        rows += _by_another(source, draws)
        for one, other in combinations(own, 2):
            found = between(one.verdicts, other.verdicts, draws)
            names = f"{one.judge} and {other.judge}"
            alike = _row(JUDGES, source.name, names, ALIKE, found.alike)
            kappa = None if isinstance(found.kappa, Unscored) else found.kappa
            rows += [
                replace(alike, n=found.pairs),
                replace(alike, metric=KAPPA, value=kappa, low=None, high=None, n=found.pairs),
            ]
    return rows


def _rows(
    source: Source, one: Judged, prices: tuple[float, float] | None, draws: Draws
) -> Iterator[Row]:
    """The numbers of one judge on one source."""
    verdicts, words = one.verdicts, (source.name, one.judge)
    agrees, pairs = agreement(verdicts, source.preferred, draws)
    yield replace(_row(PEOPLE, *words, AGREES, agrees), n=pairs)
    yield _row(PEOPLE, *words, TIES, ties(verdicts, draws))
    yield _row(PEOPLE, *words, UNSCORED, unscored(verdicts, draws))
    if one.spent is None:
        return
    yield _row(PEOPLE, *words, FIRST, position_bias(verdicts, draws))
    yield _row(PEOPLE, *words, CONSISTENT, consistency(verdicts, draws))
    for part in CRITERIA:
        agrees, pairs = part_agreement(verdicts, source.preferred, part, draws)
        if pairs:
            yield replace(_row(PARTS, *words, part, agrees), n=pairs)
    counts = {
        "requests": float(one.spent.requests),
        "tokens read": float(one.spent.prompt),
        "tokens written": float(one.spent.completion),
    }
    if prices is not None:
        counts["cost"] = one.spent.cost(*prices)
    for metric, value in counts.items():
        yield _row(COST, *words, metric, Interval(value, None, None, len(verdicts)))


def _by_another(source: Source, draws: Draws) -> list[Row]:
    """How far another person agrees with the user: what a judge cannot be asked to surpass."""
    told = [
        (pair.user, 1.0 - abs(source.preferred[pair.id] - source.second[pair.id]))
        for pair in source.pairs
        if pair.id in source.second and source.preferred[pair.id] != 0.5
    ]
    row = _row(PEOPLE, source.name, PERSON, AGREES, draws.mean(told))
    return [replace(row, n=len(told))] if told else []


def bars(rows: Sequence[Row]) -> tuple[Bar, ...]:
    """Whether each judge agrees with people beyond chance, by its interval.

    Length is there to be compared with, and is no judge that anybody is asked to trust.
    """
    found = []
    for row in rows:
        is_judge = row.method not in (PERSON, LengthJudge.name)
        if (row.table, row.metric) == (PEOPLE, AGREES) and is_judge:
            cell = measured(row)
            said = f"{cell.text} ({cell.interval})" if cell.interval else cell.text
            met = None if row.low is None else row.low > 0.5
            found.append(Bar(f"{row.case}: {row.method} agrees beyond chance", said, met))
    return tuple(found)


def sections(
    sources: Sequence[Source], judged: Sequence[Judged], rows: Sequence[Row]
) -> tuple[Section, ...]:
    """The page: a section per source, and what language models took."""
    made = [_source_section(source, rows) for source in sources]
    if any(one.spent is not None for one in judged):
        columns = ["requests", "tokens read", "tokens written"]
        columns += ["cost"] if any(row.metric == "cost" for row in rows) else []
        made.append(
            Section(
                "What language models took",
                "Each request counts once, also where an earlier run sent it.",
                tuple(
                    _by_judge([r for r in rows if r.case == s.name and r.table == COST],
                              columns, s.name, digits=4 if "cost" in columns else 0)
                    for s in sources
                ),
            )
        )  # fmt: skip
    return tuple(made)


def _source_section(source: Source, rows: Sequence[Row]) -> Section:
    own = [row for row in rows if row.case == source.name]
    with_people = [row for row in own if row.table == PEOPLE]
    measures = [m for m in (AGREES, FIRST, CONSISTENT, TIES, UNSCORED)
                if any(row.metric == m for row in with_people)]  # fmt: skip
    grids = [_by_judge(with_people, measures, "Each judge and the users")]
    parts = [row for row in own if row.table == PARTS]
    if parts:
        grids.append(_by_judge(parts, list(CRITERIA), "Agreement by criterion"))
    pairs = [row for row in own if row.table == JUDGES]
    if pairs:
        grids.append(_by_judge(pairs, [ALIKE, KAPPA], "Every two judges"))
    points = tuple(
        (row.method, row.value, row.value if row.low is None else row.low,
         row.value if row.high is None else row.high)
        for row in with_people if row.metric == AGREES and row.value is not None
    )  # fmt: skip
    decided = sum(preferred != 0.5 for preferred in source.preferred.values())
    users = len({pair.user for pair in source.pairs})
    text = f"{len(source.pairs)} pairs of {users} users, of which the users decide {decided}."
    plot = Dots(f"Agreement with the users of {source.name}", "agreement; 0.5 is chance", points)
    return Section(source.name, text, tuple(grids), (plot,) if points else ())


def _by_judge(
    rows: Sequence[Row], metrics: Sequence[str], caption: str, digits: int = 2
) -> Grid:  # fmt: skip
    """A line per judge and a column per measure."""
    turned = [replace(row, case=row.method, method=row.metric) for row in rows]
    if not turned:
        return Grid(caption, ("judge",), ((Cell("none"),),))
    return side_by_side(
        turned, [(m, m) for m in metrics], caption=caption, label="judge", digits=digits
    )


def _row(table: str, case: str, method: str, metric: str, interval: Interval) -> Row:
    return Row.of(interval, suite=SUITE, table=table, case=case, method=method, metric=metric)
