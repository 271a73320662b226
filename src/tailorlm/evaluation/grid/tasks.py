"""A user's own evaluation data: one row per query, with what is known and what was right.

The format is JSON Lines; `FORM` and `docs/grid.md` explain it. What does not follow it is refused
with its row and with what to write instead.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import TypeVar

from tailorlm.datasets.base import Row, read_rows
from tailorlm.errors import FormatError, InputError, TailorError, nearest
from tailorlm.types import (
    Attribute,
    Document,
    Rating,
    Statement,
    check_id,
    check_text,
    ranking_groups,
)

Checked = TypeVar("Checked")
EXAMPLE = "example"
"""The data that come with the package, by name."""

FORM = """\
The file is JSON Lines in UTF-8: on each line a JSON object, for one query of one user, such as
  {"user": "ana", "query": "When?", "history": [{"statement": "Be brief."}], "reference": "Friday."}
"user" is whose query it is, and "query" is what is asked.

"history" is what is known of the user by then, oldest first. It may be left out. An entry is one of
  {"document": "A text that the user wrote."}
  {"statement": "Something the user said about how to be answered."}
  {"attribute": "city", "value": "Porto"}
  {"query": "What was asked", "candidates": ["one answer", "another"], "ranking": [1, 0]}
  {"query": "What was asked", "candidates": ["one answer", "another"], "pick": 1}
  {"query": "What was asked", "answer": "the answer", "rating": 4}
  {"query": "What was asked", "answer": "the answer", "edit": "as the user would have it"}

What was right is said by one of
  "reference": "the answer as the user would have it"
  "label": "yes", "labels": ["yes", "no"]
  "candidates": ["one answer", "another"], "ranking": [1, 0]
  "candidates": ["one answer", "another"], "pick": 1

