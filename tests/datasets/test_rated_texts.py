from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tailorlm.datasets.rated_texts import load_rated_texts
from tailorlm.errors import InputError

ROW = {
    "instance_id": "1",
    "user_id": "u7",
    "text": "You are late.",
    "offensiveness": "2.0",
    "gender": "Woman",
    "race": "",
    "age": "30-34",
    "occupation": "Baker",
    "education": "Trade school",
}


def write(path: Path, *rows: dict) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(ROW))
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_ratings_are_read_with_what_is_known_of_the_person(tmp_path: Path) -> None:
    (one,) = load_rated_texts(write(tmp_path / "r.csv", ROW))
    assert (one.instance, one.user, one.text, one.rating) == ("1", "u7", "You are late.", 2.0)
    assert one.demographics == {
        "gender": "Woman", "age": "30-34", "occupation": "Baker", "education": "Trade school",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"offensiveness": "6"}, "row 3: 'offensiveness' is a number from 1 to 5"),
        ({"offensiveness": "nan"}, "row 3: 'offensiveness'"),
        ({"offensiveness": "x"}, "row 3: 'offensiveness'"),
        ({"user_id": ""}, "row 3: 'user_id' is empty"),
        ({"text": "Another."}, "row 3: the text of instance '1' differs"),
    ],
)
def test_a_bad_row_is_named(change: dict, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        load_rated_texts(write(tmp_path / "r.csv", ROW, {**ROW, **change}))


def test_a_file_without_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no rows"):
        load_rated_texts(write(tmp_path / "r.csv"))
