"""A copy of a SQLite database while it is in use."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

from tailorlm.errors import InputError, NotFoundError, StoreError
from tailorlm.store.address import SqliteAddress, parse_address


def back_up(url: str | os.PathLike[str], target: Path, *, replace: bool = False) -> int:
    """Write a consistent copy of a database to a file; others may go on writing meanwhile.

    The copy appears under its name only once it is whole.

    Args:
        url: The database, as `open_store` takes it.
        target: The file to write.
        replace: Whether a file that is there already is replaced.

    Returns:
        Size of the copy in bytes.

    Raises:
        InputError: If the database is no SQLite file, or the target is the database or is there.
        NotFoundError: If there is no such database.
        StoreError: If it cannot be read or the copy cannot be written.
    """
    source = _source(url)
    if target.exists():
        if target.samefile(source):
            raise InputError("The copy would replace the database itself. Name another file.")
        if not replace:
            raise InputError(f"{target} is there already. Name another file, or give --force.")
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        with closing(_read_only(source)) as whole, closing(sqlite3.connect(part)) as copy:
            whole.backup(copy)  # in one step, or every write by others would begin it anew
            copy.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
        part.replace(target)
    except (sqlite3.Error, OSError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise StoreError(f"The backup was not made: {reason}.") from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return target.stat().st_size


def _source(url: str | os.PathLike[str]) -> Path:
    address = parse_address(url)
    if not isinstance(address, SqliteAddress):
        raise InputError(
            f"{address.label} is a PostgreSQL database, which has a tool of its own. Run: "
            "pg_dump --format=custom --file=FILE URL"
        )
    if address.path is None:
        raise InputError("A database in memory cannot be backed up. Name a file with --store.")
    if not address.path.exists():
        raise NotFoundError(f"There is no database {address.label}. Check --store.")
    return address.path


def _read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=10)
