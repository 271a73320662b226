"""`tailorlm data list`, `info`, `get` and `head` on a folder made on the spot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.datasets.hub import fake_hub
from tests.datasets.published import write_csv

from tailorlm.datasets import catalog

RATINGS = [
    {"userId": str(user), "movieId": "3", "rating": "4.5", "timestamp": "9"} for user in range(5)
]


@pytest.fixture(autouse=True)
def _fresh(monkeypatch):
    monkeypatch.setattr(catalog, "_announced", set())
    monkeypatch.delenv("TAILORLM_DATA", raising=False)


@pytest.fixture
def data(cli):
    write_csv(Path("data/ml_latest_small/ratings.csv"), RATINGS)
    return cli


def test_all_are_listed_with_those_that_are_here(data, monkeypatch):
    rows = {row["name"]: row for row in data.json("data", "list", "--data", "data")}
    assert rows["ml_latest_small"]["here"] == str(Path("data/ml_latest_small"))
    assert rows["prism"]["here"] is None
    assert rows["prism"]["hub"] == "HannahRoseKirk/prism-alignment"
    monkeypatch.setenv("TAILORLM_DATA", "data")
    lines = data("data", "list").splitlines()
    assert lines[0].split() == ["name", "here", "use", "licence"]
    assert next(line for line in lines if line.startswith("ml_latest")).split()[1] == "yes"
    assert next(line for line in lines if line.startswith("prism")).split()[1] == "-"


def test_without_a_folder_the_list_says_how_to_name_one(cli):
    result = cli.run("data", "list")
    assert result.exit_code == 0
    assert "--data or TAILORLM_DATA" in result.stderr


def test_what_a_data_set_is(data):
    said = data("data", "info", "ml-latest-small", "--data", "data")
    assert said.startswith("ml_latest_small: MovieLens latest small, ratings\n")
    for text in ("licence:  MovieLens", "citation: Harper", "splits:   all", "  rating: stars"):
        assert text in said
    assert "here:     no" in data("data", "info", "prism")
    assert data.json("data", "info", "prism")["splits"] == ["conversations", "utterances"]
    assert "Did you mean 'prism'" in data.error("data", "info", "prims")


def test_the_first_rows_are_json_lines(data):
    result = data.run("data", "head", "ml_latest_small", "-n", 2, "--data", "data")
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert rows == [
        {"user": str(user), "movie": "3", "rating": 4.5, "time": 9} for user in range(2)
    ]
    assert result.stderr.startswith("ml_latest_small: MovieLens")
    again = data.run("data", "head", "ml_latest_small", "--data", "data")
    assert (len(again.stdout.splitlines()), again.stderr) == (3, "")


def test_errors_of_head(data):
    assert "by --data or TAILORLM_DATA" in data.error("data", "head", "prism")
    assert "Run: tailorlm data get prism" in data.error("data", "head", "prism", "--data", "data")
    write_csv(Path("data/ml_latest_small/ratings.csv"), [RATINGS[0] | {"rating": "9"}])
    result = data.run("data", "head", "ml_latest_small", "--data", "data")
    assert result.exit_code == 2
    assert "row 2: 'rating' is from 0.5 to 5, but is 9." in result.stderr


def test_a_data_set_is_got(cli, monkeypatch):
    fake_hub(monkeypatch, {"HannahRoseKirk/prism-alignment": {"survey.jsonl": "{}\n"}})
    result = cli.run("data", "get", "prism", "--out", "data/prism")
    assert (result.exit_code, result.stdout) == (0, f"{Path('data/prism')}: prism\n")
    assert result.stderr.startswith("prism: PRISM")
    assert Path("data/prism/survey.jsonl").is_file()
    said = cli.error("data", "get", "opinionqa", "--out", "x")
    assert "opinionqa is not on the hub. Get it from https://github.com/tatsu-lab" in said


def test_without_a_network_it_is_said_what_to_do(cli, monkeypatch):
    fake_hub(monkeypatch, None)
    result = cli.run("data", "get", "prism", "--out", "data/prism")
    assert result.exit_code == 2
    assert "Offline, download https://huggingface.co/datasets/HannahRoseKirk" in result.stderr
