"""An upstream whose calls are timed, and whose failures are counted."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from typing import Any

from tailorlm.llms.base import Request
from tailorlm.service.failures import ServiceError
from tailorlm.service.metrics import Metrics
from tailorlm.service.upstream import Upstream

Json = dict[str, Any]


class WatchedUpstream:
    """Passes everything on, and tells what it took.

    Args:
        upstream: What answers.
        metrics: What is told.
    """

    def __init__(self, upstream: Upstream, metrics: Metrics) -> None:
        self._upstream = upstream
        self._metrics = metrics
        self.label = upstream.label
        self.notice = upstream.notice

    async def complete(self, body: Json, request: Request, headers: Mapping[str, str]) -> Json:
        """See `Upstream.complete`."""
        try:
            with self._metrics.stage("upstream_whole"):
                return await self._upstream.complete(body, request, headers)
        except ServiceError as error:
            self._metrics.upstream_failed(error.status)
            raise

    async def stream(
        self, body: Json, request: Request, headers: Mapping[str, str]
    ) -> AsyncIterator[Json]:
        """See `Upstream.stream`; its first chunk counts as the first byte."""
        first = self._metrics.clock("upstream_first_byte")
        chunks = self._upstream.stream(body, request, headers)
        try:
            with self._metrics.stage("upstream_whole"):
                async with aclosing(chunks) as open_chunks:  # type: ignore[type-var]
                    async for chunk in open_chunks:
                        first.done()
                        yield chunk
        except ServiceError as error:
            self._metrics.upstream_failed(error.status)
            raise
        finally:
            first.failed()

    async def fetch(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str]
    ) -> Json:
        """See `Upstream.fetch`; only its failures are counted."""
        try:
            return await self._upstream.fetch(method, path, body, headers)
        except ServiceError as error:
            self._metrics.upstream_failed(error.status)
            raise

    async def close(self) -> None:
        """Close the upstream."""
        await self._upstream.close()
