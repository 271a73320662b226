"""The suite with trainers that only pretend: what it trains, keeps, goes on with and reports."""

from __future__ import annotations

import gzip
import json

import pytest
from tests.evaluation.prlhf.fake_trainers import (
    SMALL,
    FakeTrainers,
    InterruptedSuiteError,
    write_profiles,
    write_summaries,
)
from tests.evaluation.recordings import Words

from tailorlm.errors import InputError
from tailorlm.evaluation.prlhf import Settings, paper, run_prlhf
from tailorlm.evaluation.prlhf.conflicting_page import BARS, LENGTHS, WORDS
from tailorlm.evaluation.prlhf.journal import JOURNAL, Journal
from tailorlm.evaluation.prlhf.suite import SUMMARIES
from tailorlm.evaluation.report import write_report

pytestmark = pytest.mark.whole

PARTS = ("conflicting", "profiles", "safety")


@pytest.fixture
def settings(tmp_path):
    path = write_summaries(tmp_path / "made.csv")
    target = tmp_path / "data" / SUMMARIES
    target.parent.mkdir(parents=True)
    target.write_bytes(gzip.compress(path.read_bytes()))
    return Settings(
        data=tmp_path / "data",
        recordings=write_profiles(tmp_path / "recordings"),
        quick=True,
        sizes=SMALL,
        parts=PARTS,
    )


def test_the_whole_suite_without_torch(tmp_path, settings):
    trainers = FakeTrainers()
    report = run_prlhf(tmp_path / "out", Words(), trainers, settings)
    # Two worlds of two models, five ablations, three with forty workers, two bases, profiles and
    # agreement.
    assert len(trainers.made) == 4 + 5 + 3 + 2 + 2 + 1
    met = {bar.name: bar.met for bar in report.bars}
    assert [met[name] for name in BARS] == [True, False, True, True]
    value = {(row.table, row.case, row.method, row.metric): row for row in report.rows}
    top = value["Table 4", "10 workers", paper.INDIVIDUAL, paper.TOP]
    assert (top.value, top.n, top.paper) == (1.0, 20, 0.9104)
    assert value["Table 6", "40 workers", paper.VANILLA, paper.MINORITY].value == 0.0
    lengths = [row for row in report.rows if (row.table, row.metric) == (LENGTHS, WORDS)]
    assert len(lengths) == 3 + 10 + 2
    assert {row.case: row.n for row in lengths}["nobody in particular"] == 6
    _, page = write_report(report, tmp_path / "out")
    assert "Figure 5" in page.read_text("utf-8")


def test_an_interrupted_suite_goes_on_and_ends_alike(tmp_path, settings):
    whole = run_prlhf(tmp_path / "whole", Words(), FakeTrainers(), settings)
    with pytest.raises(InterruptedSuiteError):
        run_prlhf(tmp_path / "out", Words(), FakeTrainers(most=5), settings)
    with (tmp_path / "out" / JOURNAL).open("a") as file:
        file.write('{"key": "cut o')
    rest = FakeTrainers()
    report = run_prlhf(tmp_path / "out", Words(), rest, settings)
    assert len(rest.made) == 17 - 5
    assert report.metadata["resumed"]
    timed = [row for row in report.rows if "second" not in row.metric]
    assert timed == [row for row in whole.rows if "second" not in row.metric]


def test_other_settings_begin_anew(tmp_path, settings):
    run_prlhf(tmp_path / "out", Words(), FakeTrainers(), settings)
    again = FakeTrainers()
    other = Settings(data=settings.data, sizes=SMALL, parts=("conflicting",), quick=True, seed=1)
    run_prlhf(tmp_path / "out", Words(), again, other)
    assert len(again.made) == 13


def test_without_trainers_the_rest_is_measured_and_said(tmp_path, settings):
    report = run_prlhf(tmp_path / "out", Words(), None, settings)
    met = {bar.name: bar.met for bar in report.bars}
    assert [met[name] for name in BARS] == [None] * 4
    texts = [section.text for section in report.sections]
    assert sum("pip install 'tailorlm[train]'" in text for text in texts) == 3
    assert any(row.method == "P-RM linear head" for row in report.rows)


def test_what_cannot_be_used_is_refused(tmp_path, settings):
    with pytest.raises(InputError, match="part is one of"):
        Settings(data=tmp_path, parts=("luck",))
    with pytest.raises(InputError, match="steps goes with --base"):
        Settings(data=tmp_path, steps=3)
    with pytest.raises(InputError, match="at least 1"):
        Settings(data=tmp_path, seeds=0)
    with pytest.raises(InputError, match="There is no file"):
        run_prlhf(tmp_path / "out", Words(), None, Settings(data=tmp_path, parts=PARTS))
    assert not (tmp_path / "out" / JOURNAL).exists()


def test_steps_say_how_much_is_learned_from_a_named_base(tmp_path):
    whole = Settings(data=tmp_path, base="some/model").used.recipe
    assert (whole.batch_size, whole.learning_rate, whole.beta) == (32, 5e-5, 0.5)
    sizes = Settings(data=tmp_path, base="some/model", steps=5).used
    batch = sizes.recipe.batch_size
    assert (batch, sizes.recipe.learning_rate, sizes.recipe.beta) == (8, 1e-3, 0.5)
    assert -(-10 * sizes.each * sizes.recipe.epochs // batch) == 5
    assert (sizes.seeds, sizes.ablations) == (1, False)


def test_a_journal_keeps_the_latest_value(tmp_path):
    path = tmp_path / JOURNAL
    journal = Journal(path, {"seed": 0})
    journal.put("a", [1])
    journal.put("a", [2])
    assert journal.once("b", lambda: (1, 2)) == [1, 2]
    again = Journal(path, {"seed": 0})
    assert again.resumed
    assert again.get("a") == [2]
    assert again.once("b", lambda: pytest.fail("it is there")) == [1, 2]
    assert Journal(path, {"seed": 1}).get("a") is None
    assert len(path.read_text().splitlines()) == 1
    assert json.loads(path.read_text()) == {"seed": 1}
