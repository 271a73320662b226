"""The documentation is true: its examples run, its links lead somewhere, its commands exist.

CONTRIBUTING.md ("Documentation") has the rules that these tests enforce.
"""

from __future__ import annotations

import os
import re
import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.project import pages

from tailorlm.cli.main import app

pytestmark = pytest.mark.whole

PAGES = {pages.name_of(page): page for page in pages.PAGES}
every_page = pytest.mark.parametrize("name", PAGES)
README = PAGES["README.md"]
README_LINES = 170
FIRST_RESULT = 30
RUNS = {"tailorlm": "tailorlm", "make demo": "tailorlm demo"}


@every_page
def test_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    for block in pages.blocks(PAGES[name]):
        if block.file and block.language != "console":
            path = tmp_path / block.file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, "utf-8")
        if block.language == "python":
            # Blank lines in front, so that a traceback gives the line of the page.
            source = "\n" * (block.line - 1) + block.text
            exec(compile(source, str(PAGES[name]), "exec"), namespace)
        elif block.language == "console":
            for command in pages.commands(block):
                run_command(name, command, tmp_path, compare=block.file != "sample")


def run_command(name: str, command: pages.Command, folder: Path, *, compare: bool) -> None:
    """Run a command that is one of ours, and compare its output if the page shows it."""
    text = runnable(command.text)
    if text is None:
        return
    run = subprocess.run(
        ["bash", "-c", text],
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=100,
    )
    where = f"{name}:{command.line}: $ {command.text}"
    assert run.returncode == 0, f"{where}\nexit status {run.returncode}\n{run.stdout}{run.stderr}"
    if compare and command.output:
        assert pages.matches(command.output, run.stdout), (
            f"{where}\nThe page shows:\n{command.output}\n\nThe command prints:\n{run.stdout}"
        )


def runnable(text: str) -> str | None:
    """The shell command behind a line of a console block, or None where it is not ours to run."""
    if text in RUNS:
        return RUNS[text]
    words = [word for word in shlex.split(text, comments=True) if not re.match(r"[A-Z_]+=", word)]
    return text if words and words[0] == "tailorlm" else None


def environment() -> dict[str, str]:
    """A plain terminal of 100 columns on which this `tailorlm` comes first."""
    return {
        **os.environ,
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "TERM": "dumb",
    }


@every_page
def test_links_lead_somewhere(name: str) -> None:
    page, broken = PAGES[name], []
    for link in pages.links(page):
        path, _, anchor = link.partition("#")
        if ":" in path:  # another site, which no test can reach
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in pages.anchors(target)):
            broken.append(link)
    assert broken == []


@every_page
def test_commands_exist(name: str) -> None:
    tailorlm, make = our_commands(), make_targets()
    missing = []
    for line in pages.code(PAGES[name]):
        words = line.split("#")[0].split()
        if len(words) < 2 or not re.fullmatch(r"[a-z][a-z-]*", words[1]):
            continue
        known = {"tailorlm": tailorlm, "make": make}.get(words[0])
        if known is not None and words[1] not in known:
            missing.append(line)
    assert missing == []


def our_commands() -> set[str]:
    """The commands of `tailorlm`."""
    return set(typer.main.get_command(app).commands)  # type: ignore[attr-defined]


def make_targets() -> set[str]:
    """The targets of the Makefile that are meant for people."""
    text = (pages.ROOT / "Makefile").read_text("utf-8")
    return set(re.findall(r"^([a-z]+):.*##", text, re.MULTILINE))


def test_every_make_target_is_phony_and_explained() -> None:
    text = (pages.ROOT / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", text, re.MULTILINE)
    assert set(phony.split()) == make_targets()


def test_the_table_of_methods_is_current() -> None:
    script = runpy.run_path(str(pages.ROOT / "scripts" / "generate_methods_table.py"))
    text = README.read_text("utf-8")
    assert script["with_table"](text) == text, "run scripts/generate_methods_table.py"


def test_every_page_is_in_the_index() -> None:
    index = pages.ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in pages.links(index)}
    below = {page for page in PAGES.values() if page.is_relative_to(index.parent)}
    assert sorted(pages.name_of(page) for page in below - linked - {index}) == []


def test_the_readme_is_short_and_its_first_result_early() -> None:
    lines = README.read_text("utf-8").splitlines()
    assert len(lines) <= README_LINES
    first = next(block for block in pages.blocks(README) if block.language == "console")
    shown = [c for c in pages.commands(first) if runnable(c.text) and c.output]
    assert shown
    assert first.line + len(first.text.splitlines()) <= FIRST_RESULT


@pytest.mark.parametrize(
    ("expected", "actual", "same"),
    [
        ("one\ntwo", "one\ntwo\n", True),
        ("one\n...\nfour", "one\ntwo\nthree\nfour", True),
        ("turn ... shown", "turn 5f shown", True),
        ("one", "one\ntwo", False),
        ("a.c", "abc", False),
    ],
)
def test_three_dots_stand_for_any_text(expected: str, actual: str, same: bool) -> None:
    assert pages.matches(expected, actual) is same


def test_a_command_may_go_on_in_the_next_line() -> None:
    block = pages.Block("console", "", "$ tailorlm ask ana \\\n>   'Hello'\nHi!\n$ make test\n", 7)
    first, second = pages.commands(block)
    assert first == pages.Command("tailorlm ask ana 'Hello'", "Hi!", 7)
    assert (second.text, second.output, second.line) == ("make test", "", 10)


@pytest.mark.parametrize(
    ("text", "runs"),
    [
        ("tailorlm export ana > ana.jsonl", "tailorlm export ana > ana.jsonl"),
        ("TAILORLM_STORE=x.db tailorlm log ana", "TAILORLM_STORE=x.db tailorlm log ana"),
        ("make demo", "tailorlm demo"),
        ("make test", None),
        ("pip install .", None),
    ],
)
def test_only_our_own_commands_are_run(text: str, runs: str | None) -> None:
    assert runnable(text) == runs
