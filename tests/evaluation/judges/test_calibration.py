"""What judges are calibrated on, and the report of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.judges.made_up import Ruled, first, longer
from tests.evaluation.recordings import record

from tailorlm.datasets.ranking_tager import RankedCandidate, RankedTurn
from tailorlm.datasets.summary_reviews import SummaryReview
from tailorlm.encoders import create_encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.judges import Answers, Settings, run_judges
from tailorlm.evaluation.judges.sources import RANKINGS, TRUTH, ranked_source, reviewed_sources
from tailorlm.evaluation.report import Report, write_report

pytestmark = pytest.mark.whole

ENCODER = create_encoder("static")
SETTINGS = Settings(llm_pairs=5, prices=(1.0, 2.0), resamples=50)
LONG, SHORT, MIDDLE = (" ".join(["fine words"] * n) for n in (9, 2, 5))


def ranked(users: int = 2, turns: int = 6) -> list[RankedTurn]:
    """Users who prefer the longer answer, with a second annotator who does not."""
    made = []
    for user in range(users):
        for number in range(turns):
            texts = [f"{text} {number} by {user}." for text in (SHORT, LONG, MIDDLE)]
            made.append(
                RankedTurn(
                    id=f"{user}-{number}",
                    user=f"u{user}",
                    query=f"Number {number}?",
                    tag_library=("a", "b"),
                    user_tags=("a",),
                    candidates=tuple(RankedCandidate(("a",), text) for text in texts),
                    shown_order=(0, 1, 2),
                    ranking=(1, 2, 0),
                    second_ranking=(0, 2, 1),
                )
            )
    return made


def reviews() -> list[SummaryReview]:
    """Reviewers r0 and r1 of four passages; r1 rates the two models alike."""
    ratings = {"human": (90, 80), "bart": (10, 40), "bart-dpr": (30, 40)}
    return [
        SummaryReview(
            passage=f"{passage}",
            question=f"{passage}/0",
            system=system,
            text=f"The {system} summary, {['short', 'rather long'][system == 'human']}, {passage}.",
            reviewer=f"r{reviewer}",
            rating=float(rates[reviewer]),
        )
        for passage in range(8)
        for system, rates in ratings.items()
        for reviewer in range(2)
    ]


def cell(report: Report, case: str, method: str, metric: str) -> float | None:
    (row,) = [r for r in report.rows if (r.case, r.method, r.metric) == (case, method, metric)]
    return row.value


def test_the_first_half_is_known_and_the_second_judged() -> None:
    source = ranked_source(ranked())
    assert len(source.pairs) == 2 * 3 * 3
    person = source.people["u0"]
    assert [turn.query for turn in person.turns] == ["Number 0?", "Number 1?", "Number 2?"]
    assert all(turn.preferred.startswith(LONG) for turn in person.turns)
    assert all(turn.rejected.startswith(SHORT) for turn in person.turns)
    assert {pair.query for pair in source.pairs} == {"Number 3?", "Number 4?", "Number 5?"}
    for pair in source.pairs:
        assert source.preferred[pair.id] == float(len(pair.one) > len(pair.other))
        assert source.second[pair.id] == 1.0 - source.preferred[pair.id]
    judged = {text for pair in source.pairs for text in (pair.one, pair.other)}
    assert judged.isdisjoint((*person.preferred, *person.rejected))


def test_reviews_are_divided_by_passage() -> None:
    plain, with_truth = reviewed_sources(reviews())
    assert len(plain.pairs) == 4 * 2 * 3
    assert len(with_truth.pairs) == 4 * 2
    assert {len(person.turns) for person in plain.people.values()} == {4}
    assert all("human" in turn.preferred for turn in plain.people["r0"].turns)
    assert all("human" in pair.truth for pair in with_truth.pairs)
    by_user = {pair.user: with_truth.preferred[pair.id] for pair in with_truth.pairs}
    assert by_user == {"r0": 0.0, "r1": 0.5}
    seconds = {pair.user: with_truth.second[pair.id] for pair in with_truth.pairs}
    assert seconds == {"r0": 0.5, "r1": 0.0}


def test_too_little_to_judge() -> None:
    with pytest.raises(InputError, match="no pair to judge"):
        ranked_source(ranked(turns=1))
    with pytest.raises(InputError, match="no pair to judge"):
        reviewed_sources([review for review in reviews() if review.passage == "7"][:1])
    with pytest.raises(InputError, match="nothing to calibrate"):
        run_judges([], ENCODER, [], Answers(), SETTINGS)
    with pytest.raises(InputError, match="1 pair at least"):
        Settings(llm_pairs=0)
    with pytest.raises(InputError, match="Prices"):
        Settings(prices=(-1.0, 0.0))


def test_judges_are_held_against_people(tmp_path: Path) -> None:
    sources = [ranked_source(ranked()), *reviewed_sources(reviews())]
    fair, biased = Ruled(longer, "fair"), Ruled(first, "biased")
    answers = Answers(tmp_path / "answers.jsonl")
    report = run_judges(sources, ENCODER, [fair, biased], answers, SETTINGS)
    for name in ("rubric", "role play", "annotator"):
        assert cell(report, RANKINGS, f"{name}, fair", "agrees with the user") == 1.0
        assert cell(report, RANKINGS, f"{name}, fair", "favour of the first place") == 0.0
        assert cell(report, RANKINGS, f"{name}, biased", "agrees with the user") == 0.5
        assert cell(report, RANKINGS, f"{name}, biased", "favour of the first place") == 0.5
        assert cell(report, RANKINGS, f"{name}, biased", "same in both orders") == 0.0
        assert cell(report, RANKINGS, f"{name}, biased", "ties") == 1.0
    assert cell(report, RANKINGS, "length", "agrees with the user") == 1.0
    assert cell(report, RANKINGS, "another person", "agrees with the user") == 0.0
    assert cell(report, RANKINGS, "rubric, fair", "tone") == 1.0
    assert cell(report, RANKINGS, "rubric, fair", "requests") == 10
    assert cell(report, RANKINGS, "rubric, fair", "cost") == pytest.approx(0.0012)
    assert cell(report, TRUTH, "closest to the truth, fair", "unscored") == 0.0
    both = "rubric, fair and rubric, biased"
    assert cell(report, RANKINGS, both, "says the same") == 0.0
    again = run_judges(sources, ENCODER, [Ruled(longer, "fair"), Ruled(first, "biased")],
                       Answers(tmp_path / "answers.jsonl"), SETTINGS)  # fmt: skip
    assert again.rows == report.rows
    _, page = write_report(report, tmp_path / "report")
    assert "favour of the first place" in page.read_text("utf-8")


def test_without_a_language_model_there_is_no_cost(tmp_path: Path) -> None:
    source = ranked_source(record(np.random.default_rng(0), users=3, turns=10))
    report = run_judges([source], ENCODER, [], Answers(), SETTINGS)
    assert {row.table for row in report.rows} == {"agreement with people", "between judges"}
    assert {bar.name.split(": ")[1].split(" agrees")[0] for bar in report.bars} == {
        "encoder similarity", "author classifier", "interests",
    }  # fmt: skip
    json_path, _ = write_report(report, tmp_path)
    assert json.loads(json_path.read_text("utf-8"))["suite"] == "judges"
