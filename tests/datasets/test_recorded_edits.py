"""Recorded edits, and that what the user wants is read apart from them."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Any

import pytest
from tests.datasets.mails import edit, write

from tailorlm.datasets.recorded_edits import (
    RecordedEdit,
    load_hidden_preferences,
    load_recorded_edits,
)
from tailorlm.errors import InputError


def test_fields(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", [edit(2, "u"), edit(1, "v", edited="Noon, then.")])
    first, second = load_recorded_edits(path)
    assert (first.id, second.id) == ("m2", "m1")
    assert second.edited == "Noon, then."
    assert first.intent == ("we meet at noon",)


def test_what_the_user_wants_is_read_apart(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", [edit(1, "u"), edit(2, "v"), edit(3, "u")])
    assert "hidden_preference" not in {field.name for field in dataclasses.fields(RecordedEdit)}
    assert all("wants few words" not in repr(row) for row in load_recorded_edits(path))
    assert load_hidden_preferences(path) == {"u": "u wants few words", "v": "v wants few words"}


def test_files_without_it_have_edits_only(tmp_path: Path) -> None:
    row = edit(1, "u")
    del row["hidden_preference"]
    path = write(tmp_path / "e.jsonl", [row])
    assert len(load_recorded_edits(path)) == 1
    with pytest.raises(InputError, match="row 1: there is no field 'hidden_preference'"):
        load_hidden_preferences(path)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"edited": " "}, "row 2: 'edited' is empty."),
        ({"draft": 4}, "row 2: 'draft' must be a text, but is a whole number."),
        ({"user": "a\x00b"}, "row 2: "),
        ({"id": "m1"}, "row 2: the id 'm1' stands in row 1 already."),
        ({"intent": None}, "row 2: 'intent' must be a list, but is null."),
    ],
)
def test_errors_name_the_row(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    path = write(tmp_path / "e.jsonl", [edit(1, "u"), edit(2, "u") | fields])
    with pytest.raises(InputError) as caught:
        load_recorded_edits(path)
    assert message in str(caught.value)


def test_a_user_has_one_preference(tmp_path: Path) -> None:
    path = write(tmp_path / "e.jsonl", [edit(1, "u"), edit(2, "u", hidden_preference="other")])
    with pytest.raises(InputError, match="row 2: 'hidden_preference' differs"):
        load_hidden_preferences(path)
    with pytest.raises(InputError, match="holds no rows"):
        load_recorded_edits(write(tmp_path / "none.jsonl", []))


def test_the_real_data() -> None:
    data = Path(os.environ.get("TAILORLM_DATA", "../shared/data"))
    path = data.parent / "recordings" / "edits.jsonl"
    if not path.is_file():
        pytest.skip(f"there is no file {path}")
    edits = load_recorded_edits(path)
    users = {row.user for row in edits}
    assert (len(edits), len(users)) == (75, 5)
    assert set(load_hidden_preferences(path)) == users
