"""Answers of a language model, kept in a file by what was asked: nothing is asked twice."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from tailorlm.llms.base import LLM, Completion, Request, Usage

ANSWERS = "answers.sqlite"
_BUSY_SECONDS = 60.0
_TABLE = "CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, answer TEXT NOT NULL)"


class KeptAnswers(LLM):
    """A language model that looks up first whether it was asked before.

    A request that is made several times by one method for one user, as by a method that wants
    several drafts, is as many questions: the second one has an answer of its own. Across methods
    and users the n-th time is the same question, so that methods with the same prompt have the
    same answer. Use it from one thread.

    Args:
        llm: Is asked what is not known yet.
        path: A SQLite file that several processes may use at once.

    Attributes:
        asked: Requests that went to the language model.
        found: Requests that were answered from the file.
    """

    name = "kept"

    def __init__(self, llm: LLM, path: Path) -> None:
        super().__init__()
        self._llm = llm
        self._times: Counter[str] = Counter()
        self._file = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
        self._file.execute(_TABLE)
        self.asked = 0
        self.found = 0

    @property
    def label(self) -> str:
        """That of the language model."""
        return self._llm.label

    def complete(self, request: Request) -> Completion:
        """Answer a request.

        Raises:
            LLMError: As the language model does.
        """
        return self.complete_many([request])[0]

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Answer requests: the known ones from the file, the others at once.

        Raises:
            LLMError: As the language model does.
        """
        keys = [self._key(request) for request in requests]
        answers = {key: answer for key in keys if (answer := self._look_up(key)) is not None}
        new = [(key, r) for key, r in zip(keys, requests, strict=True) if key not in answers]
        self.found += len(requests) - len(new)
        self.asked += len(new)
        if new:
            given = self._llm.complete_many([request for _, request in new])
            for (key, _), completion in zip(new, given, strict=True):
                self._file.execute(
                    "INSERT OR IGNORE INTO answers VALUES (?, ?)",
                    (key, json.dumps(asdict(completion))),
                )
                # Another may have asked the same at the same time: what came first counts for both.
                answers[key] = self._look_up(key) or completion
        return [answers[key] for key in keys]

    def close(self) -> None:
        """Close the file; the language model stays open."""
        self._file.close()

    def _look_up(self, key: str) -> Completion | None:
        row = self._file.execute("SELECT answer FROM answers WHERE key = ?", (key,)).fetchone()
        if row is None:
            return None
        words = json.loads(row[0])
        return Completion(**words | {"usage": Usage(**words["usage"])})

    def _key(self, request: Request) -> str:
        plan = request.plan
        parts = [
            self.label,
            [asdict(message) for message in request.messages],
            request.temperature,
            request.max_tokens,
            request.seed,
            plan.soft_prompt if plan else "",
            # The demo writer works from the plan itself; for others it is in the messages.
            [plan.purpose, plan.tags, plan.rules] if plan and self._llm.is_demo else [],
        ]
        text = json.dumps(parts, ensure_ascii=False)
        self._times[text] += 1
        words = f"{self._times[text]} {text}".encode("utf-8", "surrogatepass")
        return hashlib.blake2b(words, digest_size=20).hexdigest()
