"""Servers on loopback: any ASGI application, and an upstream that does as it is told."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

Json = dict[str, Any]


@contextmanager
def served(app: Any) -> Iterator[str]:
    """An application on a free port of this machine, for as long as the block lasts."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
        config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        end = time.monotonic() + 10
        while not server.started and time.monotonic() < end:
            time.sleep(0.005)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            server.should_exit = True
            thread.join(10)


class StubUpstream:
    """An OpenAI-compatible endpoint that answers with what it was asked, or as `reply` says.

    Attributes:
        asked: The bodies of the requests so far.
        headers: Their headers.
        reply: Makes the answer to a body; None for the usual one.
        stream: The bytes of a streamed answer, or None for the usual ones.
        pause: Seconds between two pieces of a stream.
        held: While set, streams stop after their second piece.
    """

    def __init__(self) -> None:
        self.asked: list[Json] = []
        self.headers: list[dict[str, str]] = []
        self.reply: Callable[[Json], Response] | None = None
        self.stream: Sequence[bytes] | None = None
        self.pause = 0.0
        self.held = threading.Event()
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/models", self._models),
                Route("/v1/embeddings", self._embeddings, methods=["POST"]),
            ]
        )

    async def _chat(self, request: Request) -> Response:
        body = await request.json()
        self.asked.append(body)
        self.headers.append(dict(request.headers))
        if self.reply is not None:
            return self.reply(body)
        if body.get("stream"):
            return StreamingResponse(self._pieces(body), media_type="text/event-stream")
        return JSONResponse(completion(text_for(body)))

    async def _pieces(self, body: Json) -> AsyncIterator[bytes]:
        pieces = self.stream if self.stream is not None else usual_stream(text_for(body))
        for number, piece in enumerate(pieces, 1):
            yield piece
            if self.pause:
                await asyncio.sleep(self.pause)
            while number == 2 and self.held.is_set():
                await asyncio.sleep(0.01)

    async def _models(self, _: Request) -> Response:
        model = {"id": "stub", "object": "model", "created": 1, "owned_by": "tests"}
        return JSONResponse({"object": "list", "data": [model]})

    async def _embeddings(self, request: Request) -> Response:
        self.asked.append(await request.json())
        entry = {"object": "embedding", "index": 0, "embedding": [0.5, 0.25]}
        usage = {"prompt_tokens": 1, "total_tokens": 1}
        return JSONResponse({"object": "list", "data": [entry], "model": "stub", "usage": usage})


def text_for(body: Json) -> str:
    """What the stub says: its model and how many messages it was given."""
    return f"{body['model']} read {len(body['messages'])} messages"


def completion(text: str | None, **message: Any) -> Json:
    """A chat completion object."""
    return {
        "id": "chatcmpl-stub",
        "object": "chat.completion",
        "created": 1,
        "model": "stub",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text, **message},
                "finish_reason": "tool_calls" if message else "stop",
            }
        ],
        "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
    }


def chunk(delta: Json, finish: str | None = None) -> bytes:
    """One event of a stream."""
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    head = {"id": "chatcmpl-stub", "object": "chat.completion.chunk", "created": 1, "model": "stub"}
    return b"data: " + json.dumps({**head, "choices": [choice]}).encode() + b"\n\n"


def usual_stream(text: str) -> list[bytes]:
    """A text as a stream, word by word."""
    words = [chunk({"content": word + " "}) for word in text.split()]
    return [chunk({"role": "assistant", "content": ""}), *words, chunk({}, "stop"),
            b"data: [DONE]\n\n"]  # fmt: skip
