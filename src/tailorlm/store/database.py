"""Connections and transactions, the same for SQLite and PostgreSQL."""

from __future__ import annotations

import os
import weakref
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from tailorlm.errors import StoreError
from tailorlm.forgetting import forgettable
from tailorlm.store.address import PostgresAddress, SqliteAddress
from tailorlm.store.failures import translate


class Backend(Protocol):
    """What differs between the databases."""

    @property
    def label(self) -> str:
        """How messages call the database."""
        ...

    @property
    def read_only(self) -> bool:
        """Whether nothing can be written."""
        ...

    def make_engine(self) -> sa.Engine:
        """A pool of connections."""
        ...

    def for_writing(self, engine: sa.Engine, *, lasting: bool) -> sa.Engine:
        """The same pool, where a transaction is set to write from its start.

        Args:
            engine: The pool.
            lasting: Whether a commit outlives a power cut by itself. One that does not outlives the
                end of the process, and lasts from the next lasting commit on, of whichever
                connection.
        """
        ...

    def turn_to_write(self) -> AbstractContextManager[None]:
        """Wait until this thread may write.

        Raises:
            StoreError: If it waits for too long.
        """
        ...

    def after_fork(self) -> None:
        """In a forked child: forget who was waiting."""
        ...

    def lock_schema(self, connection: sa.Connection) -> None:
        """Keep other processes from changing the tables until the transaction ends."""
        ...

    def settle(self, engine: sa.Engine) -> None:
        """Last settings, once it is known that the database is ours."""
        ...

    def scrub(self, engine: sa.Engine) -> None:
        """Rewrite the files so that no byte of a deleted row stays.

        Raises:
            StoreError: If another connection stands in the way.
        """
        ...


class Database:
    """A pool of connections whose errors are ours.

    Args:
        backend: The kind of database.
    """

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self._closed = False
        self._engine = backend.make_engine()
        self._writing = {
            lasting: backend.for_writing(self._engine, lasting=lasting) for lasting in (True, False)
        }
        _open_databases.add(self)
        forgettable(self)

    @property
    def label(self) -> str:
        """How messages call the database."""
        return self.backend.label

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A connection in a transaction that sees one moment of the database."""
        with self._translated(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, lasting: bool = True) -> Iterator[sa.Connection]:
        """A connection in a transaction that is durable when the block ends without error.

        Args:
            lasting: Also against a power cut, at once; see `Backend.for_writing`.
        """
        if self.backend.read_only:
            raise StoreError(
                f"The database {self.label} is read-only, so nothing can be added or removed. "
                "Make the file and its directory writable, or use a copy."
            )
        with (
            self.backend.turn_to_write(),
            self._translated(),
            self._writing[lasting].begin() as connection,
        ):
            yield connection

    def settle(self) -> None:
        """Last settings, once it is known that the database is ours."""
        with self._translated():
            self.backend.settle(self._engine)

    def scrub(self) -> None:
        """Rewrite the files so that no byte of a deleted row stays."""
        with self._translated():
            self.backend.scrub(self._engine)

    def cache_clear(self) -> None:
        """Drop compiled statements, each of which holds the values it was first compiled with."""
        self._engine.clear_compiled_cache()

    def close(self) -> None:
        """Close all connections; again is harmless."""
        self._closed = True
        self._engine.dispose()

    def leave_to_parent(self) -> None:
        """In a forked child: start afresh, and never touch the parent's connections."""
        self.backend.after_fork()
        _parents_pools.append(self._engine.pool)
        self._engine.dispose(close=False)

    @contextmanager
    def _translated(self) -> Iterator[None]:
        if self._closed:
            raise StoreError(f"The store {self.label} is closed. Open it again.")
        try:
            yield
        except SQLAlchemyError as error:
            failure = translate(error, self.label)
        else:
            return
        raise failure from None


def make_backend(address: SqliteAddress | PostgresAddress) -> Backend:
    """The backend of an address; only that one's driver is imported."""
    if isinstance(address, SqliteAddress):
        from tailorlm.store.sqlite import SqliteBackend

        return SqliteBackend(address)
    from tailorlm.store.postgres import PostgresBackend

    return PostgresBackend(address)


_open_databases: weakref.WeakSet[Database] = weakref.WeakSet()
_parents_pools: list[sa.Pool] = []
"""Pools inherited by a fork, kept so that the child never closes them (closing a SQLite file
would undo the parent's locks)."""


def _after_fork() -> None:
    for database in list(_open_databases):
        database.leave_to_parent()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
