"""Recorded rankings in the shape of Ranking-TAGER: who ranked which answers under which tags.

One JSON object per line; `docs/replay.md` lists the fields. Rows of one user stand in the order
in which they happened.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import Row, read_rows
from tailorlm.datasets.card import Card, matching
from tailorlm.errors import InputError, nearest
from tailorlm.types import check_id, check_text


@dataclass(frozen=True, slots=True)
class RankedCandidate:
    """One recorded answer.

    Attributes:
        tags: The tags it was written under.
        response: Its text.
    """

    tags: tuple[str, ...]
    response: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RankedTurn:
    """One recorded turn with its ranking.

    Attributes:
        id: Unique in the file.
        user: Who ranked.
        query: What was asked.
        tag_library: The tags that answers to this user are written under.
        candidates: At least two answers; positions below index them.
        shown_order: Positions in the order in which the annotator saw them.
        ranking: Positions, best first.
        second_ranking: The same turn as ranked by a second annotator, or None.
        user_tags: Tags that the user likes, as the makers of the file know; never shown to a
            method. Empty where they are not known.
        task: Kind of query, "" where none is given.
    """

    id: str
    user: str
    query: str
    tag_library: tuple[str, ...]
    candidates: tuple[RankedCandidate, ...]
    shown_order: tuple[int, ...]
    ranking: tuple[int, ...]
    second_ranking: tuple[int, ...] | None = None
    user_tags: tuple[str, ...] = ()
    task: str = ""


def load_ranked_turns(path: str | Path) -> list[RankedTurn]:
    """Read a file of recorded rankings, plain or gzip.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with its number.
    """
    turns: list[RankedTurn] = []
    first_row: dict[str, int] = {}
    for row in read_rows(path):
        turn = _turn(row)
        if turn.id in first_row:
            row.fail(f"the id {turn.id!r} stands in row {first_row[turn.id]} already.")
        first_row[turn.id] = row.number
        turns.append(turn)
    if not turns:
        raise InputError(f"{path} holds no rows. Expected one JSON object per line.")
    return turns


def _turn(row: Row) -> RankedTurn:
    library = row.texts("tag_library")
    if not library:
        row.fail("'tag_library' is empty. List the tags that answers are written under.")
    candidates = tuple(
        RankedCandidate(_known_tags(entry, "tags", library), entry.text("response"))
        for entry in row.rows("candidates", "candidate")
    )
    n = len(candidates)
    if n < 2:
        row.fail(f"a ranking needs at least two candidates, but there are {n}.")
    second = row.data.get("second_annotator")
    return RankedTurn(
        id=_checked(row, "id"),
        user=_checked(row, "user"),
        query=_checked(row, "query"),
        tag_library=library,
        candidates=candidates,
        shown_order=_order(row, "shown_order", n) if "shown_order" in row.data else tuple(range(n)),
        ranking=_order(row, "ranking", n),
        second_ranking=None if second is None else _second(row, n),
        user_tags=_known_tags(row, "user_tags", library) if "user_tags" in row.data else (),
        task=row.get("task", str) if "task" in row.data else "",
    )


def _second(row: Row, n_candidates: int) -> tuple[int, ...]:
    inner = Row(row.path, row.number, row.get("second_annotator", dict), "second_annotator: ")
    return _order(inner, "ranking", n_candidates)


def _checked(row: Row, field: str) -> str:
    value = row.text(field)
    try:
        return check_text(value, field) if field == "query" else check_id(value, field)
    except InputError as error:
        row.fail(str(error))


def _known_tags(row: Row, field: str, library: Sequence[str]) -> tuple[str, ...]:
    tags = row.texts(field)
    for tag in tags:
        if tag not in library:
            near = nearest(tag, library)
            hint = f" Did you mean {near!r}?" if near else ""
            row.fail(f"{field!r} holds {tag!r}, which is not in 'tag_library'.{hint}")
    return tags


def _order(row: Row, field: str, n_candidates: int) -> tuple[int, ...]:
    """A field that must hold every candidate's position once."""
    order = row.positions(field)
    given = list(order)
    for place, position in enumerate(order):
        if not 0 <= position < n_candidates:
            row.fail(
                f"{field} {given} names candidate {position}, "
                f"but there are {n_candidates}, counted from 0."
            )
        if position in order[:place]:
            row.fail(f"{field} {given} repeats candidate {position}.")
    missing = sorted(set(range(n_candidates)) - set(order))
    if missing:
        row.fail(f"{field} {given} leaves out candidate {missing[0]} of {n_candidates}.")
    return order


def _open(folder: Path, split: str) -> Iterator[RankedTurn]:
    for file in matching(folder, "*.jsonl"):
        yield from load_ranked_turns(file)


CARDS = (
    Card(
        name="ranking_tager",
        title="Ranking-TAGER, ranked answers by user",
        use="learning tags from rankings; replay and calibration",
        terms="yours",
        licence="Ranking-TAGER: no published file could be found; what you build is yours, under "
        "the terms of the models that wrote it.",
        source="tailorlm data build-tager",
        citation="PREMIUM: LLM personalization with individual-level preference feedback",
        fields={
            "user, query": "who asked what",
            "tag_library": "what answers are written under",
            "candidates": "answers with their tags",
            "ranking": "positions, best first",
            "second_annotator": "the same turn ranked by another",
        },
        files=("*.jsonl",),
        open=_open,
        note="Build one: tailorlm data build-tager.",
    ),
)
