"""Comparisons as rows of a file, and what is left out of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.datasets.comparisons import (
    Comparison,
    cleaned,
    read_comparisons,
    write_comparisons,
)
from tailorlm.errors import InputError
from tailorlm.types import Message

ROW = {"user": "ana", "prompt": "Hi", "chosen": "Hello", "rejected": "Go away"}
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


def write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_the_forms_of_a_row(tmp_path: Path) -> None:
    talk = [{"role": "system", "content": ""}, {"role": "user", "content": "Hi"}]
    path = write(
        tmp_path / "a.jsonl",
        ROW,
        {"prompt": "Hi", "responses": ["a", "b", "c"], "user_text": " Age: 30 "},
        {"user": None, "messages": talk, "responses": ["a", ""]},
    )
    pair, ranked, talked = read_comparisons(path)
    assert pair == Comparison.of_prompt("ana", "Hi", "Hello", "Go away")
    assert ranked == Comparison.of_prompt("", "Hi", "a", "b", "c", user_text="Age: 30")
    assert talked.messages == (Message("system", ""), Message("user", "Hi"))
    assert (talked.user, talked.responses) == ("", ("a", ""))


@given(
    st.lists(
        st.builds(
            Comparison,
            user=TEXT.map(str.strip),
            messages=st.lists(TEXT.map(lambda text: Message("user", f"{text}?")), min_size=1).map(
                tuple
            ),
            responses=st.lists(TEXT, min_size=2, max_size=4).map(tuple),
            user_text=TEXT.map(str.strip),
        ),
        max_size=4,
    )
)
def test_what_is_written_is_read_again(
    tmp_path_factory: pytest.TempPathFactory, comparisons: list[Comparison]
) -> None:
    path = tmp_path_factory.mktemp("rows") / "a.jsonl"
    assert write_comparisons(path, comparisons) == len(comparisons)
    assert list(read_comparisons(path)) == comparisons


def test_a_file_is_not_replaced_unless_told_and_never_half_written(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    one = Comparison.of_prompt("ana", "Hi", "a", "b")
    write_comparisons(path, [one])
    with pytest.raises(InputError, match=r"exists already\. Choose another name or add --force"):
        write_comparisons(path, [])

    def failing():
        yield one
        raise InputError("broken")

    with pytest.raises(InputError, match="broken"):
        write_comparisons(path, failing(), replace=True)
    assert list(read_comparisons(path)) == [one]
    assert list(tmp_path.iterdir()) == [path]
    with pytest.raises(InputError, match="Name a file"):
        write_comparisons(tmp_path, [one], replace=True)
    assert write_comparisons(path, [one, one], replace=True) == 2


def test_what_says_nothing_is_left_out_and_counted() -> None:
    one = Comparison.of_prompt("ana", "Hi", "a", "b")
    given = [
        one,
        Comparison.of_prompt("ana", "Hi", "same", " same "),
        Comparison.of_prompt("ana", "Hi", " ", "b"),
        Comparison.of_prompt("bo", "Hi", "a", "", "b", "a"),
    ]
    found = cleaned(given)
    assert found.comparisons == (one, Comparison.of_prompt("bo", "Hi", "a", "b"))
    assert (found.empty, found.equal, found.left_out) == (2, 2, 2)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({**ROW, "prompt": " "}, "row 2: 'prompt' is empty."),
        ({**ROW, "user": 3}, "row 2: 'user' must be a text or null, but is a whole number."),
        ({**ROW, "messages": []}, "row 2: there must be either 'prompt' or 'messages'."),
        ({"user": "a", "chosen": "x", "rejected": "y"}, "either 'prompt' or 'messages'"),
        ({"prompt": "Hi", "chosen": "x"}, "row 2: there is no field 'rejected'."),
        ({"prompt": "Hi", "responses": ["x"]}, "best first, but holds 1."),
        ({"prompt": "Hi", "responses": ["x", 1]}, "row 2: 'responses' must hold texts."),
        ({"messages": [], "responses": ["x", "y"]}, "must end with what is to be answered"),
        (
            {"messages": [{"role": "bot", "content": ""}], "responses": ["x", "y"]},
            "row 2: message 0: 'role' must be one of system, user, assistant, but is 'bot'.",
        ),
        (
            {"messages": [{"role": "assistant", "content": "Hi"}], "responses": ["x", "y"]},
            "must end with what is to be answered",
        ),
    ],
)
def test_errors_name_the_row(tmp_path: Path, row: Any, message: str) -> None:
    path = write(tmp_path / "a.jsonl", ROW, row)
    with pytest.raises(InputError) as caught:
        list(read_comparisons(path))
    assert message in str(caught.value)
