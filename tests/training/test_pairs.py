"""What a preference agent is trained on, read from files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tailorlm.errors import InputError
from tailorlm.training import Pair, email_pairs, read_pairs
from tailorlm.writing.agent_prompt import agent_prompt, read_rules, writer_prompt

MAIL = {
    "author": "ines",
    "subject": "Boiler room",
    "intent": ["The key is lost", "Ask for another"],
    "rules": ["Skip the greeting.", "Two sentences."],
    "body": " Lost the key.  Send me another, please.\n",
}


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_pairs_are_read_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "p.jsonl", {"input": "a ", "target": "b", "note": 1})
    assert read_pairs(path) == [Pair("a ", "b")]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        ({"input": "a"}, "no field 'target'"),
        ({"input": "a", "target": " "}, "'target' is empty"),
        ({"input": 1, "target": "b"}, "'input' must be a text"),
    ],
)
def test_a_row_that_is_no_pair(tmp_path: Path, row: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError, match=f"row 1: .*{problem}"):
        read_pairs(write(tmp_path / "p.jsonl", row))


def test_no_pairs(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no pairs"):
        read_pairs(write(tmp_path / "p.jsonl"))
    with pytest.raises(InputError, match="no file"):
        read_pairs(tmp_path / "q.jsonl")


def test_mails_give_rules_or_themselves_for_the_same_input(tmp_path: Path) -> None:
    path = write(tmp_path / "m.jsonl", MAIL, MAIL | {"recipient": "Bo", "kind": "note"})
    plain, detailed = email_pairs(path)
    assert plain.input == agent_prompt(MAIL["subject"], MAIL["intent"])
    assert read_rules(plain.target) == tuple(MAIL["rules"])
    assert detailed.input == agent_prompt(MAIL["subject"], MAIL["intent"], "Bo", "note")
    text = email_pairs(path, "text")[0]
    assert text.input == writer_prompt(MAIL["subject"], MAIL["intent"])
    assert text.target == "Lost the key.  Send me another, please."


def test_only_the_split_and_the_author_asked_for(tmp_path: Path) -> None:
    rows = [MAIL, MAIL | {"split": "test", "rules": []}, MAIL | {"author": "bo", "split": "train"}]
    path = write(tmp_path / "m.jsonl", *rows)
    assert len(email_pairs(path)) == 2
    assert len(email_pairs(path, author="ines")) == 1
    assert len(email_pairs(path, "text", split="test")) == 2
    with pytest.raises(InputError, match=r"no mail by 'inez'\. Did you mean 'ines'"):
        email_pairs(path, author="inez")
    with pytest.raises(InputError, match="There are 2 authors"):
        email_pairs(path, author="x")
    path = write(tmp_path / "t.jsonl", MAIL | {"split": "test"})
    with pytest.raises(InputError, match="no mail in the split 'train'"):
        email_pairs(path)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rules": []}, "'rules' are to be learned"),
        ({"rules": "one"}, "'rules' must be a list"),
        ({"rules": [1]}, "'rules' must hold texts"),
        ({"subject": None}, "'subject' must be a text"),
        ({"subject": "", "intent": []}, "nothing to write about"),
    ],
)
def test_a_mail_that_cannot_be_learned(
    tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    path = write(tmp_path / "m.jsonl", MAIL, MAIL | change)
    with pytest.raises(InputError, match=f"row 2: .*{problem}"):
        email_pairs(path)
