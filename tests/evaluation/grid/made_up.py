"""Made-up users with a few queries each, and language models that count."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

from tailorlm.errors import LLMConnectionError
from tailorlm.evaluation.grid import Settings
from tailorlm.llms.base import LLM, Completion, Request

USERS = ("ana", "ben", "cleo")
SAID = {"ana": "Keep it short.", "ben": "Use bullet points.", "cleo": "Write in lower case."}


def rows(users: tuple[str, ...] = USERS, queries: int = 2) -> list[dict[str, Any]]:
    """References, labels and rankings, as many of each for every user."""
    found: list[dict[str, Any]] = []
    for user in users:
        history: list[dict[str, Any]] = [
            {"statement": SAID.get(user, "Be brief.")},
            {"document": f"I am {user}. I like tea, and I say so in {len(user)} words."},
            {"query": "Tea?", "answer": "Yes, tea is fine.", "edit": f"Tea! {user}"},
            {
                "query": "A trip?",
                "candidates": [
                    {"text": "Climb a hill.", "tags": ["Hiking"]},
                    {"text": "See a play.", "tags": ["Theatre"]},
                ],
                "ranking": [0, 1] if user == "ana" else [1, 0],
            },
        ]
        for number in range(queries):
            common = {"user": user, "history": history}
            found += [
                common | {"query": f"Plan day {number}.", "reference": f"{user} rests and reads."},
                common | {"query": f"Is {number} good?", "label": "yes", "labels": ["yes", "no"]},
                common
                | {
                    "query": f"Where to, {number}?",
                    "candidates": [
                        {"text": "Up the mountain.", "tags": ["Hiking"]},
                        {"text": "To the stage.", "tags": ["Theatre"]},
                    ],
                    "pick": 0 if user == "ana" else 1,
                },
            ]
    return found


def write(path: Path, lines: list[Any]) -> Path:
    """A JSON Lines file."""
    text = "".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines)
    path.write_text(text, "utf-8")
    return path


def settings(folder: Path, **words: Any) -> Settings:
    """A grid of `rows` in a folder."""
    data = words.pop("data", None) or write(folder / "mine.jsonl", rows())
    return Settings(
        **{
            "methods": ("bayes_tags",),
            "data": data,
            "out": folder / "grid",
            "llm": "counting",
            "pooled": "bayes_tags",
        }
        | words
    )


class Counting(LLM):
    """Answers "yes", or with what it was asked; breaks off after some requests."""

    name = "counting"
    takes_model = False

    def __init__(self, breaks_after: int | None = None) -> None:
        super().__init__()
        self.requests: list[Request] = []
        self._left = breaks_after
        self._lock = threading.Lock()

    def complete(self, request: Request) -> Completion:
        with self._lock:
            if self._left is not None and len(self.requests) >= self._left:
                raise LLMConnectionError("The line is dead.")
            self.requests.append(request)
        last = request.messages[-1].content
        text = "Yes." if "one of these alone" in last else f"{last} {len(request.messages)}"
        return Completion(text=text, llm=self.label)
