"""`tailorlm evaluate lamp` on made-up films."""

from __future__ import annotations

import pytest
from tests.datasets.films import lamp_split, plot, write_lamp, write_movielens

pytestmark = pytest.mark.whole

GIVEN = [("7", movie, ("comedy", "romance")[movie % 2], movie) for movie in range(1, 13)]
PLOTS = {movie: plot(tag, movie) for _, movie, tag, _ in GIVEN}


def values(rows, metric):
    return {row["method"]: row["value"] for row in rows if row["metric"] == metric}


def test_lamp_files(cli, tmp_path):
    lamp_split(tmp_path, users=3)
    text = cli("evaluate", "lamp", "--data", ".", "--quick")
    assert "LaMP-2, dev" in text
    assert "3 films to tag by 3 users" in text
    assert "no language model" in text
    rows = cli.json("evaluate", "lamp", "--data", ".", "--quick")
    assert {row["case"] for row in rows} == {"LaMP-2, dev"}
    assert rows == cli.json("evaluate", "lamp", "--data", ".", "--quick")
    assert values(rows, "accuracy")["nearest neighbour"] == 1.0
    assert values(rows, "macro F1")["nearest neighbour"] == 1.0
    assert values(rows, "accuracy")["TidyBot"] is None


@pytest.mark.parametrize("variant", ["own", "labels"])
def test_movielens_from_the_environment(cli, tmp_path, monkeypatch, variant):
    write_movielens(tmp_path / "data", GIVEN, PLOTS)
    monkeypatch.setenv("TAILORLM_DATA", str(tmp_path / "data"))
    rows = cli.json("evaluate", "lamp", "--variant", variant, "--quick")
    assert {row["n"] for row in rows if row["value"] is not None} == {6}
    assert all("MovieLens" in row["case"] for row in rows)
    # With fixed labels the 13 that never occur count as 0.
    perfect = values(rows, "macro F1")["nearest neighbour"]
    assert perfect == pytest.approx(1.0 if variant == "own" else 2 / 15)


def test_a_damaged_question_is_left_out_with_a_notice(cli, tmp_path):
    questions, _ = lamp_split(tmp_path, users=3)
    damaged = questions.read_text("utf-8").replace("description: A crew", "A crew", 1)
    questions.write_text(damaged, "utf-8")
    result = cli.run("evaluate", "lamp", "--data", ".", "--quick")
    assert result.exit_code == 0
    assert "row 1: 'input' holds no film, so it is left out." in result.stderr
    assert "2 films to tag" in result.stdout


def test_what_cannot_be_read(cli, tmp_path):
    assert "holds neither dev_questions.json" in cli.error("evaluate", "lamp", "--data", ".")
    write_lamp(tmp_path, [{"id": "1"}], [{"id": "1", "output": "war"}])
    line = cli.error("evaluate", "lamp", "--data", ".")
    assert "dev_questions.json, row 1: there is no field 'input'" in line
