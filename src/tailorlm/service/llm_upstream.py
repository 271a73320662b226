"""Any language model of the registry as what answers behind the gateway."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import anyio.to_thread

from tailorlm.errors import TailorError
from tailorlm.llms.base import LLM, Completion, Request
from tailorlm.service.failures import ServiceError, as_service_error

Json = dict[str, Any]
_DEMO = "Answers come from the demo writer: template text, not a language model."


class LLMUpstream:
    """A language model in this process, or one reached by its own client.

    Args:
        llm: The model. Its calls run in threads.
    """

    def __init__(self, llm: LLM) -> None:
        self._llm = llm
        self.label = llm.name
        self.notice = _DEMO if llm.is_demo else ""

    async def complete(self, body: Json, request: Request, headers: Mapping[str, str]) -> Json:
        """The model's answer as a chat completion object."""
        try:
            done = await anyio.to_thread.run_sync(self._llm.complete, request)
        except TailorError as error:
            raise as_service_error(error) from None
        return _completion(str(body.get("model")), done)

    async def stream(
        self, body: Json, request: Request, headers: Mapping[str, str]
    ) -> AsyncIterator[Json]:
        """The model's answer in the chunks that it gives."""
        head = _head(str(body.get("model")), "chat.completion.chunk")
        pieces = self._llm.stream(request)
        yield {**head, "choices": [_delta({"role": "assistant", "content": ""})]}
        try:
            while (piece := await anyio.to_thread.run_sync(_next, pieces)) is not None:
                yield {**head, "choices": [_delta({"content": piece})]}
        except TailorError as error:
            raise as_service_error(error) from None
        yield {**head, "choices": [_delta({}, "stop")]}

    async def fetch(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str]
    ) -> Json:
        """The one model there is; nothing else can be asked of it."""
        if (method, path) != ("GET", "/models"):
            raise ServiceError(
                501,
                f"{self._llm.label} is no OpenAI-compatible endpoint, so {path} is not there. "
                "Set OPENAI_BASE_URL to one.",
            )
        await asyncio.sleep(0)
        entry = {"id": self._llm.label, "object": "model", "created": 0, "owned_by": "tailorlm"}
        return {"object": "list", "data": [entry]}

    async def close(self) -> None:
        """Release what the model holds."""
        await anyio.to_thread.run_sync(self._llm.close)


def _next(pieces: Iterator[str]) -> str | None:
    return next(pieces, None)


def _head(model: str, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": kind,
        "created": int(time.time()),
        "model": model,
    }


def _delta(delta: Json, finish: str | None = None) -> Json:
    return {"index": 0, "delta": delta, "finish_reason": finish}


def _completion(model: str, done: Completion) -> Json:
    used = {"prompt_tokens": done.usage.prompt, "completion_tokens": done.usage.completion}
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": done.text},
        "finish_reason": done.finish_reason,
    }
    return {
        **_head(model, "chat.completion"),
        "choices": [choice],
        "usage": {**used, "total_tokens": sum(used.values())},
    }
