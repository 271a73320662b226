"""Texts that people rated, with who they are: the offensiveness task of POPQUORN.

POPQUORN (Pei and Jurgens 2023, "When Do Annotator Demographics Matter?") gives a CSV file with the
columns ``instance_id``, ``user_id``, ``text``, ``offensiveness`` (1 to 5), ``gender``, ``race``,
``age``, ``occupation`` and ``education``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tailorlm.datasets.base import Row, read_table
from tailorlm.datasets.card import Card, find_file
from tailorlm.datasets.rewrites import DEMOGRAPHICS, LICENCE, Rewrite, load_rewrites
from tailorlm.errors import InputError

LOWEST, HIGHEST = 1.0, 5.0
"""The ends of the scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedText:
    """One text as one person rated it.

    Attributes:
        instance: Which text; several people rated the same one.
        user: Who rated it.
        text: The text.
        rating: From 1 (not offensive) to 5.
        demographics: What is known of the person; unknown ones are left out.
    """

    instance: str
    user: str
    text: str
    rating: float
    demographics: Mapping[str, str] = field(default_factory=dict)


def load_rated_texts(path: str | Path) -> list[RatedText]:
    """Read ratings, plain or gzip, in the order of the file.

    Raises:
        InputError: If the file cannot be read, holds no rows, or a row is not as described, with
            the line it ends on.
    """
    ratings: list[RatedText] = []
    texts: dict[str, str] = {}
    for row in read_table(path):
        one = _rating(row)
        if texts.setdefault(one.instance, one.text) != one.text:
            row.fail(f"the text of instance {one.instance[:40]!r} differs from an earlier row.")
        ratings.append(one)
    if not ratings:
        raise InputError(f"{path} holds no rows. Expected a CSV file with a header.")
    return ratings


def _rating(row: Row) -> RatedText:
    given = row.text("offensiveness")
    try:
        rating = float(given)
    except ValueError:
        rating = float("nan")
    if not LOWEST <= rating <= HIGHEST:
        row.fail(f"'offensiveness' is a number from 1 to 5, but is {given[:40]!r}.")
    return RatedText(
        instance=row.text("instance_id"),
        user=row.text("user_id"),
        text=row.text("text"),
        rating=rating,
        demographics={
            name: value for name in DEMOGRAPHICS if (value := row.get(name, str).strip())
        },
    )


def _open(folder: Path, part: str) -> Sequence[RatedText | Rewrite]:
    if part == "rewrites":
        return load_rewrites(find_file(folder, "email_rewriting_raw.csv"))
    return load_rated_texts(find_file(folder, "offensiveness_raw.csv"))


CARDS = (
    Card(
        name="popquorn",
        title="POPQUORN, ratings and rewritten mails by person",
        use="ratings and edits by known people with demographics; new users, groups",
        terms="none stated",
        licence=LICENCE,
        source="https://github.com/Jiaxin-Pei/Potato-Prolific-Dataset",
        citation="Pei and Jurgens 2023, When Do Annotator Demographics Matter?",
        fields={
            "instance_id, user_id": "which text, and who",
            "text, offensiveness": "a text and its rating, 1 to 5",
            "original email, revised email": "a mail, and what the person made of it",
            "gender, race, age, occupation, education": "demographics",
        },
        files=("offensiveness_raw.csv", "email_rewriting_raw.csv"),
        open=_open,
        splits=("ratings", "rewrites"),
    ),
)
