"""Read JSON Lines, JSON, CSV and Parquet row by row; errors name file, row and field."""

from __future__ import annotations

import ast
import csv
import gzip
import io
import json
import math
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, NoReturn

from tailorlm.datasets._parquet import parquet_records
from tailorlm.errors import InputError

_LONGEST_FIELD = 1 << 28
"""Characters that one field of a CSV file may have; articles are longer than csv's own limit."""
_WORDS = {
    bool: "true or false",
    dict: "an object",
    float: "a number",
    int: "a whole number",
    list: "a list",
    str: "a text",
    type(None): "null",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One JSON object of a file.

    Attributes:
        path: The file.
        number: The line it stands on, counting from 1.
        data: Its fields.
        within: Where in the row `data` stands, as "candidate 2: "; "" for the row itself.
    """

    path: Path
    number: int
    data: Mapping[str, Any]
    within: str = ""

    def fail(self, problem: str) -> NoReturn:
        """Raise `InputError` with file, row and problem."""
        raise InputError(f"{self.path}, row {self.number}: {self.within}{problem}")

    def get(self, field: str, *kinds: type) -> Any:
        """The value of a field that must be there and be of one of the JSON kinds.

        Raises:
            InputError: If it is not.
        """
        if field not in self.data:
            there = ", ".join(sorted(self.data))[:200] or "none"
            self.fail(f"there is no field {field!r}. Fields: {there}.")
        value = self.data[field]
        if type(value) not in kinds:
            wanted = " or ".join(_WORDS[kind] for kind in kinds)
            is_bare = str in kinds and type(value) in (int, float)
            quoted = f" Write it as {json.dumps(str(value))}." if is_bare else ""
            self.fail(f"{field!r} must be {wanted}, but is {_WORDS[type(value)]}.{quoted}")
        return value

    def text(self, field: str) -> str:
        """A text that is not blank.

        Raises:
            InputError: If it is missing, of another kind or blank.
        """
        value: str = self.get(field, str)
        if not value.strip():
            self.fail(f"{field!r} is empty.")
        return value

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts, none of them blank and none there twice.

        Raises:
            InputError: If it is not such a list.
        """
        values = self.get(field, list)
        seen: set[str] = set()
        for value in values:
            if type(value) is not str or not value.strip():
                self.fail(f"{field!r} must hold texts, but holds {json.dumps(value)[:60]}.")
            if value in seen:
                self.fail(f"{field!r} holds {value!r} twice.")
            seen.add(value)
        return tuple(values)

    def positions(self, field: str) -> tuple[int, ...]:
        """A list of whole numbers.

        Raises:
            InputError: If it is not such a list.
        """
        values = self.get(field, list)
        if any(type(value) is not int for value in values):
            self.fail(f"{field!r} must hold whole numbers, but is {json.dumps(values)[:60]}.")
        return tuple(values)

    def plain(self, field: str) -> str:
        """A text, blank or not, or a number as a text.

        Raises:
            InputError: If it is missing or of another kind.
        """
        return str(self.get(field, str, int, float)).strip()

    def numeric(self, field: str) -> float:
        """A number, or a text that is one, as in a CSV file.

        Raises:
            InputError: If it is missing, of another kind, not finite or no number.
        """
        given = self.get(field, str, int, float)
        try:
            value = float(given)
        except (ValueError, OverflowError):
            value = math.nan
        if not math.isfinite(value):
            self.fail(f"{field!r} must be a number, but is {str(given)[:40]!r}.")
        return value

    def literal(self, field: str, kind: type) -> Any:
        """What a text written as a Python literal says, as data frames write lists into CSV.

        Raises:
            InputError: If it is missing or no literal of that kind.
        """
        given = self.text(field)
        try:
            value = ast.literal_eval(given.strip())
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            value = None
        if type(value) is not kind:
            self.fail(
                f"{field!r} must be {_WORDS[kind]} as Python writes it, but is {given[:40]!r}."
            )
        return value

    def rows(self, field: str, word: str) -> list[Row]:
        """A list of objects, each as a row of its own that knows where it stands.

        Args:
            field: Name of the field.
            word: What one of the objects is called in messages; they are counted from 0.

        Raises:
            InputError: If it is not such a list.
        """
        values = self.get(field, list)
        for place, value in enumerate(values):
            if type(value) is not dict:
                self.fail(f"{word} {place} must be an object, but is {_WORDS[type(value)]}.")
        return [
            Row(self.path, self.number, value, f"{self.within}{word} {place}: ")
            for place, value in enumerate(values)
        ]


def read_rows(path: str | Path) -> Iterator[Row]:
    """The objects of a JSON Lines file in order; blank lines are skipped.

    A name that ends in ".gz" is read as gzip, one that ends in ".parquet" as Parquet, whose rows
    are counted from 1.

    Raises:
        InputError: If the file cannot be read, is not UTF-8, or a line is no JSON object.
        MissingExtraError: For Parquet, if pyarrow is not installed.
    """
    path = Path(path)
    if path.suffix == ".parquet":
        for number, record in enumerate(parquet_records(path), start=1):
            yield Row(path, number, record)
        return
    with _reading(path, "a JSON Lines file") as stream:
        for number, line in enumerate(stream, start=1):
            if line.strip():
                yield Row(path, number, _parse(path, number, line))


def read_json(path: str | Path) -> Any:
    """The one JSON value that a file holds.

    A name that ends in ".gz" is read as gzip.

    Raises:
        InputError: If the file cannot be read or is no JSON.
    """
    path = Path(path)
    with _reading(path, "a JSON file") as stream:
        content = stream.read()
    try:
        return json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8 text.") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{path} is not JSON ({error.msg} in line {error.lineno}, column {error.colno})."
        ) from None
    except (RecursionError, ValueError):  # nested too deeply, or a number of thousands of digits
        raise InputError(f"{path} is JSON beyond what can be read.") from None


