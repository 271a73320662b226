"""What `edit_rules` keeps of a user: the forms of the newest texts, before and after."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from tailorlm.errors import StateError
from tailorlm.methods._edit_phrases import Phrases
from tailorlm.methods._edit_population import Entry, read_population
from tailorlm.methods._memories import pack, unpack
from tailorlm.methods._said import Said
from tailorlm.retrievers.memory import Memory
from tailorlm.writing.differences import Form

FloatArray = npt.NDArray[np.float64]

WINDOW = 64
"""Newest texts of a user that are kept."""
_DIGITS = 4


@dataclass(frozen=True, eq=False)
class EditState:
    """What has been learned of one user.

    Attributes:
        entries: The newest texts, oldest first; at most `WINDOW`.
        memory: What each was about, one item per entry, in the same order.
        phrases: Phrases that come and go again and again.
        said: What the user said.
        population: What is known of all users, as `fit` gives it; b"" for nothing.
        seen: Texts ever learned from.
    """

    entries: tuple[Entry, ...] = ()
    memory: Memory = field(default_factory=lambda: Memory(limit=WINDOW))
    phrases: Phrases = field(default_factory=Phrases)
    said: Said = field(default_factory=Said)
    population: bytes = b""
    seen: int = 0

    @property
    def topics(self) -> FloatArray:
        """Topics of the entries, (n, topics)."""
        return np.array([entry.topics for entry in self.entries], dtype=np.float64)


def rounded(shares: FloatArray) -> tuple[float, ...]:
    """Topic shares as they are kept."""
    return tuple(round(float(share), _DIGITS) for share in shares)


def dump_state(state: EditState) -> bytes:
    """The state as bytes."""
    learned = {
        "seen": state.seen,
        "entries": [_entry_row(entry) for entry in state.entries],
        "phrases": state.phrases.as_json(),
    }
    text = json.dumps(learned, ensure_ascii=False, separators=(",", ":"))
    body = text.encode("utf-8", "replace")
    return pack(body, state.said.to_bytes(), state.memory.to_bytes(), state.population)


def load_state(data: bytes) -> EditState:
    """The state of `dump_state`.

    Raises:
        StateError: If the bytes are something else.
    """
    body, said, memory, population = unpack(data, 4, "edit_rules")
    try:
        learned = json.loads(body)
        entries = tuple(_entry(row) for row in learned["entries"])
        phrases, seen = Phrases.from_json(learned["phrases"]), int(learned["seen"])
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise StateError(
            f"The edit_rules state is damaged ({type(error).__name__}). Rebuild it from the log."
        ) from None
    kept = Memory.from_bytes(memory)
    if len(kept) != len(entries):
        raise StateError("The edit_rules state is damaged. Rebuild it from the log.")
    read_population(population)
    return EditState(entries, kept, phrases, Said.from_bytes(said), population, seen)


def _entry_row(entry: Entry) -> list[Any]:
    before = None if entry.before is None else _form_row(entry.before)
    return [entry.position, entry.time, entry.kind, entry.weight, before, _form_row(entry.after),
            list(entry.topics)]  # fmt: skip


def _form_row(form: Form) -> list[Any]:
    return [dict(form.values), form.words, form.sentence_words]


def _entry(row: Sequence[Any]) -> Entry:
    position, time, kind, weight, before, after, topics = row
    return Entry(
        int(position),
        float(time),
        str(kind),
        float(weight),
        None if before is None else _form(before),
        _form(after),
        tuple(float(share) for share in topics),
    )


def _form(row: Sequence[Any]) -> Form:
    values, words, sentence_words = row
    if not isinstance(values, Mapping):
        raise TypeError("the values of a form are missing")
    return Form(dict(values), int(words), float(sentence_words))
