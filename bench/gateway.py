"""What the gateway adds to a model's answer, beside LiteLLM's proxy, with 50 clients.

    python bench/gateway.py [--quick] [--skip litellm] [--only LOAD] [--folder FOLDER] [--json FILE]

The model is a stub that answers after a fixed time, in a process of its own. It is called alone,
behind tailorlm and behind LiteLLM, in turns within one run, several times, so that a busy machine
disturbs all of them alike. tailorlm runs as `tailorlm serve` with `bayes_tags` and 10,000 stored
users; every request names one of them, is planned from that user's state and is recorded as a turn.
LiteLLM's proxy has one worker and one model, in a virtual environment of its own:

    python -m venv build/litellm/venv
    build/litellm/venv/bin/pip install --require-hashes --no-deps -r bench/litellm.txt

"added" is a percentile of the target less the same percentile of the model alone, in milliseconds.
"cpu" is what the server's processes took per request, which a busy machine changes least.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from asyncio import run as run_async
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import _one_core  # noqa: F401 - before numpy
import numpy as np
from _load import Client, Times, body, closed_loop, open_loop
from _made_users import fill, originals, user_id
from _rows import Row, print_rows, write_rows
from _servers import cpu_of, first_line, process

BENCH = "gateway"
HERE = Path(__file__).parent
LITELLM = HERE.parent / "build" / "litellm"
CLIENTS = 50
USERS = 10_000


@dataclass(frozen=True, slots=True)
class Load:
    """One way to call.

    Attributes:
        name: As it is printed.
        latency: Seconds until the stub answers.
        rate: Requests per second that arrive at random; 0 for clients that ask again at once.
        stream: Whether answers are streamed.
    """

    name: str
    latency: float
    rate: float = 0.0
    stream: bool = False


LOADS = (
    Load("closed loop, model 1 s", 1.0),
    Load("closed loop, model 0.2 s", 0.2),
    Load("50/s at random, model 0.2 s", 0.2, rate=50.0),
    Load("50/s at random, model 0.2 s, streamed", 0.2, rate=50.0, stream=True),
    Load("closed loop, model at once", 0.0),
)


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go, and the process that is timed; 0 for the model alone."""

    name: str
    url: str
    process: int


@contextmanager
def stub(latency: float) -> Iterator[str]:
    """The model: its address."""
    command = [sys.executable, str(HERE / "_stub.py"), "--latency", str(latency)]
    with process(command, first_line) as (port, _):
        yield f"http://127.0.0.1:{port}/v1"


@contextmanager
def tailorlm(model: str, store: str) -> Iterator[Target]:
    """The gateway."""
    command = [str(Path(sys.executable).parent / "tailorlm"), "serve", "--port", "0"]
    command += ["--store", store, "--llm", "openai/stub", "--method", "bayes_tags"]
    settings = {"OPENAI_BASE_URL": model, "OPENAI_API_KEY": "none", "COLUMNS": "200"}
    with process(command, first_line, **settings) as (line, pid):
        url = next(word for word in line.split() if word.startswith("http"))
        yield Target("tailorlm", url, pid)