def read_objects(path: str | Path, word: str = "rows") -> list[Row]:
    """The objects of a file that is one JSON list, counted from 1.

    Args:
        path: The file; a name that ends in ".gz" is read as gzip.
        word: What the objects are called in messages, in the plural.

    Raises:
        InputError: If the file cannot be read or is no list of objects.
    """
    return object_rows(path, read_json(path), word)


def object_rows(path: str | Path, data: Any, word: str = "rows") -> list[Row]:
    """A JSON list of objects as rows, counted from 1.

    Raises:
        InputError: If it is no list of objects.
    """
    path = Path(path)
    if not isinstance(data, list):
        raise InputError(f"{path} must hold a list of {word}.")
    for number, value in enumerate(data, start=1):
        if not isinstance(value, dict):
            raise InputError(f"{path}, row {number}: one of the {word} is no object.")
    return [Row(path, number, value) for number, value in enumerate(data, start=1)]


def read_table(path: str | Path) -> Iterator[Row]:
    """The records of a CSV file with a header, each with the line it ends on.

    A name that ends in ".gz" is read as gzip. All values are texts.

    Raises:
        InputError: If the file cannot be read or is no CSV in UTF-8.
    """
    path = Path(path)
    csv.field_size_limit(_LONGEST_FIELD)  # the csv module has one limit for the whole process
    with _reading(path, "a CSV file") as stream:
        lines = io.TextIOWrapper(stream, "utf-8-sig", newline="")
        reader = csv.DictReader(lines, restkey="", strict=True)
        try:
            for record in reader:
                yield Row(path, reader.line_num, record)
        except UnicodeDecodeError:
            raise InputError(f"{path} is not UTF-8 text.") from None
        except csv.Error as error:
            raise InputError(
                f"{path}, after row {reader.line_num}: this is not CSV ({error})."
            ) from None


@contextmanager
def _reading(path: Path, wanted: str) -> Iterator[BinaryIO | gzip.GzipFile]:
    """The file's bytes; what goes wrong while they are read is an `InputError`."""
    try:
        with _open(path) as stream:
            yield stream
    except FileNotFoundError:
        raise InputError(f"There is no file {path}. Check the name.") from None
    except IsADirectoryError:
        raise InputError(f"{path} is a folder. Name {wanted}.") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise InputError(f"{path} is not a whole gzip file: {error}.") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None


def _open(path: Path) -> BinaryIO | gzip.GzipFile:
    return gzip.open(path, "rb") if path.suffix == ".gz" else path.open("rb")


def _parse(path: Path, number: int, line: bytes) -> Mapping[str, Any]:
    where = f"{path}, row {number}"
    try:
        # A byte order mark stands within a file that was made of several.
        data = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise InputError(f"{where}: this is not UTF-8 text. Save the file as UTF-8.") from None
    except json.JSONDecodeError as error:
        raise InputError(
            f"{where}: this is not JSON ({error.msg} at character {error.pos}). "
            "Each row is one JSON object on one line."
        ) from None
    except (RecursionError, ValueError):  # nested too deeply, or a number of thousands of digits
        raise InputError(f"{where}: this JSON is beyond what can be read.") from None
    if not isinstance(data, dict):
        raise InputError(f"{where}: a row is a JSON object, but this is {_WORDS[type(data)]}.")
    return data
