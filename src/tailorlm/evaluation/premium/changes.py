"""Figures 3, 4 and 15 and the table of styles: tastes that change, tags that join, pairs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from tailorlm.evaluation.premium import paper
from tailorlm.evaluation.premium.accuracy import ACCURACY, COLUMNS
from tailorlm.evaluation.premium.learners import HAZARD, MAIN, UNTOLD
from tailorlm.evaluation.premium.measures import (
    SUITE,
    Plan,
    at,
    curve,
    first_turn,
    mean,
    of_users,
    row,
    styles_at,
)
from tailorlm.evaluation.premium.sessions import Job, Outcomes
from tailorlm.evaluation.premium.worlds import (
    ANNOTATORS,
    CHANGE,
    JOIN,
    MIDDLE,
    AnnotatorKind,
    Scenario,
    Setup,
)
from tailorlm.evaluation.report import Grid, Plot, Row, Section, side_by_side

GROWING = Setup(2, 100, JOIN + 60)
BACK = "turns until mean accuracy is back"
STYLES = "liked styles preferred"
FOUND = "users whose tags are all found"
TIMES = "times the accuracy of random tags"
SOON, LATER = 20, 40
"""Turns after a change, and after tags joined, that the bars speak of."""


def users(plan: Plan, learner: str, kind: AnnotatorKind, scenario: Scenario) -> list[Job]:
    """The sessions of one learner in which something happens, one per user."""
    job = Job(learner=learner, seed=0, annotator=kind, subset=plan.subset, scenario=scenario)
    if scenario == "growth":
        job = replace(job, setup=GROWING)
    return [replace(job, seed=seed) for seed in plan.seeds]


def kinds(plan: Plan, scenario: Scenario) -> tuple[AnnotatorKind, ...]:
    """Both annotators; the quick form leaves one out where turns take long."""
    return ("recorded",) if plan.quick and scenario in ("styles", "style drift") else ANNOTATORS


def with_styles(plan: Plan) -> tuple[Scenario, int]:
    """The sessions of Table 5, and after which turn they are read.

    The quick form reads those of Figure 15, which are the same until styles change.
    """
    return ("style drift", CHANGE) if plan.quick else ("styles", MIDDLE.turns)


def jobs(plan: Plan) -> Iterable[Job]:
    """All sessions in which something happens."""
    scenarios: tuple[Scenario, ...] = ("drift", "growth", with_styles(plan)[0], "style drift")
    for scenario in dict.fromkeys(scenarios):
        for kind in kinds(plan, scenario):
            for learner in learners(scenario):
                yield from users(plan, learner, kind, scenario)


def learners(scenario: Scenario) -> tuple[str, ...]:
    """Those compared; where tags alone change also what could be known without being told when."""
    return (*MAIN, UNTOLD) if scenario == "drift" else MAIN


def figure_3(plan: Plan, outcomes: Outcomes) -> tuple[Section, list[Row]]:
    """Two of three tags change at turn 50."""
    rows = _around_change(plan, outcomes, "Figure 3", "drift", paper.FIGURE_3_TURNS)
    text = (
        f"At {MIDDLE.name}, two of the user's three tags change after {CHANGE} turns; accuracy is "
        "that of the new tags from then on. The learners are not told. The exact limit is told "
        "when the change comes and that two tags change, not which; the untold one only that "
        f"two of three change with a chance of {HAZARD:.0%} in any turn.\n\n"
        "The paper gives a curve and says that within 50 turns accuracy was above what it had "
        f"been. “{BACK}” counts from the change until the mean over users is at least what it was "
        "just before."
    )
    return Section(
        "Figure 3: tastes that change",
        text,
        _tables(rows, (*COLUMNS, (UNTOLD, UNTOLD))),
        tuple(
            _plot(plan, outcomes, f"Two of three tags change, {kind} annotator", kind, "drift")
            for kind in kinds(plan, "drift")
        ),
    ), rows


def figure_4(plan: Plan, outcomes: Outcomes) -> tuple[Section, list[Row]]:
    """As many tags join as there are, and the user likes one of them."""
    rows: list[Row] = []
    for kind in kinds(plan, "growth"):
        for learner in MAIN:
            listed = users(plan, learner, kind, "growth")
            for name, turn in (
                ("just before", JOIN),
                (f"{SOON} turns after", JOIN + SOON),
                (f"{LATER} turns after", JOIN + LATER),
                ("at the end", GROWING.turns),
            ):
                case = f"{name}, {kind}"
                rows.append(
                    row(outcomes, listed, at(turn), table="Figure 4", case=case, metric=ACCURACY)
                )
            rows += _found(outcomes, listed, kind)
    text = (
        f"A user likes 2 of {GROWING.n} tags. After {JOIN} turns, which is ten epochs of "
        f"premium_embed, {GROWING.n} tags join and the user likes one of them too, so that it is "
        f"3 of {2 * GROWING.n}. premium_embed goes on from its stored state, bayes_tags reads its "
        "log again with the larger library, and the exact limit is told that one new tag is "
        "liked.\n\n"
        "The paper's library holds seven names twice; seven tags were added to make 200 distinct "
        "ones. The paper gives a curve and says that accuracy stayed above six times that of "
        "random tags."
    )
    return Section(
        "Figure 4: tags that join",
        text,
        _tables(rows),
        tuple(
            _plot(plan, outcomes, f"{GROWING.n} tags join, {kind} annotator", kind, "growth")
            for kind in kinds(plan, "growth")
        ),
    ), rows


def table_5(plan: Plan, outcomes: Outcomes) -> tuple[Section, list[Row]]:
    """Ordinary tags and four pairs of styles, chosen together."""
    rows = []
    scenario, turn = with_styles(plan)
    for kind in kinds(plan, scenario):
        for learner in MAIN:
            listed = users(plan, learner, kind, scenario)
            case = f"{MIDDLE.name} and 4 pairs, after {turn} turns, {kind}"
            for metric, measure in ((ACCURACY, at(turn)), (STYLES, styles_at(turn))):
                rows.append(
                    row(outcomes, listed, measure, table="Table 5", case=case, metric=metric)
                )
    text = (
        "Besides 3 of 50 tags the user has a side in each of four pairs of styles, such as "
        "thorough or brief, and an answer carries three tags and one style of each pair. A style "
        "is worth as much as a tag. bayes_tags fills the same seven places with whatever tells "
        "most, tags or styles. Random choice prefers half of the liked styles.\n\n"
        "The contents of the paper's Table 5 are missing from our copy."
    )
    return Section("Table 5: binary tags", text, _tables(rows)), rows


def figure_15(plan: Plan, outcomes: Outcomes) -> tuple[Section, list[Row]]:
    """Two tags and two styles change at turn 50."""
    rows = _around_change(plan, outcomes, "Figure 15", "style drift", paper.FIGURE_15_TURNS)
    text = (
        f"As in Figure 3, with four pairs of styles: after {CHANGE} turns two tags and two styles "
        "change. The paper gives curves and says that within 30 turns both accuracies were above "
        "what they had been."
    )
    plots = [
        Plot(
            f"{what}, {kind} annotator",
            "turn",
            "share found",
            tuple(
                curve(
                    name, outcomes, users(plan, name, kind, "style drift"), styles=what == "Styles"
                )
                for name in MAIN
            ),
            ((CHANGE, "change"),),
        )
        for kind in kinds(plan, "style drift")
        for what in ("Tags", "Styles")
    ]
    title = "Figure 15: tags and styles that change"
    return Section(title, text, _tables(rows), tuple(plots)), rows


def _around_change(
    plan: Plan, outcomes: Outcomes, table: str, scenario: Scenario, told: int
) -> list[Row]:
    """Accuracy before and after the change, and when it is back."""
    rows: list[Row] = []
    moments = (
        ("just before", CHANGE),
        ("5 turns after", CHANGE + 5),
        (f"{SOON} turns after", CHANGE + SOON),
        ("50 turns after", CHANGE + 50),
    )
    for kind in kinds(plan, scenario):
        for learner in learners(scenario):
            listed = users(plan, learner, kind, scenario)
            for name, turn in moments:
                case = f"{name}, {kind}"
                rows.append(
                    row(outcomes, listed, at(turn), table=table, case=case, metric=ACCURACY)
                )
                if scenario == "style drift":
                    measure = styles_at(turn)
                    rows.append(
                        row(outcomes, listed, measure, table=table, case=case, metric=STYLES)
                    )
            line = np.mean([user.accuracy for user in of_users(outcomes, listed)], axis=0)
            back = first_turn(line, CHANGE, float(line[CHANGE - 1]))
            rows.append(
                Row(
                    suite=SUITE,
                    table=table,
                    case=kind,
                    method=learner,
                    metric=BACK,
                    value=back,
                    n=len(listed),
                    paper=told if learner == MAIN[0] else None,
                )
            )
    return rows


def _found(outcomes: Outcomes, listed: Sequence[Job], kind: AnnotatorKind) -> list[Row]:
    """Users whose three tags were the top three within 40 turns, and the multiple of chance."""
    learner = listed[0].learner
    ends = of_users(outcomes, listed)
    soon = [float((user.accuracy[JOIN : JOIN + LATER] >= 1.0).any()) for user in ends]
    chance = (GROWING.k + 1) / (2 * GROWING.n)
    return [
        Row.of(
            mean(soon),
            suite=SUITE,
            table="Figure 4",
            case=f"within {LATER} turns, {kind}",
            method=learner,
            metric=FOUND,
        ),
        Row.of(
            mean([float(user.accuracy[-1]) / chance for user in ends]),
            suite=SUITE,
            table="Figure 4",
            case=f"at the end, {kind}",
            method=learner,
            metric=TIMES,
            paper=paper.FIGURE_4_TIMES if learner == MAIN[0] else None,
        ),
    ]


def _tables(rows: Sequence[Row], columns: Sequence[tuple[str, str]] = COLUMNS) -> tuple[Grid, ...]:
    """One table per metric, in the order of the rows."""
    return tuple(
        side_by_side(
            [r for r in rows if r.metric == metric],
            columns,
            caption=metric[0].upper() + metric[1:],
            label="",
            paper=MAIN[0],
            digits=0 if metric == BACK else 1 if metric == TIMES else 2,
        )
        for metric in dict.fromkeys(r.metric for r in rows)
    )


def _plot(
    plan: Plan, outcomes: Outcomes, title: str, kind: AnnotatorKind, scenario: Scenario
) -> Plot:
    mark = (JOIN, "tags join") if scenario == "growth" else (CHANGE, "change")
    curves = tuple(curve(n, outcomes, users(plan, n, kind, scenario)) for n in learners(scenario))
    return Plot(title, "turn", "share of tags found", curves, (mark,))
