from __future__ import annotations

import json
from pathlib import Path

import pytest

from tailorlm.datasets.profile_answers import load_profile_answers, load_profiles
from tailorlm.errors import InputError

ROW = {"id": "k1", "prompt": "Why?", "responses": {"A": "So.", "B": "Thus.", "generic": "Why not."}}


def write(path: Path, *rows: dict) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_prompts_are_read_in_order(tmp_path: Path) -> None:
    other = {**ROW, "id": "k2", "prompt": "How?"}
    first, second = load_profile_answers(write(tmp_path / "p.jsonl", ROW, other))
    assert (first.id, first.prompt, dict(first.answers)) == ("k1", "Why?", ROW["responses"])
    assert second.prompt == "How?"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"id": "k1"}, r"row 2: the id 'k1' stands in row 1"),
        ({"responses": {"A": "So.", "generic": "x"}}, "row 2: 'responses' needs"),
        ({"responses": {"A": "So.", "C": "x", "generic": "x"}}, "row 2: its profiles differ.*B, C"),
        ({"responses": {"A": " ", "B": "x", "generic": "x"}}, "row 2: the answer under 'A'"),
        ({"responses": {"A": 3, "B": "x", "generic": "x"}}, "row 2: the answer under 'A'"),
        ({"responses": []}, "row 2: 'responses' must be an object"),
        ({"prompt": ""}, "row 2: 'prompt' is empty"),
    ],
)
def test_a_bad_row_is_named(change: dict, says: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=says):
        load_profile_answers(write(tmp_path / "p.jsonl", ROW, {**ROW, "id": "k2", **change}))


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no rows"):
        load_profile_answers(write(tmp_path / "p.jsonl"))


def test_descriptions_of_profiles_are_read_and_checked(tmp_path: Path) -> None:
    path = tmp_path / "u.json"
    path.write_text('{"A": "short", "B": "long"}', "utf-8")
    assert load_profiles(path) == {"A": "short", "B": "long"}
    for bad in ("[]", "{}", '{"A": ""}', '{"A": 1}'):
        path.write_text(bad, "utf-8")
        with pytest.raises(InputError):
            load_profiles(path)
