"""Engines give every result, pass on failures, and leave no process behind."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tailorlm.errors import UnknownNameError
from tailorlm.evaluation.grid.engines import fan_out

pytestmark = pytest.mark.whole

ENGINES = ["auto", "threads", "processes"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("workers", [1, 2])
def test_every_result(engine: str, workers: int) -> None:
    assert sorted(fan_out(abs, [-3, 2, -1], engine, workers)) == [1, 2, 3]
    assert list(fan_out(abs, [], engine, workers)) == []


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_a_failure_is_passed_on(engine: str) -> None:
    with pytest.raises(ValueError, match="nonnegative"):
        list(fan_out(_root, [4.0, -1.0], engine, 2))


def _root(value: float) -> float:
    if value < 0:
        raise ValueError("expected a nonnegative input")
    return value**0.5


def test_an_engine_that_is_none() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'threads'"):
        list(fan_out(abs, [1], "thread", 1))


def test_workers_end_with_whoever_was_killed(tmp_path: Path) -> None:
    script = (
        "import os\n"
        "from tailorlm.evaluation.grid.engines import fan_out\n"
        "if __name__ == '__main__':\n"
        "    list(fan_out(os.system, ['echo $PPID > a; sleep 9', 'echo $PPID > b; sleep 9'],"
        " 'processes', 2))\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path)
    files = [tmp_path / "a", tmp_path / "b"]
    assert _soon(lambda: all(file.exists() and file.read_text() for file in files))
    pids = [int(file.read_text()) for file in files]
    assert all(_runs(pid) for pid in pids)
    process.kill()
    process.wait()
    assert _soon(lambda: not any(_runs(pid) for pid in pids))


def _soon(check: object, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if check():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


def _runs(pid: int) -> bool:
    """Whether a process is there and not only waiting to be reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] != "Z"
