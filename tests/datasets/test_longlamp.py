"""LongLaMP on made-up rows, as JSON, as JSON Lines and as Parquet."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from tests.datasets.published import write_json, write_lines

from tailorlm.datasets.catalog import open_dataset
from tailorlm.datasets.lamp_tasks import UserSample
from tailorlm.datasets.longlamp import TASKS, load_longlamp
from tailorlm.errors import InputError, MissingExtraError, UnknownNameError

ROWS: dict[str, dict[str, Any]] = {
    "abstract_generation": {
        "name": "u1",
        "input": "Write an abstract.",
        "output": "We study soup.",
        "profile": [{"abstract": "Stew.", "id": "3", "title": "On stew", "year": 2001}],
    },
    "product_review": {
        "reviewerId": "u2",
        "input": "Write a review.",
        "output": "A fine pot.",
        "profile": [{"description": "Pan", "overall": "4.0", "reviewText": "Ok", "summary": "S"}],
    },
    "topic_writing": {
        "author": "u3",
        "input": "Write a post.",
        "output": "So I cooked.",
        "profile": [{"author": "u3", "content": "I ate.", "id": "x", "summary": "Ate"}],
    },
}


@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_its_fields(tmp_path: Path, task: str) -> None:
    row = ROWS[task]
    user, fields = TASKS[task]
    expected = UserSample(
        id="1",
        user=row[user],
        input=row["input"],
        output=row["output"],
        profile=({name: str(row["profile"][0][name]) for name in fields},),
    )
    for path in (
        write_json(tmp_path / "a.json", [row]),
        write_lines(tmp_path / "b.jsonl", [row]),
    ):
        assert list(load_longlamp(path, task)) == [expected]


def test_parquet_is_read_as_json_lines_are(tmp_path: Path) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    folder = tmp_path / "longlamp" / "product_review_user"
    folder.mkdir(parents=True)
    rows = [ROWS["product_review"], ROWS["product_review"] | {"reviewerId": "u9"}]
    parquet.write_table(pyarrow.Table.from_pylist(rows), folder / "test-00000-of-00001.parquet")
    found = list(open_dataset("longlamp", tmp_path, "product_review_user/test"))
    assert [sample.user for sample in found] == ["u2", "u9"]
    lines = write_lines(tmp_path / "same.jsonl", rows)
    assert found == list(load_longlamp(lines, "product_review"))
    with pytest.raises(InputError, match=r"holds no product_review_user/val\*"):
        list(open_dataset("longlamp", tmp_path, "product_review_user/val"))


def test_what_is_no_parquet(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    path = tmp_path / "a.parquet"
    with pytest.raises(InputError, match="There is no file"):
        list(load_longlamp(path, "product_review"))
    path.write_bytes(b"PAR0")
    with pytest.raises(InputError, match="is no Parquet file"):
        list(load_longlamp(path, "product_review"))


def test_parquet_without_pyarrow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"tailorlm\[hub\]"):
        list(load_longlamp(tmp_path / "a.parquet", "product_review"))


def test_errors_name_the_row(tmp_path: Path) -> None:
    bad = ROWS["topic_writing"] | {"profile": [{"summary": "S"}]}
    path = write_lines(tmp_path / "a.jsonl", [ROWS["topic_writing"], bad])
    with pytest.raises(InputError, match="row 2: profile item 0: there is no field 'content'"):
        list(load_longlamp(path, "topic_writing"))
    with pytest.raises(UnknownNameError, match="Did you mean 'topic_writing'"):
        list(load_longlamp(path, "topic_write"))
