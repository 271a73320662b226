"""`tailorlm evaluate preferences` on made-up preferences."""

from __future__ import annotations

import json

from tests.evaluation.made_up_preferences import write_prefeval


def test_a_report_is_written_and_not_replaced(cli, tmp_path):
    write_prefeval(tmp_path / "prefeval")
    options = ("evaluate", "preferences", "--data", ".", "--out", "found", "--quick")
    text = cli(*options)
    assert "% of stated preferences among 300 others are carried: 100.0% of 3" in text
    report = json.loads((tmp_path / "found" / "report.json").read_text("utf-8"))
    assert report["suite"] == "preferences"
    assert report["metadata"]["preferences"]["persona"] == 3
    page = (tmp_path / "found" / "report.html").read_text("utf-8")
    assert "What each step adds" in page
    assert "holds a finished report" in cli.error(*options)
    cli(*options, "--force")


def test_missing_data_is_named(cli):
    line = cli.error("evaluate", "preferences", "--data", ".", "--out", "found")
    assert "holds neither explicit_preference.jsonl" in line
