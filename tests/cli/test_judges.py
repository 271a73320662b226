"""`tailorlm evaluate judges` on made-up rankings."""

from __future__ import annotations

import json

import numpy as np
from tests.evaluation.recordings import record, write


def test_judges(cli, tmp_path):
    write(tmp_path / "r.jsonl", record(np.random.default_rng(0), users=3, turns=10))
    command = ("evaluate", "judges", "--recordings", "r.jsonl", "--out", "report")
    text = cli(*command)
    assert "rankings: interests agrees beyond chance" in text
    data = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert data["metadata"]["llms"] == []
    assert "hold" in cli.error(*command)
    assert cli(*command, "--force") == text


def test_what_cannot_be_run(cli, tmp_path):
    write(tmp_path / "r.jsonl", record(np.random.default_rng(0), users=2, turns=10))
    command = ("evaluate", "judges", "--out", "report")
    assert "--recordings" in cli.error(*command)
    command = (*command, "--recordings", "r.jsonl")
    assert "both prices" in cli.error(*command, "--price-read", "1")
    assert "no language model" in cli.error(*command, "--llm", "builtin")
    assert "no.jsonl" in cli.error(*command, "--reviews", "no.jsonl")


def test_a_model_that_does_not_answer_as_asked_is_counted(cli, tmp_path):
    write(tmp_path / "r.jsonl", record(np.random.default_rng(0), users=3, turns=10))
    command = ("evaluate", "judges", "--recordings", "r.jsonl", "--out", "report")
    text = cli(*command, "--llm", "echoing", "--pairs", "4")
    assert "not measured  rankings: rubric agrees beyond chance: –" in text
    data = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    values = {(r["method"], r["metric"]): r["value"] for r in data["rows"]}
    assert values["rubric", "unscored"] == 1.0
    assert values["rubric", "agrees with the user"] is None
    assert values["rubric", "requests"] == 8
    kept = (tmp_path / "report" / "answers.jsonl").read_text("utf-8")
    assert cli(*command, "--llm", "echoing", "--pairs", "4", "--force") == text
    assert (tmp_path / "report" / "answers.jsonl").read_text("utf-8") == kept
