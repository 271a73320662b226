"""LaMP-2, personalized movie tagging: which tag a user gives a film, by the films tagged before.

LaMP (Salemi et al. 2024, "LaMP: When Large Language Models Meet Personalization") gives each split
as two JSON files. ``dev_questions.json`` is a list of ``{"id", "input", "profile"}``, the profile
a list of ``{"id", "tag", "description"}`` of the same user; ``dev_outputs.json`` is
``{"task": "LaMP_2", "golds": [{"id", "output"}]}``. The input is an instruction with the tags in
brackets and the film's text behind "description:".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import Row, object_rows, read_json, read_objects
from tailorlm.errors import InputError, nearest

LAMP2_LABELS = (
    "sci-fi",
    "based on a book",
    "comedy",
    "action",
    "twist ending",
    "dystopia",
    "dark comedy",
    "classic",
    "psychology",
    "fantasy",
    "romance",
    "thought-provoking",
    "social commentary",
    "violence",
    "true story",
)
"""The tag pool of LaMP-2, in the order of its instruction."""

_INPUT = re.compile(
    r"\A.*?(?:tags:\s*\[(?P<tags>[^\]]*)\]\s*)?description:\s*(?P<text>\S.*)\Z", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class TaggedText:
    """A film that a user has tagged.

    Attributes:
        description: What the film is about.
        tag: The tag given.
    """

    description: str
    tag: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LampSample:
    """One film to tag for one user.

    Attributes:
        id: Unique among the samples.
        user: Whose tag is asked for. LaMP's files do not name users: samples with the same
            profile are taken to be of one user, named after the first of them.
        description: What the film is about.
        tag: The tag the user gave, which is to be predicted.
        pool: The tags there are to choose from, `tag` among them.
        profile: What the user tagged before, oldest first as far as the data tell.
    """

    id: str
    user: str
    description: str
    tag: str
    pool: tuple[str, ...]
    profile: tuple[TaggedText, ...]


def load_lamp(
    questions: str | Path,
    outputs: str | Path,
    *,
    on_skip: Callable[[str], None] | None = None,
) -> list[LampSample]:
    """Read a split of LaMP-2, plain or gzip.

    Rows are counted from 1 in the order of the list.

    Args:
        questions: File of the questions with their profiles.
        outputs: File of the answers.
        on_skip: Called with the reason when the input of a question holds no film, and the
            question is left out (one of the published development split is damaged in this
            way). Without it, such a question is an error.

    Raises:
        InputError: If a file cannot be read or a row is not as described, with its number.
    """
    path, samples = Path(questions), []
    owners: dict[tuple[TaggedText, ...], str] = {}
    for identity, row, gold in question_rows(path, outputs, "LaMP_2"):
        match = _INPUT.match(row.text("input"))
        if match is None and on_skip is not None:
            on_skip(f"{path}, row {row.number}: 'input' holds no film, so it is left out.")
            continue
        if match is None:
            row.fail("'input' must hold a film's text after 'description:', but holds none.")
        pool = _pool(row, match["tags"])
        profile = tuple(
            TaggedText(item.text("description"), _tag(item, "tag", pool))
            for item in row.rows("profile", "profile item")
        )
        samples.append(
            LampSample(
                id=identity,
                user=owners.setdefault(profile, identity),
                description=match["text"].strip(),
                tag=_tag(gold, "output", pool),
                pool=pool,
                profile=profile,
            )
        )
    if not samples:
        raise InputError(f"{path} holds no samples. Expected a list of questions.")
    return samples


SPLITS = ("dev", "train")
"""The splits of LaMP with answers: there are none for its test split."""


def lamp_files(folder: str | Path, splits: Sequence[str] = SPLITS) -> tuple[Path, Path] | None:
    """The questions and outputs of a split in a folder, the first of `splits` that is there."""
    for split in splits:
        for suffix in ("", ".gz"):
            names = (f"{split}_questions.json{suffix}", f"{split}_outputs.json{suffix}")
            questions, outputs = (Path(folder) / name for name in names)
            if questions.is_file() and outputs.is_file():
                return questions, outputs
    return None


def gold_rows(outputs: str | Path, task: str) -> Mapping[str, Row]:
    """The rows of a file of answers by id.

    Args:
        outputs: The file, plain or gzip.
        task: What it has to be of, as "LaMP_2".

    Raises:
        InputError: If it cannot be read, is of another task or a row is not as described.
    """
    path = Path(outputs)
    data = read_json(path)
    if not isinstance(data, dict):
        raise InputError(f"{path} must hold an object with 'task' and 'golds'.")
    whole = Row(path, 1, data)
    given = whole.text("task")
    if not given.replace("-", "_").casefold().startswith(task.casefold()):
        raise InputError(f"{path} holds answers to {given[:40]!r}, but {task} is needed.")
    rows: dict[str, Row] = {}
    for row in object_rows(path, whole.get("golds", list), "golds"):
        identity = row_id(row)
        if identity in rows:
            row.fail(f"the id {identity!r} stands in row {rows[identity].number} already.")
        rows[identity] = row
    return rows


def question_rows(
    questions: str | Path, outputs: str | Path, task: str
) -> Iterator[tuple[str, Row, Row]]:
    """Each question of a split with its id and the row of its answer.

    Raises:
        InputError: As `gold_rows`, or if an id is there twice or has no answer.
    """
    golds = gold_rows(outputs, task)
    first_row: dict[str, int] = {}
    for row in read_objects(questions, "questions"):
        identity = row_id(row)
        if identity in first_row:
            row.fail(f"the id {identity!r} stands in row {first_row[identity]} already.")
        first_row[identity] = row.number
        if identity not in golds:
            row.fail(f"{Path(outputs).name} has no answer for the id {identity!r}.")
        yield identity, row, golds[identity]


def row_id(row: Row) -> str:
    """The id of a row, a text or a whole number, as a text."""
    value = row.get("id", str, int)
    return str(value) if isinstance(value, int) else row.text("id").strip()


def _pool(row: Row, listed: str | None) -> tuple[str, ...]:
    """The tags in the brackets of an input; those of LaMP-2 where it lists none."""
    tags = tuple(" ".join(tag.split()) for tag in (listed or "").split(",") if tag.strip())
    repeated = next((tag for place, tag in enumerate(tags) if tag in tags[:place]), None)
    if repeated is not None:
        row.fail(f"'input' lists the tag {repeated!r} twice.")
    return tags or LAMP2_LABELS


def _tag(row: Row, field: str, pool: tuple[str, ...]) -> str:
    tag = " ".join(row.text(field).split())
    if tag not in pool:
        near = nearest(tag, pool)
        hint = f" Did you mean {near!r}?" if near else ""
        row.fail(f"{field!r} is {tag[:60]!r}, which is not among the tags.{hint}")
    return tag
