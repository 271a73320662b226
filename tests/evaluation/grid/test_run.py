"""A grid from its rows to its report: killed and resumed, cached, in threads and in processes."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.evaluation.grid.made_up import USERS, Counting, rows, settings, write

from tailorlm.errors import (
    InputError,
    LLMContextError,
    LLMError,
    LLMResponseError,
    UnknownNameError,
)
from tailorlm.evaluation.grid import forget, run_grid
from tailorlm.evaluation.grid.page import report_of, summary, write_grid
from tailorlm.evaluation.grid.performing import units_of
from tailorlm.evaluation.grid.playing import Played
from tailorlm.evaluation.grid.run import Grid
from tailorlm.evaluation.grid.tasks import load_tasks
from tailorlm.llms.base import Request
from tailorlm.llms.scripted import Scripted

pytestmark = pytest.mark.whole

ROWS = ("none", "pooled", "contextual", "bayes_tags")
TASKS = 18
"""Three users with two of each of three kinds."""


def lines(folder: Path) -> list[dict[str, object]]:
    """The journal's, without its head."""
    _, *found = (folder / "grid" / "journal.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line) for line in found]


def scores(grid: Grid) -> dict[str, object]:
    return {metric: found.as_dict() for metric, found in grid.comparisons.items()}


def test_every_row_answers_every_task(tmp_path: Path) -> None:
    llm = Counting()
    grid = run_grid(settings(tmp_path), llm=llm)
    assert {row for row, _ in grid.given} == set(ROWS)
    assert len(grid.given) == len(lines(tmp_path)) == len(ROWS) * TASKS
    assert set(grid.comparisons) == {"rouge_l", "length_error", "pair_accuracy", "accuracy"}
    assert set(grid.unscored) == {"style_distance"}  # there are too few texts for it
    for found in grid.comparisons.values():
        assert [score.method for score in found.methods] == list(ROWS)
        assert found.missing == ()
    # Whoever has no opinion gets half; the one that learns who likes what gets more.
    ranked = grid.comparisons["pair_accuracy"]
    assert ranked.score("none").mean.value == ranked.score("contextual").mean.value == 0.5
    assert ranked.score("bayes_tags").mean.value == 1.0
    assert ranked.score("pooled").mean.value == pytest.approx(2 / 3)  # ben and cleo outvote ana
    assert grid.comparisons["accuracy"].score("none").mean.value == 1.0


def test_the_journal_says_what_was_sent_answered_and_scored(tmp_path: Path) -> None:
    llm = Counting()
    run_grid(settings(tmp_path), llm=llm)
    line = next(row for row in lines(tmp_path) if (row["row"], row["task"]) == ("contextual", "1"))
    assert line["user"] == "ana"
    assert line["query"] == "Plan day 0."
    messages = line["messages"]
    assert isinstance(messages, list)
    assert messages[-1] == {"role": "user", "content": "Plan day 0."}
    assert "tea" in messages[0]["content"]
    assert line["answer"] == f"Plan day 0. {len(messages)}"
    assert set(line["scores"]) == {"rouge_l", "style_distance", "length_error"} - set(
        line["unscored"]  # type: ignore[call-overload]
    )


def test_no_user_reads_another_but_in_the_pooled_row(tmp_path: Path) -> None:
    run_grid(settings(tmp_path), llm=Counting())
    for line in lines(tmp_path):
        others = [f"I am {user}." for user in USERS if user != line["user"]]
        told = json.dumps(line["messages"])
        assert line["row"] == "pooled" or not any(other in told for other in others)


def test_a_grid_that_broke_off_repeats_nothing(tmp_path: Path) -> None:
    whole = Counting()
    wanted = scores(run_grid(settings(tmp_path), llm=whole))
    forget(settings(tmp_path))
    first, second = Counting(breaks_after=9), Counting()
    with pytest.raises(LLMError, match=r"The line is dead\. What was answered is kept"):
        run_grid(settings(tmp_path), llm=first)
    assert len(first.requests) == 9
    kept = len(lines(tmp_path))
    grid = run_grid(settings(tmp_path), llm=second)
    assert grid.resumed == kept
    assert scores(grid) == wanted
    asked = [(r.messages, r.seed) for r in first.requests + second.requests]
    assert sorted(map(repr, asked)) == sorted(repr((r.messages, r.seed)) for r in whole.requests)


def test_a_finished_grid_asks_nothing(tmp_path: Path) -> None:
    wanted = scores(run_grid(settings(tmp_path), llm=Counting()))
    grid = run_grid(settings(tmp_path), llm=Counting(breaks_after=0))
    assert grid.resumed == len(grid.given)
    assert scores(grid) == wanted


def test_a_cut_line_is_dropped(tmp_path: Path) -> None:
    wanted = scores(run_grid(settings(tmp_path), llm=Counting()))
    journal = tmp_path / "grid" / "journal.jsonl"
    journal.write_bytes(journal.read_bytes()[:-20])
    grid = run_grid(settings(tmp_path), llm=Counting(breaks_after=0))
    assert grid.resumed < len(grid.given)
    assert scores(grid) == wanted
    assert all(lines(tmp_path))


def test_a_method_can_be_added(tmp_path: Path) -> None:
    run_grid(settings(tmp_path), llm=Counting())
    llm = Counting()
    grid = run_grid(settings(tmp_path, methods=("bayes_tags", "persona")), llm=llm)
    assert grid.resumed == len(ROWS) * TASKS
    assert {row for row, _ in grid.given} == {*ROWS, "persona"}


def test_another_grid_in_the_folder_is_refused(tmp_path: Path) -> None:
    run_grid(settings(tmp_path), llm=Counting())
    with pytest.raises(InputError, match=r"another grid \(seed differ"):
        run_grid(settings(tmp_path, seed=1), llm=Counting())
    path = write(tmp_path / "other.jsonl", rows(queries=1))
    with pytest.raises(InputError, match=r"another grid \(data differ"):
        run_grid(settings(tmp_path, data=path), llm=Counting())
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="is a file"):
        run_grid(settings(tmp_path, out=tmp_path / "file"), llm=Counting())


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_side_by_side_gives_the_same(tmp_path: Path, engine: str) -> None:
    given = settings(tmp_path, llm="builtin")
    alone = run_grid(given)
    together = run_grid(replace(given, out=tmp_path / "both"), engine=engine, workers=2)
    assert scores(alone) == scores(together)
    answers = {key: one.answer for key, one in alone.given.items()}
    assert answers == {key: one.answer for key, one in together.given.items()}


