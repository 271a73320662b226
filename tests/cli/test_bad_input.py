"""Everything that can be wrong: one line, an exit code, no traceback, nothing accepted lost."""

import os
import socket
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tailorlm.llms.openai import OpenAI
from tailorlm.store import open_store
from tailorlm.types import MAX_TEXT, Candidate, Message, Plan, Turn

QUERY = "How should I spend a free weekend?"


@pytest.fixture
def kept(asked):
    """A log that holds a ranking already, and must hold it afterwards."""
    asked("rank", "ana", 2, 1, 3)
    before = asked("log", "ana", "--json")
    yield asked
    assert asked("log", "ana", "--json") == before


@pytest.mark.parametrize(
    "command",
    [
        ("rank", "bob", 1, 2),
        ("pick", "bob", 1),
        ("edit", "bob", 1, "--text", "x"),
        ("rate", "bob", 1, 5),
        ("profile", "bob"),
        ("log", "bob"),
        ("log", "bob", "--json"),
        ("export", "bob"),
        ("export", "bob", "-o", "bob.jsonl"),
        ("erase", "bob", "--yes"),
    ],
)
def test_an_unknown_user(kept, command):
    assert "user" in kept.error(*command)
    assert not Path("bob.jsonl").exists()


def test_an_unknown_turn(kept):
    for turn in ("0123456789abcdef", "x", "0" * 5000):
        assert "no turn with that id" in kept.error("rank", "ana", 2, 1, 3, "--turn", turn)


def test_a_turn_id_that_fits_several(kept):
    plan = Plan(messages=(Message("user", QUERY),), method="none")
    candidates = (Candidate(plan=plan, text="Walk.", llm="builtin"),)
    with closing(open_store("tailor.db")) as store:
        for turn in ("abcd1", "abcd2"):
            store.append("eve", Turn(id=turn, query=QUERY, candidates=candidates))
    assert "2 turns begin with 'abcd'" in kept.error("rate", "eve", 1, 5, "--turn", "abcd")
    assert "no turn with that id" in kept.error("rate", "eve", 1, 5, "--turn", "abc")
    assert kept.json("rate", "eve", 1, 5, "--turn", "abcd1")["turn"] == "abcd1"


def test_a_user_without_a_turn(kept):
    kept("say", "eve", "Hello.")
    assert "Ask something first" in kept.error("pick", "eve", 1)


def test_another_users_turn(kept):
    kept("ask", "eve", QUERY, "-n", 3)
    turn = kept.rows("log", "eve")[0]["turn"]
    for start in (turn, turn[:8]):
        assert "no turn" in kept.error("rank", "ana", 1, 2, 3, "--turn", start)
        assert "no turn" in kept.error("pick", "ana", 1, "--turn", start)
    assert len(kept.rows("log", "eve")) == 1


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("rank", "ana", 1, 2, 2), "candidate 2 more than once"),
        (("rank", "ana", 1, 2), "leaves out candidate 3"),
        (("rank", "ana", 1, 2, 4), "no candidate 4; the turn has 1 to 3"),
        (("rank", "ana", "best", 2), "got 'best'"),
        (("pick", "ana", 0), "no candidate 0"),
        (("pick", "ana", 10**30), "no candidate 1000"),
        (("edit", "ana", 4, "--text", "x"), "no candidate 4"),
        (("edit", "ana", 1, "--text", ""), "edited text is empty"),
        (("rate", "ana", 1, 6), "from 1 to 5"),
        (("rate", "ana", 1, "nan"), "rating is a number"),
        (("say", "ana", ""), "statement is empty"),
        (("say", "ana", "x\x00y"), "NUL"),
        (("describe", "ana", "", "x"), "attribute name is empty"),
        (("describe", "ana", "x", " "), "attribute value is empty"),
        (("pick", "ana", 1, "--key", ""), "idempotency key is empty"),
        (("write", "ana", "missing.txt"), "missing.txt cannot be read"),
        (("write", "ana", "."), "cannot be read"),
    ],
)
def test_feedback_that_cannot_be_used(kept, command, said):
    assert said in kept.error(*command)


