"""`tailorlm evaluate helped` on a made-up grid."""

from __future__ import annotations

import json

import pytest
from tests.evaluation.helped.test_report import grid, groups

pytestmark = pytest.mark.whole


def test_helped(cli, tmp_path):
    grid(tmp_path / "run")
    groups(tmp_path / "g.json")
    command = ("evaluate", "helped", "--run", "run", "--groups", "g.json", "--out", "report")
    cli(*command)
    data = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert {row["table"] for row in data["rows"]} >= {"worse off", "gaps between groups"}
    assert "hold" in cli.error(*command)
    assert "Wrote" in cli(*command, "--force")


def test_what_cannot_be_run(cli, tmp_path):
    groups(tmp_path / "g.json")
    command = ("evaluate", "helped", "--out", "report")
    assert "nothing to measure" in cli.error(*command)
    assert "nothing to measure" in cli.error(*command, "--groups", "g.json")
    assert "no journal" in cli.error(*command, "--run", "nowhere")


def test_a_language_model_is_asked_once(cli, tmp_path):
    command = ("evaluate", "helped", "--llm", "echoing", "--methods", "persona", "--out", "report")
    cli(*command)
    data = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    values = {(row["table"], row["metric"]): row["value"] for row in data["rows"]}
    assert values["sycophancy", "difference"] is None
    assert values["sycophancy", "share unscored"] == 1.0
    kept = (tmp_path / "report" / "answers.jsonl").read_text("utf-8")
    cli(*command, "--force")
    assert (tmp_path / "report" / "answers.jsonl").read_text("utf-8") == kept