def test_on_ray(tmp_path: Path) -> None:
    pytest.importorskip("ray")
    given = settings(tmp_path, llm="builtin")
    alone = run_grid(given)
    together = run_grid(replace(given, out=tmp_path / "ray"), engine="ray", workers=2)
    assert scores(alone) == scores(together)


def test_one_answer_that_failed_is_unscored(tmp_path: Path) -> None:
    def answer(request: Request) -> str:
        return "Tea."

    def fails(request: Request) -> str:
        raise LLMResponseError("It was cut off.")

    path = write(tmp_path / "mine.jsonl", [row for row in rows() if "reference" in row])
    script = [fails, *[answer] * 40]
    grid = run_grid(settings(tmp_path, data=path), llm=Scripted(script))
    unscored = grid.comparisons["rouge_l"].score("none").unscored
    assert dict(unscored) == {"the language model failed: It was cut off.": 1}
    assert grid.comparisons["rouge_l"].score("contextual").n_unscored == 0


def test_a_history_that_cannot_be_learned_from_is_unscored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(self: Played, *given: object) -> object:
        raise LLMContextError("It is too long.")

    monkeypatch.setattr(Played, "utility", fails)
    monkeypatch.setattr(Played, "plan", fails)
    grid = run_grid(settings(tmp_path), llm=Counting())
    assert grid.comparisons == {}
    assert set(grid.unscored) == {
        "rouge_l", "style_distance", "length_error", "pair_accuracy", "accuracy",
    }  # fmt: skip
    assert set(grid.unscored.values()) == {"the language model failed: It is too long."}