@contextmanager
def litellm(model: str) -> Iterator[Target]:
    """LiteLLM's proxy."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def ready(child: subprocess.Popen[str]) -> str:
        end = time.monotonic() + 120
        while time.monotonic() < end and child.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=1)
            except OSError:
                time.sleep(0.3)
            else:
                return f"http://127.0.0.1:{port}/v1"
        raise RuntimeError("LiteLLM did not start.")

    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(
            "model_list:\n  - model_name: stub\n    litellm_params:\n      model: openai/stub\n"
            f"      api_base: {model}\n      api_key: none\n",
            "utf-8",
        )
        command = [str(LITELLM / "venv/bin/litellm"), "--config", str(config), "--port", str(port)]
        command += ["--host", "127.0.0.1", "--num_workers", "1", "--telemetry", "False"]
        quiet = {
            "LITELLM_LOCAL_MODEL_COST_MAP": "True",
            "LITELLM_LOG": "ERROR",
            "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true",
        }
        with process(command, ready, **quiet) as (url, pid):
            yield Target("litellm", url, pid)


async def play(target: Target, load: Load, seconds: float, times: Times, seed: int) -> None:
    """One round of one target."""
    clients = [Client(target.url, "none") for _ in range(CLIENTS)]
    rng = np.random.default_rng(seed)

    def asked() -> bytes:
        return body(user_id(int(rng.integers(1, USERS + 1))), stream=load.stream)

    before = cpu_of(target.process) if target.process else 0.0
    if load.rate:
        await open_loop(clients, asked, seconds, times, load.rate, rng)
    else:
        await closed_loop(clients, asked, seconds, times)
    times.cpu += cpu_of(target.process) - before if target.process else 0.0
    for client in clients:
        client.close()


def measure(load: Load, store: str, rounds: int, seconds: float, skip: set[str]) -> list[Row]:
    """All targets under one load, in turns."""
    with ExitStack() as running:
        url = running.enter_context(stub(load.latency))
        targets = [Target("model alone", url, 0)]
        targets.append(running.enter_context(tailorlm(url, store)))
        if "litellm" not in skip:
            targets.append(running.enter_context(litellm(url)))
        seen = {target.name: Times() for target in targets}
        for target in targets:
            run_async(play(target, load, min(3.0, seconds), Times(), 0))
        for number in range(1, rounds + 1):
            for target in targets:
                run_async(play(target, load, seconds, seen[target.name], number))
    for name, times in seen.items():
        if times.failed or not times.last:
            raise SystemExit(f"{name}: {times.failed} requests failed ({load.name}).")
    return rows_of(load, seen)


def rows_of(load: Load, seen: dict[str, Times]) -> list[Row]:
    """Figures of tailorlm beside LiteLLM's."""

    def added(name: str, percent: float, *, first: bool) -> float | None:
        if name not in seen:
            return None
        target, alone = (
            1000 * np.percentile(times.first if first else times.last, percent)
            for times in (seen[name], seen["model alone"])
        )
        return float(target - alone)

    def row(metric: str, mine: float | None, its: float | None) -> Row:
        return Row(BENCH, load.name, metric, 0.0 if mine is None else mine, its)

    def per_request(name: str) -> float | None:
        times = seen.get(name)
        return None if times is None else 1000 * times.cpu / len(times.last)

    alone = 1000 * np.percentile(seen["model alone"].last, (50, 95))
    rows = [
        row("model alone, p50, ms", float(alone[0]), None),
        row("model alone, p95, ms", float(alone[1]), None),
    ]
    rows += [
        row(f"added, p{p}, ms", *(added(n, p, first=False) for n in ("tailorlm", "litellm")))
        for p in (50, 95, 99)
    ]
    if load.stream:
        rows += [
            row(f"added to the first text, p{p}, ms",
                *(added(n, p, first=True) for n in ("tailorlm", "litellm")))
            for p in (50, 95, 99)
        ]  # fmt: skip
    rows.append(row("cpu per request, ms", per_request("tailorlm"), per_request("litellm")))
    rows.append(
        row(
            "requests",
            float(len(seen["tailorlm"].last)),
            float(len(seen["litellm"].last)) if "litellm" in seen else None,
        )
    )
    return rows


def main() -> None:
    """Run the loads and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round of two loads")
    parser.add_argument("--skip", action="append", default=[], help="a target to leave out")
    parser.add_argument("--only", action="append", default=[], help="a load, by part of its name")
    parser.add_argument("--seconds", type=float, default=8.0, help="of one round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the SQLite file is put")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    skip = set(given.skip)
    if "litellm" not in skip and not (LITELLM / "venv/bin/litellm").exists():
        print(
            f"LiteLLM is left out: it is not in {LITELLM}. bench/litellm.txt says how to make it."
        )
        skip.add("litellm")
    loads = [load for load in LOADS if not given.only or any(o in load.name for o in given.only)]
    rounds, seconds = given.rounds, given.seconds
    if given.quick:
        loads, rounds, seconds = [LOADS[2], LOADS[3]], 1, 3.0
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        store = f"sqlite:///{folder}/tailor.db"
        made = originals(8 if given.quick else 50, 5, np.random.default_rng(0))
        took = fill(store, USERS, made)
        size = Path(folder, "tailor.db").stat().st_size / 1e6
        print(f"{USERS:,} users with {len(made[0][0])} events each: {size:,.0f} MB, {took:.0f} s")
        for load in loads:
            found = measure(load, store, rounds, seconds, skip)
            print_rows(load.name, found, "LiteLLM")
            rows += found
    write_rows(given.json, rows)


if __name__ == "__main__":
    main()
