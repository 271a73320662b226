"""The tables of the job queue, beside those of the store: procrastinate's, on PostgreSQL only.

They have a schema of their own, whose comment says which of procrastinate's migrations it has, and
are brought up to date under the lock of the store's migrations. A job names its user by number: it
holds nothing that the user gave, and nothing at all that can be read once the user is erased.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from tailorlm.errors import StoreError
from tailorlm.store.database import Database
from tailorlm.store.schema import users

SCHEMA = "tailorlm_jobs"
TABLES = ("procrastinate_jobs", "procrastinate_events", "procrastinate_periodic_defers")
"""Those that tell of jobs."""
_JOBS = sa.table(
    "procrastinate_jobs",
    *(sa.column(name) for name in ("status", "lock", "queueing_lock")),
    sa.column("args", JSONB),
    schema=SCHEMA,
)
_OF_USER = _JOBS.c.args["user"].astext == sa.bindparam("number")
_RUNS = sa.cast(_JOBS.c.status, sa.Text) == "doing"
_WAITING = (
    sa.select(sa.func.count()).select_from(_JOBS).where(sa.cast(_JOBS.c.status, sa.Text) == "todo")
)
_WHOLE = "schema.sql"
# procrastinate's triggers look for its tables in the search path.
_WITH_TRIGGERS = sa.text(
    f"SELECT set_config('search_path', '{SCHEMA}, ' || current_setting('search_path'), true)"
)
_EXISTS = sa.text("SELECT to_regclass(:name)")
_VERSION = sa.text("SELECT obj_description(to_regnamespace(:schema), 'pg_namespace')")


class QueueTables:
    """The tables of the queue in a database.

    Args:
        database: Where they are, a PostgreSQL database.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def prepare(self) -> None:
        """Create or upgrade the tables if needed, once, however many processes do it.

        Raises:
            StoreError: If they cannot be created.
        """
        with self._database.write() as locked:
            self._database.backend.lock_schema(locked)
            found = locked.execute(_VERSION, {"schema": SCHEMA}).scalar()
            if scripts := _scripts_after(found):
                self._run(scripts)

    def _run(self, scripts: list[Path]) -> None:
        """Run scripts, each in a transaction of its own: some use what the one before has made."""
        import psycopg

        try:
            with psycopg.connect(**self.connect_arguments()) as connection:
                connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                for script in scripts:
                    connection.execute(script.read_text("utf-8").encode())
                    name = _newest_script() if script.name == _WHOLE else script.name
                    connection.execute(f"COMMENT ON SCHEMA {SCHEMA} IS '{name}'")
                    connection.commit()
        except psycopg.Error as error:
            raise StoreError(
                f"The tables of the job queue cannot be made in {self._database.label} "
                f"({type(error).__name__}). Let the account create schemas there."
            ) from None

    def connect_arguments(self) -> dict[str, Any]:
        """What psycopg connects with, the tables of the queue in its search path."""
        with self._database.read() as connection:
            engine = connection.engine
        found = dict(engine.dialect.create_connect_args(engine.url)[1])
        options = f"{found.get('options', '')} -c search_path={SCHEMA}".strip()
        return {"connect_timeout": 10, **found, "options": options}

    def number_of(self, user: str) -> int | None:
        """The number of a user, None for one who is not known."""
        with self._database.read() as connection:
            query = sa.select(users.c.number).where(users.c.id == user)
            return connection.execute(query).scalar()

    def user_of(self, number: int) -> str | None:
        """The id of a user, None for one who was erased."""
        with self._database.read() as connection:
            return connection.execute(
                sa.select(users.c.id).where(users.c.number == number)
            ).scalar()

    def waiting(self) -> int:
        """Jobs that wait for a worker, retries among them."""
        with self._database.read() as connection:
            return int(connection.execute(_WAITING).scalar_one())


def open_queue(database: Database) -> QueueTables | None:
    """The queue of a database; None with SQLite, which has none."""
    from tailorlm.store.postgres import PostgresBackend

    return QueueTables(database) if isinstance(database.backend, PostgresBackend) else None


def can_queue() -> bool:
    """Whether the library of the queue is installed."""
    return find_spec("procrastinate") is not None and find_spec("psycopg_pool") is not None


def queue_tables(connection: sa.Connection) -> tuple[str, ...]:
    """Names of the tables that tell of jobs, none where there is no queue."""
    if connection.dialect.name != "postgresql":
        return ()
    there = connection.execute(_EXISTS, {"name": _JOBS.fullname}).scalar() is not None
    return tuple(f"{SCHEMA}.{table}" for table in TABLES) if there else ()


def forget_jobs(connection: sa.Connection, number: int) -> None:
    """Remove a user from the queue, by number; what is noted of their jobs goes with them.

    A job that runs is not removed under its worker, who removes it once it is done, but emptied.
    """
    if not queue_tables(connection):
        return
    connection.execute(_WITH_TRIGGERS)
    nobodys: dict[str, Any] = {"args": {}, "lock": None, "queueing_lock": None}
    given = {"number": str(number)}
    connection.execute(_JOBS.update().where(_OF_USER, _RUNS).values(nobodys), given)
    connection.execute(_JOBS.delete().where(_OF_USER, ~_RUNS), given)


def _scripts_after(found: str | None) -> list[Path]:
    """What has to be run on tables that have a migration, by name; None for no tables."""
    if found is None:
        return [_sql() / _WHOLE]
    return [s for s in sorted((_sql() / "migrations").glob("*.sql")) if s.name > found]


def _newest_script() -> str:
    return max(script.name for script in (_sql() / "migrations").glob("*.sql"))


def _sql() -> Path:
    from procrastinate.schema import migrations_path

    return migrations_path.parent
