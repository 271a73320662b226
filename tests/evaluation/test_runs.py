"""Several runs on one page: every number as it was written, what is shared side by side."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tailorlm.errors import InputError
from tailorlm.evaluation.report import Bar, Report, Row, write_report
from tailorlm.evaluation.runs import load_run, report_of_runs

pytestmark = pytest.mark.whole


def written(folder: Path, name: str, value: float, suite: str = "mine", case: str = "easy") -> Path:
    words: dict[str, Any] = {"suite": suite, "table": "T", "case": case, "metric": "hits"}
    rows = (
        Row(method="a", value=value, low=value - 0.1, high=value + 0.1, n=5, **words),
        Row(method="b", value=None, **words),
        Row(method="c", value=0.25, low=0.2, high=0.3, n=5, **words),
        Row(method="a", value=0.01, **(words | {"metric": "p"})),
    )
    report = Report(
        suite=suite,
        title="Mine",
        lead="",
        bars=(Bar("high", "0.5 of 1", True), Bar("low", "none", None)),
        sections=(),
        rows=rows,
        metadata={"version": "1", "llm": "builtin"},
    )
    write_report(report, folder / name)
    return folder / name


def test_one_page_of_two_runs(tmp_path: Path) -> None:
    folders = [written(tmp_path, "one", 0.5), written(tmp_path, "two", 0.75)]
    report = report_of_runs([load_run(folder) for folder in folders])
    assert [section.title for section in report.sections] == [
        "Runs",
        "Side by side",
        "one (mine)",
        "two (mine)",
    ]
    shared = report.sections[1]
    assert len(shared.grids) == 1  # what has no interval is in each run's own part
    assert shared.grids[0].header == ("", "one", "two")
    assert [cell.text for cell in shared.grids[0].lines[0]] == ["a", "0.500", "0.750"]
    assert [cell.text for cell in shared.grids[0].lines[1]] == ["b", "–", "–"]
    assert [point[:2] for point in shared.plots[0].points] == [  # type: ignore[union-attr]
        ("a – one", 0.5),
        ("a – two", 0.75),
        ("c – one", 0.25),
        ("c – two", 0.25),
    ]
    assert len(report.rows) == 8
    bars = report.sections[2].grids[0].lines
    assert [[cell.text for cell in line] for line in bars] == [
        ["high", "met", "0.5 of 1"],
        ["low", "not measured", "none"],
    ]
    _, html = write_report(report, tmp_path / "page")
    assert html.read_text("utf-8").count("<svg") == 3


def test_runs_of_different_suites_share_nothing(tmp_path: Path) -> None:
    folders = [written(tmp_path, "one", 0.5), written(tmp_path, "two", 0.75, suite="other")]
    report = report_of_runs([load_run(folder) for folder in folders])
    assert "Side by side" not in [section.title for section in report.sections]


def test_what_was_measured_on_different_data_is_not_in_one_line(tmp_path: Path) -> None:
    folders = [written(tmp_path, "one", 0.5), written(tmp_path, "two", 0.75, case="hard")]
    report = report_of_runs([load_run(folder) for folder in folders])
    lines = report.sections[1].grids[0].lines
    assert [line[0].text for line in lines] == [
        f"{method}, {case}" for case in ("easy", "hard") for method in "abc"
    ]


def test_runs_of_the_same_name_are_told_apart(tmp_path: Path) -> None:
    folders = [written(tmp_path / "x", "run", 0.5), written(tmp_path / "y", "run", 0.75)]
    report = report_of_runs([load_run(folder) for folder in folders])
    assert report.metadata["runs"] == "run, run (2)"


def test_a_finished_report_of_a_suite_can_be_read() -> None:
    folder = Path(__file__).resolve().parents[2] / "docs" / "reports" / "premium"
    run = load_run(folder)
    assert run.suite == "premium"
    assert report_of_runs([run]).sections[-1].title == "premium (premium)"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "is not a report"),
        ('{"suite": "s"}', "is not a report"),
        ('{"suite": "s", "metadata": {}, "bars": [], "rows": [{"suite": "s"}]}', "not a report"),
    ],
)
def test_what_is_no_report(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "report.json").write_text(text, "utf-8")
    with pytest.raises(InputError, match=words):
        load_run(tmp_path)


def test_a_value_that_is_no_number(tmp_path: Path) -> None:
    path = written(tmp_path, "one", 0.5) / "report.json"
    data = json.loads(path.read_text("utf-8"))
    data["rows"][0]["value"] = "much"
    path.write_text(json.dumps(data), "utf-8")
    with pytest.raises(InputError, match="not a report"):
        load_run(tmp_path / "one")


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no report\.json"):
        load_run(tmp_path)
    with pytest.raises(InputError, match="at least one"):
        report_of_runs([])
