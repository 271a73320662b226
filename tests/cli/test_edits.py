"""`tailorlm evaluate edits` on made-up users."""

from __future__ import annotations

import json

import pytest
from tests.methods.editors import EDITORS, drafts

pytestmark = pytest.mark.whole

WISHES = {"terse": "No greeting, no sign-off.", "listed": "Bullet points, signs with initials."}


def write(path, *, wish=True):
    rows = [
        {
            "id": f"{user}{number}",
            "user": user,
            "subject": draft.subject,
            "intent": list(draft.sentences),
            "draft": draft.text,
            "edited": EDITORS[user](draft, number),
            **({"hidden_preference": words} if wish else {}),
        }
        for user, words in WISHES.items()
        for number, draft in enumerate(drafts(9, seed=len(user)))
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")


def test_edits(cli, tmp_path):
    write(tmp_path / "edits.jsonl")
    command = ("evaluate", "edits", "--recordings", "edits.jsonl", "--out", "report")
    text = cli(*command, "--quick")
    assert "met  The learned rules name every part" in text
    assert "4 of 4" in text
    data = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert data["metadata"]["llm"] == "builtin"
    assert "hold" in cli.error(*command)
    assert cli(*command, "--quick", "--force") == text


def test_what_cannot_be_read(cli, tmp_path):
    write(tmp_path / "edits.jsonl", wish=False)
    command = ("evaluate", "edits", "--recordings", "edits.jsonl", "--out", "report")
    assert "hidden_preference" in cli.error(*command)
    write(tmp_path / "edits.jsonl")
    assert "no.csv" in cli.error(*command, "--rewrites", "no.csv")