@pytest.mark.parametrize(
    ("option", "value", "near"),
    [
        ("--method", "bayes_tag", "Did you mean 'bayes_tags'?"),
        ("--llm", "bultin", "Did you mean 'builtin'?"),
        ("--llm", "gpt-4o", "openai/gpt-4o"),
        ("--llm", "openai", "openai/MODEL"),
        ("--encoder", "statik", "Did you mean 'static'?"),
        ("--tags", "missing.toml", "missing.toml cannot be read"),
        ("--store", "mysql://localhost/x", "postgresql"),
    ],
)
def test_an_unknown_name(kept, option, value, near):
    assert near in kept.error("ask", "ana", QUERY, option, value)


@pytest.mark.parametrize("query", ["", "   ", "\n"])
def test_an_empty_query(kept, query):
    assert "query is empty" in kept.error("ask", "ana", query)
    assert "query is empty" in kept.error("ask", "ana", "-", stdin=query)


def test_a_query_of_a_megabyte_and_more(kept):
    assert "1,048,576 characters" in kept.error("ask", "ana", "-", stdin="x" * 2**20)
    assert "Shorten it" in kept.error("ask", "ana", "-", stdin="x" * (4 * MAX_TEXT + 1))
    assert "split it" in kept.error("write", "ana", "-", stdin="word " * (2 * MAX_TEXT))
    assert "Shorten it" in kept.error("say", "ana", "x" * 2**20)


def test_texts_that_are_no_text(kept):
    assert "not UTF-8" in kept.error("ask", "ana", "-", stdin=b"caf\xe9")
    Path("image.png").write_bytes(b"\x89PNG\r\n\x1a\n\x00")
    assert "not UTF-8" in kept.error("write", "ana", "image.png")
    assert "user id" in kept.error("ask", "ana\nbob", QUERY)
    assert "user id" in kept.error("ask", "a" * 300, QUERY)


def test_a_missing_database_is_not_made_by_looking(cli):
    for command in (("profile", "ana"), ("log", "ana"), ("users",), ("rank", "ana", 1, 2)):
        assert "no database" in cli.error(*command, "--store", "other.db")
    assert not Path("other.db").exists()
    assert "directory" in cli.error("ask", "ana", QUERY, "--store", "a/b/c.db", code=1)


def test_a_corrupt_database(asked):
    Path("noise.db").write_bytes(os.urandom(64) * 100)
    Path("other.db").write_text("This is no database.", "utf-8")
    whole = Path("tailor.db").read_bytes()
    Path("half.db").write_bytes(whole[: len(whole) // 2])
    for name in ("noise.db", "other.db", "half.db"):
        before = Path(name).read_bytes()
        assert "backup" in asked.error("ask", "ana", QUERY, "--store", name, code=1)
        assert Path(name).read_bytes() == before
    asked.error("ask", "ana", QUERY, "--store", ".", code=1)


def test_a_database_of_a_newer_version(kept):
    Path("new.db").write_bytes(Path("tailor.db").read_bytes())
    with sqlite3.connect("new.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for command in (("ask", "ana", QUERY), ("rank", "ana", 1, 2, 3), ("log", "ana")):
        assert "newer tailorlm" in kept.error(*command, "--store", "new.db", code=1)


def test_a_read_only_database(kept):
    url = "sqlite:///tailor.db?mode=ro"
    for command in (("ask", "ana", QUERY), ("rank", "ana", 1, 2, 3), ("erase", "ana", "--yes")):
        assert "read-only" in kept.error(*command, "--store", url, code=1)
    assert kept("log", "ana", "--store", url) == kept("log", "ana")
    assert kept("profile", "ana", "--store", url) == kept("profile", "ana")
    learned = kept.json("profile", "ana", "--store", url, "--method", "bayes_tags")
    assert learned["beliefs"]


@pytest.mark.skipif(os.name != "posix", reason="needs limits of POSIX")
def test_a_full_disk(kept, start):
    script = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({_size() + 20_000},) * 2)\n"
        "from tailorlm.cli.start import run\n"
        "run()\n"
    )
    Path("long.txt").write_text("word " * 50_000, "utf-8")
    process = start("write", "ana", "long.txt", script=script)
    stdout, stderr = process.communicate(timeout=20)
    assert stdout == b""
    assert "disk" in kept.one_line(stderr.decode(), process.returncode, 1)


def _size() -> int:
    return max(file.stat().st_size for file in Path().glob("tailor.db*"))


def test_an_llm_that_cannot_be_reached(kept, monkeypatch):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    monkeypatch.setitem(OpenAI.__init__.__kwdefaults__, "sleep", lambda _: None)
    monkeypatch.setenv("OPENAI_BASE_URL", f"http://127.0.0.1:{port}/v1")
    line = kept.error("ask", "ana", QUERY, "-n", 3, "--llm", "openai/none", code=1)
    assert f"127.0.0.1:{port} cannot be reached" in line


def test_what_nobody_foresaw_quotes_no_text(kept, monkeypatch):
    line = kept.error("ask", "ana", QUERY, "--llm", "buggy", code=70)
    assert "bug in tailorlm (ZeroDivisionError)" in line
    assert "TAILORLM_DEBUG=1" in line
    assert QUERY not in line
    monkeypatch.setenv("TAILORLM_DEBUG", "1")
    assert "Traceback" in kept.run("ask", "ana", QUERY, "--llm", "buggy").stderr


def test_a_script_that_ran_out(kept):
    assert "scripted LLM" in kept.error("ask", "ana", QUERY, "--llm", "scripted", code=1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n \n", "is empty"),
        ("hello\n", "Line 1 of - is not a JSON object"),
        ("[1, 2]\n", "Line 1 of - is not a JSON object"),
        ("{}\n", "export"),
        ("[" * 100_000, "Line 1"),
        ('{"tailorlm_export": 99, "user": "ana", "exported_at": 1.0, "events": 0}\n', "--upgrade"),
    ],
)
def test_an_import_that_is_no_export(kept, text, said):
    assert said in kept.error("import", "-", stdin=text)


