from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tailorlm.datasets.summary_reviews import load_summary_reviews
from tailorlm.errors import InputError


def row(**change: Any) -> dict[str, Any]:
    review = {"worker_id": "3", "overall-rating": 55, **change}
    systems = {"human": {"response": "A ship lands.", "reviews": [review]}, "overall": {"x": 1}}
    return {"passage-id": "p1", "questions": {"0": systems}}


def write(path: Path, *rows: dict) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in rows), "utf-8")
    return path


def test_reviews_are_read(tmp_path: Path) -> None:
    (one,) = load_summary_reviews(write(tmp_path / "s.jsonl", row()))
    assert (one.passage, one.question, one.system) == ("p1", "p1/0", "human")
    assert (one.text, one.reviewer, one.rating) == ("A ship lands.", "3", 55.0)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        (row(**{"overall-rating": "high"}), "row 2: question '0', human: review 0: 'overall-rat"),
        (row(worker_id=""), "row 2: .*'worker_id' is empty"),
        ({"passage-id": "p", "questions": {"0": []}}, "row 2: question '0' must be an object"),
        ({"passage-id": "p", "questions": {"0": {"bart": 1}}}, "row 2: .*system 'bart'"),
        ({"passage-id": "p"}, "row 2: there is no field 'questions'"),
    ],
)
def test_a_bad_row_is_named(bad: dict, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        load_summary_reviews(write(tmp_path / "s.jsonl", row(), bad))


def test_a_file_without_reviews_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no reviews"):
        load_summary_reviews(write(tmp_path / "s.jsonl", {"passage-id": "p", "questions": {}}))
