"""Rules on the shape of the code that no linter checks."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tailorlm import registry

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))
FILE_LINES = 600
FUNCTION_LINES = 60
VAGUE = {"utils", "util", "helpers", "helper", "misc", "common"}
METHODS = registry.names(registry.METHODS)

# Put together here so that this file does not hold what it looks for.
PLACES = re.compile(
    r"/(?:work|root)/|/home/\w+/|/Users/\w+/|/opt/(?:pypi|wheels)"
    r"|\b(?:extra-)?index" + r"-url\b|find" + r"-links|trusted" + r"-host|\bpypi" + r"\.org\b"
)


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function of a file, nested ones too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"), str(path))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def tracked() -> list[Path]:
    """The files under version control; the test is skipped outside a checkout."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    # CI may run as another user than the one who made the checkout.
    command = [git, "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in run.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_files_are_short() -> None:
    lengths = {path: len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {str(p.relative_to(ROOT)): n for p, n in lengths.items() if n > FILE_LINES} == {}


def test_functions_are_short() -> None:
    long = {
        f"{path.relative_to(ROOT)}:{function.name}": lines
        for path in SOURCES
        for function in functions(path)
        if (lines := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES
    }
    assert long == {}


def test_names_say_what_is_inside() -> None:
    parts = {part for path in SOURCES for part in path.relative_to(ROOT).with_suffix("").parts}
    assert parts & VAGUE == set()


def test_input_is_not_checked_by_assert() -> None:
    asserts = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in SOURCES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Assert)
    ]
    assert asserts == []


def test_tracked_files_name_no_place_of_one_machine() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue
        lines = enumerate(text.splitlines(), start=1)
        found += [
            f"{path.relative_to(ROOT)}:{number}: {match[0]}"
            for number, line in lines
            if (match := PLACES.search(line))
        ]
    assert found == []


@pytest.mark.parametrize("name", METHODS)
def test_method_is_three_files(name: str) -> None:
    module = f"src/tailorlm/methods/{name}.py"
    three = [module, f"tests/methods/test_{name}.py", f"docs/methods/{name}.md"]
    assert [file for file in three if not (ROOT / file).is_file()] == []


@pytest.mark.parametrize("kind", ["methods", "llms", "encoders", "retrievers"])
def test_every_public_file_of_a_registry_folder_is_an_entry(kind: str) -> None:
    of = {
        "methods": registry.METHODS,
        "llms": registry.LLMS,
        "encoders": registry.ENCODERS,
        "retrievers": registry.RETRIEVERS,
    }[kind]
    names = registry.names(of)
    assert names
    assert [name for name in names if registry.find(of, name).name != name] == []
