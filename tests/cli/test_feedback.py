import stat

import pytest

from tailorlm.cli.reading import parse_order
from tailorlm.errors import FeedbackError

QUERY = "How should I spend a free weekend?"


def payloads(cli):
    return [row["payload"] for row in cli.rows("log", "ana") if row["kind"] != "turn"]


@pytest.mark.parametrize(
    ("written", "groups"),
    [
        (["2", "1", "3"], ((1,), (0,), (2,))),
        (["2=3", "1"], ((1, 2), (0,))),
        (["2=3 1"], ((1, 2), (0,))),
        (["2", "=", "3", "1"], ((1, 2), (0,))),
        (["2>1=3"], ((1,), (0, 2))),
        (["2,1,3"], ((1,), (0,), (2,))),
        (["1=2=3"], ((0, 1, 2),)),
    ],
)
def test_orders_as_people_write_them(written, groups):
    assert parse_order(written, 3, partial=False) == groups


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("1 2 2", "names candidate 2 more than once"),
        ("1 2", "leaves out candidate 3"),
        ("1 2 4", "no candidate 4; the turn has 1 to 3"),
        ("0 1 2", "no candidate 0"),
        ("1 two 3", "got 'two'"),
        ("1= 2 3=", "got '3='"),
        ("", "leaves out candidate 1"),
        ("9" * 5000, "An order is written like"),
    ],
)
def test_orders_that_fit_no_turn(written, said):
    with pytest.raises(FeedbackError, match=said):
        parse_order([written], 3, partial=False)


def test_a_ranking_is_recorded_on_the_latest_turn(asked):
    out = asked("rank", "ana", "2=3", 1)
    assert "kept in the log" in out
    assert "'none' does not use a ranking" in out
    assert payloads(asked)[-1]["groups"] == [[1, 2], [0]]


def test_a_ranking_on_an_earlier_turn_by_the_beginning_of_its_id(asked):
    first = asked.rows("log", "ana")[0]["turn"]
    asked("ask", "ana", "And then?", "-n", 2)
    asked("rank", "ana", 3, 1, 2, "--turn", first[:8])
    asked("rank", "ana", 3, 2, 1, "--turn", first)
    assert [p["turn"] for p in payloads(asked)] == [first, first]


def test_a_partial_ranking_has_to_be_called_so(asked):
    assert "--partial" in asked.error("rank", "ana", 2, 1)
    asked("rank", "ana", 2, 1, "--partial")
    assert payloads(asked) == [{"turn": asked.rows("log", "ana")[0]["turn"], "groups": [[1], [0]]}]
    assert "use pick" in asked.error("rank", "ana", 2, "--partial")


def test_the_same_key_twice_is_one_event(asked):
    first = asked.json("rank", "ana", 2, 1, 3, "--key", "k1")
    again = asked.json("rank", "ana", 2, 1, 3, "--key", "k1")
    assert first["new"] is True
    assert again["new"] is False
    assert again["event"] == first["event"]
    assert "nothing was added" in asked("rank", "ana", 2, 1, 3, "--key", "k1")
    assert len(payloads(asked)) == 1
    assert "idempotency key" in asked.error("rank", "ana", 3, 1, 2, "--key", "k1", code=1)


def test_feedback_in_json_counts_both_ways(asked):
    row = asked.json("rank", "ana", 3, "1=2")
    assert row["numbers"] == [[3], [1, 2]]
    assert row["positions"] == [[2], [0, 1]]
    assert row["used"] is False
    assert row["changes"] == []
    row = asked.json("pick", "ana", 3)
    assert (row["kind"], row["number"], row["position"]) == ("pick", 3, 2)


def test_every_kind_of_feedback_is_recorded(asked, tmp_path):
    turn = asked.rows("log", "ana")[0]["turn"]
    (tmp_path / "letter.txt").write_text("Dear all,\nyours.\n", "utf-8")
    asked("pick", "ana", 2)
    asked("edit", "ana", 1, "--text", "Better.")
    asked("rate", "ana", 3, 4.5)
    asked("say", "ana", "I like it short.")
    asked("say", "ana", "-", stdin="And clear.\n")
    asked("write", "ana", "letter.txt")
    asked("write", "ana", "-", "--title", "Note", stdin="Just this.")
    asked("describe", "ana", "language", "Spanish")
    assert payloads(asked) == [
        {"turn": turn, "candidate": 1},
        {"turn": turn, "candidate": 0, "text": "Better."},
        {"turn": turn, "candidate": 2, "score": 4.5},
        {"text": "I like it short."},
        {"text": "And clear."},
        {"text": "Dear all,\nyours.\n", "title": "letter.txt"},
        {"text": "Just this.", "title": "Note"},
        {"name": "language", "value": "Spanish"},
    ]


