"""`tailorlm evaluate agents` on made-up mails."""

from __future__ import annotations

import json

import pytest
from tests.evaluation.agents.made_up_mails import write_mails, write_recordings

from tailorlm.evaluation.agents import mails

pytestmark = pytest.mark.whole


def test_a_report_is_written_and_the_matrix_printed(cli, tmp_path, monkeypatch):
    monkeypatch.setattr(mails, "LEAST_MAILS", 20)
    write_mails(tmp_path)
    write_recordings(tmp_path / "emails.jsonl")
    options = ("evaluate", "agents", "--data", ".", "--out", "found", "--quick", "--senders", 2,
               "--mails", 2)  # fmt: skip
    text = cli(*options, "--recordings", "emails.jsonl")
    assert "mails of sender A" in text
    assert "met  Every recorded rule set parses: 5 of 5 sets, 10 rules." in text
    report = json.loads((tmp_path / "found" / "report.json").read_text("utf-8"))
    assert report["metadata"]["test_mails"] == 4
    assert "<svg" in (tmp_path / "found" / "report.html").read_text("utf-8")
    assert "holds a finished report" in cli.error(*options)


def test_missing_data_is_named(cli):
    assert "aeslc_sent.jsonl.gz" in cli.error("evaluate", "agents", "--data", ".", "--out", "found")
