"""Clients of a chat endpoint: as cheap as Python allows, so that they do not measure themselves."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import numpy as np


@dataclass(slots=True)
class Times:
    """What the clients of one target saw, in seconds.

    Attributes:
        first: Until the first piece of text, or of the whole answer.
        last: Until the answer was complete.
        failed: Answers that were none.
        cpu: Processor seconds that the target took.
    """

    first: list[float] = field(default_factory=list)
    last: list[float] = field(default_factory=list)
    failed: int = 0
    cpu: float = 0.0


def body(user: str, *, stream: bool) -> bytes:
    """A request like an app's."""
    asked = {
        "model": "stub",
        "user": user,
        "messages": [
            {"role": "system", "content": "You are the assistant of a travel and leisure app."},
            {"role": "user", "content": "How should I spend a free weekend?"},
        ],
    }
    return json.dumps({**asked, "stream": True} if stream else asked).encode()


class Client:
    """One connection that is kept open, and opened again when it was closed."""

    def __init__(self, url: str, key: str) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "127.0.0.1", address.port or 80
        self._head = (
            f"POST {address.path}/chat/completions HTTP/1.1\r\nHost: {address.netloc}\r\n"
            f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: "
        ).encode()
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, asked: bytes, times: Times, since: float) -> None:
        """One request; what it took is counted from `since`."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection(self._host, self._port)
            reader, writer = self._streams
            writer.write(self._head + b"%d\r\n\r\n" % len(asked) + asked)
            first, last = await _read(reader)
        except (OSError, ValueError, asyncio.IncompleteReadError):
            times.failed += 1
            self.close()
            return
        times.first.append(first - since)
        times.last.append(last - since)

    def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


async def _read(reader: asyncio.StreamReader) -> tuple[float, float]:
    """When the first text and the end of an answer arrived."""
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    if not head.startswith(b"http/1.1 200"):
        raise ValueError("no answer")
    if b"content-length:" in head:
        length = int(head.partition(b"content-length:")[2].partition(b"\r\n")[0])
        await reader.readexactly(length)
        now = time.perf_counter()
        return now, now
    first, seen = 0.0, b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        piece = await reader.readexactly(size + 2)
        seen = (seen + piece)[-4096:]
        if not first and b'"content": "S' in seen.replace(b'"content":"', b'"content": "'):
            first = time.perf_counter()
    await reader.readexactly(2)
    if not first or b"[DONE]" not in seen:
        raise ValueError("a broken stream")
    return first, time.perf_counter()


async def closed_loop(
    clients: list[Client], asked: Callable[[], bytes], seconds: float, times: Times
) -> None:
    """Every client asks again as soon as it is answered."""
    end = time.perf_counter() + seconds

    async def ask(client: Client, wait: float) -> None:
        await asyncio.sleep(wait)
        while (now := time.perf_counter()) < end:
            await client.ask(asked(), times, now)

    spread = np.linspace(0.0, min(1.0, seconds / 4), len(clients))
    await asyncio.gather(*(ask(client, wait) for client, wait in zip(clients, spread, strict=True)))


async def open_loop(
    clients: list[Client],
    asked: Callable[[], bytes],
    seconds: float,
    times: Times,
    rate: float,
    rng: np.random.Generator,
) -> None:
    """Requests arrive at random, `rate` per second, and wait where every client is busy."""
    free: asyncio.Queue[Client] = asyncio.Queue()
    for client in clients:
        free.put_nowait(client)

    async def ask(due: float) -> None:
        client = await free.get()
        await client.ask(asked(), times, due)
        free.put_nowait(client)

    arrivals = np.cumsum(rng.exponential(1 / rate, int(rate * seconds)))
    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for arrival in arrivals:
            due = start + float(arrival)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(ask(due))
