"""Drafts and what users made of them, in the order in which each user edited.

One JSON object per line: ``id``, ``user``, ``subject``, ``intent`` (a list: what the mail says),
``draft`` (the mail that was shown) and ``edited`` (what the user made of it). The makers of the
file may have noted what the user wants in ``hidden_preference``. It is the answer that a learner is
to find, so the rows that a learner is given do not hold it: `load_hidden_preferences` reads it
apart, for scoring.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import Row, read_rows
from tailorlm.errors import InputError
from tailorlm.types import check_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEdit:
    """One draft as a user changed it.

    Attributes:
        id: Unique in the file.
        user: Who edited.
        subject: The subject line.
        intent: What the mail says, one point each.
        draft: The mail that was shown.
        edited: What the user made of it; equal to the draft where nothing was to be changed.
    """

    id: str
    user: str
    subject: str
    intent: tuple[str, ...]
    draft: str
    edited: str


def load_recorded_edits(path: str | Path) -> list[RecordedEdit]:
    """Read recorded edits, plain or gzip, in the order of the file.

    Raises:
        InputError: If the file cannot be read, holds no rows, or a row is not as described, with
            its number.
    """
    edits: list[RecordedEdit] = []
    first_row: dict[str, int] = {}
    for row in read_rows(path):
        edit = _edit(row)
        if edit.id in first_row:
            row.fail(f"the id {edit.id!r} stands in row {first_row[edit.id]} already.")
        first_row[edit.id] = row.number
        edits.append(edit)
    if not edits:
        raise InputError(f"{path} holds no rows. Expected one JSON object per line.")
    return edits


def load_hidden_preferences(path: str | Path) -> dict[str, str]:
    """What each user of the same file wants, in words. For scoring only: no learner may see it.

    Raises:
        InputError: If the file cannot be read, a row lacks it, or two rows of one user differ.
    """
    wishes: dict[str, str] = {}
    for row in read_rows(path):
        user, wish = _user(row), row.text("hidden_preference")
        if wishes.setdefault(user, wish) != wish:
            row.fail("'hidden_preference' differs from that of an earlier row of this user.")
    return wishes


def _edit(row: Row) -> RecordedEdit:
    return RecordedEdit(
        id=row.text("id"),
        user=_user(row),
        subject=row.get("subject", str),
        intent=row.texts("intent"),
        draft=row.text("draft"),
        edited=row.text("edited"),
    )


def _user(row: Row) -> str:
    try:
        return check_id(row.text("user"), "user")
    except InputError as error:
        row.fail(str(error))
