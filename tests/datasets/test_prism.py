"""Conversations with people's scores, on rows made up in the published form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tailorlm.datasets.comparisons import Comparison
from tailorlm.datasets.prism import (
    load_prism_conversations,
    load_prism_users,
    load_prism_utterances,
)
from tailorlm.errors import InputError
from tailorlm.types import Message

PERSON = {
    "user_id": "user0",
    "self_description": "I like maps.",
    "system_string": "EMPTY STRING",
    "age": "25-34 years old",
    "gender": "Female",
    "education": "University Bachelors Degree",
    "employment_status": "Student",
    "marital_status": "Never been married",
    "english_proficiency": "Fluent",
    "stated_prefs": {
        "values": 10,
        "factuality": 95,
        "fluency": 70,
        "safety": 0,
        "diversity": 70,
        "other": 99,
        "other_text": None,
    },
    "order_stated_prefs": {"values": 1, "safety": 2, "fluency": 3},
}
TEXT = (
    "Age: 25-34 years old\nGender: Female\nEducation: University Bachelors Degree\n"
    "Employment: Student\nMarital status: Never been married\nEnglish: Fluent\n"
    "Matters most: factuality, diversity, fluency\nAbout myself: I like maps."
)


def said(turn: int, text: str, score: int, chosen: bool = False) -> dict[str, Any]:
    return {
        "turn": turn,
        "role": "model",
        "content": text,
        "model_provider": "p",
        "model_name": "m",
        "score": score,
        "if_chosen": chosen,
        "within_turn_id": 0,
    }


def asked(turn: int, text: str) -> dict[str, Any]:
    return {"turn": turn, "role": "user", "content": text}


TALK = {
    "conversation_id": "c0",
    "user_id": "user0",
    "conversation_type": "unguided",
    "opening_prompt": "Hi",
    "conversation_turns": 2,
    "conversation_history": [
        asked(0, "Hi"),
        said(0, "Hello!", 90, chosen=True),
        said(0, "What?", 5),
        said(0, "EMPTY STRING", 1),
        said(0, "Hey.", 90),
        asked(1, "Where is Bern?"),
        said(1, "No idea.", 20),
        said(1, "In Switzerland.", 80, chosen=True),
    ],
    "open_feedback": "Fine.",
}


def utterances(talk: dict[str, Any]) -> list[dict[str, Any]]:
    """The same conversation with one answer per row."""
    history = talk["conversation_history"]
    questions = {part["turn"]: part["content"] for part in history if part["role"] == "user"}
    return [
        {
            "utterance_id": f"ut{number}",
            "conversation_id": talk["conversation_id"],
            "user_id": talk["user_id"],
            "turn": part["turn"],
            "user_prompt": questions[part["turn"]],
            "model_response": part["content"],
            "score": part["score"],
            "if_chosen": part["if_chosen"],
        }
        for number, part in enumerate(history)
        if part["role"] == "model"
    ]


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_a_person_in_words_has_what_matters_most_not_what_was_shown_first(tmp_path: Path) -> None:
    assert load_prism_users(write(tmp_path / "survey.jsonl", [PERSON])) == {"user0": TEXT}
    with pytest.raises(InputError, match="row 2: the person 'user0' is there already"):
        load_prism_users(write(tmp_path / "twice.jsonl", [PERSON, PERSON]))


def test_conversations_and_utterances_give_the_same_comparisons(tmp_path: Path) -> None:
    users = {"user0": TEXT}
    talks = [TALK, TALK | {"conversation_id": "c1", "user_id": "user1"}]
    found = list(load_prism_conversations(write(tmp_path / "c.jsonl", talks), users))
    long = write(tmp_path / "u.jsonl", [row for talk in talks for row in utterances(talk)])
    assert list(load_prism_utterances(long, users)) == found
    first, second, third, _ = found
    assert first == Comparison.of_prompt("user0", "Hi", "Hello!", "What?", user_text=TEXT)
    assert second.messages == (
        Message("user", "Hi"),
        Message("assistant", "Hello!"),
        Message("user", "Where is Bern?"),
    )
    assert second.responses == ("In Switzerland.", "No idea.")
    assert (third.user, third.user_text) == ("user1", "")


def test_a_conversation_ends_where_nothing_was_chosen(tmp_path: Path) -> None:
    history = [dict(part) for part in TALK["conversation_history"]]
    history[1]["if_chosen"] = False
    rows = [TALK | {"conversation_history": history}]
    assert list(load_prism_conversations(write(tmp_path / "a.jsonl", rows))) == []
    history[1]["if_chosen"] = True
    history[0]["content"] = "EMPTY STRING"
    assert list(load_prism_conversations(write(tmp_path / "b.jsonl", rows))) == []


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ({"turn": "0"}, "row 2: message 1: 'turn' must be a whole number"),
        ({"role": "bot"}, "row 2: message 1: 'role' must be one of user, model, but is 'bot'."),
        ({"score": None}, "row 2: message 1: 'score' must be a whole number or a number"),
        ({"if_chosen": 1}, "row 2: message 1: 'if_chosen' must be true or false"),
    ],
)
def test_errors_name_the_row(tmp_path: Path, part: dict[str, Any], message: str) -> None:
    history = [dict(item) for item in TALK["conversation_history"]]
    history[1] |= part
    path = write(tmp_path / "a.jsonl", [TALK, TALK | {"conversation_history": history}])
    with pytest.raises(InputError) as caught:
        list(load_prism_conversations(path))
    assert message in str(caught.value)


def test_errors_of_utterances_name_the_row(tmp_path: Path) -> None:
    rows = utterances(TALK)
    rows[1]["user_id"] = "user9"
    with pytest.raises(InputError, match=r"row 2: the conversation 'c0' is by 'user9' here"):
        list(load_prism_utterances(write(tmp_path / "a.jsonl", rows)))
    rows[1].pop("user_id")
    with pytest.raises(InputError, match=r"row 2: there is no field 'user_id'"):
        list(load_prism_utterances(write(tmp_path / "b.jsonl", rows)))
