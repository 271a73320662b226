"""Questions over long histories, made up in the published form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.datasets.published import write_csv, write_lines

from tailorlm.datasets.personamem import MemoryQuestion, load_personamem
from tailorlm.errors import InputError
from tailorlm.types import Message

TALK = [
    {"role": "system", "content": "Persona: a cook."},
    {"role": "user", "content": "I like soup."},
    {"role": "assistant", "content": "Good."},
    {"role": "user", "content": "No more soup."},
]
QUESTION = {
    "persona_id": "0",
    "question_id": "q1",
    "question_type": "recall",
    "topic": "food",
    "user_question_or_message": "What to eat?",
    "correct_answer": "(b)",
    "all_options": "['(a) Soup, as you like.', \"(b) Anything but soup, isn't it?\"]",
    "shared_context_id": "c1",
    "end_index_in_shared_context": "2",
}


def load(folder: Path, row: dict[str, Any], contexts: list[Any] | None = None) -> Any:
    return list(
        load_personamem(
            write_csv(folder / "q.csv", [row]),
            write_lines(folder / "c.jsonl", contexts or [{"c0": []}, {"c1": TALK}]),
        )
    )


def test_a_question_has_the_history_up_to_it(tmp_path: Path) -> None:
    assert load(tmp_path, QUESTION) == [
        MemoryQuestion(
            id="q1",
            user="0",
            kind="recall",
            topic="food",
            question="What to eat?",
            options=("Soup, as you like.", "Anything but soup, isn't it?"),
            correct=1,
            history=(Message("system", "Persona: a cook."), Message("user", "I like soup.")),
        )
    ]


def test_the_earlier_version_has_other_columns(tmp_path: Path) -> None:
    row = {name: value for name, value in QUESTION.items() if name != "persona_id"}
    row["question"] = row.pop("user_question_or_message")
    (found,) = load(tmp_path, row)
    assert (found.user, found.question) == ("", "What to eat?")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"shared_context_id": "c9"}, "row 2: c.jsonl has no context 'c9'."),
        ({"end_index_in_shared_context": "5"}, "is 5, but the context has 4 messages."),
        ({"end_index_in_shared_context": "x"}, "must be a number, but is 'x'."),
        ({"correct_answer": "(d)"}, "row 2: 'correct_answer' is 'd', which is no option."),
        ({"all_options": "nothing"}, "must be a list as Python writes it, but is 'nothing'."),
        ({"all_options": "['(a) One.']"}, "must hold two or more, each with a letter"),
        ({"all_options": "['(a) One.', 'Two.']"}, "must hold two or more, each with a letter"),
        ({"all_options": "__import__('os')"}, "must be a list as Python writes it"),
    ],
)
def test_errors_name_the_row(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, QUESTION | change)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("contexts", "message"),
    [
        ([{"c1": TALK}, {"c1": TALK}], "row 2: the context 'c1' is there already."),
        ([{"c1": [{"role": "nobody", "content": ""}]}], "row 1: message 0: 'role' must be one of"),
        ([{"c1": 3}], "row 1: 'c1' must be a list, but is a whole number."),
    ],
)
def test_errors_in_the_contexts(tmp_path: Path, contexts: list[Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        load(tmp_path, QUESTION, contexts)
    assert message in str(caught.value)
