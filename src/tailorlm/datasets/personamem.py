"""PersonaMem: what to answer a user whose preferences changed over many conversations.

PersonaMem (Jiang et al. 2025, "Know Me, Respond to Me") is published in three lengths, "32k",
"128k" and "1M" (github.com/bowen-upenn/PersonaMem): ``questions_32k.csv`` with a question per row,
and ``shared_contexts_32k.jsonl`` with one object per line that has one field, from the context's id
to its messages. A question has ``question_id``, ``question_type``, ``topic``,
``user_question_or_message`` (``question`` in an earlier version), ``all_options`` (a list as Python
writes it, each option with its letter), ``correct_answer`` (as "(c)"), ``shared_context_id``,
``end_index_in_shared_context`` and, but in the earlier version, ``persona_id``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from tailorlm.datasets.base import Row, read_rows, read_table
from tailorlm.datasets.card import Card, find_file
from tailorlm.types import Message, Role

LICENCE = (
    "PersonaMem (huggingface.co/datasets/bowen-upenn/PersonaMem-v1): MIT. Not part of this package."
)
SIZES = ("32k", "128k", "1M")
_ROLES: tuple[Role, ...] = get_args(Role)
_OPTION = re.compile(r"\A\(([a-z])\)\s*(.*)\Z", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryQuestion:
    """One question with answers to choose from.

    Attributes:
        id: Unique in the file.
        user: Who asks; "" in the version that does not say.
        kind: What is tested, as "recalling_the_latest_user_preferences".
        topic: What it is about.
        question: What the user says.
        options: Answers to choose from.
        correct: Position of the one that fits the user.
        history: The conversations before it.
    """

    id: str
    user: str
    kind: str
    topic: str
    question: str
    options: tuple[str, ...]
    correct: int
    history: tuple[Message, ...]


def load_personamem(questions: str | Path, contexts: str | Path) -> Iterator[MemoryQuestion]:
    """Read the questions of a length with their histories, plain or gzip, in order.

    Args:
        questions: The CSV file.
        contexts: The JSON Lines file.

    Raises:
        InputError: If a file cannot be read, or a row is not as described, with its number (for
            the CSV file, the line it ends on).
    """
    histories = _contexts(contexts)
    for row in read_table(questions):
        context = row.text("shared_context_id")
        if context not in histories:
            row.fail(f"{Path(contexts).name} has no context {context[:40]!r}.")
        history = histories[context]
        end = row.numeric("end_index_in_shared_context")
        if end != int(end) or not 0 <= end <= len(history):
            row.fail(
                f"'end_index_in_shared_context' is {end:g}, but the context has {len(history)} "
                "messages."
            )
        letters, options = _options(row)
        correct = row.text("correct_answer").strip().strip("()").casefold()
        if correct not in letters:
            row.fail(f"'correct_answer' is {correct[:20]!r}, which is no option.")
        asked = "user_question_or_message"
        yield MemoryQuestion(
            id=row.text("question_id"),
            user=row.plain("persona_id") if "persona_id" in row.data else "",
            kind=row.text("question_type"),
            topic=row.text("topic"),
            question=row.text(asked if asked in row.data else "question"),
            options=options,
            correct=letters.index(correct),
            history=history[: int(end)],
        )


def _options(row: Row) -> tuple[list[str], tuple[str, ...]]:
    """The options' letters and their texts."""
    matches = [_OPTION.match(str(option)) for option in row.literal("all_options", list)]
    found = [(match[1], match[2]) for match in matches if match]
    if len(found) < 2 or len(found) < len(matches):
        row.fail("'all_options' must hold two or more, each with a letter, as '(a) Yes.'.")
    return [letter for letter, _ in found], tuple(text for _, text in found)


def _contexts(path: str | Path) -> dict[str, tuple[Message, ...]]:
    found: dict[str, tuple[Message, ...]] = {}
    for row in read_rows(path):
        for name in row.data:
            if name in found:
                row.fail(f"the context {name[:40]!r} is there already.")
            found[name] = tuple(_message(part) for part in row.rows(name, "message"))
    return found


def _message(row: Row) -> Message:
    role = next((role for role in _ROLES if role == row.data.get("role")), None)
    if role is None:
        row.fail(f"'role' must be one of {', '.join(_ROLES)}, but is {row.data.get('role')!r}.")
    return Message(role, row.get("content", str))


def _open(folder: Path, split: str) -> Iterator[MemoryQuestion]:
    return load_personamem(
        find_file(folder, f"**/questions_{split}.csv"),
        find_file(folder, f"**/shared_contexts_{split}.jsonl"),
    )


CARDS = (
    Card(
        name="personamem",
        title="PersonaMem, changing preferences",
        use="does an answer follow what the user wants by now; multiple choice",
        terms="MIT",
        licence=LICENCE,
        source="https://github.com/bowen-upenn/PersonaMem",
        citation="Jiang et al. 2025, Know Me, Respond to Me",
        fields={
            "question_id, question_type, topic": "which question, of what kind, about what",
            "persona_id": "who asks",
            "user_question_or_message": "what the user says",
            "all_options, correct_answer": "answers to choose from, and the letter of the fitting",
            "shared_context_id, end_index_in_shared_context": "the conversations before it",
        },
        files=("**/questions_*.csv",),
        open=_open,
        splits=SIZES,
        folders=("PersonaMem",),
        hub="bowen-upenn/PersonaMem-v1",
        hub_files=("*questions_*.csv", "*shared_contexts_*.jsonl"),
    ),
)
