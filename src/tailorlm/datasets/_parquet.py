"""Rows of Parquet files, the form in which the hub keeps many data sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tailorlm.errors import InputError, MissingExtraError

_AT_ONCE = 256
"""Rows that are in memory at once."""


def parquet_records(path: Path) -> Iterator[dict[str, Any]]:
    """The rows of a file in order, lists and structures as Python's own.

    Raises:
        InputError: If there is no such file or it is no Parquet.
        MissingExtraError: If pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise MissingExtraError("Reading Parquet files", "hub") from None
    if not path.is_file():
        raise InputError(f"There is no file {path}. Check the name.")
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(_AT_ONCE):
                yield from batch.to_pylist()
    except pyarrow.ArrowException as error:
        raise InputError(f"{path} is no Parquet file: {str(error).splitlines()[0][:200]}") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
