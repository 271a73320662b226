"""Commands as people type them, in a directory of their own, with a plugin for odd LLMs."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

get_command = functools.cache(typer.main.get_command)
PLUGIN = Path(__file__).parent / "plugin"
SETTINGS = {"TAILORLM_ENCODER": "letters", "TAILORLM_METHOD": "none", "TAILORLM_LLM": "builtin"}
QUERY = "How should I spend a free weekend?"


class Cli:
    """Runs commands in this process."""

    def __init__(self) -> None:
        self._runner = CliRunner()

    def run(self, *args: object, stdin: str | bytes | None = None) -> Any:
        """The whole result: exit code, stdout, stderr."""
        from tailorlm.cli.main import app

        return self._runner.invoke(app, [str(arg) for arg in args], input=stdin)

    def __call__(self, *args: object, stdin: str | bytes | None = None) -> str:
        """What a command that works prints."""
        result = self.run(*args, stdin=stdin)
        assert result.exit_code == 0, result.output
        return str(result.stdout)

    def json(self, *args: object, stdin: str | bytes | None = None) -> Any:
        """The JSON that a command that works prints, alone."""
        return json.loads(self(*args, "--json", stdin=stdin))

    def rows(self, *args: object) -> list[Any]:
        """The JSON Lines that a command that works prints."""
        return [json.loads(line) for line in self(*args, "--json").splitlines()]

    def error(self, *args: object, code: int = 2, stdin: str | bytes | None = None) -> str:
        """The one line that a command that fails prints."""
        result = self.run(*args, stdin=stdin)
        assert result.stdout == ""
        return self.one_line(result.stderr, result.exit_code, code)

    def malformed(self, *args: object) -> tuple[str, str]:
        """The line of a file that is not written as it should be, and the form below it."""
        result = self.run(*args)
        assert result.stdout == ""
        line, form = result.stderr.split("\n\n", maxsplit=1)
        return self.one_line(line, result.exit_code, 2), form.rstrip("\n")

    @staticmethod
    def one_line(stderr: str, exit_code: int, code: int) -> str:
        """The line of an error, which stands alone, with the exit code that belongs to it."""
        lines = stderr.splitlines()
        assert exit_code == code, stderr
        assert len(lines) == 1, stderr
        assert lines[0].startswith("Error: ")
        return lines[0]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Commands in an empty directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(PLUGIN)
    monkeypatch.setenv("NO_COLOR", "1")
    # Only to be quick: the runner would build the whole app again for each command.
    monkeypatch.setattr("typer.testing._get_command", get_command, raising=False)
    for name, value in SETTINGS.items():
        monkeypatch.setenv(name, value)
    return Cli()


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database in which "ana" has been shown three candidates."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(PLUGIN)
        from tailorlm import Tailor

        path = tmp_path_factory.mktemp("cli") / "tailor.db"
        with Tailor(path, llm="builtin", method="none", encoder="letters") as tailor:
            tailor.ask("ana", QUERY, n=3)
    return path


@pytest.fixture
def asked(cli: Cli, database: Path) -> Cli:
    """Commands in a directory with a copy of that database."""
    shutil.copy(database, "tailor.db")
    return cli


@pytest.fixture
def start(tmp_path: Path) -> Callable[..., subprocess.Popen[bytes]]:
    """Starts a command, or a script, as a process of its own in the test's directory."""

    def begin(*args: object, script: str | None = None, **settings: str) -> subprocess.Popen[bytes]:
        program = ["-m", "tailorlm.cli"] if script is None else ["-c", script]
        return subprocess.Popen(
            [sys.executable, *program, *(str(arg) for arg in args)],
            cwd=tmp_path,
            env=os.environ | SETTINGS | {"PYTHONPATH": str(PLUGIN)} | settings,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    return begin
