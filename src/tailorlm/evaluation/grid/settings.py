"""What a grid is run with."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tailorlm import __version__
from tailorlm.errors import InputError
from tailorlm.evaluation.grid.groups import GROUPS

GENERIC, POOLED, IN_CONTEXT = "none", "pooled", "contextual"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a grid is run with.

    Attributes:
        methods: Registry names, in the order of the report.
        data: The file of rows, "example", or the name of a published data set.
        folder: That holds the published data sets.
        out: Folder for everything.
        llm: Registry name of the language model.
        encoder: Registry name of the encoder.
        retriever: Registry name of the retriever.
        tags: Path of a tag library, or "".
        seed: Of all choices.
        pooled: The method that learns from everybody as if they were one.
    """

    methods: tuple[str, ...]
    data: str | Path
    out: Path
    llm: str
    encoder: str = "static"
    retriever: str = "hybrid"
    tags: str = ""
    seed: int = 0
    folder: str | Path = "."
    pooled: str = IN_CONTEXT

    @property
    def rows(self) -> tuple[tuple[str, str], ...]:
        """Name and method of each row: generic, pooled and in-context first."""
        rows = {GENERIC: GENERIC, POOLED: self.pooled, IN_CONTEXT: IN_CONTEXT}
        return tuple((rows | {name: name for name in self.methods}).items())

    def head(self, digest: str) -> dict[str, Any]:
        """What every single answer depends on, besides its own row of the grid.

        Args:
            digest: Of the data.
        """
        return {
            "version": __version__,
            "data": digest,
            "llm": self.llm,
            "encoder": self.encoder,
            "retriever": self.retriever,
            "tags": _content(self.tags),
            "seed": self.seed,
            "groups of users": GROUPS,
        }


def _content(tags: str) -> str:
    """A digest of a tag library's file; "" for none."""
    if not tags:
        return ""
    try:
        return hashlib.blake2b(Path(tags).read_bytes(), digest_size=8).hexdigest()
    except OSError as error:
        raise InputError(f"{tags} cannot be read: {error.strerror or error}.") from None
