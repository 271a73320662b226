"""An upstream that is not asked for what a method has drafted already."""

from __future__ import annotations

import time
import uuid
from collections.abc import AsyncIterator, Mapping
from typing import Any

from tailorlm.llms.base import Completion, Request, drafted
from tailorlm.service.upstream import Upstream, as_chunk

Json = dict[str, Any]


class DraftedUpstream:
    """Answers with the draft of a request's plan where there is one, and passes on the rest.

    Args:
        upstream: What answers.
    """

    def __init__(self, upstream: Upstream) -> None:
        self._upstream = upstream
        self.label = upstream.label
        self.notice = upstream.notice

    async def complete(self, body: Json, request: Request, headers: Mapping[str, str]) -> Json:
        """See `Upstream.complete`."""
        if (draft := drafted(request)) is not None:
            return _completion(body, draft, request)
        return await self._upstream.complete(body, request, headers)

    async def stream(
        self, body: Json, request: Request, headers: Mapping[str, str]
    ) -> AsyncIterator[Json]:
        """See `Upstream.stream`; a draft is there at once, so it is one chunk."""
        if (draft := drafted(request)) is not None:
            chunk = as_chunk(_completion(body, draft, request))
            asks = body.get("stream_options")
            if not (isinstance(asks, dict) and asks.get("include_usage")):
                chunk.pop("usage", None)
            yield chunk
            return
        async for chunk in self._upstream.stream(body, request, headers):
            yield chunk

    async def fetch(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str]
    ) -> Json:
        """See `Upstream.fetch`."""
        return await self._upstream.fetch(method, path, body, headers)

    async def close(self) -> None:
        """Close the upstream."""
        await self._upstream.close()


def _completion(body: Json, draft: Completion, request: Request) -> Json:
    """A draft as a chat completion object.

    What drafting took is in the notes of one of the turn's plans, and counted there.
    """
    notes = dict(request.plan.notes) if request.plan is not None else {}
    read, written = (int(notes.get(f"draft_{kind}_tokens", 0)) for kind in ("prompt", "completion"))
    usage = {
        "prompt_tokens": read,
        "completion_tokens": written,
        "total_tokens": read + written,
    }
    return {
        "id": f"chatcmpl-{uuid.uuid4().hex}",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": str(body.get("model")),
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": draft.text},
                "finish_reason": draft.finish_reason,
            }
        ],
        "usage": usage,
    }
