"""The tables say what the sessions say, and a bar can fail."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.evaluation.premium.made_up import LIKES, PLAN, MadeUp, full, outcome
from tests.evaluation.recordings import Words

from tailorlm.evaluation.premium import (
    ablations,
    accuracy,
    bars,
    changes,
    costs,
    judged,
    paper,
    recorded,
)
from tailorlm.evaluation.premium.learners import BASELINES, BAYES, EMBED, EXACT
from tailorlm.evaluation.premium.sessions import Job
from tailorlm.evaluation.premium.worlds import ANNOTATORS, annotator
from tailorlm.evaluation.report import Row
from tailorlm.simulation import TagAnnotator

pytestmark = pytest.mark.whole

FIRST = accuracy.case(accuracy.MIDDLE, "recorded", PLAN.subset)
UNTIMED = costs.Epoch(None, None, "no model")
PARTS = (
    accuracy.table_2,
    accuracy.table_9,
    accuracy.table_12,
    accuracy.table_14,
    changes.figure_3,
    changes.figure_4,
    changes.table_5,
    changes.figure_15,
    ablations.figure_5,
)
JOBS = (accuracy.table_2_jobs, accuracy.table_12_14_jobs, changes.jobs, ablations.jobs)


def all_rows() -> list[Row]:
    rows = [row for part in PARTS for row in part(PLAN, MadeUp())[1]]
    return rows + judged.table_2_win_rate(PLAN, MadeUp(), Words())[1]


def one(rows: list[Row], **words: str) -> Row:
    (found,) = [r for r in rows if all(getattr(r, name) == v for name, v in words.items())]
    return found


@pytest.mark.parametrize("plan", [PLAN, full()], ids=["quick", "full"])
def test_tables_look_up_listed_sessions_only(plan):
    listed = {job: outcome(job) for jobs in JOBS for job in jobs(plan)}
    for part in PARTS:
        section, rows = part(plan, listed)
        assert rows
        assert section.text
        places = [(r.table, r.case, r.method, r.metric) for r in rows]
        assert len(places) == len(set(places))
        for grid in section.grids:
            assert grid.lines
            assert {len(line) for line in grid.lines} == {len(grid.header)}
    costs.table_4(plan, listed, UNTIMED, 10.0)


def test_table_2_has_measured_numbers_beside_the_papers():
    _, rows = accuracy.table_2(PLAN, MadeUp())
    ours = one(rows, case=FIRST, method=EMBED, metric=accuracy.ACCURACY)
    assert ours.value == pytest.approx(0.41)
    assert (ours.n, ours.paper) == (2, 0.5577)
    drawn = one(rows, case=FIRST, method=EMBED, metric=accuracy.SELECTED)
    assert drawn.value == pytest.approx(0.41)
    assert one(rows, case=FIRST, method=BAYES, metric=accuracy.ACCURACY).paper is None


def test_the_papers_figures_are_shares():
    for cells in (paper.TABLE_2_ACCURACY, paper.TABLE_2_WIN_RATE, paper.TABLE_12):
        assert all(0 <= value <= 1 for value in cells.values())
    first, last = paper.TABLE_9_FIRST, paper.TABLE_9_LAST
    assert last / first == pytest.approx(paper.TABLE_9_TIMES, abs=0.03)


def test_a_change_is_followed_by_turns_until_accuracy_is_back():
    _, rows = changes.figure_3(PLAN, MadeUp())
    assert one(rows, case="recorded", method=BAYES, metric=changes.BACK).value == 11
    soon = one(rows, case="5 turns after, recorded", method=BAYES, metric=accuracy.ACCURACY)
    assert soon.value == 0


def test_growth_counts_users_whose_tags_are_all_found():
    _, rows = changes.figure_4(PLAN, MadeUp())
    case = f"within {changes.LATER} turns, recorded"
    assert one(rows, case=case, method=BAYES).value == 1
    assert one(rows, case=case, method=EMBED).value == 0


def verdicts(rows: list[Row], epoch: costs.Epoch = UNTIMED) -> dict[str, bool | None]:
    return {bar.name: bar.met for bar in bars.judge(rows, PLAN.subset, epoch)}


def test_bars_are_met_missed_or_unknown():
    rows = all_rows()
    found = verdicts(rows)
    assert len(found) == 1 + 5 * len(ANNOTATORS) + 2
    unknown = [name for name, met in found.items() if met is None]
    assert len(unknown) == 2  # the replay and the timed epoch
    missed = [name for name, met in found.items() if met is False]
    assert len(missed) == 2  # 0.91 is less than 0.95 of 1.01
    assert all("0.95 of the exact limit" in name for name in missed)
    assert all(met is None for met in verdicts([]).values())


@pytest.mark.parametrize(
    ("words", "value", "bar"),
    [
        ({"table": "Table 2", "method": EMBED, "metric": accuracy.ACCURACY}, 0.39, "finds at"),
        ({"table": "Table 9", "method": BAYES, "metric": accuracy.ACCURACY}, 0.81, "2 times"),
        ({"table": "Figure 3", "method": BAYES, "metric": changes.BACK}, 21.0, "back within"),
        ({"table": "Figure 3", "method": BAYES, "metric": changes.BACK}, None, "back within"),
        ({"table": "Figure 4", "method": BAYES, "metric": changes.FOUND}, 0.8, "has the new tag"),
    ],
)
def test_every_bar_can_fail(words, value, bar):
    rows = [
        replace(r, value=value) if all(getattr(r, k) == v for k, v in words.items()) else r
        for r in all_rows()
    ]
    assert {met for name, met in verdicts(rows).items() if bar in name} == {False}


def test_the_bar_on_win_rates_needs_the_whole_interval_above_one_half():
    rows = all_rows()
    fails = [
        replace(r, low=0.49) if r.metric == judged.over(BASELINES[0]) and r.method == BAYES else r
        for r in rows
    ]
    assert {met for name, met in verdicts(rows).items() if "preferred" in name} == {True}
    assert {met for name, met in verdicts(fails).items() if "preferred" in name} == {False}


@pytest.mark.parametrize(("pooled", "met"), [(0.6, True), (0.8, False)])
def test_the_bar_on_recorded_rankings(pooled, met):
    words = {"suite": "premium", "table": recorded.TABLE, "case": "second half"}
    rows = [
        Row(method=BAYES, metric=recorded.PAIRS, value=0.7, **words),
        Row(method="pooled", metric=recorded.PAIRS, value=pooled, **words),
        Row(method=BAYES, metric=recorded.GAIN, value=0.7 - pooled, low=0.0, high=0.2, **words),
    ]
    found = verdicts(rows)
    assert next(found[name] for name in found if "recorded rankings" in name) is met


@pytest.mark.parametrize(("epoch", "met"), [(3.0, True), (0.5, False)])
def test_the_bar_on_the_cost_of_an_update(epoch, met):
    found = verdicts([], costs.Epoch(epoch, 0.001, "timed"))
    assert next(found[name] for name in found if "cheaper" in name) is met


def test_the_judge_reads_texts_only():
    judge = judged.TextJudge(Words())
    assert judge.worth("We bake: BAKING, yoga and chess.", LIKES) == 3
    plain = judge.worth("Nothing of the kind. At all.", LIKES)
    assert 0 <= plain < 3
    certain = TagAnnotator(tags=(), noise=0.01)
    assert judge.chance("Chess, baking, yoga", "none of it", LIKES, certain) == pytest.approx(1)
    assert judge.chance("same", "same", LIKES, certain) == 0.5
    biased = annotator("recorded", ())
    one, other = "Chess and yoga", "Chess"
    there = judge.chance(one, other, LIKES, biased)
    assert there + judge.chance(other, one, LIKES, biased) == pytest.approx(1)
    assert 0.5 < there < 1


def test_win_rates_are_those_of_the_texts():
    jobs = [Job(learner=BAYES, seed=seed, subset=PLAN.subset) for seed in (0, 1)]
    ours = [outcome(job) for job in jobs]
    others = [outcome(replace(job, learner=BASELINES[0])) for job in jobs]
    interval, compared = judged.win_rate(judged.TextJudge(Words()), ours, others, "noise 0.1")
    assert compared == 6
    assert interval.users == 2
    assert interval.value is not None
    assert interval.value > 0.99


def test_costs_say_what_was_not_timed():
    section, rows = costs.table_4(PLAN, MadeUp(), costs.Epoch(2.0, 0.001, "timed"), None)
    assert "took 2.00 s" in section.text
    assert one(rows, metric=costs.EPOCH).value == 2000
    assert one(rows, metric="peak memory, MiB").value is None
    update = one(rows, case="3/50", method=BAYES, metric=costs.UPDATE)
    assert update.value == pytest.approx(2.0)
    assert "not measured, no model" in costs.table_4(PLAN, MadeUp(), UNTIMED, None)[0].text
    assert EXACT in {r.method for r in rows}
    assert np.isfinite([r.value for r in rows if r.metric == costs.SESSION]).all()