def test_an_edit_comes_from_standard_input(asked):
    asked("edit", "ana", 2, stdin="As I would write it.\n")
    assert payloads(asked)[-1]["text"] == "As I would write it.\n"


def test_an_edit_comes_from_the_editor_on_a_terminal(asked, tmp_path, monkeypatch):
    monkeypatch.setattr("tailorlm.cli.reading.on_terminal", lambda: True)
    editor = tmp_path / "my editor"
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.delenv("EDITOR", raising=False)
    assert "set EDITOR" in asked.error("edit", "ana", 2)
    monkeypatch.setenv("EDITOR", f"'{editor}'")
    assert "failed" in asked.error("edit", "ana", 2)
    editor.write_text("#!/bin/sh\nexit 0\n", "utf-8")
    editor.chmod(editor.stat().st_mode | stat.S_IXUSR)
    assert "was not changed" in asked.error("edit", "ana", 2)
    editor.write_text('#!/bin/sh\necho "Quite different." > "$1"\n', "utf-8")
    asked("edit", "ana", 2)
    assert payloads(asked)[-1]["text"] == "Quite different.\n"


def test_a_statement_may_be_the_first_thing_known_of_a_user(cli):
    cli("say", "ben", "I like it short.")
    assert [row["user"] for row in cli.rows("users")] == ["ben"]


def test_what_changed_is_said_in_one_line(asked, monkeypatch):
    monkeypatch.setenv("TAILORLM_METHOD", "bayes_tags")
    asked("ask", "ana", QUERY, "-n", 3)
    row = asked.json("rank", "ana", 2, 1, 3)
    assert row["used"] is True
    assert row["changes"]
    assert list(row["changes"][0]) == ["kind", "name", "before", "after"]
    steps = [abs(change["after"] - change["before"]) for change in row["changes"]]
    assert steps == sorted(steps, reverse=True)
    out = asked("rank", "ana", 3, 1, 2)
    assert out.startswith("Recorded. Learned: ")
    assert "→" in out
    assert len(out.splitlines()) == 1
    assert asked.json("profile", "ana")["beliefs"]


def test_feedback_needs_no_language_model(asked, monkeypatch):
    monkeypatch.setenv("TAILORLM_LLM", "nonexistent")
    assert asked.json("pick", "ana", 1)["kind"] == "pick"


def test_the_first_thing_a_new_user_says_is_all_that_was_learned(cli):
    moved = cli.json("say", "newcomer", "Stop using bullet points.", "--method", "bayes_tags")[
        "changes"
    ]
    assert [(row["kind"], row["name"]) for row in moved] == [
        ("statement", "Stop using bullet points.")
    ]


def test_a_belief_is_corrected_and_that_is_taken_back(cli, monkeypatch):
    monkeypatch.setenv("TAILORLM_METHOD", "bayes_tags")
    cli("correct", "ana", "lock", "baking", "--disliked")
    cli("correct", "ana", "set", "Use bullet points.")
    cli("say", "ana", "Keep it short.")
    cli("correct", "ana", "forget", "keep it short")
    assert [(row["kind"], row["name"], row["action"], row["value"])
            for row in payloads(cli) if "action" in row] == [
        ("tag", "Baking", "lock", "disliked"),
        ("rule", "Use bullet points.", "set", ""),
        ("statement", "Keep it short.", "forget", ""),
    ]  # fmt: skip
    shown = cli("profile", "ana")
    assert "Baking, locked" in shown
    assert "Use bullet points. (rule), set" in shown
    assert "forgotten" in shown
    assert "took back the rule" not in cli("log", "ana")
    cli("correct", "ana", "release", "Use bullet points.")
    assert "Use bullet points." not in cli("profile", "ana")
    assert "took back the rule 'Use bullet points.'" in cli("log", "ana")


def test_a_correction_that_makes_no_sense_is_refused(cli):
    assert "lock, set, forget, release" in cli.error("correct", "ana", "hide", "Baking")
    assert "Only a tag" in cli.error(
        "correct", "ana", "set", "Be brief.", "--kind", "rule", "--disliked"
    )


def test_a_file_of_several_texts_counts_each_once(cli, tmp_path):
    file = tmp_path / "Sent.mbox"
    mail = "From a@example.org Mon Jan 01 10:00:00 2024\nSubject: {0}\n\n{0}\n\n"
    file.write_text(mail.format("One") + mail.format("") + mail.format("Two"), "utf-8")
    done = cli.json("write", "ana", file)
    assert (done["taken"], done["known"]) == (2, 0)
    assert [row["where"] for row in done["left_out"]] == ["message 2"]
    assert "Recorded 0 texts. 2 texts recorded before." in cli("write", "ana", file)
    assert [p["title"] for p in payloads(cli)] == ["One", "Two"]
    assert "cannot be read" in cli.error("write", "ana", tmp_path / "missing.jsonl")
