"""What the database drivers raise, as one clear line.

Driver messages may quote rows, so none of them is passed on, except what libpq says before a
connection exists (no row has been seen by then).
"""

from __future__ import annotations

import sqlite3

from sqlalchemy import exc

from tailorlm.errors import InputError, StoreCorruptError, StoreError, TailorError

_RESTORE = "Restore it from a backup, or start a new one and import your exports."

_SQLITE_HELP = {
    sqlite3.SQLITE_BUSY: "is locked by another program. Try again, or end that program",
    sqlite3.SQLITE_LOCKED: "is locked by another program. Try again, or end that program",
    sqlite3.SQLITE_READONLY: (
        "is read-only. Make the file and its directory writable, or use a copy"
    ),
    sqlite3.SQLITE_PERM: "may not be accessed. Give this account the rights to the file",
    sqlite3.SQLITE_AUTH: "may not be accessed. Give this account the rights to the file",
    sqlite3.SQLITE_IOERR: (
        "cannot be read or written (I/O error). Check the disk and its free space"
    ),
    sqlite3.SQLITE_FULL: (
        "cannot grow: the disk is full. Free some space and try again; "
        "everything accepted so far is kept"
    ),
    sqlite3.SQLITE_CANTOPEN: (
        "cannot be opened. Check that its directory exists and that this account may write there"
    ),
    sqlite3.SQLITE_TOOBIG: "cannot hold a text this long. Shorten it",
    sqlite3.SQLITE_NOMEM: "needs more memory than there is. Free some and try again",
}
_SQLITE_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_FORMAT})

_POSTGRES_HELP = {
    "08": "lost its connection. Check the server and try again",
    "25006": "is read-only. Connect to the primary server",
    "28": "refuses this account. Check the user name and password in the URL",
    "3D": "does not exist on the server. Create it with createdb",
    "40": "was changed by somebody else at the same moment. Try again",
    "42501": "refuses this account the rights it needs. Grant them, or use the owner's account",
    "42P01": "lacks a table of tailorlm. Restore it from a backup",
    "53100": "cannot grow: the disk is full. Free some space; everything accepted so far is kept",
    "53300": "has too many connections. Close some and try again",
    "53": "has run out of a resource. Check the server",
    "55": "is locked by another program. Try again, or end that program",
    "57": "was interrupted by its administrator. Check the server and try again",
    "58": "has an I/O problem. Check the server",
}
_POSTGRES_DAMAGED = frozenset({"XX001", "XX002"})


def damaged(label: str, what: str = "is damaged") -> StoreCorruptError:
    """The error for a database that cannot be trusted any more."""
    return StoreCorruptError(f"The database {label} {what}. {_RESTORE}")


def busy(label: str) -> StoreError:
    """The error for a SQLite file that others kept locked for too long."""
    return StoreError(f"The database {label} {_SQLITE_HELP[sqlite3.SQLITE_BUSY]}.")


def translate(error: exc.SQLAlchemyError, label: str) -> TailorError:
    """The error to raise instead of a driver's.

    Args:
        error: What SQLAlchemy raised.
        label: How the database is called in messages, without a password.
    """
    if isinstance(error, exc.TimeoutError):
        return StoreError(
            f"All connections to the database {label} are in use. Use fewer threads at a time."
        )
    original = getattr(error, "orig", None)
    if isinstance(original, sqlite3.Error):
        return _translate_sqlite(original, label)
    if isinstance(error, exc.DBAPIError):
        return _translate_postgres(error, label)
    if isinstance(error, exc.ArgumentError):
        return InputError(f"The database URL {label} cannot be used. Check how it is written.")
    return _unknown(type(error).__name__, label)


def _translate_sqlite(error: sqlite3.Error, label: str) -> TailorError:
    extended = getattr(error, "sqlite_errorcode", None)
    if extended is None:  # raised by Python's module: a stored text that is no UTF-8
        undecodable = isinstance(error, sqlite3.OperationalError)
        return damaged(label) if undecodable else _unknown(type(error).__name__, label)
    code = extended & 0xFF
    if code in _SQLITE_DAMAGED:
        return damaged(label)
    if code in _SQLITE_HELP:
        return StoreError(f"The database {label} {_SQLITE_HELP[code]}.")
    if code == sqlite3.SQLITE_ERROR:  # a table or column that should be there is not
        return damaged(label, "has lost a part of its tables")
    return _unknown(error.sqlite_errorname, label)


def _translate_postgres(error: exc.DBAPIError, label: str) -> TailorError:
    state = getattr(error.orig, "sqlstate", None)
    if state in _POSTGRES_DAMAGED:
        return damaged(label)
    if state:
        for prefix in (state, state[:2]):
            if prefix in _POSTGRES_HELP:
                return StoreError(f"The database {label} {_POSTGRES_HELP[prefix]}.")
        return _unknown(f"SQLSTATE {state}", label)
    if error.connection_invalidated or error.statement is not None:
        return StoreError(f"The database {label} {_POSTGRES_HELP['08']}.")
    reason = " ".join(str(error.orig).split())[:300]
    return StoreError(
        f"The database {label} cannot be reached ({reason}). "
        "Check that the server runs and that the URL is right."
    )


def _unknown(reason: str, label: str) -> StoreError:
    return StoreError(f"The database {label} refused an operation ({reason}). Check the server.")
