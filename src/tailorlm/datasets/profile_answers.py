"""Prompts answered under several profiles of readers: JSON Lines with one prompt per row.

A row has ``id``, ``prompt`` and ``responses``: an object from the profile's name to its answer,
with one more answer, "generic", that was written for nobody. The profiles themselves stand in a
JSON file of their own, an object from name to description.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import Row, read_json, read_rows
from tailorlm.errors import InputError

GENERIC = "generic"
"""Name of the answer that follows no profile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProfileAnswers:
    """One prompt with an answer under each profile.

    Attributes:
        id: Unique in the file.
        prompt: What was asked.
        answers: The answer of each profile by its name, and the generic one.
    """

    id: str
    prompt: str
    answers: Mapping[str, str]


def load_profile_answers(path: str | Path) -> list[ProfileAnswers]:
    """Read prompts with their answers, plain or gzip, in the order of the file.

    Raises:
        InputError: If the file cannot be read, holds no rows, or a row is not as described or has
            other profiles than the first, with its number.
    """
    found: list[ProfileAnswers] = []
    first_row: dict[str, int] = {}
    for row in read_rows(path):
        one = _read(row)
        if one.id in first_row:
            row.fail(f"the id {one.id!r} stands in row {first_row[one.id]} already.")
        if found and one.answers.keys() != found[0].answers.keys():
            differing = sorted(one.answers.keys() ^ found[0].answers.keys())
            row.fail(f"its profiles differ from those of the first row: {', '.join(differing)}.")
        first_row[one.id] = row.number
        found.append(one)
    if not found:
        raise InputError(f"{path} holds no rows. Expected one JSON object per line.")
    return found


def load_profiles(path: str | Path) -> dict[str, str]:
    """Read what each profile asks for.

    Raises:
        InputError: If the file cannot be read or is no object of texts.
    """
    value = read_json(path)
    if not isinstance(value, dict) or not value:
        raise InputError(f"{path} must hold an object from profile names to descriptions.")
    for name, words in value.items():
        if not isinstance(words, str) or not words.strip():
            raise InputError(f"{path}: the description of {name[:40]!r} is no text.")
    return value


def _read(row: Row) -> ProfileAnswers:
    answers = row.get("responses", dict)
    for name, text in answers.items():
        if not isinstance(text, str) or not text.strip():
            row.fail(f"the answer under {name[:40]!r} is empty or no text.")
    if GENERIC not in answers or len(answers) < 3:
        row.fail(f"'responses' needs answers under two profiles and one under {GENERIC!r}.")
    return ProfileAnswers(id=row.text("id"), prompt=row.text("prompt"), answers=answers)
