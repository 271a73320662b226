"""Sent mail and recordings of people who do not exist, each with a manner of writing."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

NAMES = ("Bo", "Ana", "Li", "Max", "Ida", "Kim")
SAYS = (
    "The boiler on floor {n} is broken", "The lease for unit {n} is signed",
    "The price of lot {n} has changed", "The roof of block {n} leaks",
    "Please send me the plan of room {n}", "The meeting on case {n} is on Friday at noon",
    "I have seen report {n} and I do not agree with it", "The pump in hall {n} runs again",
)  # fmt: skip
MANNERS = {
    "quill-e": "{name}:\n{one}.\nI'd say it's fine. {two}.\nThanks.\nEgbert",
    "marsh-z": "Dear {name},\n{one}. {two}.\nI would appreciate a reply.\nKind regards,\nZ. Marsh",
    "plum-o": "hi {name}! {one}!! {two}... shout with any questions\ncheers\no",
}


def body(sender: str, n: int) -> str:
    """What a sender writes for a number."""
    one, two = (SAYS[(n + step) % len(SAYS)].format(n=n) for step in (0, 3))
    return MANNERS[sender].format(name=NAMES[n % len(NAMES)], one=one, two=two)


def write_mails(folder: Path, mails: int = 20) -> Path:
    """Write the corpus file below a folder, and give the folder."""
    rows: list[dict[str, Any]] = [
        {
            "owner": sender, "folder": "sent", "split": "train", "num": n,
            "subject": f"Case {n}", "body": body(sender, n),
        }
        for sender in MANNERS
        for n in range(mails)
    ]  # fmt: skip
    path = folder / "enron_aeslc" / "aeslc_sent.jsonl.gz"
    path.parent.mkdir(parents=True)
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(row) + "\n" for row in rows)
    return folder


def write_recordings(path: Path, sender: str = "plum-o", mails: int = 6) -> Path:
    """Write what is recorded of a sender's first mails, of which the last is a test one."""
    rows = [
        {
            "id": f"{sender}-{n}", "author": sender,
            "split": "test" if n == mails - 1 else "train",
            "source": {"dataset": "enron_aeslc", "split": "train", "num": n},
            "subject": f"Case {n}", "body": body(sender, n),
            "intent": [SAYS[n % len(SAYS)].format(n=n)],
            "zero_shot": f"Hi there,\n\nI hope all is well. Case {n} is open.\n\nRegards,\nO. Plum",
            **({} if n == mails - 1 else {
                "thinking": "Short.", "rules": ["Open with 'hi {name}!'", "Close with 'cheers'"]
            }),
        }
        for n in range(mails)
    ]  # fmt: skip
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path
