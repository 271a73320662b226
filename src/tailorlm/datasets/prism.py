"""Conversations that 1,500 people had with language models, and who they are: PRISM.

PRISM (Kirk et al., 2024) is published as JSON Lines (github.com/HannahKirk/prism-alignment):

- ``survey.jsonl``, a person per line: ``user_id``, demographics, ``self_description``,
  ``system_string`` (what they would tell a model) and ``stated_prefs`` (how much an aspect of
  answers matters, by name, 0 to 100). The ranks in ``order_stated_prefs`` are those in which the
  aspects were shown, not what mattered, and are not read.
- ``conversations.jsonl``, a conversation per line: ``conversation_id``, ``user_id`` and
  ``conversation_history``, a list of objects with ``turn``, ``role`` ("user" or "model"),
  ``content`` and, for a model, ``score`` (1 to 100) and ``if_chosen``.
- ``utterances.jsonl``, the same with one answer per line: ``conversation_id``, ``user_id``,
  ``turn``, ``user_prompt``, ``model_response``, ``score``, ``if_chosen``.

Where a person wrote nothing, the files have the words "EMPTY STRING".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tailorlm.datasets.base import Row, read_rows
from tailorlm.datasets.card import Card, find_file, matching
from tailorlm.datasets.comparisons import Comparison
from tailorlm.types import Message

LICENCE = (
    "PRISM (github.com/HannahKirk/prism-alignment): texts by people CC BY 4.0, answers of models "
    "CC BY-NC 4.0 and under their makers' terms; nobody may be identified. Not part of this "
    "package."
)
DEMOGRAPHICS = {
    "age": "Age",
    "gender": "Gender",
    "education": "Education",
    "employment_status": "Employment",
    "marital_status": "Marital status",
    "english_proficiency": "English",
}
"""Fields of the survey that go into a person's text, and what they are called there."""

_NOTHING = "EMPTY STRING"
_MOST_WISHES = 3
_OTHER = "other"
_CHAT = {"user": "user", "model": "assistant"}


@dataclass(frozen=True, slots=True)
class _Answer:
    text: str
    score: float
    is_chosen: bool


@dataclass(slots=True)
class _Turn:
    """What was asked in a turn, and the answers to it."""

    asked: str = ""
    answers: list[_Answer] = field(default_factory=list)


def load_prism_users(path: str | Path) -> dict[str, str]:
    """What is known of each person in words, from the survey: demographics and stated wishes.

    Raises:
        InputError: If the file cannot be read, or a row is not as described, with its number.
    """
    texts: dict[str, str] = {}
    for row in read_rows(path):
        user = row.text("user_id")
        if user in texts:
            row.fail(f"the person {user!r} is there already.")
        texts[user] = _user_text(row)
    return texts


def load_prism_conversations(
    path: str | Path, users: Mapping[str, str] | None = None
) -> Iterator[Comparison]:
    """Comparisons of ``conversations.jsonl``: the chosen answer of a turn against each other one.

    Each turn is a comparison by itself, as in the paper on P-RLHF (section 5.3): the conversation
    so far, with the chosen answers, is the prompt. An answer that has the chosen one's score, or a
    higher one, is not among the others.

    Args:
        path: The file.
        users: Texts of `load_prism_users`; a person who is not among them has none.

    Raises:
        InputError: If the file cannot be read, or a row is not as described, with its number.
    """
    for row in read_rows(path):
        turns: dict[int, _Turn] = defaultdict(_Turn)
        for part in row.rows("conversation_history", "message"):
            turn = turns[part.get("turn", int)]
            role, text = part.text("role"), _said(part.get("content", str))
            if role not in _CHAT:
                part.fail(f"'role' must be one of {', '.join(_CHAT)}, but is {role!r}.")
            if role == "user":
                turn.asked = text
            else:
                turn.answers.append(_answer(part, text))
        yield from _comparisons(row.text("user_id"), turns, users or {})


