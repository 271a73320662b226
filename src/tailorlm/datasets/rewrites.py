"""Mails that people rewrote, with who they are: the rewriting task of POPQUORN.

POPQUORN (Pei and Jurgens 2023, "When Do Annotator Demographics Matter?") gives a CSV file with the
columns ``instance_id``, ``user_id``, ``original email``, ``revised email``, ``gender``, ``race``,
``age``, ``occupation`` and ``education``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tailorlm.datasets.base import Row, read_table
from tailorlm.errors import InputError

LICENCE = (
    "POPQUORN (github.com/Jiaxin-Pei/Potato-Prolific-Dataset): called open-source by its authors, "
    "no licence stated. Not part of this package."
)
DEMOGRAPHICS = ("gender", "race", "age", "occupation", "education")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """One mail as one person rewrote it.

    Attributes:
        instance: Which mail; several people rewrote the same one.
        user: Who rewrote it, or None where the file does not say: such rows cannot be told apart
            by person.
        original: The mail that was shown.
        revised: What the person made of it.
        demographics: What is known of the person, by name of `DEMOGRAPHICS`; unknown ones are
            left out.
    """

    instance: str
    user: str | None
    original: str
    revised: str
    demographics: Mapping[str, str] = field(default_factory=dict)


def load_rewrites(path: str | Path) -> list[Rewrite]:
    """Read rewrites, plain or gzip, in the order of the file.

    Raises:
        InputError: If the file cannot be read, holds no rows, or a row is not as described, with
            the line it ends on.
    """
    rewrites = [_rewrite(row) for row in read_table(path)]
    if not rewrites:
        raise InputError(f"{path} holds no rows. Expected a CSV file with a header.")
    return rewrites


def _rewrite(row: Row) -> Rewrite:
    return Rewrite(
        instance=row.text("instance_id"),
        user=row.get("user_id", str).strip() or None,
        original=row.text("original email"),
        revised=row.text("revised email"),
        demographics={
            name: value for name in DEMOGRAPHICS if (value := row.get(name, str).strip())
        },
    )
