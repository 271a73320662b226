"""SQLite: one file in write-ahead mode, where acknowledged feedback is on disk.

A commit that need not last by itself (see `Backend.for_writing`) is in the write-ahead log, and so
outlives the process; the next lasting commit syncs the log with all that is in it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import sqlalchemy as sa
from sqlalchemy import event

from tailorlm.errors import StoreCorruptError, StoreError
from tailorlm.store.address import SqliteAddress
from tailorlm.store.failures import busy

_HEADER = b"SQLite format 3\x00"
_BEGIN = "tailorlm_begin"
_SYNC = "tailorlm_sync"
_LEAST_WAIT = 1.0
_PRAGMAS = ("foreign_keys = ON", "secure_delete = ON", "synchronous = FULL")


class SqliteBackend:
    """A SQLite file, or a database in memory.

    Args:
        address: Where it is.

    Raises:
        StoreCorruptError: If the file is no SQLite database.
        StoreError: If the place cannot be used.
    """

    def __init__(self, address: SqliteAddress) -> None:
        self._path = None if address.path is None else Path(os.path.realpath(address.path))
        self._timeout = address.timeout
        self.label = address.label
        self.read_only = address.read_only
        if self._path is not None:
            self.read_only = _check_place(self._path, read_only=address.read_only)
        self._turnstile = threading.Lock()

    def make_engine(self) -> sa.Engine:
        """A pool of connections; a database in memory has only one."""
        in_memory = self._path is None
        engine = sa.create_engine(
            "sqlite://",
            creator=self._connect,
            poolclass=sa.QueuePool,
            pool_size=1 if in_memory else 8,
            max_overflow=0 if in_memory else 56,
            hide_parameters=True,
        )
        event.listen(engine, "begin", _begin)
        return engine

    def for_writing(self, engine: sa.Engine, *, lasting: bool) -> sa.Engine:
        """The same pool, where a transaction takes the write lock at its start."""
        sync = "FULL" if lasting else "NORMAL"
        return engine.execution_options(**{_BEGIN: "BEGIN IMMEDIATE", _SYNC: sync})

    @contextmanager
    def turn_to_write(self) -> Iterator[None]:
        """Let the threads of this process write one after the other.

        SQLite itself would let them try again and again, at growing intervals.
        """
        turnstile = self._turnstile
        if not turnstile.acquire(timeout=max(self._timeout, _LEAST_WAIT)):
            raise busy(self.label)
        try:
            yield
        finally:
            turnstile.release()

    def after_fork(self) -> None:
        """In a forked child: the threads that waited are the parent's."""
        self._turnstile = threading.Lock()

    def lock_schema(self, connection: sa.Connection) -> None:
        """Nothing to do: a writing transaction already holds the only write lock."""

    def settle(self, engine: sa.Engine) -> None:
        """Switch to write-ahead mode, which the file remembers."""
        if self.read_only or self._path is None:
            return
        with _outside_transaction(engine) as connection:
            mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
            deadline = time.monotonic() + self._timeout
            while mode != "wal":
                try:
                    connection.exec_driver_sql("PRAGMA journal_mode = WAL")
                    break
                except sa.exc.OperationalError:  # SQLite does not wait for others here
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.02)

    def scrub(self, engine: sa.Engine) -> None:
        """Rebuild the file, then empty the write-ahead log into it.

        Raises:
            StoreError: If another program reads or writes for too long.
        """
        with _outside_transaction(engine) as connection:
            connection.exec_driver_sql("VACUUM")
            busy = connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)").one()[0]
        if busy:
            raise StoreError(
                f"The user's events are removed from {self.label}, but another program that "
                "reads it keeps old bytes in its log. End that program and erase again."
            )

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            ":memory:" if self._path is None else _uri(self._path, read_only=self.read_only),
            uri=self._path is not None,
            timeout=self._timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        return connection


def _begin(connection: sa.Connection) -> None:
    options = connection.get_execution_options()
    sync = options.get(_SYNC)
    if sync and connection.info.setdefault(_SYNC, "FULL") != sync:
        connection.exec_driver_sql(f"PRAGMA synchronous = {sync}")
        connection.info[_SYNC] = sync
    statement = options.get(_BEGIN, "BEGIN")
    if statement:
        connection.exec_driver_sql(statement)


def _outside_transaction(engine: sa.Engine) -> sa.Connection:
    return engine.execution_options(**{_BEGIN: ""}).connect()


def _uri(path: Path, *, read_only: bool) -> str:
    options = "mode=ro" if read_only else "mode=rwc"
    if read_only and not os.access(path.parent, os.W_OK) and not _has_log(path):
        options += "&immutable=1"  # SQLite could not make the files that readers share
    return f"file:{quote(str(path))}?{options}"


def _has_log(path: Path) -> bool:
    log = path.with_name(path.name + "-wal")
    return log.exists() and log.stat().st_size > 0


def _check_place(path: Path, *, read_only: bool) -> bool:
    """Check that the file can be ours; returns whether it can only be read."""
    try:
        if path.is_dir():
            raise StoreError(f"{path} is a directory. Name a file in it, such as {path}/tailor.db.")
        if not path.parent.is_dir():
            raise StoreError(f"The directory {path.parent} does not exist. Create it first.")
        if not path.exists():
            if read_only:
                raise StoreError(f"There is no database {path} to read. Check the path.")
            if not os.access(path.parent, os.W_OK | os.X_OK):
                raise StoreError(
                    f"The directory {path.parent} is not writable, so the database cannot be made "
                    "there. Choose another path or change its rights."
                )
            return False
        with path.open("rb") as file:
            head = file.read(len(_HEADER))
    except OSError as error:
        raise StoreError(
            f"The database {path} cannot be opened ({error.strerror}). Check its path and rights."
        ) from None
    if head and head != _HEADER:
        raise StoreCorruptError(
            f"The file {path} is no SQLite database, or its beginning is damaged. "
            "It was left as it is. Give another path, or restore it from a backup."
        )
    return read_only or not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))
