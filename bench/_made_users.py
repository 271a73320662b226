"""Databases of many users: a few are made in the loop, and the others are copies under new ids."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa
from rich.progress import track

from tailorlm.llms.scripted import Scripted
from tailorlm.store import open_store
from tailorlm.store.address import parse_address
from tailorlm.store.database import make_backend
from tailorlm.store.schema import events, states, users
from tailorlm.tailor import Tailor

QUERIES = (
    "How should I spend a free weekend?",
    "Plan my evening",
    "Explain inflation to me in a few words",
    "What should I cook for six guests on Friday?",
)
ANSWER = "Start with the one thing you look forward to, and leave the rest of the day open for it."
_BATCH = 2_000
_INDEXES = ("ix_events_kind", "ix_events_turn", "uq_events_turn")

Rows = list[dict[str, Any]]


def user_id(number: int) -> str:
    """The id of a made-up user."""
    return f"user-{number:06d}"


def originals(number: int, turns: int, rng: np.random.Generator) -> list[tuple[Rows, Rows]]:
    """Events and states of users who rank three answers per turn, each with a taste of their own.

    Args:
        number: How many users.
        turns: Turns of each, every one with its ranking.
        rng: Draws their tastes.
    """
    with tempfile.TemporaryDirectory() as folder:
        answers = Scripted([ANSWER] * (number * turns * 3))
        tailor = Tailor(Path(folder) / "made.db", llm=answers)
        library = tailor.method.parts.library
        for person in track(range(number), "making users"):
            liked = set(rng.choice(library.tags, 3, replace=False))
            for turn in range(turns):
                shown = tailor.ask(user_id(person), QUERIES[turn % len(QUERIES)], n=3)
                worth = [len(liked & set(c.plan.tags)) for c in shown.candidates]
                noisy = np.array(worth) + rng.gumbel(0, 0.36, len(worth))
                shown.rank([int(place) for place in np.argsort(-noisy)])
        tailor.close()
        engine = make_backend(parse_address(f"sqlite:///{folder}/made.db")).make_engine()
        with engine.connect() as connection:
            found = [_rows_of(connection, user_id(person)) for person in range(number)]
        engine.dispose()
    return found


def _rows_of(connection: sa.Connection, user: str) -> tuple[Rows, Rows]:
    number = connection.execute(sa.select(users.c.number).where(users.c.id == user)).scalar_one()
    return tuple(  # type: ignore[return-value]  # two tables
        [
            dict(row._mapping)
            for row in connection.execute(sa.select(t).where(t.c.user_number == number))
        ]
        for t in (events, states)
    )


def fill(url: str, count: int, made: list[tuple[Rows, Rows]]) -> float:
    """Fill an empty database with `count` users, copied in turn from those made; returns seconds.

    The indexes that are not keys are made at the end, as a bulk load does.
    """
    start = time.perf_counter()
    open_store(url).close()
    engine = make_backend(parse_address(url)).make_engine()
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql("PRAGMA synchronous = OFF")
            connection.exec_driver_sql("PRAGMA journal_mode = OFF")
            connection.exec_driver_sql("BEGIN")
        for name in _INDEXES:
            connection.exec_driver_sql(f"DROP INDEX {name}")
        for batch in track(list(_batches(count)), "storing users"):
            _insert(connection, batch, made)
        for index in events.indexes:
            index.create(connection)
        if engine.dialect.name == "postgresql":
            connection.execute(sa.select(sa.func.setval("users_number_seq", count)))
        connection.exec_driver_sql("ANALYZE")
        connection.commit()
    engine.dispose()
    return time.perf_counter() - start


def _batches(count: int) -> Iterator[range]:
    for first in range(1, count + 1, _BATCH):
        yield range(first, min(first + _BATCH, count + 1))


def _insert(connection: sa.Connection, numbers: range, made: list[tuple[Rows, Rows]]) -> None:
    """Copy users, with ids of their own for events and turns."""
    people, log, learned = [], [], []
    for number in numbers:
        its_events, its_states = made[number % len(made)]
        people.append((number, user_id(number), len(its_events) + 1))
        mark = f"{number:08x}"
        for row in its_events:
            turn = row["turn_id"]
            fresh = {**row, "user_number": number, "id": mark + row["id"][8:]}
            if turn is not None:
                fresh["turn_id"] = mark + turn[8:]
                fresh["payload"] = row["payload"].replace(turn, fresh["turn_id"])
            log.append(tuple(fresh[column.name] for column in events.c))
        learned += [
            tuple({**row, "user_number": number}[column.name] for column in states.c)
            for row in its_states
        ]
    for table, rows in ((users, people), (events, log), (states, learned)):
        _load(connection, table, rows)


def _load(connection: sa.Connection, table: sa.Table, rows: list[tuple[Any, ...]]) -> None:
    """Rows into a table by the fastest way that the driver has."""
    columns = ", ".join(column.name for column in table.c)
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        places = ", ".join("?" * len(table.c))
        driver.executemany(f"INSERT INTO {table.name} ({columns}) VALUES ({places})", rows)
        return
    with driver.cursor().copy(f"COPY {table.name} ({columns}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