def load_prism_utterances(
    path: str | Path, users: Mapping[str, str] | None = None
) -> Iterator[Comparison]:
    """Comparisons of ``utterances.jsonl``, the same as of the conversations.

    Args:
        path: The file.
        users: Texts of `load_prism_users`; a person who is not among them has none.

    Raises:
        InputError: If the file cannot be read, or a row is not as described, with its number.
    """
    talks: dict[str, tuple[str, dict[int, _Turn]]] = {}
    for row in read_rows(path):
        name, user = row.text("conversation_id"), row.text("user_id")
        talker, turns = talks.setdefault(name, (user, {}))
        if talker != user:
            row.fail(f"the conversation {name!r} is by {user!r} here, and was by {talker!r}.")
        turn = turns.setdefault(row.get("turn", int), _Turn())
        turn.asked = _said(row.get("user_prompt", str))
        turn.answers.append(_answer(row, _said(row.get("model_response", str))))
    for user, turns in talks.values():
        yield from _comparisons(user, turns, users or {})


def _comparisons(
    user: str, turns: Mapping[int, _Turn], texts: Mapping[str, str]
) -> Iterator[Comparison]:
    history: list[Message] = []
    for _, turn in sorted(turns.items()):
        if not turn.asked:
            return
        history.append(Message("user", turn.asked))
        chosen = [answer for answer in turn.answers if answer.is_chosen and answer.text]
        if not chosen:
            return
        best = chosen[0]
        for answer in turn.answers:
            if answer.text and answer.text != best.text and answer.score < best.score:
                yield Comparison(
                    user=user,
                    messages=tuple(history),
                    responses=(best.text, answer.text),
                    user_text=texts.get(user, ""),
                )
        history.append(Message("assistant", best.text))


def _answer(row: Row, text: str) -> _Answer:
    return _Answer(text, float(row.get("score", int, float)), row.get("if_chosen", bool))


def _user_text(row: Row) -> str:
    lines = [
        f"{name}: {value.strip()}"
        for key, name in DEMOGRAPHICS.items()
        if (value := row.get(key, str)).strip()
    ]
    scores = row.get("stated_prefs", dict)
    rated = [(-score, name) for name, score in scores.items() if type(score) in (int, float)]
    first = [name for score, name in sorted(rated) if score < 0 and name != _OTHER][:_MOST_WISHES]
    if first:
        lines.append(f"Matters most: {', '.join(first)}")
    for key, name in (("self_description", "About myself"), ("system_string", "Wishes")):
        text = _said(row.get(key, str))
        if text:
            lines.append(f"{name}: {text}")
    return "\n".join(lines)


def _said(text: str) -> str:
    text = text.strip()
    return "" if text == _NOTHING else text


def _open(folder: Path, part: str) -> Iterator[Comparison]:
    surveys = matching(folder, "survey.jsonl")
    users = load_prism_users(surveys[0]) if surveys else {}
    path = find_file(folder, f"{part}.jsonl")
    load = load_prism_conversations if part == "conversations" else load_prism_utterances
    return load(path, users)


CARDS = (
    Card(
        name="prism",
        title="PRISM, scored answers by person",
        use="comparisons by 1,500 people with what they say of themselves",
        terms="CC BY and CC BY-NC 4.0",
        licence=LICENCE,
        source="https://github.com/HannahKirk/prism-alignment",
        citation="Kirk et al. 2024, The PRISM Alignment Dataset",
        fields={
            "user_id": "who",
            "conversation_history": "turns with role, content, score and if_chosen",
            "user_prompt, model_response, score, if_chosen": "the same, an answer per row",
            "stated_prefs, self_description, system_string": "what a person says, in the survey",
        },
        files=("conversations.jsonl", "utterances.jsonl"),
        open=_open,
        splits=("conversations", "utterances"),
        folders=("prism-alignment",),
        hub="HannahRoseKirk/prism-alignment",
        hub_files=("survey.jsonl", "conversations.jsonl", "utterances.jsonl"),
    ),
)
