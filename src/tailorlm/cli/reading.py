"""Reading what people give: orders and numbers from 1, texts from files, pipes and editors."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import typer

from tailorlm.cli import show
from tailorlm.errors import FeedbackError, InputError
from tailorlm.types import MAX_TEXT

_MOST_BYTES = 4 * MAX_TEXT
"""As long as a text of `MAX_TEXT` characters can be in UTF-8."""
_PIECE = 1 << 16
_ORDER_TOKEN = re.compile(r"\d{1,9}(=\d{1,9})*")


def parse_order(order: list[str], count: int, *, partial: bool) -> tuple[tuple[int, ...], ...]:
    """What a person writes, such as "2=3 1" or "2,1,3", as groups of positions from 0.

    Raises:
        FeedbackError: If a candidate is repeated, invented or (unless `partial`) left out.
    """
    if count < 2:
        raise FeedbackError("The turn has one candidate, so there is no order. Rate or edit it.")
    written = re.sub(r"\s*=\s*", "=", " ".join(order).replace(",", " ").replace(">", " "))
    tokens = written.split()
    for token in tokens:
        if not _ORDER_TOKEN.fullmatch(token):
            raise FeedbackError(
                f"An order is written like 2 1 3, or 2=3 1 for a tie, but got {token[:40]!r}."
            )
    numbers = [[int(number) for number in token.split("=")] for token in tokens]
    flat = [number for group in numbers for number in group]
    groups = tuple(tuple(position_of(number, count) for number in group) for group in numbers)
    repeated = next((number for number in flat if flat.count(number) > 1), None)
    if repeated is not None:
        raise FeedbackError(f"The ranking names candidate {repeated} more than once. Name it once.")
    missing = sorted(set(range(1, count + 1)) - set(flat))
    if missing and not partial:
        raise FeedbackError(
            f"The ranking leaves out candidate {missing[0]} of {count}. "
            "Rank them all, or add --partial."
        )
    if len(flat) < 2:
        raise FeedbackError("A ranking orders at least two candidates. To choose one, use pick.")
    return groups


def position_of(number: int, count: int) -> int:
    """The position from 0 of a number from 1."""
    if not 1 <= number <= count:
        shown = "1 only" if count == 1 else f"1 to {count}"
        raise FeedbackError(f"There is no candidate {str(number)[:20]}; the turn has {shown}.")
    return number - 1


def read_stdin(what: str) -> str:
    """The text on standard input.

    Raises:
        InputError: If it is no UTF-8 text, or far too long.
    """
    if on_terminal():
        show.notice(f"Type the {what}, then Ctrl-D on a line of its own.")
    data = typer.get_binary_stream("stdin").read(_MOST_BYTES + 1)
    return decode(data, what)


def decode(data: bytes, what: str) -> str:
    """Bytes as text; a byte order mark is dropped.

    Raises:
        InputError: If they are no UTF-8 text, or more than any text may have.
    """
    if len(data) > _MOST_BYTES:
        raise InputError(
            f"The {what} is longer than the {MAX_TEXT:,} characters that are accepted. "
            "Shorten it or split it."
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"The {what} is not UTF-8 text.") from None


def edited_text(given: str | None, original: str) -> str:
    """The edited text: as given, from standard input, or from the user's editor."""
    if given is not None and given != "-":
        return given
    if given == "-" or not on_terminal():
        return read_stdin("edited text")
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    if not editor:
        raise InputError("There is no editor to open. Give --text, or set EDITOR.")
    with tempfile.TemporaryDirectory(prefix="tailorlm-") as folder:
        file = Path(folder) / "answer.md"
        file.write_text(original, "utf-8")
        try:
            subprocess.run([*shlex.split(editor), str(file)], check=True)  # noqa: S603 - the user's own editor
        except (OSError, ValueError, subprocess.CalledProcessError):
            raise InputError(
                f"The editor {editor[:80]!r} failed, so nothing was recorded."
            ) from None
        text = decode(file.read_bytes(), "edited text")
    if text.rstrip() == original.rstrip():
        raise InputError("The text was not changed, so nothing was recorded.")
    return text


def read_file(name: str) -> str:
    """The text of a file.

    Raises:
        InputError: If it cannot be read, is no UTF-8 text or far too long.
    """
    try:
        with Path(name).open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"The file {name[:200]} cannot be read: {error.strerror}.") from None
    return decode(data, "document")


def pieces_of(name: str) -> Iterator[bytes]:
    """A file piece by piece.

    Raises:
        InputError: If it cannot be read.
    """
    try:
        with Path(name).open("rb") as file:
            while piece := file.read(_PIECE):
                yield piece
    except OSError as error:
        raise InputError(f"The file {name[:200]} cannot be read: {error.strerror}.") from None


def on_terminal() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()
