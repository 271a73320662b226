"""Run a grid: every row answers every task, and is compared with every other row."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from tailorlm.errors import InputError, LLMError
from tailorlm.evaluation.compare import Comparison, Result, compare
from tailorlm.evaluation.grid.answers import ANSWERS
from tailorlm.evaluation.grid.engines import fan_out
from tailorlm.evaluation.grid.fitting import POPULATIONS
from tailorlm.evaluation.grid.journal import JOURNAL, Journal
from tailorlm.evaluation.grid.performing import (
    Bench,
    Given,
    Unit,
    fits_for,
    method_of,
    perform,
    perform_fit,
    units_of,
)
from tailorlm.evaluation.grid.scoring import METRICS, Scorer, Scores
from tailorlm.evaluation.grid.settings import Settings
from tailorlm.evaluation.grid.tasks import Tasks, load_tasks
from tailorlm.evaluation.metrics.scored import Unscored
from tailorlm.llms import create_llm
from tailorlm.llms.base import LLM

OnStart = Callable[[Sequence[tuple[str, str]], Tasks], None]
OnGiven = Callable[[Given, Scores], None]
Place = tuple[str, str]
"""Name of a row of the grid and id of a task."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid that was run.

    Attributes:
        settings: With what.
        llm: The language model's label.
        demo: Whether it is a demo writer and no language model.
        tasks: On what.
        given: What each row gave for each task.
        scores: How it was scored.
        comparisons: By metric.
        unscored: Metrics that would fit but have no score at all, with the reason.
        resumed: How many of what was given were known from an earlier run.
        seconds: What this run took.
    """

    settings: Settings
    llm: str
    demo: bool
    tasks: Tasks
    given: Mapping[Place, Given]
    scores: Mapping[Place, Scores]
    comparisons: Mapping[str, Comparison]
    unscored: Mapping[str, str]
    resumed: int
    seconds: float


def run_grid(
    settings: Settings,
    *,
    llm: LLM | None = None,
    engine: str = "auto",
    workers: int = 1,
    on_start: OnStart | None = None,
    on_given: OnGiven | None = None,
) -> Grid:
    """Have every row of the grid answer every task, and compare the rows.

    A method that learns across users is fitted first, for each group of users to all others. What
    was given is kept in the folder as it comes, so that a run that was interrupted goes on where it
    stopped, and further methods can be added to a grid that is finished.

    Args:
        settings: What to run, and the folder.
        llm: Answers in place of the one that the settings name; not in other processes.
        engine: "threads", "processes", "ray", or "auto": processes for the demo writer, which
            computes, and threads for others, which are waited for.
        workers: Units that run side by side.
        on_start: Called with the rows and the tasks before anything is run.
        on_given: Called with all that was given, in an earlier run or now.

    Raises:
        InputError: If the data are not as they should be, or the folder holds another grid.
        UnknownNameError: If a name is unknown.
        MissingExtraError: If a part is not installed.
        LLMError: If the language model cannot be asked; what was given by then is kept.
    """
    start = time.monotonic()
    tasks = load_tasks(settings.data, settings.folder)
    writer = llm or create_llm(settings.llm)
    bench = _bench(settings, tasks, llm or settings.llm)
    if engine == "auto":
        engine = "processes" if writer.is_demo and llm is None else "threads"
    journal = _journal(settings, tasks)
    if on_start is not None:
        on_start(settings.rows, tasks)
    units = list(units_of(settings.rows, tasks))
    todo = [unit for unit in units if not journal.has(unit.row, unit.method, unit.tasks)]
    resumed = sum(len(unit.tasks) for unit in units) - sum(len(unit.tasks) for unit in todo)
    if on_given is not None:
        _tell(units, journal, on_given)
    _do(todo, bench, tasks, journal, engine, workers, on_given)
    done = {place: journal.given[place] for unit in units for place in _places(unit)}
    scores = {(row, task): found for (row, _, task), (_, found) in done.items()}
    comparisons, unscored = compared(tasks, scores, settings.seed)
    return Grid(
        settings=settings,
        llm=writer.label,
        demo=writer.is_demo,
        tasks=tasks,
        given={(row, task): given for (row, _, task), (given, _) in done.items()},
        scores=scores,
        comparisons=comparisons,
        unscored=unscored,
        resumed=resumed,
        seconds=time.monotonic() - start,
    )


def forget(settings: Settings) -> None:
    """Remove what a folder keeps of an earlier run, answers of the language model too."""
    for name in (JOURNAL, ANSWERS, f"{ANSWERS}-journal", POPULATIONS, f"{POPULATIONS}-journal"):
        (settings.out / name).unlink(missing_ok=True)


def compared(
    tasks: Tasks, scores: Mapping[Place, Scores], seed: int = 0
) -> tuple[dict[str, Comparison], dict[str, str]]:
    """A comparison for every metric that fits some of the tasks.

    Returns:
        The comparisons by metric; and why there is none for the metrics that scored nothing.
    """
    users = {task.id: task.user for task in tasks.tasks}
    found, unscored = {}, {}
    for metric, about in METRICS.items():
        results = [
            Result(row, users[task], task, by_metric[metric])
            for (row, task), by_metric in scores.items()
            if metric in by_metric
        ]
        reasons = [r.score.reason for r in results if isinstance(r.score, Unscored)]
        if len(reasons) < len(results):
            found[metric] = compare(results, metric=metric, better=about.better, seed=seed)
        elif reasons:
            unscored[metric] = reasons[0]
    return found, unscored


def _do(
    todo: Sequence[Unit],
    bench: Bench,
    tasks: Tasks,
    journal: Journal,
    engine: str,
    workers: int,
    on_given: OnGiven | None,
) -> None:
    by_id = {task.id: task for task in tasks.tasks}
    scorer = Scorer(tasks)
    for _ in fan_out(partial(perform_fit, bench), fits_for(bench, todo, tasks), engine, workers):
        pass
    for result in fan_out(partial(perform, bench), todo, engine, workers):
        if isinstance(result, LLMError):
            raise LLMError(f"{result} What was answered is kept: the same command goes on.")
        scored = [(by_id[g.task], g, scorer.score(by_id[g.task], g)) for g in result]
        journal.add(scored)
        if on_given is not None:
            for _, given, scores in scored:
                on_given(given, scores)


def _tell(units: Sequence[Unit], journal: Journal, on_given: OnGiven) -> None:
    """Say what is known from an earlier run."""
    for unit in units:
        if journal.has(unit.row, unit.method, unit.tasks):
            for place in _places(unit):
                on_given(*journal.given[place])


def _places(unit: Unit) -> list[tuple[str, str, str]]:
    return [(unit.row, unit.method, task.id) for task in unit.tasks]


def _bench(settings: Settings, tasks: Tasks, llm: str | LLM) -> Bench:
    """What units are run with; what is unknown or not installed is said before anything is run."""
    bench = Bench(
        llm=llm,
        encoder=settings.encoder,
        retriever=settings.retriever,
        library=settings.tags,
        tags=tasks.tags,
        seed=settings.seed,
        answers=(settings.out / ANSWERS).absolute(),
        populations=(settings.out / POPULATIONS).absolute(),
        data=tasks.digest,
    )
    for _, method in settings.rows:
        method_of(bench, method)
    return bench


def _journal(settings: Settings, tasks: Tasks) -> Journal:
    if settings.out.exists() and not settings.out.is_dir():
        raise InputError(f"{settings.out} is a file. Give a folder for the grid.")
    settings.out.mkdir(parents=True, exist_ok=True)
    return Journal(settings.out / JOURNAL, settings.head(tasks.digest))
