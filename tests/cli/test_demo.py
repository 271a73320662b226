"""`tailorlm demo`: what it shows is what happened, on a terminal and in a pipe."""

from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console

from tailorlm.cli import demo, demo_view
from tailorlm.cli.demo_session import QUERY, Session, Step, make_person
from tailorlm.types import Belief, Profile


def test_it_says_who_is_not_real_and_what_was_learned(cli, tmp_path):
    start = time.monotonic()
    result = cli.run("demo", "--turns", 12)
    assert time.monotonic() - start < 20
    assert (result.exit_code, result.stderr) == (0, "")
    out = result.stdout
    words = " ".join(out.split())
    assert "Sam is simulated" in words
    assert "not a language model" in words
    assert out.count(QUERY) == 3
    assert out.index("Before") < out.index("After") < out.index("What was learned")
    assert "Sam asked 12 questions" in words
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80
    assert all(line == line.rstrip() for line in out.splitlines())
    assert list(tmp_path.iterdir()) == []


def test_json_tells_the_same_story(cli):
    first = cli.json("demo", "--turns", 8, "--seed", 3)
    assert first == cli.json("demo", "--turns", 8, "--seed", 3)
    assert first["likes"] != cli.json("demo", "--turns", 1, "--seed", 4)["likes"]
    assert len(first["likes"]) == 3
    assert len(first["beliefs"]) == 50
    assert len(first["turns"]) == 8
    assert first["rankings"] == sum(turn["shown"] > 1 for turn in first["turns"])
    assert first["simulated"] is first["demo"] is True
    assert first["before"] != ""


@pytest.mark.parametrize("seed", [7, 13])
def test_it_learns(cli, seed):
    after = cli.json("demo", "--seed", seed)
    probability = {belief["tag"]: belief["probability"] for belief in after["beliefs"]}
    likes = [probability[tag] for tag in after["likes"]]
    others = [p for tag, p in probability.items() if tag not in after["likes"]]
    assert sum(likes) / 3 > 0.5
    assert sum(others) / 47 < 0.1
    assert len(set(after["after_tags"]) & set(after["likes"])) >= 2
    assert any(tag.lower() in after["after"].lower() for tag in after["likes"])
    shown = [turn["shown"] for turn in after["turns"]]
    assert sum(shown[:10]) > sum(shown[-10:])


def test_it_moves_on_a_terminal():
    stream = io.StringIO()
    console = Console(file=stream, force_terminal=True, width=120, color_system="truecolor")
    demo._show(console, 0, 3, pause=0.0)
    out = stream.getvalue()
    assert out.count("Sam asks, ranks") > 3
    assert "\x1b[2K" in out
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", out)
    assert max(map(len, plain.splitlines())) <= 80


def test_bad_options(cli):
    for option in (("--turns", 0), ("--seed", -1)):
        result = cli.run("demo", *option)
        assert result.exit_code == 2
        assert "Traceback" not in result.output


def session(*beliefs: tuple[str, float, int], shown: tuple[int, ...] = (3, 1)) -> Session:
    """A session that ended with these beliefs, of somebody who likes what seed 0 likes."""
    profile = Profile(
        user="Sam",
        method="bayes_tags",
        beliefs=tuple(Belief(kind="tag", name=n, probability=p, evidence=e) for n, p, e in beliefs),
        certainty=0.8,
        summary="-",
    )
    steps = tuple(Step("Why?", n, 0, {name: p for name, p, _ in beliefs}) for n in shown)
    user = make_person(0)
    return Session(user=user, before="-", after="-", after_tags=(), steps=steps, profile=profile)


def test_the_paragraph_admits_what_went_wrong():
    one, two, three = make_person(0).likes
    text = demo_view.learned(session((one, 0.9, 4), ("Origami", 0.6, 3), (two, 0.2, 0)))
    assert f"likes {one} (90%) and Origami (60%); 1 of these 2 are right" in text
    assert f"but {two} and {three} were not found" in text
    assert f"Next comes {two} at 20%" in text
    assert "1 of them it has never seen judged" in text
    assert "reach 80%" in text


def test_the_paragraph_of_somebody_unknown():
    text = demo_view.learned(session(("Origami", 0.1, 0), shown=(3,)))
    assert "asked 1 question and ranked several answers every time." in text
    assert "No tag has reached 50% yet" in text


def test_the_paragraph_when_all_is_found():
    one, two, three = make_person(0).likes
    text = demo_view.learned(session((one, 0.9, 1), (two, 0.8, 1), (three, 0.7, 1), ("x", 0.0, 1)))
    assert f"{one} (90%), {two} (80%) and {three} (70%); all 3 are right." in text
    assert "never seen" not in text


@pytest.mark.parametrize("turns", [1, 9, 30, 40, 41, 200])
def test_the_picture_fits(turns):
    user = make_person(0)
    beliefs = {tag: i / 60 for i, tag in enumerate(user.library.tags)}
    steps = [Step("Why?", 3, 1, beliefs)] * turns
    for done in {1, turns}:
        for ascii_only in (False, True):
            stream = io.StringIO()
            picture = demo_view.progress(user, steps[:done], turns, ascii_only=ascii_only)
            Console(file=stream, width=80).print(picture)
            lines = stream.getvalue().splitlines()
            assert "…" not in stream.getvalue()
            assert max(len(line.rstrip()) for line in lines) <= 80
            assert all(any(tag in line for line in lines) for tag in user.likes)
            assert stream.getvalue().isascii() or not ascii_only


def test_how_the_reader_calls_it(monkeypatch):
    monkeypatch.setattr("sys.argv", [".venv/bin/tailorlm", "demo"])
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert demo._program() == ".venv/bin/tailorlm"
    monkeypatch.setattr("shutil.which", lambda name: "found")
    assert demo._program() == "tailorlm"
