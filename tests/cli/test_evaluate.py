"""`tailorlm evaluate` on files made here."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.evaluation.premium.made_up import outcome
from tests.evaluation.recordings import record, write

from tailorlm.evaluation.premium import sessions, tokens

pytestmark = pytest.mark.whole


@pytest.fixture
def recorded(cli, tmp_path):
    """Commands in a directory with recorded rankings of five users."""
    write(tmp_path / "turns.jsonl", record(np.random.default_rng(3), users=5, turns=8))
    return cli


def test_calibrate_prints_and_writes(recorded, tmp_path):
    text = recorded("evaluate", "calibrate", "turns.jsonl", "--out", "rows.json")
    assert "fitted to 40 rankings of 5 users" in text
    assert "Users left out: +" in text
    rows = json.loads((tmp_path / "rows.json").read_text("utf-8"))
    assert rows == recorded.json("evaluate", "calibrate", "turns.jsonl")
    assert next(row for row in rows if row["metric"] == "noise")["value"] > 0


def test_calibrate_says_which_row_is_bad(recorded, tmp_path):
    file = tmp_path / "turns.jsonl"
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    rows[6]["user_tags"] = ["Sumo"]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    line = recorded.error("evaluate", "calibrate", "turns.jsonl")
    assert "turns.jsonl, row 7: 'user_tags' holds 'Sumo'" in line
    assert "There is no file" in recorded.error("evaluate", "calibrate", "missing.jsonl")


def test_premium_writes_a_report_and_says_what_is_met(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(sessions.Bench, "run", lambda self, job: outcome(job))
    monkeypatch.setattr(tokens, "TURNS", 2)
    text = cli("evaluate", "premium", "--out", "out", "--quick", "--workers", 1)
    assert "met  premium_embed finds at least 0.40" in text
    assert "not met  bayes_tags at least 0.95 of the exact limit" in text
    assert "not measured  one bayes_tags update" in text
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "report.html",
        "report.json",
    ]
    line = cli.error("evaluate", "premium", "--out", "out", "--quick")
    assert "--force" in line
    cli("evaluate", "premium", "--out", "out", "--quick", "--seeds", 1, "--force", "--workers", 1)
    rows = json.loads((tmp_path / "out" / "report.json").read_text("utf-8"))["rows"]
    assert {row["n"] for row in rows if row["table"] == "Table 9"} == {1}