def test_names_are_checked_before_anything_is_run(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="bayes_tags"):
        run_grid(settings(tmp_path, methods=("bayes_tag",)), llm=Counting())
    with pytest.raises(UnknownNameError, match="engine"):
        run_grid(settings(tmp_path), llm=Counting(), engine="thread")
    with pytest.raises(UnknownNameError, match="LLM"):
        run_grid(settings(tmp_path, llm="nothing"))


def test_units_hold_one_history(tmp_path: Path) -> None:
    tasks = load_tasks(write(tmp_path / "mine.jsonl", rows(queries=30)))
    units = list(units_of([("none", "none"), ("pooled", "persona")], tasks))
    assert all(len({task.user for task in u.tasks}) == 1 for u in units if u.row == "none")
    assert max(len(unit.tasks) for unit in units) <= 32
    for row in ("none", "pooled"):
        asked = [task.id for unit in units if unit.row == row for task in unit.tasks]
        assert sorted(asked) == sorted(task.id for task in tasks.tasks)


def test_a_history_that_grows_is_learned_as_it_grows(tmp_path: Path) -> None:
    lines = [
        row | {"history": row["history"][:number], "query": f"{row['query']} {number}"}
        for row in rows(queries=2)
        for number in (4, 1, 3, 2)
    ]
    path = write(tmp_path / "grows.jsonl", lines)
    tasks = load_tasks(path)
    assert len(list(units_of([("none", "none")], tasks))) > len(tasks.users)
    together = run_grid(settings(tmp_path, data=path, llm="builtin"))
    # The same rows, each as a file of its own: nothing of one reaches another.
    for number in (0, 1, 2, 3, 13):
        own = settings(tmp_path, out=tmp_path / f"own{number}", llm="builtin")
        alone = run_grid(replace(own, data=write(tmp_path / f"{number}.jsonl", [lines[number]])))
        for row in ("none", "contextual", "bayes_tags"):
            one, same = alone.given[row, "1"], together.given[row, str(number + 1)]
            assert (one.messages, one.answer, one.agreed) == (
                same.messages,
                same.answer,
                same.agreed,
            )


def test_the_report(tmp_path: Path) -> None:
    grid = run_grid(settings(tmp_path), llm=Counting())
    report = report_of(grid)
    assert report.metadata["rows missing"] == "none"
    assert report.metadata["users"] == 3
    methods = {row.method for row in report.rows}
    assert methods == set(ROWS)
    json_path, html_path = write_grid(grid)
    html = html_path.read_text("utf-8")
    for words in ("Pairs in order", "none (generic)", "contextual (in-context)", "<svg"):
        assert words in html
    data = json.loads(json_path.read_text("utf-8"))
    means = {(r["method"], r["metric"]): r["value"] for r in data["rows"]}
    assert means["bayes_tags", "pair_accuracy"] == 1.0
    compared = json.loads((tmp_path / "grid" / "comparisons.json").read_text("utf-8"))
    assert compared["accuracy"]["baseline"] == "none"
    assert "bayes\\_tags" in (tmp_path / "grid" / "tables.tex").read_text("utf-8")
    assert "bayes_tags less pooled" in html
    assert "pair_accuracy (higher is better)" in summary(grid)
    assert "Distance of style: nothing scored (no scale of style" in summary(grid)


def test_the_report_says_first_what_differs_and_who_wrote(tmp_path: Path) -> None:
    lines = [row for row in rows(tuple(f"u{n}" for n in range(12))) if "pick" in row]
    path = write(tmp_path / "many.jsonl", lines)
    grid = run_grid(settings(tmp_path, data=path, llm="builtin"))
    report = report_of(grid)
    assert "no quality can be read" in report.lead
    glance = report.sections[0].text
    assert "Pairs in order (higher is better): better than none: " in glance
    assert "bayes_tags (+0.500, p 0.0029)" in glance  # 6 pairs, and 2 of 4,096 ways
    assert "contextual" not in glance
