"""LaMP 1 to 7: what a user would write or choose, by what the user wrote before.

LaMP (Salemi et al. 2024, "LaMP: When Large Language Models Meet Personalization") gives each split
of each task as ``dev_questions.json``, a list of ``{"id", "input", "profile"}``, and
``dev_outputs.json``, ``{"task": "LaMP_1", "golds": [{"id", "output"}]}``. The fields of a profile's
items differ by task, as in the authors' code (github.com/LaMP-Benchmark/LaMP). The files of the
time-based separation have a ``date`` in them, too.

The mails of LaMP-6 are those of Avocado, which has to be licensed (LDC2015T03): what is published
has names of files in place of texts, and the authors' script fills them in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import Row
from tailorlm.datasets.card import Card
from tailorlm.datasets.lamp import SPLITS, lamp_files, question_rows
from tailorlm.errors import InputError

LICENCE = (
    "LaMP (lamp-benchmark.github.io): CC BY-NC-SA 4.0; the texts under the terms of their sources. "
    "Not part of this package."
)
_DATE = "date"
_PLACES = {2: "new/"}
"""Where the files are that replaced others: LaMP-2 was about news first, which is not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSample:
    """One input with the output that one user gave, and what that user wrote before.

    Attributes:
        id: Unique among the samples.
        user: Whose output is asked for. LaMP's files do not name users: samples with the same
            profile are taken to be of one user, named after the first of them.
        input: What is asked.
        output: The true answer, which is to be predicted.
        profile: What the user wrote before, each item with its texts by field.
    """

    id: str
    user: str
    input: str
    output: str
    profile: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class LampTask:
    """One task of LaMP.

    Attributes:
        title: What is asked for.
        fields: Of a profile's items.
        outputs: The answers there are to choose from; empty where a text is written.
        use: What it is for.
    """

    title: str
    fields: tuple[str, ...]
    outputs: tuple[str, ...] = ()
    use: str = "writing in a user's style, with ROUGE"


TASKS: Mapping[int, LampTask] = {
    1: LampTask("citation", ("title", "abstract"), ("[1]", "[2]"), "a choice of two, accuracy"),
    2: LampTask("movie tag", ("description", "tag"), (), "a choice of 15 tags, accuracy and F1"),
    3: LampTask("product rating", ("text", "score"), tuple("12345"), "rating, MAE and RMSE"),
    4: LampTask("news headline", ("text", "title")),
    5: LampTask("scholarly title", ("abstract", "title")),
    6: LampTask("e-mail subject", ("text", "title")),
    7: LampTask("tweet paraphrase", ("text",)),
}
"""By number. LaMP-2 is also read film by film: `lamp.load_lamp`."""


def load_lamp_task(questions: str | Path, outputs: str | Path, number: int) -> Iterator[UserSample]:
    """Read a split of one of the seven tasks, plain or gzip.

    Rows are counted from 1 in the order of the list.

    Args:
        questions: File of the questions with their profiles.
        outputs: File of the answers.
        number: Which task, 1 to 7.

    Raises:
        InputError: If a file cannot be read, is of another task, or a row is not as described,
            with its number.
    """
    if number not in TASKS:
        raise InputError(f"LaMP has the tasks 1 to 7, but got {number}.")
    task = TASKS[number]
    owners: dict[tuple[tuple[tuple[str, str], ...], ...], str] = {}
    for identity, row, gold in question_rows(questions, outputs, f"LaMP_{number}"):
        profile = tuple(_item(item, task.fields) for item in row.rows("profile", "profile item"))
        key = tuple(tuple(item.items()) for item in profile)
        output = gold.plain("output")
        if task.outputs and output not in task.outputs:
            gold.fail(f"'output' is {output[:40]!r}, but must be one of {', '.join(task.outputs)}.")
        yield UserSample(
            id=identity,
            user=owners.setdefault(key, identity),
            input=row.text("input"),
            output=output,
            profile=profile,
        )


def _item(row: Row, fields: tuple[str, ...]) -> Mapping[str, str]:
    given = (*fields, _DATE) if _DATE in row.data else fields
    return {name: row.plain(name) for name in given}


def _card(number: int) -> Card:
    task = TASKS[number]

    def rows(folder: Path, split: str) -> Iterator[UserSample]:
        files = lamp_files(folder, (split,))
        if files is None:
            raise InputError(f"{folder} lacks {split}_questions.json or {split}_outputs.json.")
        return load_lamp_task(*files, number)

    return Card(
        name=f"lamp_{number}",
        title=f"LaMP-{number}, {task.title}",
        use=task.use,
        terms="CC BY-NC-SA 4.0",
        licence=LICENCE,
        source="https://lamp-benchmark.github.io/download (files below "
        f"https://ciir.cs.umass.edu/downloads/LaMP/LaMP_{number}/{_PLACES.get(number, '')})",
        citation="Salemi et al. 2024, LaMP: When Large Language Models Meet Personalization",
        fields={
            "id": "of the question",
            "input": "what is asked",
            "output": "the answer, in the file of outputs",
            **{f"profile.{name}": "what the user wrote before" for name in task.fields},
        },
        files=("*_questions.json",),
        also=("*_outputs.json",),
        open=rows,
        splits=SPLITS,
        folders=(f"LaMP_{number}", f"lamp{number}", f"LaMP-{number}"),
        note="The mails have to be licensed (LDC2015T03) and filled in." if number == 6 else "",
    )


CARDS = tuple(_card(number) for number in TASKS)
