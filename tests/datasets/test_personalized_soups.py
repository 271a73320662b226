"""Pairs under six profiles, on files made up in the published form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tailorlm.datasets.comparisons import Comparison
from tailorlm.datasets.personalized_soups import PROFILES, load_soups_file, load_soups_pairs
from tailorlm.errors import InputError

ROWS = [
    {"user_input": "Why is it blue?", "completion_a": "Light bounces.", "completion_b": "Eh."},
    {
        "user_input": "Why is it blue? ",
        "completion_a": "Light bounces.",
        "completion_b": "Eh.",
    },
    {"user_input": "Same?", "completion_a": "Yes.", "completion_b": "Yes. "},
    {"user_input": "Name a fruit.", "completion_a": "Pear.", "completion_b": "A pear, friend!"},
]


def test_each_profile_is_a_user(tmp_path: Path) -> None:
    for name in PROFILES:
        (tmp_path / f"{name}.json").write_text(json.dumps(ROWS), "utf-8")
    found = load_soups_pairs(tmp_path)
    assert list(found) == ["P1A", "P1B", "P2A", "P2B", "P3A", "P3B"]
    assert found["P2A"] == (
        Comparison.of_prompt("P2A", "Why is it blue?", "Light bounces.", "Eh."),
        Comparison.of_prompt("P2A", "Name a fruit.", "Pear.", "A pear, friend!"),
    )
    assert list(load_soups_pairs(tmp_path, ["P3B"])) == ["P3B"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": 1}, "must hold a list of pairs"),
        ([ROWS[0], 3], "row 2: one of the pairs is no object."),
        ([ROWS[0], {"user_input": "a", "completion_a": "b"}], "row 2: there is no field 'completi"),
        ([ROWS[0] | {"user_input": ""}], "row 1: 'user_input' is empty."),
    ],
)
def test_errors_name_the_row(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / "P1A.json"
    path.write_text(json.dumps(content), "utf-8")
    with pytest.raises(InputError) as caught:
        load_soups_file(path, "P1A")
    assert message in str(caught.value)
    with pytest.raises(InputError, match=r"no file .*P1B"):
        load_soups_pairs(tmp_path, ["P1B"])
