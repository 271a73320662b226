"""Sessions run as they say, go on after an interruption, and end in a report."""

from __future__ import annotations

import json

import numpy as np
import pytest
from tests.evaluation.premium.made_up import PLAN, outcome
from tests.evaluation.recordings import Words, record, write
from tests.evaluation.test_report import KEYS, parsed

from tailorlm.errors import InputError
from tailorlm.evaluation.premium import Form, Settings, costs, run_premium, sessions, tokens
from tailorlm.evaluation.premium.accuracy import ACCURACY
from tailorlm.evaluation.premium.learners import (
    ABLATIONS,
    BASELINES,
    BAYES,
    BAYES_OFFLINE,
    EMBED,
    EXACT,
    MAIN,
)
from tailorlm.evaluation.premium.prompts import EVERYDAY, Prompts, load_subsets
from tailorlm.evaluation.premium.sessions import Bench, Job, Journal, Outcome, perform, run_jobs
from tailorlm.evaluation.premium.worlds import Setup, draw_world
from tailorlm.evaluation.report import write_report
from tailorlm.llms.scripted import Scripted

pytestmark = pytest.mark.whole

PROMPTS = {EVERYDAY: Prompts(("What now?", "And then?"), ("Why?", "How?"))}
BENCH = Bench(encoder=Words(), prompts=PROMPTS, form=Form())
TINY = Setup(3, 9, 6)


def job(learner: str, **words: object) -> Job:
    return Job(learner=learner, seed=1, setup=TINY, subset=EVERYDAY, **words)  # type: ignore[arg-type]


@pytest.mark.parametrize("learner", [*MAIN, *BASELINES, *ABLATIONS, BAYES_OFFLINE])
def test_every_learner_runs(learner):
    found = perform(job(learner), encoder=Words(), prompts=PROMPTS)
    assert found.accuracy.shape == (6,)
    assert np.isfinite(found.accuracy).all()
    assert len(found.answers) == 2
    assert len(found.likes) == 3
    again = perform(job(learner), encoder=Words(), prompts=PROMPTS)
    assert found.accuracy.tolist() == again.accuracy.tolist()
    assert found.answers == again.answers


@pytest.mark.parametrize("learner", MAIN)
@pytest.mark.parametrize("scenario", ["drift", "growth", "styles", "style drift"])
def test_every_scenario_runs(learner, scenario):
    tiny = Setup(2, 9, 6) if scenario == "growth" else TINY
    asked = Job(
        learner=learner, seed=0, setup=tiny, subset=EVERYDAY, scenario=scenario, change=3, join=3
    )
    found = perform(asked, encoder=Words(), prompts=PROMPTS)
    assert np.isfinite(found.accuracy).all()
    assert found.answers == ()
    assert np.isfinite(found.pair_accuracy).all() == ("style" in scenario)


def test_worlds_change_as_the_paper_says():
    drift = draw_world(Setup(3, 50, 112), "recorded", "drift", 4)
    before, after = set(drift.annotator.tags), set(drift.annotators[50].tags)
    assert (len(before), len(after), len(before & after)) == (3, 3, 1)
    growth = draw_world(Setup(2, 100, 148), "noise 0.1", "growth", 4)
    (library,), (user,) = growth.libraries.values(), growth.annotators.values()
    assert len(library.tags) == 200
    assert library.tags[:100] == growth.library.tags
    assert set(growth.annotator.tags) < set(user.tags)
    assert max(user.tags) >= 100
    styles = draw_world(Setup(3, 50, 112), "recorded", "style drift", 4)
    flips = set(styles.annotator.tags) - set(styles.annotators[50].tags)
    assert len([i for i in flips if i >= 50]) == 2
    assert len([i for i in flips if i < 50]) == 2


def test_the_exact_limit_learns_faster_than_any_other():
    library = Setup(3, 20, 30)
    ends = {
        name: np.mean(
            [
                perform(
                    Job(
                        learner=name,
                        seed=seed,
                        setup=library,
                        annotator="noise 0.1",
                        subset=EVERYDAY,
                    ),
                    encoder=Words(),
                    prompts=PROMPTS,
                ).accuracy[-1]
                for seed in range(3)
            ]
        )
        for name in (EXACT, EMBED)
    }
    assert ends[EXACT] > 0.85
    assert ends[EXACT] > ends[EMBED]


