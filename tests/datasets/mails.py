"""Made-up mail in the shapes of the files that the loaders read."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


def sent(owner: str, num: int, body: str, **fields: Any) -> dict[str, Any]:
    """One row of sent mail."""
    row = {
        "split": "train",
        "owner": owner,
        "folder": "sent",
        "num": num,
        "subject": "News",
        "body": body,
    }
    return row | fields


def recorded(owner: str, num: int, body: str, **fields: Any) -> dict[str, Any]:
    """One row of recorded mails, of the test part."""
    row = {
        "id": f"{owner}-{num}",
        "author": owner,
        "split": "test",
        "source": {"dataset": "made up", "split": "train", "num": num},
        "subject": "News",
        "intent": ["I have news"],
        "zero_shot": "Dear all,\n\nThere are news.",
        "body": body,
    }
    return row | fields


def edit(number: int, user: str, **fields: Any) -> dict[str, Any]:
    """One row of recorded edits."""
    row = {
        "id": f"m{number}",
        "user": user,
        "subject": "Lunch",
        "intent": ["we meet at noon"],
        "draft": "Dear all,\n\nWe shall meet at noon.",
        "edited": "noon works",
        "hidden_preference": f"{user} wants few words",
    }
    return row | fields


def write(path: Path, rows: Iterable[Mapping[str, Any]]) -> Path:
    """Rows as JSON Lines, gzip where the name ends in ".gz"."""
    content = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path
