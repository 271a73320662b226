"""PostgreSQL by psycopg 3, for more than one machine."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from importlib.util import find_spec
from typing import Any, cast

import sqlalchemy as sa

from tailorlm.errors import MissingExtraError, StoreError
from tailorlm.store.address import PostgresAddress, connect_options
from tailorlm.store.queue import queue_tables

_SCHEMA_LOCK = 0x7A110421
_SCRUBBED = ("events", "states", "populations", "users", "api_keys", "audit")
_SCRUB_SECONDS = 10.0
_LASTS_LATER = "tailorlm_lasts_later"


class PostgresBackend:
    """A PostgreSQL database.

    Args:
        address: Where it is.

    Raises:
        MissingExtraError: If psycopg is not installed.
    """

    def __init__(self, address: PostgresAddress) -> None:
        if find_spec("psycopg") is None:
            raise MissingExtraError("The PostgreSQL store", "postgres")
        self._url = address.url
        self.label = address.label
        self.read_only = False

    def make_engine(self) -> sa.Engine:
        """A pool of connections, each tried before use so that a restarted server goes unseen."""
        try:
            engine = sa.create_engine(
                self._url,
                connect_args=dict(connect_options(self._url)),
                pool_pre_ping=True,
                pool_size=8,
                max_overflow=24,
                hide_parameters=True,
            )
        except ImportError:
            raise MissingExtraError("The PostgreSQL store", "postgres") from None
        sa.event.listen(engine, "begin", _begin)
        return engine

    def for_writing(self, engine: sa.Engine, *, lasting: bool) -> sa.Engine:
        """The same pool: PostgreSQL locks rows as they are written."""
        return engine if lasting else engine.execution_options(**{_LASTS_LATER: True})

    def turn_to_write(self) -> AbstractContextManager[None]:
        """Nobody has to wait: PostgreSQL lets everybody write."""
        return nullcontext()

    def after_fork(self) -> None:
        """Nothing to do: nobody waits."""

    def lock_schema(self, connection: sa.Connection) -> None:
        """Let one process at a time change the tables."""
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SCHEMA_LOCK)))

    def settle(self, engine: sa.Engine) -> None:
        """Check that the database can hold every text.

        Raises:
            StoreError: If its encoding is not UTF-8.
        """
        with engine.connect() as connection:
            encoding = _psycopg(connection).info.parameter_status("server_encoding")
        if encoding != "UTF8":
            raise StoreError(
                f"The database {self.label} has the encoding {encoding}, which cannot hold every "
                "text. Create it anew with: createdb --encoding=UTF8 --template=template0"
            )

    def scrub(self, engine: sa.Engine) -> None:
        """Rewrite the tables, their indexes and their long values into new files.

        A plain VACUUM leaves the bytes of dead rows in the pages. Rows that an older transaction
        can still see survive even a rewrite, which the server reports; then it is tried again.

        Raises:
            StoreError: If another connection stands in the way.
        """
        deadline = time.monotonic() + _SCRUB_SECONDS
        outside = engine.execution_options(isolation_level="AUTOCOMMIT")
        with outside.connect() as connection, _lock_timeout(connection):
            left = _rewrite(connection)
            while left and time.monotonic() < deadline:
                time.sleep(0.1)
                left = _rewrite(connection)
        if left:
            raise StoreError(
                f"The user's events are removed from {self.label}, but old bytes of "
                f"{', '.join(sorted(left))} stay, because a long transaction still sees them or "
                "this account does not own the table. End that transaction and erase again."
            )


def _begin(connection: sa.Connection) -> None:
    if connection.get_execution_options().get(_LASTS_LATER):
        connection.exec_driver_sql("SET LOCAL synchronous_commit = off")


def _psycopg(connection: sa.Connection) -> Any:
    return connection.connection.driver_connection


@contextmanager
def _lock_timeout(connection: sa.Connection) -> Iterator[None]:
    connection.exec_driver_sql(f"SET lock_timeout = {int(_SCRUB_SECONDS * 1000)}")
    try:
        yield
    finally:
        connection.exec_driver_sql("RESET lock_timeout")


def _rewrite(connection: sa.Connection) -> set[str]:
    """Rewrite all tables; returns those in which dead rows stay."""
    tables = (*_SCRUBBED, *queue_tables(connection))
    return {table for table in tables if not _rewrite_table(connection, table)}


def _rewrite_table(connection: sa.Connection, table: str) -> bool:
    details: list[str] = []

    def listen(notice: Any) -> None:
        details.append(cast("str | None", notice.message_detail) or "")

    driver = _psycopg(connection)
    driver.add_notice_handler(listen)
    try:
        connection.exec_driver_sql(f"VACUUM (FULL, VERBOSE) {table}")
    finally:
        driver.remove_notice_handler(listen)
    # The report reads "0 dead row versions cannot be removed yet", in the server's language.
    counts = [int(found.group()) for detail in details if (found := re.search(r"\d+", detail))]
    return bool(counts) and not any(counts)
