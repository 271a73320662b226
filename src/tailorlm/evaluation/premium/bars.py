"""The bars: what the suite's numbers have to show, judged from the rows alone."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tailorlm.evaluation.premium import changes, costs, judged, recorded
from tailorlm.evaluation.premium.accuracy import ACCURACY, EARLY, case
from tailorlm.evaluation.premium.learners import BASELINES, BAYES, EMBED, EXACT, UNTOLD, VANILLA
from tailorlm.evaluation.premium.worlds import ANNOTATORS, MIDDLE, AnnotatorKind
from tailorlm.evaluation.replay import POOLED
from tailorlm.evaluation.report import Bar, Row, number

LEARNS = 0.40
TWICE = 2.0
NEAR_LIMIT = 0.95
MOST_USERS = 0.9
"""Share of users of whom a bar asks that something was found."""
CHEAPER = 1000.0


class Found:
    """Rows by what they are of.

    Args:
        rows: Of the suite.
    """

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = {(r.table, r.case, r.method, r.metric): r for r in rows}

    def row(self, table: str, where: str, method: str, metric: str = ACCURACY) -> Row | None:
        """A row; None if there is none or it was not measured."""
        found = self._rows.get((table, where, method, metric))
        return None if found is None or found.value is None else found

    def value(self, table: str, where: str, method: str, metric: str = ACCURACY) -> float | None:
        """Its value."""
        found = self.row(table, where, method, metric)
        return None if found is None else found.value


def judge(rows: Sequence[Row], subset: str, epoch: costs.Epoch) -> tuple[Bar, ...]:
    """All bars.

    Args:
        rows: Of the suite.
        subset: The prompts of all tables but Table 2.
        epoch: The timed epoch.
    """
    found = Found(rows)
    checks: tuple[Callable[[Found, AnnotatorKind, str], Bar], ...] = (
        _early,
        _near_limit,
        _drift,
        _growth,
        _win_rates,
    )
    return (
        _learns(found, subset),
        *(check(found, kind, subset) for check in checks for kind in ANNOTATORS),
        _replay(found),
        _cheaper(epoch),
    )


def _learns(found: Found, subset: str) -> Bar:
    low, high = (case(MIDDLE, kind, subset) for kind in ("noise 0.1", "recorded"))
    value = found.value("Table 2", low, EMBED)
    beside = number(found.value("Table 2", high, EMBED))
    chance = number(found.value("Table 2", low, VANILLA))
    return _bar(
        f"premium_embed finds at least {LEARNS:.2f} of the tags at {MIDDLE.name} after "
        f"{MIDDLE.turns} turns, noise 0.1",
        value,
        lambda v: v >= LEARNS,
        lambda v: f"{v:.2f} (random {chance}; recorded annotator {beside})",
    )


def _early(found: Found, kind: AnnotatorKind, subset: str) -> Bar:
    where = f"after {EARLY} turns, {kind}"
    ours, theirs = (found.value("Table 9", where, name) for name in (BAYES, EMBED))
    return _compared(
        f"bayes_tags at least {TWICE:g} times premium_embed after {EARLY} turns, {kind} annotator",
        ours,
        theirs,
        TWICE,
        ("bayes_tags", "premium_embed"),
    )


def _near_limit(found: Found, kind: AnnotatorKind, subset: str) -> Bar:
    where = case(MIDDLE, kind, subset)
    ours, limit = (found.value("Table 2", where, name) for name in (BAYES, EXACT))
    return _compared(
        f"bayes_tags at least {NEAR_LIMIT:g} of the exact limit after {MIDDLE.turns} turns, "
        f"{kind} annotator",
        ours,
        limit,
        NEAR_LIMIT,
        ("bayes_tags", "exact limit"),
    )


def _drift(found: Found, kind: AnnotatorKind, subset: str) -> Bar:
    name = (
        f"bayes_tags back within {changes.SOON} turns after two of three tags changed, "
        f"{kind} annotator"
    )
    before = found.value("Figure 3", f"just before, {kind}", BAYES)
    later = found.value("Figure 3", f"{changes.SOON} turns after, {kind}", BAYES)
    back = found.value("Figure 3", kind, BAYES, changes.BACK)
    if before is None:
        return Bar(name, "", None)
    took = "never" if back is None else f"after {back:.0f} turns"
    met = back is not None and back <= changes.SOON
    limits = ", ".join(
        f"{limit} {number(found.value('Figure 3', f'{changes.SOON} turns after, {kind}', limit))}"
        for limit in (EXACT, UNTOLD)
    )
    measured = (
        f"{number(before)} before, {number(later)} {changes.SOON} turns later ({limits}); "
        f"back {took}"
    )
    return Bar(name, measured, met)


def _growth(found: Found, kind: AnnotatorKind, subset: str) -> Bar:
    where = f"within {changes.LATER} turns, {kind}"
    limit = number(found.value("Figure 4", where, EXACT, changes.FOUND))
    return _bar(
        f"bayes_tags has the new tag within {changes.LATER} turns after 100 tags joined, for at "
        f"least {MOST_USERS:.0%} of users, {kind} annotator",
        found.value("Figure 4", where, BAYES, changes.FOUND),
        lambda v: v >= MOST_USERS,
        lambda v: f"{v:.0%} of users (exact limit {limit})",
    )


def _win_rates(found: Found, kind: AnnotatorKind, subset: str) -> Bar:
    """Both learners are preferred to every baseline, beyond what chance explains."""
    where = case(MIDDLE, kind, subset)
    name = (
        f"personalized answers are preferred to every baseline's at {MIDDLE.name}, {kind} annotator"
    )
    parts, met = [], True
    for learner in (EMBED, BAYES):
        for baseline in BASELINES:
            row = found.row(judged.TABLE, where, learner, judged.over(baseline))
            if row is None:
                return Bar(name, "", None)
            span = f"{number(row.low)} to {number(row.high)}"
            parts.append(f"{learner} over {baseline} {number(row.value)} ({span})")
            met = met and (row.low if row.low is not None else 0.0) > 0.5
    return Bar(name, "; ".join(parts), met)


def _replay(found: Found) -> Bar:
    name = "bayes_tags beats the pooled model on recorded rankings, second half"
    ours = found.row(recorded.TABLE, "second half", BAYES, recorded.PAIRS)
    pooled = found.row(recorded.TABLE, "second half", POOLED, recorded.PAIRS)
    gain = found.row(recorded.TABLE, "second half", BAYES, recorded.GAIN)
    if ours is None or pooled is None or gain is None or gain.value is None:
        return Bar(name, "No recorded rankings were given; name a file with --recordings.", None)
    span = f"{number(gain.low, 3)} to {number(gain.high, 3)}"
    measured = (
        f"{number(ours.value, 3)} against {number(pooled.value, 3)}, a gain of "
        f"{gain.value:+.3f} ({span})"
    )
    return Bar(name, measured, gain.value > 0)


def _cheaper(epoch: costs.Epoch) -> Bar:
    name = f"one bayes_tags update is at least {CHEAPER:,.0f} times cheaper than one full epoch"
    if epoch.epoch is None or epoch.update is None:
        return Bar(name, epoch.why[0].upper() + epoch.why[1:], None)
    times = epoch.epoch / epoch.update
    measured = f"{epoch.epoch:.2f} s against {1000 * epoch.update:.2f} ms, {times:,.0f} times"
    return Bar(name, measured, times >= CHEAPER)


def _compared(
    name: str, ours: float | None, other: float | None, factor: float, words: tuple[str, str]
) -> Bar:
    """A bar on one number being at least so many times another."""
    if ours is None or other is None:
        return Bar(name, "", None)
    ratio = f", {ours / other:.2f} times" if other else ""
    if factor * other > 1.0:
        ratio += "; 1.00 is the most there can be"
    return Bar(
        name, f"{words[0]} {ours:.2f}, {words[1]} {other:.2f}{ratio}", ours >= factor * other
    )


def _bar(
    name: str, value: float | None, met: Callable[[float], bool], says: Callable[[float], str]
) -> Bar:
    """A bar on one number."""
    return Bar(name, "", None) if value is None else Bar(name, says(value), met(value))
