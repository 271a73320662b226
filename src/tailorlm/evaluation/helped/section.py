"""The part of a report that asks whether personalization helps everyone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tailorlm.errors import InputError
from tailorlm.evaluation.helped.asking_identities import AskedBias
from tailorlm.evaluation.helped.diversity import Narrowing
from tailorlm.evaluation.helped.groups import GroupGaps
from tailorlm.evaluation.helped.identities import IdentityBias, Spread
from tailorlm.evaluation.helped.misplaced import Misplaced
from tailorlm.evaluation.helped.sycophancy import Sycophancy
from tailorlm.evaluation.helped.worse_off import WorseOff
from tailorlm.evaluation.intervals import Interval
from tailorlm.evaluation.metrics.scored import Unscored
from tailorlm.evaluation.report import Cell, Grid, Row, Section, measured

TITLE = "Does it help everyone?"
WORSE, GAPS, IDENTITIES, NARROWS, FLATTERS, PLACE = (
    "worse off", "gaps between groups", "identities", "diversity over time", "sycophancy",
    "wishes out of place",
)  # fmt: skip
_TEXTS: Mapping[str, str] = MappingProxyType({
    WORSE: "Queries and users whom the generic answers serve better. By chance as many users "
    "would seem worse off if nothing had changed for anybody.",
    GAPS: "A gap is never below 0, so it is p that tells whether there is one.",
    IDENTITIES: "The same prompts under each identity; a gap of 0 if nobody is served otherwise. A "
    "gap is never below 0, so it is p that tells whether there is one. Where a language model was "
    "asked, utility is the share of short questions answered right, and safety that of unsafe "
    "requests declined, by words of refusal, and of harmless ones that resemble them answered. "
    "Both are proxies on few prompts.",
    NARROWS: "Change of the diversity of what is shown, per turn; below 0 it narrows. Beyond "
    "generic: less that of the generic answers to the same queries.",
    FLATTERS: "Answers that agree with what was stated wrongly. What personalization adds is the "
    "difference to the generic answers.",
    PLACE: "Prompts that have a stated wish, for a question that it bears on and for one on "
    "another matter. A model can only misuse what is in its prompt.",
})  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Helped:
    """What was measured, by method and case; what was not is left out.

    Attributes:
        worse_off: A case is a metric.
        gaps: A case is an attribute.
        identities: A case is a set of prompts: scored by hand, or as they were asked.
        narrowing: A case is a way to measure diversity.
        sycophancy: A case is a set of claims.
        misplaced: A case is how much else the user has said.
    """

    worse_off: Mapping[tuple[str, str], WorseOff] = field(default_factory=dict)
    gaps: Mapping[tuple[str, str], GroupGaps] = field(default_factory=dict)
    identities: Mapping[tuple[str, str], IdentityBias | AskedBias] = field(default_factory=dict)
    narrowing: Mapping[tuple[str, str], Narrowing] = field(default_factory=dict)
    sycophancy: Mapping[tuple[str, str], Sycophancy] = field(default_factory=dict)
    misplaced: Mapping[tuple[str, str], Misplaced] = field(default_factory=dict)


def helped_section(found: Helped, suite: str, *, digits: int = 2) -> tuple[Section, list[Row]]:
    """A section with a table for each question that was measured, and its rows.

    Args:
        found: What was measured.
        suite: Name of the suite that reports it.
        digits: After the decimal point.

    Raises:
        InputError: If nothing was measured.
    """
    rows = [
        Row.of(interval, suite=suite, table=table, case=case, method=method, metric=metric)
        for table, case, method, metric, interval in _numbers(found)
    ]
    if not rows:
        raise InputError("Nothing was measured, so there is nothing to report.")
    tables = dict.fromkeys(row.table for row in rows)
    text = "\n\n".join(f"{table.capitalize()}: {_TEXTS[table]}" for table in tables)
    grids = tuple(_grid(table, [r for r in rows if r.table == table], digits) for table in tables)
    return Section(TITLE, text, grids), rows


_Number = tuple[str, str, str, str, Interval]
"""Table, case, method, metric and value."""


def _numbers(found: Helped) -> Iterator[_Number]:
    for (method, case), worse in found.worse_off.items():
        yield WORSE, case, method, "share of queries", worse.queries
        yield WORSE, case, method, "share of users", worse.users
        yield WORSE, case, method, "of users by chance", _plain(worse.by_chance, worse.users.users)
    for (method, case), gaps in found.gaps.items():
        yield GAPS, case, method, "largest gap", gaps.largest
        yield GAPS, case, method, "mean gap", gaps.mean
        yield GAPS, case, method, "p", _plain(gaps.p, gaps.largest.users)
        for group, mean in gaps.by_group.items():
            yield GAPS, f"{case}: {group}", method, "mean", mean
    for (method, case), bias in found.identities.items():
        yield from _of_identities(method, case, bias)
    for (method, case), narrows in found.narrowing.items():
        yield NARROWS, case, method, "slope", narrows.slope
        if narrows.beyond is not None:
            yield NARROWS, case, method, "beyond generic", narrows.beyond
    for (method, case), flatters in found.sycophancy.items():
        yield FLATTERS, case, method, "personal", flatters.personal
        yield FLATTERS, case, method, "generic", flatters.generic
        yield FLATTERS, case, method, "difference", flatters.beyond
        share = flatters.unscored / flatters.claims
        yield FLATTERS, case, method, "share unscored", _plain(share, flatters.claims)
    for (method, case), place in found.misplaced.items():
        yield PLACE, case, method, "where it belongs", place.related
        yield PLACE, case, method, "out of place", place.unrelated
        yield PLACE, case, method, "difference", place.told_apart


def _of_identities(method: str, case: str, found: IdentityBias | AskedBias) -> Iterator[_Number]:
    bias = found.bias if isinstance(found, AskedBias) else found
    spreads = {"safety": bias.safety, **bias.kinds, "utility": bias.utility}
    for name, spread in spreads.items():
        yield IDENTITIES, f"{case}, {name}", method, "mean", _mean_of(spread)
        yield IDENTITIES, f"{case}, {name}", method, "largest gap", spread.largest
        yield IDENTITIES, f"{case}, {name}", method, "deviation", spread.deviation
        yield IDENTITIES, f"{case}, {name}", method, "p", _plain(spread.p, spread.largest.users)
    if not isinstance(bias.trade_off, Unscored):
        correlation = _plain(bias.trade_off, len(bias.safety.by_identity))
        yield IDENTITIES, f"{case}, safety and utility", method, "correlation", correlation
    if isinstance(found, AskedBias):
        share = _plain(found.unscored / found.prompts, found.prompts)
        yield IDENTITIES, f"{case}, prompts", method, "share unscored", share
    for name, spread in (("safety", bias.safety), ("utility", bias.utility)):
        for identity, mean in spread.by_identity.items():
            place = f"{case}, {name}: {identity}"
            yield IDENTITIES, place, method, "mean", _plain(mean, spread.largest.users)


def _mean_of(spread: Spread) -> Interval:
    """Over the identities."""
    means = [*spread.by_identity.values()]
    return _plain(sum(means) / len(means), spread.largest.users)


def _plain(value: float, n: int) -> Interval:
    return Interval(value, None, None, n)


def _grid(table: str, rows: list[Row], digits: int) -> Grid:
    """A line for each method and case, a column for each metric."""
    metrics = list(dict.fromkeys(row.metric for row in rows))
    by_place = {(row.method, row.case, row.metric): row for row in rows}
    lines = tuple(
        (
            Cell(f"{method}, {case}"),
            *(measured(by_place.get((method, case, metric)), digits) for metric in metrics),
        )
        for method, case in dict.fromkeys((row.method, row.case) for row in rows)
    )
    return Grid(table.capitalize(), ("method", *metrics), lines)
