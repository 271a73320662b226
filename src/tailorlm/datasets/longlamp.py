"""LongLaMP: long texts by what a user wrote before, such as abstracts, reviews and posts.

LongLaMP (Kumar et al. 2024, "LongLaMP: A Benchmark for Personalized Long-form Text Generation") is
on the hub as LongLaMP/LongLaMP, with a folder of Parquet files for each task and setting, as
"product_review_user", and the splits "train", "val" and "test". A row has the user's id, under a
name of the task's own, ``input``, ``output`` and ``profile``, a list of objects:

- "abstract_generation": ``name``; ``abstract``, ``id``, ``title``, ``year``.
- "product_review": ``reviewerId``; ``description``, ``overall``, ``reviewText``, ``summary``.
- "topic_writing": ``author``; ``author``, ``content``, ``id``, ``summary``.

These names were seen for the setting "user"; that the setting "temporal" has the same, and how the
Parquet files are called, could not be verified. The mails of the fourth task are not published.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from tailorlm.datasets.base import Row, read_objects, read_rows
from tailorlm.datasets.card import Card, matching
from tailorlm.datasets.lamp_tasks import UserSample
from tailorlm.errors import InputError, UnknownNameError

LICENCE = (
    "LongLaMP (huggingface.co/datasets/LongLaMP/LongLaMP): no licence could be verified; the texts "
    "are of DBLP, Amazon reviews and Reddit TL;DR. Not part of this package."
)
TASKS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "abstract_generation": ("name", ("title", "abstract", "year")),
    "product_review": ("reviewerId", ("description", "overall", "summary", "reviewText")),
    "topic_writing": ("author", ("summary", "content")),
}
"""By task: the field with the user's id, and the fields of a profile's items that are read."""
SETTINGS = ("user", "temporal")
_PARTS = ("test", "val", "train")


def load_longlamp(path: str | Path, task: str) -> Iterator[UserSample]:
    """Read one file: Parquet, JSON Lines, or a JSON list (".json"); plain or gzip.

    Samples are called by their place, as "3" for the third.

    Args:
        path: The file.
        task: "abstract_generation", "product_review" or "topic_writing".

    Raises:
        InputError: If there is no such task, the file cannot be read or a row is not as described,
            with its number.
        MissingExtraError: For Parquet, if pyarrow is not installed.
    """
    if task not in TASKS:
        raise UnknownNameError("task of LongLaMP", task, TASKS)
    user, fields = TASKS[task]
    path = Path(path)
    is_list = path.name.removesuffix(".gz").endswith(".json")
    for row in read_objects(path, "samples") if is_list else read_rows(path):
        yield UserSample(
            id=str(row.number),
            user=row.plain(user),
            input=row.text("input"),
            output=row.text("output"),
            profile=tuple(_item(item, fields) for item in row.rows("profile", "profile item")),
        )


def _item(row: Row, fields: tuple[str, ...]) -> Mapping[str, str]:
    return {name: row.plain(name) for name in fields}


def _open(folder: Path, split: str) -> Iterator[UserSample]:
    """The samples of "product_review_user/test" and the like, of all files of the split."""
    name, _, part = split.partition("/")
    task = name.rpartition("_")[0]
    files = [
        file
        for pattern in (f"{name}/**/{part}*", f"{name}/**/{part}/*", f"{name}[-_]{part}*")
        for file in matching(folder, pattern)
    ]
    if not files:
        raise InputError(
            f"{folder} holds no {name}/{part}*. Put the files of {split} there: Parquet, JSON "
            "Lines (.jsonl) or a JSON list (.json)."
        )
    for file in dict.fromkeys(files):
        yield from load_longlamp(file, task)


CARDS = (
    Card(
        name="longlamp",
        title="LongLaMP, long texts",
        use="long texts in a user's style: abstracts, reviews, posts",
        terms="not verified",
        licence=LICENCE,
        source="https://huggingface.co/datasets/LongLaMP/LongLaMP",
        citation="Kumar et al. 2024, LongLaMP: Benchmark for Personalized Long-form Generation",
        fields={
            "name, reviewerId or author": "the user, by task",
            "input": "what is asked",
            "output": "the text the user wrote",
            "profile": "what the user wrote before; fields by task",
        },
        files=tuple(f"{task}_*/**/*" for task in TASKS) + tuple(f"{task}_*.*" for task in TASKS),
        open=_open,
        splits=tuple(
            f"{task}_{setting}/{part}" for setting in SETTINGS for task in TASKS for part in _PARTS
        ),
        folders=("LongLaMP",),
        hub="LongLaMP/LongLaMP",
        note="Fields were verified for the setting 'user' only.",
    ),
)
