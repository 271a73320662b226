"""Several streamed answers as one stream, passed on as they come."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Any

from tailorlm.llms.base import Usage
from tailorlm.service.failures import ServiceError

Json = dict[str, Any]
_WAITING = 64


class Relay:
    """Merges the streams of a turn's candidates; each keeps its place as the index of its choice.

    Args:
        streams: One stream of chunk objects per candidate.
    """

    def __init__(self, streams: Sequence[AsyncIterator[Json]]) -> None:
        self.texts = [""] * len(streams)
        self.finish_reasons = [""] * len(streams)
        self._usage: list[Json] = []
        self._queue: asyncio.Queue[Json | ServiceError | None] = asyncio.Queue(_WAITING)
        self._tasks = [
            asyncio.create_task(self._pump(place, stream)) for place, stream in enumerate(streams)
        ]

    async def chunks(self) -> AsyncIterator[Json]:
        """The chunks of all streams, each as soon as it is there; counts of tokens come last.

        Raises:
            ServiceError: If one of the streams fails; the others are given up.
        """
        open_streams = len(self._tasks)
        try:
            while open_streams:
                item = await self._queue.get()
                if isinstance(item, ServiceError):
                    raise item
                if item is None:
                    open_streams -= 1
                else:
                    yield item
            if self._usage:
                yield {**self._usage[-1], "choices": [], "usage": added(self._usage)}
        finally:
            await self.close()

    async def close(self) -> None:
        """Give up what is still coming."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def _pump(self, place: int, stream: AsyncIterator[Json]) -> None:
        try:
            async for chunk in stream:
                if isinstance(chunk.get("usage"), dict):
                    self._usage.append(chunk)
                    if not chunk.get("choices"):
                        continue
                await self._queue.put(self._placed(place, chunk))
        except ServiceError as error:
            await self._queue.put(error)
        else:
            await self._queue.put(None)

    def _placed(self, place: int, chunk: Json) -> Json:
        """The chunk as part of the whole; its text is kept."""
        choices = []
        for choice in chunk.get("choices") or []:
            if not isinstance(choice, dict):
                continue
            delta = choice.get("delta")
            text = delta.get("content") if isinstance(delta, dict) else None
            if isinstance(text, str):
                self.texts[place] += text
            if choice.get("finish_reason"):
                self.finish_reasons[place] = str(choice["finish_reason"])
            choices.append({**choice, "index": place})
        return {**{k: v for k, v in chunk.items() if k != "usage"}, "choices": choices}


def added(answers: Sequence[Json]) -> Json:
    """The token counts of several answers, added up by name; only whole numbers are."""
    total: Json = {}
    for answer in answers:
        usage = answer.get("usage")
        for name, value in (usage if isinstance(usage, dict) else {}).items():
            if isinstance(value, int) and not isinstance(value, bool):
                total[name] = total.get(name, 0) + value
            elif name not in total:
                total[name] = value
    return total


def as_event(value: Json) -> bytes:
    """An object as a server-sent event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


DONE = b"data: [DONE]\n\n"
"""What ends a stream."""


def usage_of(answer: Json) -> Usage:
    """Tokens of an answer as tailorlm keeps them."""
    usage = added([answer])
    return Usage(
        *(
            n if isinstance(n := usage.get(name), int) else 0
            for name in ("prompt_tokens", "completion_tokens")
        )
    )
