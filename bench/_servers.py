"""Servers that a benchmark starts and stops."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_TICK = os.sysconf("SC_CLK_TCK")


@contextmanager
def process(
    command: list[str], ready: Callable[[subprocess.Popen[str]], str], **environment: str
) -> Iterator[tuple[str, int]]:
    """A server for as long as the block lasts: what `ready` says of it, and its process id."""
    with tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            env={**os.environ, **environment},
        )
        try:
            try:
                said = ready(child)
            except RuntimeError as error:
                errors.seek(0)
                raise SystemExit(f"{error}\n{errors.read()[-2000:]}") from None
            yield said, child.pid
        finally:
            child.terminate()
            child.wait(60)


def first_line(child: subprocess.Popen[str]) -> str:
    """What a server prints first.

    Raises:
        RuntimeError: If it ends without printing anything.
    """
    line = child.stdout.readline() if child.stdout else ""
    if not line:
        raise RuntimeError(f"{child.args!r} did not start.")
    return line.strip()


def cpu_of(pid: int) -> float:
    """Processor seconds that a process and its children have taken."""
    parts = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    return (int(parts[11]) + int(parts[12])) / _TICK + sum(cpu_of(int(one)) for one in children)
