"""What a run of the suite has finished, kept in a file so that an interrupted one goes on."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

JOURNAL = "journal.jsonl"


class Journal:
    """JSON values by key, a line each.

    The first line says what all values depend on; a file with another one is begun anew.

    Args:
        path: The file.
        head: What all values depend on.

    Attributes:
        resumed: Whether the file held anything that is used.
    """

    def __init__(self, path: Path, head: Mapping[str, Any]) -> None:
        self._path = path
        self._head = json.dumps(dict(head), sort_keys=True)
        self._kept: dict[str, Any] = {}
        lines = self._read()
        self.resumed = bool(lines)
        path.write_text("".join(f"{line}\n" for line in (self._head, *lines)), "utf-8")

    def get(self, key: str) -> Any | None:
        """The value of a key, or None."""
        return self._kept.get(key)

    def put(self, key: str, value: Any) -> None:
        """Keep a value, in place of an earlier one of the key."""
        self._kept[key] = value
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "value": value}) + "\n")

    def once(self, key: str, make: Callable[[], Any]) -> Any:
        """The value of a key, made if it is not there."""
        if key not in self._kept:
            # Through JSON, so that what is made now is as what is read later.
            self.put(key, json.loads(json.dumps(make())))
        return self._kept[key]

    def _read(self) -> list[str]:
        """Take in what is there; the lines it stands in."""
        if not self._path.is_file():
            return []
        head, *lines = self._path.read_text("utf-8", errors="replace").split("\n")
        if head != self._head:
            return []
        used = []
        for line in lines:
            try:
                row = json.loads(line)
                self._kept[row["key"]] = row["value"]
            except (ValueError, KeyError, TypeError):
                continue  # cut off when the run was interrupted
            used.append(line)
        return used
