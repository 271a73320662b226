"""PrefEval: preferences that a user states, chooses by or lets show, and questions they bear on.

PrefEval (Zhao et al. 2025, "Do LLMs Recognize Your Preferences?") gives 1,000 preferences, each
with a question whose obvious answer goes against it, and each in three forms: stated in one
sentence, shown by a choice among options, and mentioned by the way in a conversation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

from tailorlm.datasets.base import Row, read_objects, read_rows
from tailorlm.datasets.card import Card
from tailorlm.errors import InputError

Form = Literal["explicit", "choice", "persona"]
FORMS: tuple[Form, ...] = ("explicit", "choice", "persona")

_FILES: dict[Form, str] = {
    "explicit": "explicit_preference",
    "choice": "implicit_preference_choice_based",
    "persona": "implicit_preference_persona_driven",
}
_FOLDERS: dict[Form, str] = {
    "explicit": "explicit_preference",
    "choice": "implicit_preference/choice-based",
    "persona": "implicit_preference/persona-driven",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldPreference:
    """One preference of PrefEval.

    Attributes:
        topic: What it is about, as "travel_hotel".
        preference: The preference in one sentence.
        question: What is asked later, without mentioning it.
        messages: What the user said before, in order: the preference itself where the form is
            "explicit", otherwise the user's side of a conversation.
    """

    topic: str
    preference: str
    question: str
    messages: tuple[str, ...]


def load_prefeval(folder: str | Path, form: Form) -> list[HeldPreference]:
    """The preferences of one form.

    Args:
        folder: Holds either one JSON Lines file per form (``explicit_preference.jsonl``,
            ``implicit_preference_choice_based.jsonl``,
            ``implicit_preference_persona_driven.jsonl``; plain or .gz), or the folders of the
            published repository (``explicit_preference/TOPIC.json`` and so on).
        form: Which form.

    Raises:
        InputError: If there is no such data, or a row is not as described, with its number.
    """
    found = [_preference(row, topic, form) for row, topic in _rows(Path(folder), form)]
    if not found:
        raise InputError(f"{folder} holds no preference of the form {form!r}.")
    return found


def _rows(folder: Path, form: Form) -> Iterator[tuple[Row, str]]:
    """Each row with its topic."""
    for ending in (".jsonl", ".jsonl.gz"):
        path = folder / f"{_FILES[form]}{ending}"
        if path.is_file():
            for row in read_rows(path):
                yield row, row.text("topic")
            return
    topics = sorted((folder / _FOLDERS[form]).glob("*.json"))
    if not topics:
        raise InputError(
            f"{folder} holds neither {_FILES[form]}.jsonl (or .jsonl.gz) nor JSON files in "
            f"{_FOLDERS[form]}/. Name the folder that has PrefEval's data."
        )
    for path in topics:
        for row in read_objects(path, "objects"):
            yield row, path.stem


def _preference(row: Row, topic: str, form: Form) -> HeldPreference:
    preference = row.text("preference")
    return HeldPreference(
        topic=topic,
        preference=preference,
        question=row.text("question"),
        messages=(preference,) if form == "explicit" else _messages(row, form),
    )


def _messages(row: Row, form: Form) -> tuple[str, ...]:
    """What the user says in a row's conversation."""
    talk = Row(row.path, row.number, row.get("conversation", dict), "conversation: ")
    if form == "choice":
        return talk.text("query"), talk.text("user_selection")
    said = []
    for number in talk.data:
        turn = Row(row.path, row.number, talk.get(number, dict), f"conversation, turn {number}: ")
        said.append(turn.text("user"))
    if not said:
        row.fail("'conversation' is empty.")
    return tuple(said)


CARDS = (
    Card(
        name="prefeval",
        title="PrefEval, preferences and questions",
        use="does the prompt carry the one preference that matters",
        terms="CC BY-NC 4.0",
        licence="PrefEval (github.com/amazon-science/PrefEval): CC BY-NC 4.0. Not part of this "
        "package.",
        source="https://github.com/amazon-science/PrefEval (benchmark_dataset)",
        citation="Zhao et al. 2025, Do LLMs Recognize Your Preferences?",
        fields={
            "topic": "what it is about",
            "preference": "the preference in one sentence",
            "question": "what is asked later",
            "conversation": "where it is chosen or mentioned by the way",
        },
        files=("explicit_preference.jsonl", "explicit_preference/*.json"),
        open=lambda folder, form: load_prefeval(folder, cast("Form", form)),
        splits=FORMS,
        folders=("PrefEval", "benchmark_dataset"),
    ),
)
