import json
from pathlib import Path

import pytest

from tailorlm.cli import show
from tailorlm.types import Belief, Profile

QUERY = "How should I spend a free weekend?"


@pytest.fixture
def history(asked):
    """A user with a turn, a ranking and a statement."""
    asked("rank", "ana", "2=3", 1)
    asked("say", "ana", "I like it short.")
    return asked


def test_the_log_has_a_line_per_event(history):
    lines = history("log", "ana").splitlines()
    assert [line.split()[0] for line in lines] == ["1", "2", "3"]
    assert "ranked 2 = 3 > 1" in lines[1]
    turn = history.rows("log", "ana")[0]["turn"]
    assert f"(turn {turn[:8]})" in lines[0]
    assert f"(turn {turn[:8]})" in lines[1]
    assert "turn" not in lines[2]


def test_the_log_as_json_lines(history):
    turn, ranking, statement = history.rows("log", "ana")
    keys = ["event", "user", "log_position", "time", "key", "kind", "turn"]
    assert list(statement) == [*keys, "payload"]
    assert statement["turn"] is None
    assert ranking["turn"] == turn["turn"] == turn["payload"]["id"]
    assert ranking["numbers"] == [[2, 3], [1]]
    assert statement["payload"] == {"text": "I like it short."}


def test_users(history):
    history("say", "ben", "Hello.")
    assert [(row["user"], row["events"]) for row in history.rows("users")] == [
        ("ana", 3),
        ("ben", 1),
    ]
    assert "ben" in history("users")
    history("erase", "ana", "--yes")
    history("erase", "ben", "--yes")
    assert history("users") == "There are no users yet.\n"
    assert history.rows("users") == []


def test_export_erase_and_import_give_everything_back(history):
    before = history("log", "ana", "--json")
    exported = history("export", "ana")
    said = history("export", "ana", "-o", "ana.jsonl")
    assert said == "Wrote 3 events of ana to ana.jsonl.\n"
    assert Path("ana.jsonl").read_text("utf-8").splitlines()[1:] == exported.splitlines()[1:]
    assert history("erase", "ana", "--yes").startswith("Erased ana: 3 events and ")
    assert history("import", "ana.jsonl") == "Added 3 events to ana.\n"
    assert history("log", "ana", "--json") == before
    assert "has all of it already" in history("import", "-", stdin=exported)
    assert history.json("import", "ana.jsonl", "--user", "eve") == {"user": "eve", "added": 3}
    assert len(history.rows("log", "eve")) == 3


def test_export_replaces_a_file_when_told(history):
    Path("ana.jsonl").write_text("old", "utf-8")
    row = history.json("export", "ana", "-o", "ana.jsonl", "--force")
    assert row == {"user": "ana", "file": "ana.jsonl", "events": 3}
    first = json.loads(Path("ana.jsonl").read_text("utf-8").splitlines()[0])
    assert first["events"] == 3


def test_erasing_leaves_no_text_behind(history):
    history("write", "ana", "-", stdin="The heron at the weir.")
    row = history.json("erase", "ana", "--yes")
    assert row["events"] == 4
    assert all(b"heron" not in file.read_bytes() for file in Path().glob("tailor.db*"))
    assert "no user 'ana'" in history.error("log", "ana")


def test_erasing_asks_for_the_id_on_a_terminal(history, monkeypatch):
    monkeypatch.setattr("tailorlm.cli.records.on_terminal", lambda: True)
    result = history.run("erase", "ana", stdin="anna\n")
    assert result.exit_code == 2
    assert "all 3 events of ana" in result.stderr
    assert "Nothing was erased" in result.stderr
    assert history.run("erase", "ana", stdin="").exit_code == 130
    result = history.run("erase", "ana", stdin="ana\n")
    assert result.exit_code == 0
    assert "Erased ana: 3 events" in result.stdout


