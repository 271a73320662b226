"""Erase a user so that no byte stays in the database's files.

The rows go first, in one transaction. Then the files are rewritten: SQLite's by VACUUM and by
emptying its write-ahead log, PostgreSQL's by VACUUM FULL. When another program stands in the way
of the second step, that is an error, and erasing again finishes it.

What is beyond a database's reach stays: backups, copies, PostgreSQL's own write-ahead log until
the server recycles it, and whatever a file system keeps of freed blocks.
"""

from __future__ import annotations

import time

import sqlalchemy as sa

from tailorlm.errors import NotFoundError
from tailorlm.store.base import Erasure
from tailorlm.store.database import Database
from tailorlm.store.queue import forget_jobs
from tailorlm.store.schema import (
    api_keys,
    audit,
    erasures,
    events,
    populations,
    states,
    users,
)

ERASED = "(erased)"
"""What stands for an erased user where it was noted that something was done."""


def erase(database: Database, user: str) -> Erasure:
    """Remove a user's events, states, jobs and keys, and all populations, which may know of them.

    Raises:
        NotFoundError: If the store has no such user, and no earlier erasure is left unfinished.
        StoreError: If bytes stay because another program stands in the way.
    """
    with database.write() as connection:
        erasure = _delete(connection, user)
        newest = connection.execute(
            sa.select(sa.func.max(erasures.c.number)).where(~erasures.c.scrubbed)
        ).scalar()
    if newest is None:
        raise NotFoundError("The store has no such user, so there is nothing to erase.")
    database.scrub()
    with database.write() as connection:
        connection.execute(
            erasures.update().where(erasures.c.number <= newest).values(scrubbed=True)
        )
    return erasure


def _delete(connection: sa.Connection, user: str) -> Erasure:
    number = connection.execute(
        sa.select(users.c.number).where(users.c.id == user).with_for_update()
    ).scalar()
    if number is None:
        return Erasure(user=user, events=0, states=0)
    n_states = connection.execute(states.delete().where(states.c.user_number == number)).rowcount
    n_events = connection.execute(events.delete().where(events.c.user_number == number)).rowcount
    connection.execute(users.delete().where(users.c.number == number))
    connection.execute(populations.delete())
    connection.execute(audit.update().where(audit.c.user_id == user).values(user_id=ERASED))
    connection.execute(api_keys.delete().where(api_keys.c.user_id == user))
    forget_jobs(connection, number)
    connection.execute(
        erasures.insert().values(time=time.time(), events=n_events, states=n_states, scrubbed=False)
    )
    return Erasure(user=user, events=n_events, states=n_states)
