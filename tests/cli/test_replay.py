"""`tailorlm replay` on a file made here."""

from __future__ import annotations

import gzip

import numpy as np
import pytest
from tests.evaluation.recordings import record, write

pytestmark = pytest.mark.whole

KEYS = ["method", "half", "pairwise_accuracy", "low", "high", "users", "pairs"]


@pytest.fixture
def replayed(cli, tmp_path):
    """Commands in a directory with recorded rankings of four users."""
    write(tmp_path / "turns.jsonl", record(np.random.default_rng(3), users=4, turns=14))
    return cli


def test_rows_as_json(replayed):
    rows = replayed.json("replay", "turns.jsonl", "--method", "bayes_tags")
    assert [list(row) for row in rows] == [KEYS] * 6
    value = {(row["method"], row["half"]): row["pairwise_accuracy"] for row in rows}
    assert value["none", "first"] == value["none", "second"] == 0.5
    assert value["bayes_tags", "second"] > 0.7
    assert value["bayes_tags", "second"] > value["pooled", "second"] + 0.1
    assert all(row["low"] <= row["pairwise_accuracy"] <= row["high"] for row in rows)


def test_what_people_see_and_nothing_is_stored(replayed, tmp_path):
    result = replayed.run("replay", "turns.jsonl", "--method", "bayes_tags")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "bayes_tags minus pooled, second half: +" in result.stdout
    assert "of 8 hidden tags" in result.stdout
    assert "\x1b" not in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100
    assert [path.name for path in tmp_path.iterdir()] == ["turns.jsonl"]


def test_same_seed_same_numbers(replayed):
    command = ("replay", "turns.jsonl", "--method", "bayes_tags", "--seed", 1)
    assert replayed.json(*command) == replayed.json(*command)


def test_gzip(replayed, tmp_path):
    plain = tmp_path / "turns.jsonl"
    (tmp_path / "turns.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    assert "pooled" in replayed("replay", "turns.jsonl.gz", "--method", "bayes_tags")


def test_one_user_has_no_interval(cli, tmp_path):
    write(tmp_path / "turns.jsonl", record(np.random.default_rng(3), users=1, turns=4))
    rows = cli.json("replay", "turns.jsonl", "--method", "bayes_tags")
    assert {(row["low"], row["high"], row["users"]) for row in rows} == {(None, None, 1)}


def test_errors(replayed, tmp_path):
    assert "There is no file missing.jsonl" in replayed.error("replay", "missing.jsonl")
    line = replayed.error("replay", "turns.jsonl", "--method", "none")
    assert "'none' does not learn from rankings" in line
    file = tmp_path / "turns.jsonl"
    lines = file.read_text("utf-8").splitlines()
    lines[16] = lines[16].partition('"ranking"')[0] + '"ranking": [0, 0, 1]}'
    file.write_text("\n".join(lines), "utf-8")
    line = replayed.error("replay", "turns.jsonl", "--method", "bayes_tags")
    assert "turns.jsonl, row 17: ranking [0, 0, 1] repeats candidate 0." in line
