"""`tailorlm evaluate downstream` on made-up people."""

from __future__ import annotations

import json

import pytest
from tests.evaluation.downstream.made_up_films import write

pytestmark = pytest.mark.whole

COMMAND = ("evaluate", "downstream", "--data", "data", "--out", "report", "--quick")


def test_downstream(cli, tmp_path):
    write(tmp_path / "data", people=12)
    text = cli(*COMMAND)
    assert "Leave one out, rating prediction: the own reward head beats global mean" in text
    assert "Wrote report/report.html and report/report.json." in text
    data = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert data["suite"] == "downstream"
    assert data["metadata"]["users"] == 12
    assert {row["table"] for row in data["rows"]} == {
        "rating prediction",
        "classification",
        "recommendation",
    }
    assert not (tmp_path / "report" / "answers.jsonl").exists()
    assert "holds a finished report" in cli.error(*COMMAND)


def test_a_model_that_does_not_answer_as_asked_is_counted(cli, tmp_path):
    write(tmp_path / "data", people=12)
    cli(*COMMAND, "--llm", "echoing", "--llm-users", "3")
    data = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    found = {
        row["metric"]: row["value"]
        for row in data["rows"]
        if row["case"] == "leave one out, users that a language model is asked about"
        and row["table"] == "rating prediction"
        and row["method"] == "LLM"
    }
    assert found["unscored"] == 3
    assert found["MAE"] is None
    assert (tmp_path / "report" / "answers.jsonl").is_file()


def test_what_cannot_be_run(cli, tmp_path):
    assert "no folder ml_latest_small" in cli.error(*COMMAND)
    write(tmp_path / "data")
    assert "no language model" in cli.error(*COMMAND, "--llm", "builtin")
    (tmp_path / "data" / "ml_latest_small" / "ratings.csv").unlink()
    assert "holds no ratings.csv" in cli.error(*COMMAND)
