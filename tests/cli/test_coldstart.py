"""`tailorlm evaluate coldstart` on made-up people."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.evaluation.recordings import record, write

pytestmark = pytest.mark.whole

COMMAND = ("evaluate", "coldstart", "--out", "report")


def films(folder, *, listed=True):
    folder = folder / "data" / "ml_latest_small"
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    rows = [
        f"{user},{film},{1 + 2 * (film % 2) + int(rng.integers(2))},{time}"
        for user in range(12)
        for time, film in enumerate(rng.permutation(30))
    ]
    text = "\n".join(("userId,movieId,rating,timestamp", *rows)) + "\n"
    (folder / "ratings.csv").write_text(text, "utf-8")
    if listed:
        rows = [f"{i},Film {i} (1999),{'Drama' if i % 2 else 'Comedy'}" for i in range(30)]
        text = "\n".join(("movieId,title,genres", *rows)) + "\n"
        (folder / "movies.csv").write_text(text, "utf-8")


def test_coldstart(cli, tmp_path):
    films(tmp_path)
    write(tmp_path / "turns.jsonl", record(np.random.default_rng(0), users=3, turns=10))
    given = ("--data", "data", "--recordings", "turns.jsonl", "--quick")
    text = cli(*COMMAND, *given)
    assert "MovieLens, films: better than each level alone" in text
    assert "Recorded rankings: at no number of events worse" in text
    data = json.loads((tmp_path / "report" / "report.json").read_text("utf-8"))
    assert data["suite"] == "coldstart"
    assert {row["table"] for row in data["rows"]} == {"MovieLens, films", "Recorded rankings"}
    assert "holds a finished report" in cli.error(*COMMAND, *given)
    assert cli(*COMMAND, *given, "--force") == text


def test_what_is_not_there(cli, tmp_path):
    assert "nothing to measure" in cli.error(*COMMAND)
    (tmp_path / "data").mkdir()
    assert "holds neither" in cli.error(*COMMAND, "--data", "data")
    films(tmp_path, listed=False)
    assert "no ml_latest_small/movies.csv" in cli.error(*COMMAND, "--data", "data")