A ranking has the positions of the candidates, counted from 0, best first."""
"""How rows are written, for whoever has to write them; `docs/grid.md` says more."""

_TRUTHS = (
    'Say what was right by one of: "reference" (a text), "label" (a word), or "candidates" with '
    '"ranking" or "pick".'
)
_ENTRIES = (
    'An entry of the history has one of: "document", "statement", "attribute" with "value", '
    '"query" with "candidates" and "ranking" or "pick", or "query" with "answer" and "rating" or '
    '"edit".'
)
_TURN = frozenset({"query", "candidates", "answer", "ranking", "pick", "rating", "edit"})
_ASKED = frozenset({"id", "user", "query", "history"})
_RIGHT = frozenset({"reference", "label", "labels", "candidates", "ranking", "pick"})


@dataclass(frozen=True, slots=True)
class Option:
    """One of several answers.

    Attributes:
        text: The answer.
        tags: Tags that it draws on, where that is known.
    """

    text: str
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PastTurn:
    """A query of the past, the answers that were shown, and what the user gave for them.

    Attributes:
        query: What was asked.
        options: The answers, in the order shown.
        groups: How the user ordered them: positions, best group first; empty for none.
        pick: Position of the one that was picked; None for none.
        rating: Of the only answer, from 1 to 5; None for none.
        edit: The only answer as the user would have it; "" for none.
    """

    query: str
    options: tuple[Option, ...]
    groups: tuple[tuple[int, ...], ...] = ()
    pick: int | None = None
    rating: float | None = None
    edit: str = ""


Known = Document | Statement | Attribute | PastTurn
"""One thing that is known of a user."""


@dataclass(frozen=True, slots=True)
class Reference:
    """The right answer, as the user would have it."""

    text: str


@dataclass(frozen=True, slots=True)
class Order:
    """Answers, and how the user orders them: positions, best group first."""

    options: tuple[Option, ...]
    groups: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class Label:
    """The right one of some labels."""

    label: str
    labels: tuple[str, ...]


Truth = Reference | Order | Label


@dataclass(frozen=True, slots=True)
class Task:
    """One row: answer this query of this user, and be held against what was right.

    Attributes:
        id: The row's own id, or its number.
        user: Whose query it is.
        query: What is asked.
        history: What is known of the user by then, oldest first.
        truth: What was right.
    """

    id: str
    user: str
    query: str
    history: tuple[Known, ...]
    truth: Truth


@dataclass(frozen=True, slots=True)
class Tasks:
    """All rows of a file.

    Attributes:
        name: What reports call them.
        digest: Changes with the file's content.
        tasks: The rows in order.
    """

    name: str
    digest: str
    tasks: tuple[Task, ...]

    @property
    def users(self) -> tuple[str, ...]:
        """Everybody, in the order of the file."""
        return tuple(dict.fromkeys(task.user for task in self.tasks))

    @property
    def tags(self) -> tuple[str, ...]:
        """Every tag of an answer, in the order of the file."""
        return tuple(
            dict.fromkeys(
                tag for task in self.tasks for option in _options(task) for tag in option.tags
            )
        )


def load_tasks(data: str | Path, folder: str | Path = ".") -> Tasks:
    """Read rows.

    Args:
        data: A JSON Lines file, plain or .gz, "example", or the name of a published data set.
        folder: That holds the published data sets.

    Raises:
        InputError: If there is no such file, it holds no row, or one is not as it should be.
    """
    path = Path(data)
    if not path.is_file():
        if str(data) != EXAMPLE:
            return _named(str(data), folder)
        path = Path(str(resources.files(__package__).joinpath("example.jsonl")))
    tasks: dict[str, Task] = {}
    try:
        for row in read_rows(path):
            task = _task(row)
            if task.id in tasks:
                row.fail(f"there is an earlier row with the id {task.id!r}. Ids are unique.")
            tasks[task.id] = task
    except InputError as error:
        raise FormatError(str(error), FORM) from None
    if not tasks:
        raise FormatError(f"{path} holds no row.", FORM)
    digest = hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()
    name = str(data) if str(data) == EXAMPLE else path.name
    return Tasks(name, digest, _with_labels(tasks.values()))


def _named(name: str, folder: str | Path) -> Tasks:
    """A published data set; raises `InputError` for what cannot be the name of one."""
    from tailorlm.datasets.catalog import cards
    from tailorlm.evaluation.grid.sources import load_named

    if name.partition("/")[0] not in cards():
        if Path(name).is_dir():
            raise FormatError(f"{name} is a folder. Name a JSON Lines file.", FORM)
        raise InputError(
            f'There is no file {name}. Name a JSON Lines file, "{EXAMPLE}" for the data that come '
            "with tailorlm, or a data set that `tailorlm data list` has."
        )
    return load_named(name, folder)


def _with_labels(tasks: Iterable[Task]) -> tuple[Task, ...]:
    """Rows that name no labels to choose from have those of the whole file."""
    tasks = tuple(tasks)
    every = dict.fromkeys(task.truth.label for task in tasks if isinstance(task.truth, Label))
    return tuple(
        replace(task, truth=Label(task.truth.label, tuple(every)))
        if isinstance(task.truth, Label) and not task.truth.labels
        else task
        for task in tasks
    )


def _task(row: Row) -> Task:
    _check_fields(row, _ASKED | _RIGHT)
    user, query = row.text("user"), row.text("query")
    number = str(row.number) if "id" not in row.data else row.text("id")
    _checked(
        row, lambda: (check_id(user, "user"), check_text(query, "query"), check_id(number, "id"))
    )
    history = row.rows("history", "history entry") if "history" in row.data else []
    return Task(number, user, query, tuple(map(_known, history)), _truth(row))


def _truth(row: Row) -> Truth:
    given = [field for field in ("reference", "label", "candidates") if field in row.data]
    if len(given) != 1:
        what = (
            "nothing says what was right" if not given else f"{' and '.join(given)} are both there"
        )
        row.fail(f"{what}. {_TRUTHS}")
    if given == ["reference"]:
        return Reference(_text(row, "reference"))
    if given == ["label"]:
        label = _text(row, "label")
        labels = row.texts("labels") if "labels" in row.data else ()
        _checked(row, lambda: [check_text(name, "label") for name in labels])
        if labels and label not in labels:
            row.fail(f"'labels' does not hold the right one, {label!r}.")
        return Label(label, labels)
    options = _candidates(row)
    return Order(options, _groups(row, len(options)))


def _known(row: Row) -> Known:
    kinds = [kind for kind in ("document", "statement", "attribute", "query") if kind in row.data]
    if len(kinds) != 1:
        what = "has none of the fields that say what it is" if not kinds else "is several things"
        row.fail(f"this {what} (fields: {', '.join(sorted(row.data)) or 'none'}). {_ENTRIES}")
    if kinds == ["document"]:
        _check_fields(row, frozenset({"document", "title"}))
        title = _text(row, "title") if "title" in row.data else ""
        return Document(_text(row, "document"), title)
    if kinds == ["statement"]:
        _check_fields(row, frozenset({"statement"}))
        return Statement(_text(row, "statement"))
    if kinds == ["attribute"]:
        _check_fields(row, frozenset({"attribute", "value"}))
        name = row.text("attribute")
        _checked(row, lambda: check_id(name, "attribute"))
        return Attribute(name, _text(row, "value"))
    _check_fields(row, _TURN)
    return _past(row)


def _past(row: Row) -> PastTurn:
    query = _text(row, "query")
    if "candidates" in row.data:
        options = _candidates(row)
        if "pick" in row.data:
            return PastTurn(query, options, pick=_position(row, len(options)))
        return PastTurn(query, options, groups=_groups(row, len(options)))
    given = [field for field in ("rating", "edit") if field in row.data]
    if "answer" not in row.data or len(given) != 1:
        row.fail(f"nothing says what the user gave for the answer. {_ENTRIES}")
    options = (Option(_text(row, "answer")),)
    if given == ["edit"]:
        return PastTurn(query, options, edit=_text(row, "edit"))
    score = float(row.get("rating", int, float))
    if not Rating.LOW <= score <= Rating.HIGH:
        row.fail(f"'rating' is from {Rating.LOW:g} to {Rating.HIGH:g}, but is {score:g}.")
    return PastTurn(query, options, rating=score)


def _candidates(row: Row) -> tuple[Option, ...]:
    """Texts, or objects with a text and its tags."""
    options = []
    for place, value in enumerate(row.get("candidates", list)):
        within = f"{row.within}candidate {place}: "
        data = value if isinstance(value, dict) else {"text": value}
        part = Row(row.path, row.number, data, within)
        _check_fields(part, frozenset({"text", "tags"}))
        options.append(Option(_text(part, "text"), part.texts("tags") if "tags" in data else ()))
    if len(options) < 2:
        row.fail(f"'candidates' are at least two answers, but there are {len(options)}.")
    return tuple(options)


def _groups(row: Row, n: int) -> tuple[tuple[int, ...], ...]:
    """The order of n candidates: best group first; a pick beats all others, which are even."""
    if "pick" in row.data and "ranking" not in row.data:
        best = _position(row, n)
        return (best,), tuple(place for place in range(n) if place != best)
    if "pick" in row.data or "ranking" not in row.data:
        row.fail('"candidates" go with "ranking" (positions from 0, best first) or with "pick".')
    order = row.get("ranking", list)
    if any(type(entry) not in (int, list) for entry in order):
        row.fail("'ranking' holds the candidates' positions, counted from 0, best first.")
    return _checked(row, lambda: ranking_groups(order, n))


def _position(row: Row, n: int) -> int:
    place: int = row.get("pick", int)
    if not 0 <= place < n:
        row.fail(f"'pick' is the position of one of {n} candidates, from 0, but is {place}.")
    return place


def _text(row: Row, field: str) -> str:
    text = row.text(field)
    _checked(row, lambda: check_text(text, field))
    return text


def _checked(row: Row, check: Callable[[], Checked]) -> Checked:
    """What a check gives; what it refuses is said with its row."""
    try:
        return check()
    except TailorError as error:
        row.fail(str(error))


def _check_fields(row: Row, known: frozenset[str]) -> None:
    for field in row.data:
        if field not in known:
            near = nearest(field, known)
            hint = f"Did you mean {near!r}?" if near else f"Known: {', '.join(sorted(known))}."
            row.fail(f"there is no field {field!r}. {hint}")


def _options(task: Task) -> Iterable[Option]:
    if isinstance(task.truth, Order):
        yield from task.truth.options
    for known in task.history:
        if isinstance(known, PastTurn):
            yield from known.options
