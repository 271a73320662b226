"""Preference agents on mail: who is measured, what a matrix says, and the whole run."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.agents.made_up_mails import MANNERS, NAMES, write_mails, write_recordings

from tailorlm.datasets.recorded_emails import RecordedEmail
from tailorlm.encoders import create_encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.agents import Settings, matrix_text, run_agents
from tailorlm.evaluation.agents.bars import parsing_bar, permutation_bar, style_bar
from tailorlm.evaluation.agents.mails import Writers, load_writers
from tailorlm.evaluation.agents.measures import AUTHOR, MASKED, PER_MAIL, STYLE, Judge, Scores
from tailorlm.evaluation.agents.permutation import Permutation, best_of_column
from tailorlm.evaluation.agents.systems import (
    DRAWS,
    FEW_SHOT,
    MODEL,
    NAIVE,
    NO_BASELINE,
    RECORDED,
    SMALL,
    STATISTICAL,
    ZERO_SHOT,
    Bench,
    learn,
)
from tailorlm.evaluation.plots import svg
from tailorlm.evaluation.report import Heat, Report
from tailorlm.llms.base import LLM, Completion, Request
from tailorlm.llms.builtin import Builtin

pytestmark = pytest.mark.whole

APPENDIX = np.array(
    [
        [0.907984, 0.883311, 0.867720, 0.856703, 0.876808],
        [0.857471, 0.858338, 0.848238, 0.849415, 0.848370],
        [0.818253, 0.821676, 0.847782, 0.818117, 0.812488],
        [0.809500, 0.804509, 0.806001, 0.811901, 0.804933],
        [0.858304, 0.852070, 0.847807, 0.838231, 0.854120],
    ]
)
POSTER = np.array(
    [
        [1.709599, 0.278687, -0.625471, -1.264398, -0.098432],
        [1.122283, 1.312860, -0.907662, -0.648935, -0.878586],
        [-0.435813, -0.160073, 1.942809, -0.446755, -0.900193],
        [0.743530, -0.997835, -0.477245, 1.581549, -0.849957],
        [1.199673, 0.287342, -0.336556, -1.737809, 0.587341],
    ]
)


class Fixed(LLM):
    """Answers every request with the same rules, or with a mail of nothing."""

    name = "fixed"

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text
        self.asked: list[Request] = []

    def complete(self, request: Request) -> Completion:
        self.asked.append(request)
        return Completion(text=self.text, llm=self.label)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_mails(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_recordings(tmp_path_factory.mktemp("recorded") / "emails.jsonl")


@pytest.fixture(scope="module")
def writers(data: Path, recordings: Path) -> Writers:
    return load_writers(data, recordings, writers=2, least=20)


@pytest.fixture(scope="module")
def judge(writers: Writers) -> Judge:
    return Judge(writers, create_encoder("static"), np.random.default_rng(0))


def test_the_posters_matrix_follows_from_the_appendix() -> None:
    found = Permutation(tuple("ABCDE"), APPENDIX)
    np.testing.assert_allclose(found.normalised, POSTER, atol=2e-4)
    assert best_of_column(found.normalised) == 5
    assert best_of_column(found.values) == 1
    assert permutation_bar(found).met is False


def test_a_matrix_is_drawn_with_its_numbers() -> None:
    heat = Heat("Own <best>", ("A", "B"), ("A", "B"), "agent", "mails", ((1.25, -0.5), (0.0, 1.0)))
    drawn = svg(heat, "x")
    assert 'aria-label="Own &lt;best>"' in drawn
    assert "1.25" in drawn
    assert ">mails<" in drawn
    flat = Heat("Nothing", ("A",), ("A",), "agent", "mails", ((0.0,),))
    assert "0.00" in svg(flat, "y")


def test_a_tie_is_not_the_best() -> None:
    assert best_of_column(np.array([[0.5, 0.1], [0.5, 0.9]])) == 1
    flat = Permutation(("A", "B"), np.full((2, 2), 0.5))
    assert np.isfinite(flat.normalised).all()
    assert permutation_bar(flat).met is False


def test_senders_with_recordings_come_first_under_letters(writers: Writers) -> None:
    first, second = writers.measured
    assert (first.name, second.name) == ("A", "B")
    assert sum(s.is_recorded for s in first.train) == 5
    assert sum(s.is_recorded for s in first.test) == 1
    assert not any(s.is_recorded for s in (*second.train, *second.test))
    assert len(first.train) == len(second.train) == 16
    assert len(writers.others) == 1


def test_recipients_are_known_for_every_mail(writers: Writers) -> None:
    for sample in writers.train:
        assert sample.recipient in NAMES
        assert f"To: {sample.recipient}" in sample.task
        assert sample.text not in sample.task


def test_points_do_not_show_the_manner(writers: Writers) -> None:
    points = " ".join(p for s in writers.measured[1].test for p in s.points)
    assert "!" not in points
    assert "'" not in points
    assert "Thanks" not in points


@pytest.mark.parametrize(("n", "least"), [(1, 20), (4, 20), (2, 21), (27, 20)])
def test_too_few_senders_are_refused(data: Path, n: int, least: int) -> None:
    with pytest.raises(InputError):
        load_writers(data, None, writers=n, least=least)


def test_agents_write_as_their_sender_does(writers: Writers) -> None:
    bench = Bench(create_encoder("static"), Builtin())
    one, other = learn(writers, bench)
    sample = other.writer.test[0]
    assert "Close with “cheers”" in one.by_agent(STATISTICAL, sample).rules
    assert set(one.planners()) == {ZERO_SHOT, FEW_SHOT, STATISTICAL, "nearest agent", NO_BASELINE}
    assert len(one.planners()[FEW_SHOT]) == DRAWS
    assert one.zero_shot(sample).rules == ()
    shown = one.few_shot(sample)
    assert len(shown.messages) == 7
    assert shown.messages[1].content in {s.text for s in one.writer.train}
    assert shown.messages[-1].content == sample.task


def test_the_model_agents_rules_come_from_its_model(writers: Writers) -> None:
    model = Fixed("- Write like a pirate.\n- Use no commas.")
    one, _ = learn(writers, Bench(create_encoder("static"), Builtin(), agent=model))
    plan = one.by_agent(MODEL, one.writer.test[0])
    assert plan.rules == ("Write like a pirate.", "Use no commas.")


def test_the_true_mail_scores_best(writers: Writers, judge: Judge) -> None:
    writer = writers.measured[0]
    true = judge.scores(writer.test, [s.text for s in writer.test])
    odd = judge.scores(writer.test, ["Dear Sir or Madam, nothing of the kind."] * len(writer.test))
    for metric in PER_MAIL:
        worse, best = np.mean(odd.values[metric]), np.mean(true.values[metric])
        assert worse > best if metric == "length error" else worse < best
    assert true.style < odd.style
    assert true.values["ROUGE-L"] == (1.0,) * len(writer.test)


def test_an_empty_text_is_not_scored(writers: Writers, judge: Judge) -> None:
    samples = writers.measured[0].test
    scores = judge.scores(samples, ["", *(s.text for s in samples[1:])])
    assert scores.empty == 1
    assert all(values[0] is None for values in scores.values.values())
    none = judge.scores(samples, [" "] * len(samples))
    assert none.empty == len(samples)
    mean = Scores.mean([scores, scores])
    assert mean.values["METEOR"][0] is None
    assert mean.values["METEOR"][1] == pytest.approx(1.0, abs=0.05)


def scored(style: float) -> Scores:
    return Scores(dict.fromkeys(PER_MAIL, (0.5,)), style)


def test_the_bar_of_style_asks_for_every_sender() -> None:
    good = {
        ("A", STATISTICAL): scored(0.1),
        ("A", ZERO_SHOT): scored(0.3),
        ("A", FEW_SHOT): scored(0.2),
    }
    bad = {
        ("B", STATISTICAL): scored(0.2),
        ("B", ZERO_SHOT): scored(0.3),
        ("B", FEW_SHOT): scored(0.2),
    }
    assert style_bar(good).met is True
    assert style_bar({**good, **bad}).met is False


def test_the_bar_of_parsing_counts_what_is_read_back(writers: Writers) -> None:
    def email(*rules: str) -> RecordedEmail:
        return RecordedEmail(
            id="x", key=("a", "train", 1), split="train", subject="", body="b", intent=("i",),
            zero_shot="z", rules=rules,
        )  # fmt: skip

    assert parsing_bar([email("Be brief.", "Sign with 'A'.")]).met is True
    assert parsing_bar([email("Be brief.", "Be brief.")]).met is False
    assert parsing_bar([email()]).met is None


@pytest.fixture(scope="module")
def report(
    data: Path, recordings: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Report, Fixed]:
    pen = Fixed("Hello,\n\nthis is a mail.\n\nBye")
    settings = Settings(
        data=data, recordings=recordings, quick=True, writers=3, mails=3, least=20, llm=pen,
        agent=Fixed("- Use no commas.\n- Write short sentences."), naive=Fixed("Naive."),
        small=Fixed("Small."),
    )  # fmt: skip
    steps: list[str] = []
    folder = tmp_path_factory.mktemp("report")
    found = run_agents(folder, create_encoder("static"), settings, on_step=steps.append)
    assert steps[0] == "Reading mails"
    return found, pen


def test_a_run_measures_every_system_with_every_writer(report: tuple[Report, Fixed]) -> None:
    found, pen = report
    systems = {(r.table, r.method) for r in found.rows if r.table.startswith("Systems")}
    assert len(systems) == 2 * 9
    assert {NAIVE, SMALL, MODEL} <= {method for _, method in systems}
    recorded = {r.method for r in found.rows if r.table.startswith("Recorded")}
    assert RECORDED in recorded
    assert pen.asked
    assert [bar.met for bar in found.bars][2] is True
    by_pen = [r for r in found.rows if r.table == "Systems, written by fixed" and r.metric == STYLE]
    assert len({r.value for r in by_pen if r.method in (ZERO_SHOT, STATISTICAL)}) == 1
    assert all(r.low is not None for r in by_pen)


def test_made_up_agents_are_the_best_on_their_own_mails(report: tuple[Report, Fixed]) -> None:
    found, _ = report
    rows = [r for r in found.rows if r.table == "Permutation"]
    assert len(rows) == 2 * 2 * 9
    assert {r.metric for r in rows} >= {AUTHOR, f"{MASKED}, normalised"}
    assert found.bars[0].met is True
    text = matrix_text(found.rows)
    assert text.count("\n") == 3
    assert "agent of sender C" in text


def test_a_report_names_nobody_and_quotes_nothing(report: tuple[Report, Fixed]) -> None:
    from tailorlm.evaluation.report_page import page

    found, _ = report
    whole = json.dumps(found.as_dict()) + page(found)
    for secret in (*MANNERS, *NAMES[:1], "Egbert", "boiler", "Quill", "shout with"):
        assert f" {secret} " not in whole
        assert secret == "Bo" or secret not in whole
    assert "<svg" in whole


def test_a_folder_with_a_report_is_not_used(data: Path, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text("{}")
    with pytest.raises(InputError, match="--force"):
        run_agents(tmp_path, create_encoder("static"), Settings(data=data))
