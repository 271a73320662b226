"""A file is read as it is meant, and one that is wrong says where and what to write instead."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.evaluation.grid.made_up import rows, write

from tailorlm.errors import FormatError, InputError
from tailorlm.evaluation.grid.groups import pooled
from tailorlm.evaluation.grid.tasks import (
    FORM,
    Label,
    Option,
    Order,
    PastTurn,
    Reference,
    Task,
    load_tasks,
)
from tailorlm.types import Attribute, Document, Statement

GOOD = {"user": "ana", "query": "Plan my evening", "reference": "Tea, then bed."}


def load(path: Path, *lines: Any) -> tuple[Task, ...]:
    return load_tasks(write(path / "mine.jsonl", list(lines))).tasks


def test_everything_that_a_row_can_hold(tmp_path: Path) -> None:
    history = [
        {"document": "My mail.", "title": "Mail"},
        {"statement": "Keep it short."},
        {"attribute": "city", "value": "Porto"},
        {"query": "A?", "candidates": ["x", {"text": "y", "tags": ["t"]}], "ranking": [1, 0]},
        {"query": "B?", "candidates": ["x", "y", "z"], "ranking": [2, [0, 1]]},
        {"query": "C?", "candidates": ["x", "y"], "pick": 1},
        {"query": "D?", "answer": "x", "rating": 4},
        {"query": "E?", "answer": "x", "edit": "y"},
    ]
    order = {"candidates": ["x", "y", "z"], "pick": 1}
    first, second, third, fourth = load(
        tmp_path,
        GOOD | {"history": history, "id": "first"},
        {"user": "ana", "query": "Which?"} | order,
        {"user": "ben", "query": "Good?", "label": "yes"},
        {"user": "ben", "query": "Bad?", "label": "no", "labels": ["no", "maybe"]},
    )
    assert (first.id, second.id) == ("first", "2")
    assert first.truth == Reference("Tea, then bed.")
    assert first.history == (
        Document("My mail.", "Mail"),
        Statement("Keep it short."),
        Attribute("city", "Porto"),
        PastTurn("A?", (Option("x"), Option("y", ("t",))), groups=((1,), (0,))),
        PastTurn("B?", (Option("x"), Option("y"), Option("z")), groups=((2,), (0, 1))),
        PastTurn("C?", (Option("x"), Option("y")), pick=1),
        PastTurn("D?", (Option("x"),), rating=4.0),
        PastTurn("E?", (Option("x"),), edit="y"),
    )
    assert second.truth == Order((Option("x"), Option("y"), Option("z")), ((1,), (0, 2)))
    assert third.truth == Label("yes", ("yes", "no"))
    assert fourth.truth == Label("no", ("no", "maybe"))


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("not json", "row 2: this is not JSON"),
        ([1], "row 2: a row is a JSON object"),
        ({"query": "Q", "reference": "R"}, "row 2: there is no field 'user'"),
        (GOOD | {"user": 7}, "'user' must be a text, but is a whole number"),
        (GOOD | {"query": " "}, "'query' is empty"),
        (GOOD | {"histroy": []}, "there is no field 'histroy'. Did you mean 'history'?"),
        ({"user": "ana", "query": "Q"}, "nothing says what was right"),
        (GOOD | {"label": "yes"}, "reference and label are both there"),
        (GOOD | {"history": "x"}, "'history' must be a list"),
        (GOOD | {"history": ["x"]}, "history entry 0 must be an object, but is a text"),
        (
            GOOD | {"history": [{"statement": "a"}, {}]},
            "history entry 1: this has none",
        ),
        (
            GOOD | {"history": [{"statement": "a", "document": "b"}]},
            "(fields: document, statement)",
        ),
        (GOOD | {"history": [{"query": "q", "answer": "a"}]}, "nothing says what the user gave"),
        (GOOD | {"history": [{"query": "q", "answer": "a", "rating": 9}]}, "from 1 to 5, but is 9"),
        (GOOD | {"history": [{"attribute": "a"}]}, "no field 'value'"),
        ({"user": "a", "query": "q", "candidates": ["x"], "pick": 0}, "at least two answers"),
        ({"user": "a", "query": "q", "candidates": ["x", "y"]}, 'go with "ranking"'),
        ({"user": "a", "query": "q", "candidates": ["x", "y"], "pick": 2}, "from 0, but is 2"),
        (
            {"user": "a", "query": "q", "candidates": ["x", 3], "pick": 0},
            "candidate 1: 'text' must",
        ),
        (
            {"user": "a", "query": "q", "candidates": ["x", "y"], "ranking": [0, 0]},
            "more than once",
        ),
        ({"user": "a", "query": "q", "candidates": ["x", "y"], "ranking": ["x"]}, "from 0, best"),
        ({"user": "a", "query": "q", "label": "yes", "labels": ["no"]}, "does not hold the right"),
        (GOOD | {"id": "1"}, "an earlier row with the id '1'"),
        (GOOD | {"user": "a\nb"}, "printable"),
        (GOOD | {"reference": "a \ud800"}, "lone surrogate"),
        (GOOD | {"query": "a \x00"}, "NUL"),
    ],
)
def test_what_is_wrong_is_said_with_its_row(tmp_path: Path, row: Any, words: str) -> None:
    text = row if isinstance(row, str) else None
    with pytest.raises(InputError) as failed:
        load(tmp_path, GOOD, text or row)
    message = str(failed.value)
    assert words in message
    assert "mine.jsonl, row 2: " in message
    assert message.endswith(FORM)


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        load_tasks(tmp_path / "no.jsonl")
    with pytest.raises(InputError, match="is a folder"):
        load_tasks(tmp_path)
    with pytest.raises(InputError, match="holds no row"):
        load(tmp_path, "")


def test_the_form_is_one_that_is_read(tmp_path: Path) -> None:
    """Every example that an error shows is taken as it stands."""
    lines = [line.strip() for line in FORM.splitlines() if line.startswith("  ")]
    entries = [line for line in lines[1:] if line.startswith("{")]
    truths = [line for line in lines[1:] if not line.startswith("{")]
    history = f'"history": [{", ".join(entries)}]'
    asked = [f'{{"user": "ana", "query": "Q", {history}, {truth}}}' for truth in truths]
    found = load(tmp_path, lines[0], *asked)
    assert len(found) == 1 + 4
    assert len(found[1].history) == len(entries) == 7


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_marks_of_windows_make_no_difference(tmp_path: Path, mark: bytes) -> None:
    path = tmp_path / "mine.jsonl"
    line = json.dumps(GOOD).encode()
    path.write_bytes(mark + line + b"\r\n" + mark + line + b"\r\n\r\n")
    assert [task.query for task in load_tasks(path).tasks] == [GOOD["query"]] * 2


def test_other_encodings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.jsonl"
    for encoding in ("latin-1", "utf-16"):
        path.write_text(json.dumps(GOOD | {"query": "Grüße"}, ensure_ascii=False), encoding)
        with pytest.raises(FormatError, match=r"row 1: this is not UTF-8 text. Save the file as"):
            load_tasks(path)


def test_the_example_is_there() -> None:
    tasks = load_tasks("example")
    assert (tasks.name, len(tasks.users), len(tasks.tasks)) == ("example", 6, 18)


def test_tags_are_those_of_all_answers(tmp_path: Path) -> None:
    assert load_tasks(write(tmp_path / "mine.jsonl", rows())).tags == ("Hiking", "Theatre")


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    path = write(tmp_path / "mine.jsonl", rows())
    before = load_tasks(path).digest
    assert load_tasks(path).digest == before
    write(path, rows(queries=1))
    assert load_tasks(path).digest != before


def test_nothing_that_is_asked_for_is_pooled(tmp_path: Path) -> None:
    late = [{"statement": "a"}, {"document": "The answer to the second query."}]
    tasks = load(
        tmp_path,
        GOOD | {"history": late},
        GOOD | {"history": late[:1], "reference": "The answer to the second query."},
        GOOD | {"user": "ben", "history": [{"statement": "b"}]},
    )
    (own, first), (other, second) = pooled(tasks)
    assert own == (Statement("a"), Statement("b"))
    assert first == list(tasks[:2])
    assert other == (Statement("a"), Document("The answer to the second query."), Statement("b"))
    assert second == [tasks[2]]


def test_where_no_history_grows_there_is_one_pool(tmp_path: Path) -> None:
    tasks = load_tasks(write(tmp_path / "mine.jsonl", rows())).tasks
    ((pool, own),) = pooled(tasks)
    assert sorted(task.id for task in own) == sorted(task.id for task in tasks)
    assert set(pool) == {known for task in tasks for known in task.history}
