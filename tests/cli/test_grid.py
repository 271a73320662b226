"""`tailorlm evaluate grid` and `report`, as people type them."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest
from tests.evaluation.grid.made_up import rows, write

from tailorlm.evaluation.grid.tasks import FORM

pytestmark = pytest.mark.whole

GRID = ("evaluate", "grid", "--methods", "persona,bayes_tags,edit_rules", "--data", "mine.jsonl")
GRID = (*GRID, "--out", "grid", "--workers", "1")


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    return write(tmp_path / "mine.jsonl", rows())


def test_a_grid_and_its_page(cli, mine):
    text = cli(*GRID)
    assert "rouge_l (higher is better)" in text
    assert "none (generic)" in text
    assert "Wrote grid/report.html and grid/report.json." in text
    html = Path("grid/report.html").read_text("utf-8")
    assert "persona" in html
    assert "Pairs in order" in html
    data = json.loads(Path("grid/report.json").read_text("utf-8"))
    assert data["metadata"]["rows"] == "none, pooled, contextual, persona, bayes_tags, edit_rules"
    assert data["metadata"]["pooled"] == "persona"


def test_a_finished_grid_is_shown_at_once(cli, mine, monkeypatch):
    text = cli(*GRID)
    for name in [name for name in sys.modules if name.startswith("tailorlm.evaluation")]:
        monkeypatch.delitem(sys.modules, name)
    stamps = {path: path.stat().st_mtime_ns for path in Path("grid").iterdir()}
    assert cli(*GRID) == text
    assert not any(name.startswith("tailorlm.evaluation") for name in sys.modules)
    assert {path: path.stat().st_mtime_ns for path in Path("grid").iterdir()} == stamps


def test_what_changes_is_run_again(cli, mine):
    cli(*GRID)
    assert "another grid (seed differ)" in cli.error(*GRID, "--seed", "1")
    assert "Wrote grid/report.html" in cli(*GRID, "--seed", "1", "--force")
    write(mine, rows(queries=1))
    assert "another grid (data differ)" in cli.error(*GRID, "--seed", "1")


def test_a_named_data_set_that_changes_is_noticed(cli, tmp_path):
    folder = tmp_path / "data" / "lamp_4"
    folder.mkdir(parents=True)
    questions = [
        {"id": f"{n}", "input": f"Write a title for: text {n}", "profile": [], "user_id": f"u{n}"}
        for n in range(3)
    ]
    golds = [{"id": f"{n}", "output": f"Title {n}"} for n in range(3)]
    (folder / "train_questions.json").write_text(json.dumps(questions), "utf-8")
    outputs = folder / "train_outputs.json"
    outputs.write_text(json.dumps({"task": "LaMP_4", "golds": golds}), "utf-8")
    command = ("evaluate", "grid", "--methods", "persona", "--data", "lamp_4/train")
    command = (*command, "--data-dir", "data", "--out", "grid", "--workers", "1")
    text = cli(*command)
    stamp = Path("grid/report.json").stat().st_mtime_ns
    assert cli(*command) == text
    assert Path("grid/report.json").stat().st_mtime_ns == stamp
    golds[0]["output"] = "Another"
    outputs.write_text(json.dumps({"task": "LaMP_4", "golds": golds}), "utf-8")
    assert "another grid (data differ)" in cli.error(*command)


def test_yaml_with_the_same_keys(cli, mine):
    Path("grid.yaml").write_text(
        "methods: [persona, bayes_tags]\ndata: mine.jsonl\nout: grid\nworkers: 1\nseed: 3\n",
        "utf-8",
    )
    assert "persona" in cli("evaluate", "grid", "--config", "grid.yaml")
    data = json.loads(Path("grid/report.json").read_text("utf-8"))
    assert data["metadata"]["seed"] == 3
    other = cli("evaluate", "grid", "--config", "grid.yaml", "--seed", "4", "--out", "other")
    assert "Wrote other/report.html" in other


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("method: [a]", "Did you mean 'methods'?"),
        ("workers: many", "'workers' must be int, but is str"),
        ("workers: 0", "workers is at least 1"),
        ("- a", "must hold keys and values"),
        ("a: [", "is not YAML"),
        ("methods: [3]", "Methods are names, but got [3]"),
        ("methods: []", "no method to run"),
        ("seed: 1", "A grid needs --methods"),
    ],
)
def test_yaml_that_is_wrong(cli, mine, text, words):
    Path("grid.yaml").write_text(text, "utf-8")
    command = ["evaluate", "grid", "--config", "grid.yaml"]
    if text.startswith("methods"):
        command += ["--data", "mine.jsonl", "--out", "grid"]
    assert words in cli.error(*command)


def test_what_cannot_be_run(cli, mine):
    write(mine, [*rows()[:2], {"user": "ana", "query": "Q", "referense": "R"}])
    message, form = cli.malformed(*GRID)
    assert "mine.jsonl, row 3: there is no field 'referense'. Did you mean 'reference'?" in message
    assert form == FORM
    assert "There is no file no.jsonl" in cli.error(*GRID, "--data", "no.jsonl")
    assert "bayes_tags" in cli.error(*GRID, "--methods", "bayes_tag")
    assert "no engine" in cli.error(*GRID, "--engine", "rays", "--data", "example").lower()
    assert not Path("grid/report.json").exists()


def test_one_page_of_several_runs(cli, mine):
    cli(*GRID)
    cli(*GRID, "--seed", "1", "--out", "again")
    text = cli("evaluate", "report", "grid", "again", "--out", "page")
    assert "Wrote page/report.html" in text
    html = Path("page/report.html").read_text("utf-8")
    assert "Side by side" in html
    assert "<svg" in html
    assert "finished report" in cli.error("evaluate", "report", "grid", "--out", "page")
    assert "one of the runs" in cli.error("evaluate", "report", "grid", "--out", "grid")
    assert "holds no report.json" in cli.error("evaluate", "report", "nowhere", "--out", "p")


def test_a_killed_run_goes_on(cli, mine, start):
    write(mine, rows(users=tuple(f"u{n}" for n in range(8))))
    process = start(*GRID)
    journal = Path("grid/journal.jsonl")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        if journal.exists() and journal.read_bytes().count(b"\n") > 50:
            break
        time.sleep(0.01)
    process.kill()
    process.communicate()
    kept = journal.read_bytes()
    whole = kept[: kept.rfind(b"\n") + 1]
    text = cli(*GRID)
    # Nothing that was written down is written again.
    assert journal.read_bytes().startswith(whole)
    keys = [
        (line["row"], line["method"], line["task"])
        for line in map(json.loads, journal.read_text("utf-8").splitlines()[1:])
    ]
    assert len(keys) == len(set(keys)) == 6 * 8 * 6
    assert (
        cli(*GRID[:-4], "--out", "whole", "--workers", "1").split("Wrote")[0]
        == (text.split("Wrote")[0])
    )
