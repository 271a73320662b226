"""One unit of a grid: a method learns one user's history, and answers that user's queries."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

from tailorlm.encoders import create_encoder
from tailorlm.errors import LLMError, LLMResponseError
from tailorlm.evaluation.grid.answers import KeptAnswers
from tailorlm.evaluation.grid.fitting import (
    Fit,
    Fitted,
    fit,
    fit_key,
    fits_of,
    learns_across,
    read_fitted,
)
from tailorlm.evaluation.grid.groups import group_of, pooled
from tailorlm.evaluation.grid.playing import Played
from tailorlm.evaluation.grid.tasks import Known, Label, Order, Task, Tasks
from tailorlm.llms import create_llm
from tailorlm.llms.base import LLM
from tailorlm.loop import Loop
from tailorlm.methods import create_method
from tailorlm.methods.base import Method, Parts
from tailorlm.retrievers import create_retriever
from tailorlm.tags import TagLibrary, library_of, load_library, premium_library

POOLED = "pooled"
EVERYBODY = "everybody"
_TOGETHER = 32
"""Rows of one unit at most: what is lost where a run is interrupted, save for the answers."""
_TIE = 1e-9


@dataclass(frozen=True, slots=True)
class Bench:
    """What all units are run with; goes to other processes.

    Attributes:
        llm: Registry name of the language model, or one.
        encoder: Registry name of the encoder.
        retriever: Registry name of the retriever.
        library: Path of a tag library; "" for the tags in the data, or PREMIUM's.
        tags: The tags in the data.
        seed: Of all choices.
        answers: Where answers are kept.
        populations: Where what is learned across users is kept.
        data: Digest of the data.
    """

    llm: str | LLM
    encoder: str
    retriever: str
    library: str
    tags: tuple[str, ...]
    seed: int
    answers: Path
    populations: Path
    data: str


@dataclass(frozen=True, slots=True)
class Unit:
    """A row of the grid for one user: what is learned, and which queries are answered.

    Attributes:
        row: Name of the grid's row: a method's, or "pooled".
        method: The method.
        user: Whose history it is; "everybody" in the pooled row.
        history: What is known at first; each task's own history is added to it.
        tasks: What is asked.
        group: The user's group, which nothing that is learned across users is taken from; None in
            the pooled row, where nothing is.
    """

    row: str
    method: str
    user: str
    history: tuple[Known, ...]
    tasks: tuple[Task, ...]
    group: int | None


@dataclass(frozen=True, slots=True)
class Given:
    """What a row of the grid gave for one task.

    Attributes:
        row: The row of the grid.
        method: The method.
        task: Id of the task.
        messages: What the language model was sent, as roles and texts; none where nobody was asked.
        answer: What it answered.
        llm: Who answered.
        tags: Tags of the plan.
        rules: Rules of the plan.
        tokens: Tokens of the last request and its answer, as the endpoint counts them.
        agreed: For candidates: pairs ordered as the user orders them, ties counted half, and pairs.
        failure: Why there is no answer; "" where there is one.
        others: How many other users the method was fitted to before.
        asked: Requests that went to the language model, those of the method among them.
        found: Requests whose answer was known already.
        seconds: What it took.
    """

    row: str
    method: str
    task: str
    messages: tuple[tuple[str, str], ...] = ()
    answer: str = ""
    llm: str = ""
    tags: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    tokens: tuple[int, int] = (0, 0)
    agreed: tuple[float, int] | None = None
    failure: str = ""
    others: int = 0
    asked: int = 0
    found: int = 0
    seconds: float = 0.0


def units_of(rows: Sequence[tuple[str, str]], tasks: Tasks) -> Iterator[Unit]:
    """Every unit of a grid: tasks of the same user together, but not too many.

    Args:
        rows: Name and method of each row of the grid; that of "pooled" learns from everybody.
        tasks: What is to be answered.
    """
    apart = [(own[0].user, own[0].history, own) for own in _by_user(tasks.tasks)]
    groups = group_of(tasks.tasks)
    together = [(EVERYBODY, history, own) for history, own in pooled(tasks.tasks)]
    for row, method in rows:
        for user, history, own in together if row == POOLED else apart:
            group = None if row == POOLED else groups[user]
            for start in range(0, len(own), _TOGETHER):
                yield Unit(row, method, user, history, tuple(own[start : start + _TOGETHER]), group)


def _by_user(tasks: Sequence[Task]) -> list[list[Task]]:
    """The tasks of each user, in parts whose histories all go on from that of the first."""
    parts: list[list[Task]] = []
    newest: dict[str, list[Task]] = {}
    for task in tasks:
        part = newest.get(task.user)
        if part is None or not _goes_on(task.history, part[0].history):
            part = newest[task.user] = []
            parts.append(part)
        part.append(task)
    return parts


def _goes_on(history: tuple[Known, ...], earlier: tuple[Known, ...]) -> bool:
    return history[: len(earlier)] == earlier


def fits_for(bench: Bench, units: Sequence[Unit], tasks: Tasks) -> list[Fit]:
    """What has to be fitted before some units can be run."""
    wanted = ((method_of(bench, u.method), u.group) for u in units if u.group is not None)
    return fits_of(wanted, tasks, bench.seed, bench.populations)


def perform_fit(bench: Bench, job: Fit) -> int:
    """Fit a method for a group of users; gives the number of others it was fitted to."""
    return fit(method_of(bench, job.method), job, bench.seed, bench.populations).users


def perform(bench: Bench, unit: Unit) -> list[Given] | LLMError:
    """Run a unit.

    Returns:
        What was given for each task; or the error of a language model that cannot be asked, which
        is returned, since not every exception survives the way back from another process.
    """
    llm = KeptAnswers(_llm(bench.llm), bench.answers)
    try:
        loop = Loop(method=method_of(bench, unit.method), seed=bench.seed)
        fitted = _fitted(bench, unit, loop.method)
        played = Played(loop, llm, unit.user, unit.history, fitted.population)
        return [replace(given, others=fitted.users) for given in _give_all(played, llm, unit)]
    except LLMError as error:
        return LLMError(str(error))
    finally:
        llm.close()


def _fitted(bench: Bench, unit: Unit, method: Method[Any]) -> Fitted:
    """What the user starts from, as others are."""
    if unit.group is None or not learns_across(method):
        return Fitted()
    key = fit_key(method, bench.data, unit.group, bench.seed)
    return read_fitted(bench.populations, key) or Fitted()


def _give_all(first: Played, llm: KeptAnswers, unit: Unit) -> Iterator[Given]:
    """What is given for each task; a history that grows is learned as it grows."""
    played, known = first, unit.history
    for task in unit.tasks:
        if unit.row == POOLED or not _goes_on(task.history, known):
            played = first
        start, asked, found = time.perf_counter(), llm.asked, llm.found
        try:
            played, known = played.knowing(task.history), task.history
            words = _words(played, task)
        except LLMResponseError as error:
            words = {"failure": f"the language model failed: {error}"}
        yield Given(
            row=unit.row,
            method=unit.method,
            task=task.id,
            asked=llm.asked - asked,
            found=llm.found - found,
            seconds=round(time.perf_counter() - start, 4),
            **words,
        )


def prompt_of(task: Task) -> str:
    """What is asked: the query, and the labels where one is wanted."""
    if not isinstance(task.truth, Label):
        return task.query
    return f"{task.query}\n\nAnswer with one of these alone: {', '.join(task.truth.labels)}."


def _words(played: Played, task: Task) -> dict[str, Any]:
    """What a user whose history is played gives for a task, as fields of `Given`."""
    if isinstance(task.truth, Order):
        utility = played.utility(task.query, task.truth.options)
        return {"agreed": agreement(utility, task.truth.groups)}
    return _answer(played, prompt_of(task))


def _answer(played: Played, query: str) -> dict[str, Any]:
    plan = played.plan(query)
    completion = played.answer(plan)
    return {
        "messages": tuple((message.role, message.content) for message in plan.messages),
        "answer": completion.text,
        "llm": completion.llm,
        "tags": plan.tags,
        "rules": plan.rules,
        "tokens": (completion.usage.prompt, completion.usage.completion),
    }


def agreement(
    utility: Sequence[float] | None, groups: Sequence[Sequence[int]]
) -> tuple[float, int]:
    """Pairs that a prediction orders as the user does, even ones counted half, and all pairs.

    Args:
        utility: Expected worth of each candidate; None for no opinion, which gets half of them.
        groups: Positions, best group first; within a group the user has no preference.
    """
    right, pairs = 0.0, 0
    for better, worse in combinations(groups, 2):
        for one in better:
            for other in worse:
                gap = 0.0 if utility is None else utility[one] - utility[other]
                right += 0.5 if abs(gap) <= _TIE else float(gap > 0)
                pairs += 1
    return right, pairs


def library(bench: Bench) -> TagLibrary:
    """The tags that methods draw on."""
    if bench.library:
        return load_library(bench.library)
    return library_of(bench.tags) if bench.tags else premium_library()


@lru_cache(maxsize=4)
def _llm(llm: str | LLM) -> LLM:
    return create_llm(llm) if isinstance(llm, str) else llm


@lru_cache(maxsize=64)
def method_of(bench: Bench, name: str) -> Method[Any]:
    """A method, made once in each process.

    Raises:
        UnknownNameError: If there is no such method.
        MissingExtraError: If it needs what is not installed.
    """
    return create_method(name, _parts(bench))


@lru_cache(maxsize=4)
def _parts(bench: Bench) -> Parts:
    encoder = create_encoder(bench.encoder)
    retriever = create_retriever(bench.retriever, encoder)
    return Parts(encoder=encoder, library=library(bench), retriever=retriever)
