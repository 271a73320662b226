"""The gateway as a process of its own, as `tailorlm serve` starts it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Served:
    """A gateway that runs.

    Attributes:
        url: Its address.
        process: The process.
        log: The file with its standard error.
    """

    def __init__(self, store: str, log: Path, *options: str, upstream: str = "") -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "TAILORLM_DEBUG": "1"}
        environment |= {"OPENAI_BASE_URL": upstream} if upstream else {}
        answers = () if upstream else ("--llm", "builtin")
        self.log = log
        with log.open("a") as errors:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "tailorlm.cli", "serve", "--store", store),
                    *("--log", "json", *answers, *(options or ("--port", "0"))),
                ],
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                text=True,
            )
        assert self.process.stdout is not None
        said = self.process.stdout.readline()
        if "http://" not in said:
            self.process.wait(timeout=10)
            raise AssertionError(log.read_text())
        self.url = said.split("answers at ")[1].split("/v1")[0]

    def terminate(self) -> None:
        """Ask it to stop."""
        self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Kill it without a chance to clean up."""
        self.process.kill()
        self.process.wait(timeout=20)

    def close(self) -> None:
        """Stop it, and wait until it is gone."""
        if self.process.poll() is None:
            self.terminate()
            try:
                self.process.wait(timeout=40)
            except subprocess.TimeoutExpired:
                self.kill()
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def replicas(store: str, folder: Path, count: int, *options: str) -> Iterator[list[Served]]:
    """Several gateways on one store."""
    running: list[Served] = []
    try:
        for number in range(count):
            running += [Served(store, folder / f"gateway-{number}.log", *options)]
        yield running
    finally:
        for one in running:
            one.close()


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
    return port
