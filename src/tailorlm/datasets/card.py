"""What is known of a data set before it is opened: what it is for, its licence, where it lies.

Each module of this folder that reads published files says so in ``CARDS``, a tuple of cards; the
catalog finds them there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tailorlm.errors import InputError

Opener = Callable[[Path, str], Iterable[Any]]
"""Gives the rows of a split, from the folder that holds the files."""
WHOLE = ("all",)
"""The splits of a data set that has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One data set.

    Attributes:
        name: What it is asked for by, in lower case with underscores.
        title: What it is, in a few words.
        use: What it is for.
        terms: The licence in a few words.
        licence: What it may be used for, one sentence or two.
        source: Where it is published.
        citation: Who made it, with the year and the title.
        fields: The published fields that are read, each with what it is.
        files: Patterns of names below its folder. It is there if one of them matches; a name may
            also end in ".gz".
        also: Patterns that have to match as well.
        open: Gives the rows of a split.
        splits: Its splits or other parts; the first is read where none is asked for.
        folders: Names that its folder may have beside its own; "" for the data folder itself.
        hub: Its name on the Hugging Face hub, "" where it is not there.
        hub_files: Patterns of the files to take from the hub; empty for all.
        note: What could not be verified, or has to be done by hand; "" for nothing.
    """

    name: str
    title: str
    use: str
    terms: str
    licence: str
    source: str
    citation: str
    fields: Mapping[str, str]
    files: tuple[str, ...]
    open: Opener = field(repr=False, compare=False)
    also: tuple[str, ...] = ()
    splits: tuple[str, ...] = WHOLE
    folders: tuple[str, ...] = ()
    hub: str = ""
    hub_files: tuple[str, ...] = ()
    note: str = ""

    def where(self, data: str | Path) -> Path | None:
        """The folder below `data` that holds it, or None if none does."""
        for name in (self.name, *self.folders):
            folder = Path(data) / name
            if self.is_in(folder):
                return folder
        return None

    def is_in(self, folder: str | Path) -> bool:
        """Whether a folder holds files of it."""
        folder = Path(folder)
        return any(matching(folder, pattern) for pattern in self.files) and all(
            matching(folder, pattern) for pattern in self.also
        )


def find_file(folder: Path, *patterns: str) -> Path:
    """The first file of a folder that matches one of the patterns, tried in their order.

    Raises:
        InputError: If none does.
    """
    for pattern in patterns:
        found = matching(folder, pattern)
        if found:
            return found[0]
    raise InputError(f"{folder} holds no {' or '.join(patterns)}, plain or gzip.")


def matching(folder: Path, pattern: str) -> list[Path]:
    """Files below a folder that match a pattern, plain or gzip, sorted."""
    if not folder.is_dir():
        return []
    found = {*folder.glob(pattern), *folder.glob(f"{pattern}.gz")}
    return sorted(path for path in found if path.is_file())