def test_sessions_go_on_where_they_were_interrupted(tmp_path, monkeypatch):
    path = tmp_path / "sessions.jsonl"
    asked = [job(name) for name in BASELINES]
    with Journal(path, {"version": 1}) as journal:
        first = run_jobs(asked, BENCH, journal)
    with path.open("a") as file:
        file.write('{"job": {"lear')  # cut off
    ran = []
    monkeypatch.setattr(sessions.Bench, "run", lambda self, one: ran.append(one) or outcome(one))
    done = []
    with Journal(path, {"version": 1}) as journal:
        again = run_jobs([*asked, job(BAYES), job(BAYES)], BENCH, journal, on_job=done.append)
    assert ran == [job(BAYES)]
    assert len(done) == 4
    for name in asked:
        assert again[name].accuracy.tolist() == pytest.approx(first[name].accuracy.tolist())
        assert again[name].answers == first[name].answers
    with Journal(path, {"version": 1}) as journal:
        assert len(journal.finished) == 4
        assert journal.spent > 0
    with Journal(path, {"version": 2}) as journal:
        assert (journal.finished, journal.spent) == ({}, 0.0)


def test_outcomes_survive_json():
    found = perform(job(BAYES), encoder=Words(), prompts=PROMPTS)
    back = Outcome.from_dict(json.loads(json.dumps(found.as_dict())))
    assert np.isnan(back.pair_accuracy).all()
    assert back.likes == found.likes
    assert back.accuracy == pytest.approx(found.accuracy)


def test_processes_give_what_one_process_gives(tmp_path):
    asked = [job(name) for name in (*BASELINES, BAYES)]
    with Journal(tmp_path / "a", {}) as journal:
        alone = run_jobs(asked, BENCH, journal)
    with Journal(tmp_path / "b", {}) as journal:
        both = run_jobs(asked, BENCH, journal, workers=2)
    for one in asked:
        assert both[one].answers == alone[one].answers
        assert both[one].accuracy.tolist() == alone[one].accuracy.tolist()


def test_the_suite_writes_a_report(tmp_path, monkeypatch):
    monkeypatch.setattr(sessions.Bench, "run", lambda self, one: outcome(one))
    monkeypatch.setattr(tokens, "TURNS", 2)
    recordings = tmp_path / "turns.jsonl"
    write(recordings, record(np.random.default_rng(3), users=3, turns=4))
    totals, done = [], []
    report = run_premium(
        tmp_path / "out",
        Words(),
        Settings(quick=True, recordings=recordings),
        on_start=totals.append,
        on_job=done.append,
    )
    assert totals == [len(done)]
    json_path, html_path = write_report(report, tmp_path / "out")
    data = json.loads(json_path.read_text("utf-8"))
    assert all(list(row) == KEYS for row in data["rows"])
    assert {row["suite"] for row in data["rows"]} == {"premium"}
    tables = {row["table"] for row in data["rows"]}
    wanted = {f"Table {n}" for n in (2, 4, 5, 6, 9, 12, 14)} | {
        f"Figure {n}" for n in (3, 4, 5, 15)
    }
    assert wanted < tables
    assert data["metadata"]["users_per_cell"] == 2
    assert "not about people" in parsed(html_path).text
    with pytest.raises(InputError, match="finished report"):
        run_premium(tmp_path / "out", Words(), Settings(quick=True))


def test_prompts_come_from_a_folder(tmp_path):
    (tmp_path / "ifeval").mkdir()
    file = tmp_path / "ifeval" / "input_data.jsonl"
    file.write_text("".join(json.dumps({"prompt": f"Say {n}."}) + "\n" for n in range(9)))
    assert load_subsets(tmp_path)["IF"].held_out == ("Say 0.", "Say 1.", "Say 2.")
    assert list(load_subsets(tmp_path)) == ["IF"]
    file.write_text('{"prompt": "one"}\n{"text": 1}\n')
    with pytest.raises(InputError, match="not as expected"):
        load_subsets(tmp_path)
    with pytest.raises(InputError, match="holds none of"):
        load_subsets(tmp_path / "ifeval")
    assert list(load_subsets(None)) == [EVERYDAY]


def test_prompts_are_counted_and_an_llm_is_tried():
    world = draw_world(Setup(3, 20, 67), "recorded", "still", 0)
    likes = ", ".join(world.likes)
    knows = Scripted([f"[Explanation]\nyes\n[User Profile]\n{likes}"] * 9)
    writes = Scripted(["A text."] * 6)
    found = tokens.prompt_session(
        Words(), world, PROMPTS[EVERYDAY], generator=knows, writer=writes, seed=0, turns=2
    )
    assert found.accuracy == 1
    assert found.requests == 3
    assert found.tokens > 100
    section, rows = tokens.table_6(PLAN, Words(), PROMPTS[EVERYDAY])
    assert "--llm" in section.text
    assert [r.value for r in rows if r.metric == ACCURACY] == [None, None]
    assert all(r.value > 100 for r in rows if r.metric == tokens.PER_TURN)


def test_an_epoch_is_timed_only_with_a_model():
    assert "no sentence-transformers model" in costs.time_epoch(Words(), PROMPTS, PLAN, "").why


def test_settings_are_checked():
    with pytest.raises(InputError, match="at least 1"):
        Settings(seeds=0)
    assert (Settings().users, Settings(quick=True).users, Settings(seeds=3).users) == (10, 2, 3)