def test_a_profile_of_a_method_that_learns_nothing(history):
    assert "Nothing is learned" in history("profile", "ana")
    row = history.json("profile", "ana")
    assert list(row) == ["user", "method", "certainty", "summary", "beliefs"]
    assert row["beliefs"] == []


def belief(name, probability, low=0.0, high=1.0, evidence=1, kind="tag"):
    return Belief(
        kind=kind,
        name=name,
        probability=probability,
        effect=(low + high) / 2,
        low=low,
        high=high,
        evidence=evidence,
        last_seen=1_700_000_000.0,
    )


def profile(*beliefs):
    return Profile(
        user="ana", method="m", beliefs=beliefs, certainty=0.5, summary="Ana likes birds."
    )


def shown(capsys, found, everything=False):
    show.show_profile(found, everything=everything)
    return capsys.readouterr().out


def test_a_profile_shows_what_matters_first(capsys):
    likely = [belief(f"likely {i}", 0.9) for i in range(12)]
    disliked = belief("disliked", 0.1, low=-2.0, high=-1.0)
    unsure = [belief(f"unsure {i}", 0.1, evidence=0) for i in range(20)]
    few = shown(capsys, profile(likely[0], *unsure, disliked))
    assert "likely 0" in few
    assert "disliked" in few
    assert few.count("unsure") == 3
    assert "17 more with --all." in few
    many = shown(capsys, profile(*likely, *unsure))
    assert many.count("likely") == 10
    assert "unsure" not in many
    every = shown(capsys, profile(*likely, *unsure), everything=True)
    assert every.count("unsure") == 20
    assert "--all" not in every


def test_a_profile_shows_probability_effect_evidence_and_day(capsys):
    out = shown(capsys, profile(belief("Birds", 0.934, low=0.5, high=1.5, evidence=12)))
    row = next(line for line in out.splitlines() if "Birds" in line)
    assert row.split()[1:] == ["93%", "+1.00", "(+0.50", "to", "+1.50)", "12", "2023-11-14"]


def test_a_profile_shows_what_was_said_and_what_replaced_it(capsys):
    day = 86_400.0
    moved = Belief(kind="statement", name="I moved to Lisbon", probability=1.0, since=400.5 * day)
    lived = Belief(
        kind="statement",
        name="I live in Porto",
        probability=0.0,
        since=300.5 * day,
        superseded=400.5 * day,
        superseded_by='statement "I moved to Lisbon"',
    )
    out = shown(capsys, profile(belief("Birds", 0.9), moved, lived))
    assert "Birds" in out
    assert "  I moved to Lisbon (said 1971-02-05)" in out
    assert 'said 1970-10-28, replaced 1971-02-05 by statement "I moved to Lisbon"' in out
    assert "--all" not in out
    many = shown(capsys, profile(*[moved] * 14))
    assert many.count("I moved to Lisbon") == 10
    assert "4 more with --all." in many
    assert 'replaced 1971-02-05 by statement "I moved to Lisbon"' in str(profile(moved, lived))


def test_changes_are_ordered_by_how_far_they_moved():
    before = profile(belief("a", 0.5), belief("b", 0.5), belief("c", 0.5))
    after = profile(
        belief("b", 0.9), belief("new", 0.8, kind="rule"), belief("a", 0.3), belief("c", 0.501)
    )
    moved = show.changes(before, after)
    assert [row["name"] for row in moved] == ["new", "b", "a"]
    assert show.changes_line(moved) == "Learned: rule 'new' (80%), b 50% → 90%, a 50% → 30%."
    assert "no belief moved" in show.changes_line([])
    said = belief("I live in Porto", 1.0, kind="statement")
    moved = show.changes(profile(said), profile(belief("I live in Porto", 0.0, kind="statement")))
    assert show.changes_line(moved) == "Learned: 'I live in Porto' is replaced."


def test_times_that_no_calendar_has():
    assert show.moment(1e300) == "at 1e+300 s"
