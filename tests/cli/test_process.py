"""What only a process of its own can show: signals, pipes, sudden death, start-up."""

import json
import os
import pty
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.whole,
    pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals"),
]
PLUGIN = Path(__file__).parent / "plugin"
QUERY = "How should I spend a free weekend?"

RANK_200 = """
import sys
from tailorlm import Tailor

with Tailor("tailor.db", llm="builtin", method="none", encoder="letters") as tailor:
    shown = tailor.turn("ana")
    for i in range(int(sys.argv[1]), 200):
        event = shown.rank([2, 0, 1] if i % 2 else [0, [1, 2]], key=f"ranking {i}")
        print(i, event.id, flush=True)
"""


def test_no_ranking_that_was_acknowledged_is_lost_to_a_kill(asked, start):
    rng = random.Random(20)
    acknowledged, kills = {}, 0
    while len(acknowledged) < 200:
        process = start(len(acknowledged), script=RANK_200)
        enough = rng.randrange(15, 45)
        for line in iter(process.stdout.readline, b""):
            number, event = line.split()
            acknowledged[int(number)] = event.decode()
            enough -= 1
            if enough == 0:
                time.sleep(rng.random() * 0.01)
                process.kill()
                kills += 1
        process.wait(20)
        process.stdout.close()
        assert process.stderr.read() == b""
        process.stderr.close()
    assert kills >= 4
    events = [row for row in asked.rows("log", "ana") if row["kind"] == "ranking"]
    assert [row["key"] for row in events] == [f"ranking {i}" for i in range(200)]
    assert [row["event"] for row in events] == [acknowledged[i] for i in range(200)]
    assert [row["log_position"] for row in events] == list(range(2, 202))


@pytest.mark.parametrize("n", [1, 3])
def test_ctrl_c_while_the_llm_thinks(asked, start, n):
    before = asked("log", "ana")
    process = start("ask", "ana", QUERY, "-n", n, "--llm", "slow")
    for _ in range(n):
        assert process.stderr.readline() == b"thinking\n"
    process.send_signal(signal.SIGINT)
    # Far less than the minute that the answers take, and enough for a machine with much to do.
    stdout, stderr = process.communicate(timeout=40)
    assert process.returncode == 130
    assert stdout == b""
    assert stderr.decode().split("\n") == ["", "Stopped. Everything accepted so far is kept.", ""]
    assert asked("log", "ana") == before


def test_a_failure_does_not_wait_for_the_other_answers(asked, start):
    before = asked("log", "ana")
    process = start("ask", "ana", QUERY, "-n", 3, "--llm", "uneven")
    stdout, stderr = process.communicate(timeout=40)
    assert stdout == b""
    assert "busy" in asked.one_line(stderr.decode(), process.returncode, 1)
    assert asked("log", "ana") == before


def test_ctrl_c_on_a_terminal_gives_the_cursor_back(asked):
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tailorlm.cli", "ask", "ana", QUERY, "--llm", "slow"],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        env=os.environ | {"PYTHONPATH": str(PLUGIN), "TERM": "xterm"},
        start_new_session=True,
    )
    os.close(inside)
    seen = b""
    while b"thinking" not in seen:
        seen += os.read(terminal, 4096)
    process.send_signal(signal.SIGINT)
    while b"Stopped" not in seen:
        seen += os.read(terminal, 4096)
    assert process.wait(20) == 130
    os.close(terminal)
    assert "Answering" in seen.decode()
    assert seen.count(b"\x1b[?25l") == seen.count(b"\x1b[?25h") == 1  # hidden, shown again
    assert b"Traceback" not in seen


def test_ctrl_c_at_any_moment_shows_no_traceback(asked, start):
    rng = random.Random(3)
    for _ in range(4):
        process = start("rank", "ana", 2, 1, 3, script=READY)
        assert process.stdout.readline() == b"ready\n"
        time.sleep(rng.random() * 0.6)
        process.send_signal(signal.SIGINT)
        _, stderr = process.communicate(timeout=20)
        assert b"Traceback" not in stderr
        assert process.returncode in {0, 130}
        assert (b"Stopped" in stderr) == (process.returncode == 130)
    rows = asked.rows("log", "ana")
    assert [row["log_position"] for row in rows] == list(range(1, len(rows) + 1))


READY = """
from tailorlm.cli.start import run
print("ready", flush=True)
run()
"""


def test_a_reader_that_goes_away_is_no_error(asked, start):
    for i in range(3):
        asked("write", "ana", "-", "--key", f"text {i}", stdin="word " * 40_000)
    process = start("export", "ana")
    assert process.stdout.readline().startswith(b'{"tailorlm_export"')
    process.stdout.close()
    assert process.wait(20) == 141
    assert process.stderr.read() == b""
    process.stderr.close()


def test_an_output_that_cannot_be_written(asked, tmp_path):
    full_device = Path("/dev/full")
    if not full_device.exists():
        pytest.skip("needs /dev/full")
    with full_device.open("wb") as full:
        process = subprocess.run(
            [sys.executable, "-m", "tailorlm.cli", "log", "ana"],
            cwd=tmp_path,
            stdout=full,
            stderr=subprocess.PIPE,
            timeout=20,
        )
    line = asked.one_line(process.stderr.decode(), process.returncode, 1)
    assert "No space left on device" in line


def test_a_terminal_that_lacks_the_letters_still_gets_an_answer(asked, start):
    asked("say", "ana", "Кофе, please.")
    process = start("log", "ana", PYTHONIOENCODING="latin-1")
    stdout, stderr = process.communicate(timeout=20)
    assert (process.returncode, stderr) == (0, b"")
    assert b"????, please." in stdout


def test_help_is_quick_and_loads_nothing_heavy(start):
    script = (
        "import json, sys, time\n"
        "began = time.perf_counter()\n"
        "from tailorlm.cli.main import app\n"
        "try:\n"
        "    app(['--help'])\n"
        "except SystemExit:\n"
        "    pass\n"
        "took = time.perf_counter() - began\n"
        "sys.stderr.write(json.dumps([took, sorted(sys.modules)]))\n"
    )
    stdout, stderr = start(script=script).communicate(timeout=20)
    assert b"rank" in stdout
    took, modules = json.loads(stderr)
    heavy = {"numpy", "scipy", "sqlalchemy", "alembic", "httpx", "tokenizers", "pydantic_settings"}
    assert heavy & set(modules) == set()
    assert took < 1.5  # 0.2 s on an idle machine
