"""What was measured as tables, plots, bars and rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tailorlm.evaluation.compare_tables import interval_text, number, p_text
from tailorlm.evaluation.comparison import Comparison, MethodScore, Pair
from tailorlm.evaluation.downstream import measure, stars
from tailorlm.evaluation.downstream.asking import HISTORY, SHOWN
from tailorlm.evaluation.downstream.measure import PRIMARY, Measured
from tailorlm.evaluation.downstream.methods import Chosen
from tailorlm.evaluation.intervals import Interval
from tailorlm.evaluation.report import Bar, Cell, Dots, Grid, Row, Section

SUITE = "downstream"
ASKED = "{split}, users that a language model is asked about"
"""The case of these users, by split."""
LEAD = (
    "What personalization is worth to tasks that are no conversation: how many stars a user gives "
    "a film, whether the user will like it, and what to recommend. Every table has a generic row "
    "(one answer for all users), pooled rows (learned from all, the same for all) and personal "
    "ones.\n\n"
    "A reward head is the linear head of the method best_of_n on a film's genres, year, plot, and "
    "the average and number of the ratings of others. The pooled one is everybody's, the own one "
    "each user's, drawn towards it. “Factors and own head” is the weighted mean of the scores of "
    "matrix factorisation and of the own head. Settings are chosen within the training part "
    "alone.\n\n"
    "Small print is a 95% interval from resampling users; p flips the signs of whole users and is "
    "corrected (Holm) for all pairs of its table. Leave one out learns from other users' ratings "
    "that are later than what it tests, as is usual; the time split does not."
)
_TEXTS = {
    measure.STARS: "Stars of the films held out. MAE and RMSE are in stars; less is better. What "
    "is predicted beyond an end of the scale is put there.",
    measure.LIKES: "Whether the film held out gets the user's own mean of the training part or "
    "more (for new users, everybody's). A method that predicts stars says yes if it predicts that "
    "mean or more. With two labels micro F1 over both is the accuracy. LaMP-2's classification, "
    "which tag a user gives a film, is the suite lamp.",
    measure.LISTS: "All films with a plot that the user has not rated are ranked, not a sample of "
    "them: on samples methods can change places. What is held out is relevant if the user gave "
    "it the mean of the training part or more; a user without such a film is unscored. Films of "
    "equal score stand in an order that is drawn. Higher is better.",
}


_MOST_BESIDE = 2
"""Metrics that stand in one table with the differences."""
_ASKED = (
    "It is told the title, genres and plot of the film held out, and with these nothing, what "
    f"others gave it, the user's latest {HISTORY} films with their stars, or the {HISTORY} whose "
    f"plots are most like its own. To recommend, it puts the {SHOWN} most popular films that the "
    "user has not rated, shown in an order that is drawn, into its own order, alone or beside the "
    f"user's latest {HISTORY} liked films; all others follow by popularity. An answer that "
    "does not begin with the number, or is anything but the numbers, is unscored."
)


def section(task: str, measured: Sequence[Measured]) -> Section:
    """One task on all parts of the splits."""
    told = [f"{_begun(one.case)}: {_verdict(one.comparison)}" for one in measured]
    unscored = [f"{_begun(one.case)}: {line}" for one in measured for line in _unscored(one)]
    return Section(
        task.capitalize(),
        "\n\n".join([_TEXTS[task], *told, *unscored]),
        tuple(grid for one in measured for grid in _grids(one)),
        tuple(_dots(one) for one in measured),
    )


def asked_section(measured: Sequence[Measured], llm: str) -> Section:
    """The tasks with a language model."""
    told = [f"{_begun(one.task)}: {_verdict(one.comparison)}" for one in measured]
    unscored = [f"{_begun(one.task)}: {line}" for one in measured for line in _unscored(one)]
    return Section(
        "With a language model",
        "\n\n".join([f"Asked is {llm}, at temperature 0. {_ASKED}", *told, *unscored]),
        tuple(grid for one in measured for grid in _grids(one)),
        tuple(_dots(one) for one in measured),
    )


def chosen_section(chosen: Sequence[tuple[str, str, Chosen]]) -> Section:
    """The settings, by split and task."""
    lines = tuple(
        (Cell(split), Cell(task), Cell(one.method.name), Cell(one.described))
        for split, task, one in chosen
        if one.described
    )
    text = (
        "Each user's last rating of the training part was hidden, and what predicts these best "
        "(RMSE, or the mean reciprocal rank) was fitted again to all of the training part."
    )
    return Section(
        "Settings that were chosen",
        text,
        (Grid("By split and task", ("split", "task", "method", "setting"), lines, prose=True),),
    )


def bars(measured: Sequence[Measured]) -> Iterator[Bar]:
    """Whether the own head beats what is not personal, and adds to matrix factorisation."""
    for one in measured:
        found = one.comparison
        if one.case.endswith(measure.NEW_USERS):
            continue
        base = found.baseline
        for name, words, others in (
            (
                stars.OWN,
                f"the own reward head beats {base} and the pooled one",
                (base, stars.POOLED),
            ),
            (stars.BOTH_PERSONAL, "matrix factorisation gains by the own head", (stars.FACTORS,)),
        ):
            pairs = [found.between(name, other) for other in others]
            yield Bar(
                f"{_begun(one.case)}, {one.task}: {words}, beyond chance",
                f"{found.metric} "
                + ", ".join(f"{_gap(pair)} against {pair.other}" for pair in pairs),
                all(_better(found, pair) is True for pair in pairs),
            )


def rows(measured: Sequence[Measured]) -> Iterator[Row]:
    """Every number."""
    for one in measured:
        found = one.comparison
        for score in found.methods:
            words: dict[str, Any] = {
                "suite": SUITE,
                "table": one.task,
                "case": one.case,
                "method": score.method,
            }
            yield Row.of(score.mean, metric=found.metric, **words)
            for metric, means in one.others.items():
                yield Row.of(means[score.method], metric=metric, **words)
            unscored = Row(metric="unscored", value=score.n_unscored, n=score.items, **words)
            yield unscored
            for other in _baselines(found):
                if other != score.method:
                    pair = found.between(score.method, other)
                    yield Row.of(pair.difference, metric=f"{found.metric} less {other}", **words)
                    yield Row(
                        metric=f"p corrected, {other}",
                        value=pair.corrected,
                        n=pair.difference.users,
                        **words,
                    )


def _baselines(found: Comparison) -> tuple[str, str]:
    return found.baseline, stars.POOLED


def _grids(one: Measured) -> list[Grid]:
    """The means and what they are less the baselines; apart where one table would be too wide."""
    found = one.comparison
    users = max(score.mean.users for score in found.methods)
    items = max(score.items for score in found.methods)
    tested = f"{users:,} users" if items == users else f"{items:,} films of {users:,} users"
    title = f"{_begun(one.case)}: {one.task}"
    lines = [(Cell(score.method, one.kinds[score.method]),) for score in found.methods]
    means = [_means(one, score) for score in found.methods]
    gaps = [_gaps(found, score) for score in found.methods]
    names = found.metric, *one.others
    less = tuple(f"less {other}" for other in _baselines(found))
    if len(names) <= _MOST_BESIDE:
        whole = tuple(a + b + c for a, b, c in zip(lines, means, gaps, strict=True))
        return [Grid(f"{title}, {tested}", ("method", *names, *less), whole)]
    return [
        Grid(
            f"{title}, {tested}",
            ("method", *names),
            tuple(a + b for a, b in zip(lines, means, strict=True)),
        ),
        Grid(
            f"{title}, differences in {found.metric}",
            ("method", *less),
            tuple(a + b for a, b in zip(lines, gaps, strict=True)),
        ),
    ]


def _means(one: Measured, score: MethodScore) -> tuple[Cell, ...]:
    """A method's means by every metric."""
    means = [score.mean, *(means[score.method] for means in one.others.values())]
    return tuple(_cell(number(mean.value), mean) for mean in means)


