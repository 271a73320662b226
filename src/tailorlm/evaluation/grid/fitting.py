"""What methods learn across users before a grid is run, from others than those who are asked.

For each group of users a method is fitted once, to the histories of everybody in the other groups,
and whoever is in the group starts from that. What was fitted is kept in a file, by everything that
it depends on.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tailorlm.evaluation.grid.groups import others_of
from tailorlm.evaluation.grid.playing import events_of
from tailorlm.evaluation.grid.tasks import Known, Tasks
from tailorlm.loop.fold import effective, seeded
from tailorlm.methods.base import Method

POPULATIONS = "populations.sqlite"
_BUSY_SECONDS = 60.0
_TABLE = "CREATE TABLE IF NOT EXISTS fitted (key TEXT PRIMARY KEY, users INTEGER, population BLOB)"


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a method learned from others.

    Attributes:
        users: How many of them had a history.
        population: What new users start from; None where the method made nothing of it.
    """

    users: int = 0
    population: bytes | None = None


@dataclass(frozen=True, slots=True)
class Fit:
    """One method to be fitted for one group of users.

    Attributes:
        method: Its name.
        key: What the result is kept by.
        others: The histories of everybody in the other groups.
    """

    method: str
    key: str
    others: Mapping[str, tuple[Known, ...]]


def learns_across(method: Method[Any]) -> bool:
    """Whether a method learns across users at all."""
    return type(method).fit is not Method.fit


def fit_key(method: Method[Any], data: str, group: int, seed: int) -> str:
    """Changes with the method and its settings, the data, the group and the seed."""
    words = f"{method.fingerprint()}|{data}|{group}|{seed}"
    return hashlib.blake2b(words.encode("utf-8", "surrogatepass"), digest_size=20).hexdigest()


def fits_of(
    wanted: Iterable[tuple[Method[Any], int]], tasks: Tasks, seed: int, path: Path
) -> list[Fit]:
    """What has to be fitted for some methods and groups and is not in the file yet."""
    others: dict[int, dict[str, tuple[Known, ...]]] = {}
    fits = []
    for method, group in dict.fromkeys(wanted):
        key = fit_key(method, tasks.digest, group, seed)
        if learns_across(method) and read_fitted(path, key) is None:
            if group not in others:
                others[group] = others_of(tasks.tasks, group)
            fits.append(Fit(method.name, key, others[group]))
    return fits


def fit(method: Method[Any], job: Fit, seed: int, path: Path) -> Fitted:
    """Fit a method to what is known of others, and keep the result.

    Where nobody else has a history there is nothing to learn from, and nothing is fitted.
    """
    logs = {
        user: effective(events_of(user, known, method.name))
        for user, known in job.others.items()
        if known
    }
    population = method.fit(logs, seeded(seed, "", 0, "fit")) if logs else None
    found = Fitted(len(logs), population)
    with closing(_open(path)) as file:
        file.execute(
            "INSERT OR REPLACE INTO fitted VALUES (?, ?, ?)", (job.key, len(logs), population)
        )
    return found


def read_fitted(path: Path, key: str) -> Fitted | None:
    """What is kept by a key, or None."""
    with closing(_open(path)) as file:
        row = file.execute("SELECT users, population FROM fitted WHERE key = ?", (key,)).fetchone()
    return None if row is None else Fitted(*row)


def _open(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
    file.execute(_TABLE)
    return file
