"""Reading PrefEval, in one file per form and as its repository has it."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from tailorlm.datasets.prefeval import HeldPreference, load_prefeval
from tailorlm.errors import InputError

ROW = {"topic": "food", "preference": "I avoid nuts.", "question": "What should I bake?"}
CHOICE = ROW | {
    "conversation": {"query": "A snack?", "user_selection": "Option 1.", "assistant_options": "1."}
}
PERSONA = ROW | {
    "conversation": {
        "0": {"user": "Hello", "assistant": "Hi"},
        "1": {"user": "I skip nuts.", "assistant": "Fine"},
    }
}


def write(folder: Path, name: str, *rows: dict) -> None:
    text = "\n".join(json.dumps(row) for row in rows)
    if name.endswith(".gz"):
        (folder / name).write_bytes(gzip.compress(text.encode()))
    else:
        (folder / name).write_text(text, "utf-8")


def test_each_form_gives_what_the_user_said(tmp_path: Path) -> None:
    write(tmp_path, "explicit_preference.jsonl", ROW)
    write(tmp_path, "implicit_preference_choice_based.jsonl.gz", CHOICE)
    write(tmp_path, "implicit_preference_persona_driven.jsonl", PERSONA)
    expected = {
        "explicit": ("I avoid nuts.",),
        "choice": ("A snack?", "Option 1."),
        "persona": ("Hello", "I skip nuts."),
    }
    for form, messages in expected.items():
        assert load_prefeval(tmp_path, form) == [HeldPreference(**ROW, messages=messages)]


def test_the_layout_of_the_repository(tmp_path: Path) -> None:
    folder = tmp_path / "implicit_preference" / "choice-based"
    folder.mkdir(parents=True)
    row = {name: value for name, value in CHOICE.items() if name != "topic"}
    (folder / "food.json").write_text(json.dumps([row, row]), "utf-8")
    found = load_prefeval(tmp_path, "choice")
    assert [held.topic for held in found] == ["food", "food"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "holds no preference"),
        ([{"topic": "x"}], "row 1: there is no field 'preference'"),
        ([ROW, ROW | {"question": " "}], "row 2: 'question' is empty"),
        ([ROW | {"preference": 3}], "'preference' must be a text"),
    ],
)
def test_bad_rows_are_named(tmp_path: Path, rows: list, message: str) -> None:
    write(tmp_path, "explicit_preference.jsonl", *rows)
    with pytest.raises(InputError, match=message):
        load_prefeval(tmp_path, "explicit")


@pytest.mark.parametrize(
    ("form", "talk", "message"),
    [
        ("choice", {"query": "A snack?"}, "conversation: there is no field 'user_selection'"),
        ("persona", {}, "'conversation' is empty"),
        ("persona", {"0": {"assistant": "Hi"}}, "turn 0: there is no field 'user'"),
        ("persona", {"0": "Hi"}, "'0' must be an object"),
        ("persona", [], "'conversation' must be an object"),
    ],
)
def test_bad_conversations_are_named(tmp_path: Path, form: str, talk: object, message: str) -> None:
    name = {"choice": "choice_based", "persona": "persona_driven"}[form]
    write(tmp_path, f"implicit_preference_{name}.jsonl", ROW | {"conversation": talk})
    with pytest.raises(InputError, match=message):
        load_prefeval(tmp_path, form)


def test_a_folder_without_the_data_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds neither explicit_preference"):
        load_prefeval(tmp_path, "explicit")
    (tmp_path / "explicit_preference").mkdir()
    (tmp_path / "explicit_preference" / "food.json").write_text("{}", "utf-8")
    with pytest.raises(InputError, match="must hold a list of objects"):
        load_prefeval(tmp_path, "explicit")
