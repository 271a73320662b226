"""Published data sets as rows of a grid, for those that say of each user what was right."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tailorlm.datasets.lamp_tasks import TASKS, UserSample
from tailorlm.datasets.ranking_tager import RankedTurn
from tailorlm.errors import InputError
from tailorlm.evaluation.grid.tasks import (
    Known,
    Label,
    Option,
    Order,
    PastTurn,
    Reference,
    Task,
    Tasks,
    Truth,
)
from tailorlm.types import Document

LABELLED: Mapping[str, tuple[str, ...]] = {
    f"lamp_{number}": TASKS[number].outputs for number in (1, 2, 3)
}
"""Tasks of LaMP whose output is a choice, and what there is to choose; () for all outputs."""
_GOOD = "the recorded rankings (ranking_tager), LaMP (lamp_1 to lamp_7) and LongLaMP (longlamp)"


def load_named(name: str, folder: str | Path) -> Tasks:
    """The rows of a published data set.

    A recorded turn is asked with all earlier turns of its user as the history, and what is right
    is the ranking. A sample of LaMP or LongLaMP has the profile as the history, each item a text
    that the user wrote with its fields by name.

    Args:
        name: As `tailorlm data list` has it, and the split after a slash: "lamp_4/dev".
        folder: That holds the data sets.

    Raises:
        UnknownNameError: If there is no such data set or split.
        InputError: If it is not in the folder, or says of no user what was right.
    """
    from tailorlm.datasets.catalog import find_card, open_dataset

    entry, _, split = name.partition("/")
    card = find_card(entry)
    tasks = tuple(_tasks(card.name, open_dataset(card.name, folder, split)))
    if not tasks:
        raise InputError(f"{name} holds no row.")
    digest = hashlib.blake2b(repr(tasks).encode("utf-8", "replace"), digest_size=8).hexdigest()
    return Tasks(name, digest, tasks)


def _tasks(name: str, rows: Iterable[Any]) -> Iterator[Task]:
    past: dict[str, tuple[Known, ...]] = {}
    samples: list[UserSample] = []
    for row in rows:
        if isinstance(row, RankedTurn):
            known = past.get(row.user, ())
            order = _order(row)
            past[row.user] = (*known, PastTurn(row.query, order.options, groups=order.groups))
            yield Task(row.id, row.user, row.query, known, order)
        elif isinstance(row, UserSample):
            samples.append(row)
        else:
            raise InputError(
                f"A grid cannot be made of {name}: its rows do not say what each user would have. "
                f"It can be made of {_GOOD}, and of a file of your own (docs/grid.md)."
            )
    labels = LABELLED.get(name)
    if labels == ():
        labels = tuple(sorted({sample.output for sample in samples}))
    for sample in samples:
        truth: Truth = Reference(sample.output)
        if labels is not None:
            truth = Label(sample.output, labels)
        history = tuple(Document(_written(item)) for item in sample.profile if any(item.values()))
        yield Task(sample.id, sample.user, sample.input, history, truth)


def _order(turn: RankedTurn) -> Order:
    """A recorded turn's answers, in the order in which they were shown, and the ranking."""
    place = {listed: shown for shown, listed in enumerate(turn.shown_order)}
    listed = [turn.candidates[position] for position in turn.shown_order]
    options = tuple(Option(answer.response, answer.tags) for answer in listed)
    return Order(options, tuple((place[position],) for position in turn.ranking))


def _written(item: Mapping[str, str]) -> str:
    """A text of several fields, or the only one."""
    given = {name: value for name, value in item.items() if value.strip()}
    if len(given) == 1:
        return next(iter(given.values()))
    return "\n".join(f"{name}: {value}" for name, value in given.items())