def _gaps(found: Comparison, score: MethodScore) -> tuple[Cell, ...]:
    """What a method has less each baseline."""
    pairs = [
        None if other == score.method else found.between(score.method, other)
        for other in _baselines(found)
    ]
    return tuple(
        Cell("–") if pair is None else _cell(_gap(pair), pair.difference, signed=True)
        for pair in pairs
    )


def _cell(text: str, interval: Interval, *, signed: bool = False) -> Cell:
    if interval.value is None:
        return Cell("–")
    ends = "" if interval.low is None else interval_text(interval, signed=signed)
    return Cell(text, ends)


def _unscored(one: Measured) -> Iterator[str]:
    """How many of a method's items have no score, and why, a sentence per reason."""
    methods: dict[tuple[int, str], list[str]] = {}
    scores = one.comparison.methods
    for score in scores:
        for reason, count in score.unscored.items():
            methods.setdefault((count, reason), []).append(score.method)
    for (count, reason), names in methods.items():
        whose = "every method" if len(names) == len(scores) else ", ".join(names)
        yield f"{count:,} unscored for {whose}, since {reason}."


def _dots(one: Measured) -> Dots:
    points = tuple(
        (
            score.method,
            mean.value,
            mean.value if mean.low is None else mean.low,
            mean.value if mean.high is None else mean.high,
        )
        for score in one.comparison.methods
        if (mean := score.mean).value is not None
    )
    metric = PRIMARY[one.task]
    return Dots(
        f"{_begun(one.case)}: {one.task}", f"{metric} ({one.comparison.better} is better)", points
    )


def _verdict(found: Comparison) -> str:
    """Which methods differ from the generic one by more than chance, in a sentence."""
    base = found.baseline
    told: dict[bool, list[str]] = {True: [], False: []}
    for score in found.methods:
        if score.method == base:
            continue
        pair = found.between(score.method, base)
        better = _better(found, pair)
        if better is not None:
            told[better].append(f"{score.method} ({number(pair.difference.value, signed=True)})")
    parts = [
        f"{word} than {base} are {', '.join(told[better])}"
        for better, word in ((True, "better"), (False, "worse"))
        if told[better]
    ]
    return "; ".join(parts or [f"no difference from {base} that could not be chance"]) + "."


def _better(found: Comparison, pair: Pair) -> bool | None:
    """Whether the one is better; None where it could be chance."""
    gain = pair.difference.value
    if not gain or pair.corrected is None or pair.corrected > found.settings["level"]:
        return None
    return (gain > 0) is (found.better == "higher")


def _gap(pair: Pair) -> str:
    return f"{number(pair.difference.value, signed=True)}, p {p_text(pair.corrected)}"


def _begun(text: str) -> str:
    """A text as a sentence begins."""
    return text[:1].upper() + text[1:]
