"""`tailorlm data pairs` on a log that commands made."""

from __future__ import annotations

import json
from pathlib import Path

from tailorlm.datasets.comparisons import read_comparisons

QUERY = "How should I spend a free weekend?"
TAGS = ("--method", "bayes_tags")
"""What makes the demo writer's answers differ."""


def test_what_users_gave_becomes_comparisons(cli):
    for user in ("ana", "bo"):
        cli("ask", user, QUERY, "-n", 3, *TAGS)
    cli("rank", "ana", 2, 1, 3)
    cli("rank", "ana", 3, 1, 2)
    cli("pick", "bo", 1)
    said = cli("data", "pairs", "--out", "p.jsonl")
    assert said == "p.jsonl: 3 comparisons of 2 users, from 1 ranking, 1 pick.\n"
    rows = [json.loads(line) for line in Path("p.jsonl").read_text("utf-8").splitlines()]
    assert [(row["user"], row["prompt"], len(row["responses"])) for row in rows] == [
        ("ana", QUERY, 3),
        ("bo", QUERY, 2),
        ("bo", QUERY, 2),
    ]
    assert len(list(read_comparisons("p.jsonl"))) == 3


def test_a_file_is_kept_and_erased_users_are_absent(cli):
    for user in ("ana", "bo"):
        cli("ask", user, QUERY, "-n", 2, *TAGS)
        cli("pick", user, 1)
    cli("rate", "bo", 1, 4)
    cli("ask", "bo", QUERY, "-n", 1)
    cli("rate", "bo", 1, 4)
    row = cli.json("data", "pairs", "--out", "p.jsonl", "--user", "bo")
    assert row == {
        "file": "p.jsonl",
        "comparisons": 1,
        "users": 1,
        "used": {"ranking": 0, "pick": 1, "edit": 0, "rating": 0},
        "left_out": {"equal": 0, "alone": 1},
    }
    assert "exists already" in cli.error("data", "pairs", "--out", "p.jsonl")
    cli("erase", "bo", "--yes")
    cli("data", "pairs", "--out", "p.jsonl", "--force")
    assert [c.user for c in read_comparisons("p.jsonl")] == ["ana"]
    error = cli.error("data", "pairs", "--out", "q.jsonl", "--user", "bo")
    assert "bo" in error
    assert not Path("q.jsonl").exists()