def test_an_import_that_breaks_off_adds_nothing(kept):
    lines = kept("export", "ana").splitlines()
    for broken in (lines[:-1], [*lines[:2], "{"], [*lines, lines[-1][:-20]]):
        kept.error("import", "-", "--user", "eve", stdin="\n".join(broken))
    assert "no user 'eve'" in kept.error("log", "eve")
    assert "cannot be read" in kept.error("import", "missing.jsonl")


def test_an_export_replaces_nothing_unasked(kept):
    Path("ana.jsonl").write_text("precious", "utf-8")
    assert "--force" in kept.error("export", "ana", "-o", "ana.jsonl")
    assert "exists already" in kept.error("export", "ana", "-o", ".")
    assert "cannot be written" in kept.error("export", "ana", "-o", "a/b.jsonl")
    assert "no user" in kept.error("export", "bob", "-o", "ana.jsonl", "--force")
    assert Path("ana.jsonl").read_text("utf-8") == "precious"
    assert [file for file in Path().iterdir() if file.name.startswith(".")] == []


def test_an_erasure_nobody_confirmed(kept):
    assert "--yes" in kept.error("erase", "ana")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("method = 3", "'method' in tailorlm.toml must be a text"),
        ("seed = -1", "'seed' in tailorlm.toml must be a whole number"),
        ("metod = 'none'", "Did you mean 'method'?"),
        ("method", "not valid TOML"),
    ],
)
def test_a_settings_file_that_cannot_be_used(kept, text, said, monkeypatch):
    monkeypatch.delenv("TAILORLM_METHOD")
    Path("tailorlm.toml").write_text(text, "utf-8")
    assert said in kept.error("profile", "ana")
    Path("tailorlm.toml").unlink()
    monkeypatch.setenv("TAILORLM_METHOD", "none")


def test_a_variable_that_cannot_be_used(kept, monkeypatch):
    monkeypatch.setenv("TAILORLM_SEED", "lucky")
    line = kept.error("ask", "ana", QUERY)
    assert "TAILORLM_SEED must be a whole number from 0, but is 'lucky'" in line
    monkeypatch.delenv("TAILORLM_SEED")


def test_usage_errors_stay_the_parsers_own(cli):
    for command in (("ask",), ("rank", "ana"), ("rate", "ana", 1, "good"), ("nothing",)):
        result = cli.run(*command)
        assert result.exit_code == 2
        assert "Traceback" not in result.stderr
