"""Every prompt, output and score of a grid, a line each, from which a killed run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tailorlm.errors import InputError
from tailorlm.evaluation.grid.performing import Given
from tailorlm.evaluation.grid.scoring import Scores
from tailorlm.evaluation.grid.tasks import Task
from tailorlm.evaluation.metrics.scored import Unscored

JOURNAL = "journal.jsonl"
Key = tuple[str, str, str]
"""Row of the grid, method and task."""


class Journal:
    """What has been given, and how it was scored.

    The first line says what everything depends on. What was cut off when a run was killed is
    dropped.

    Args:
        path: The file; begun if it is not there.
        head: What everything depends on.

    Raises:
        InputError: If the file's own head is another one.
    """

    def __init__(self, path: Path, head: Mapping[str, Any]) -> None:
        self._path = path
        self.given: dict[Key, tuple[Given, Scores]] = {}
        if path.exists() and path.stat().st_size:
            self._read(dict(head))
        else:
            path.write_text(_line({"grid": dict(head)}), "utf-8")

    def has(self, row: str, method: str, tasks: Iterable[Task]) -> bool:
        """Whether all of some tasks were given."""
        return all((row, method, task.id) in self.given for task in tasks)

    def add(self, task_scores: Iterable[tuple[Task, Given, Scores]]) -> None:
        """Write down what a unit gave; a reader finds whole lines."""
        lines = []
        for task, given, scores in task_scores:
            self.given[given.row, given.method, task.id] = (given, scores)
            lines.append(_line(_as_dict(task, given, scores)))
        # In one piece, so that whoever kills the run kills no half of a unit.
        with self._path.open("ab", buffering=0) as file:
            file.write("".join(lines).encode("utf-8", "replace"))

    def _read(self, head: dict[str, Any]) -> None:
        data = self._path.read_bytes()
        whole = data[: data.rfind(b"\n") + 1]
        first, *lines = whole.split(b"\n")[:-1] or [b""]
        there = _parsed(first).get("grid")
        if there != json.loads(json.dumps(head)):
            changed = [name for name in head if (there or {}).get(name) != head[name]]
            raise InputError(
                f"{self._path.parent} holds another grid ({', '.join(changed)} differ). Give "
                "another folder, or begin anew with --force."
            )
        for line in lines:
            words = _parsed(line)
            if words:
                given, scores = _of_dict(words)
                self.given[given.row, given.method, given.task] = (given, scores)
        if len(whole) < len(data):
            with self._path.open("r+b") as file:
                file.truncate(len(whole))


def _line(words: Mapping[str, Any]) -> str:
    return json.dumps(words, ensure_ascii=False) + "\n"


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        words = json.loads(line)
    except ValueError:
        return {}
    return words if isinstance(words, dict) else {}


def _as_dict(task: Task, given: Given, scores: Scores) -> dict[str, Any]:
    words = asdict(given)
    words["messages"] = [{"role": role, "content": text} for role, text in given.messages]
    return {
        "row": words.pop("row"),
        "method": words.pop("method"),
        "task": words.pop("task"),
        "user": task.user,
        "query": task.query,
        **words,
        "scores": {k: v for k, v in scores.items() if not isinstance(v, Unscored)},
        "unscored": {k: v.reason for k, v in scores.items() if isinstance(v, Unscored)},
    }


def _of_dict(words: Mapping[str, Any]) -> tuple[Given, Scores]:
    own = {name: words[name] for name in Given.__dataclass_fields__ if name in words}
    own["messages"] = tuple((m["role"], m["content"]) for m in words["messages"])
    for name in ("tags", "rules", "tokens"):
        own[name] = tuple(own[name])
    if own["agreed"] is not None:
        own["agreed"] = tuple(own["agreed"])
    scores: dict[str, float | Unscored] = dict(words["scores"])
    scores |= {name: Unscored(reason) for name, reason in words["unscored"].items()}
    return Given(**own), scores
