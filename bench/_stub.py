"""An OpenAI-compatible endpoint that costs almost nothing and waits a fixed time; see `Stub`.

    python bench/_stub.py [--latency SECONDS] [--gap SECONDS]

Prints its port. It is a process of its own, so that it takes no time from what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from typing import Any

TEXT = "Start with the one thing you look forward to, and leave the rest of the day open for it."
_HEAD = {"id": "chatcmpl-stub", "created": 1, "model": "stub"}
_USAGE = {"prompt_tokens": 20, "completion_tokens": 20, "total_tokens": 40}
_ANSWER = json.dumps(
    {
        **_HEAD,
        "object": "chat.completion",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": TEXT},
                "finish_reason": "stop",
            }
        ],
        "usage": _USAGE,
    }
).encode()
_WHOLE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    % len(_ANSWER)
) + _ANSWER
_STREAM = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
)


def _event(data: bytes) -> bytes:
    body = b"data: " + data + b"\n\n"
    return b"%x\r\n%s\r\n" % (len(body), body)


def _pieces() -> list[bytes]:
    """The answer as a stream, word by word."""

    def piece(delta: dict[str, Any], finish: str | None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        whole = {**_HEAD, "object": "chat.completion.chunk", "choices": [choice]}
        return _event(json.dumps(whole).encode())

    words = [piece({"content": word + " "}, None) for word in TEXT.split()]
    first = piece({"role": "assistant", "content": ""}, None)
    return [first, *words, piece({}, "stop"), _event(b"[DONE]") + b"0\r\n\r\n"]


_PIECES = _pieces()


class Stub(asyncio.Protocol):
    """One connection: answers each request after a fixed time.

    Args:
        latency: Seconds until the answer, or its first piece.
        gap: Seconds between two pieces of a stream.
    """

    def __init__(self, latency: float, gap: float) -> None:
        self._latency = latency
        self._gap = gap
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep where to write."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer the request that is complete."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-len")]
        if lengths and len(body) < int(lengths[0].partition(b":")[2]):
            return
        stream = b'"stream": true' in body or b'"stream":true' in body
        self._received.clear()
        loop = asyncio.get_running_loop()
        if stream:
            loop.call_later(self._latency, self._send, 0)
        else:
            loop.call_later(self._latency, self._write, _WHOLE)

    def _send(self, place: int) -> None:
        self._write(_PIECES[place] if place else _STREAM + _PIECES[0])
        if place + 1 < len(_PIECES):
            asyncio.get_running_loop().call_later(self._gap, self._send, place + 1)

    def _write(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)


async def _serve(latency: float, gap: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Stub(latency, gap), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--gap", type=float, default=0.02)
    given = parser.parse_args()
    asyncio.run(_serve(given.latency, given.gap))
