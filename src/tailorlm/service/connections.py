"""Connections to an upstream: taken from a stack, put back once an answer is read.

The pool that comes with httpx looks at every connection it holds whenever a request starts or
ends, which at a hundred connections takes longer than all else that a request needs. Here each
connection stands alone, and the one used last is used next.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from urllib.request import getproxies, proxy_bypass

import httpx

_IDLE_SECONDS = 5.0


class Connections(httpx.AsyncBaseTransport):
    """As many connections as there are requests at once.

    Args:
        url: Where they lead; the environment's proxy is used for it, as httpx does.
        keep: Idle connections that are kept for later.
    """

    def __init__(self, url: httpx.URL, keep: int = 100) -> None:
        self._verify = httpx.create_ssl_context()
        self._proxy = None if proxy_bypass(url.host) else getproxies().get(url.scheme)
        self._limits = httpx.Limits(
            max_connections=1, max_keepalive_connections=1, keepalive_expiry=_IDLE_SECONDS
        )
        self._keep = keep
        self._idle: list[httpx.AsyncHTTPTransport] = []
        self._closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request on a connection of its own, which is free again when the answer ends."""
        connection = self._idle.pop() if self._idle else self._new()
        try:
            response = await connection.handle_async_request(request)
        except BaseException:
            await connection.aclose()
            raise
        stream = response.stream
        if not isinstance(stream, httpx.AsyncByteStream):
            raise TypeError(f"an asynchronous stream was expected, not {type(stream).__name__}")
        response.stream = _Lent(stream, connection, self)
        return response

    async def put_back(self, connection: httpx.AsyncHTTPTransport) -> None:
        """Keep a connection for the next request."""
        if self._closed or len(self._idle) >= self._keep:
            await connection.aclose()
        else:
            self._idle.append(connection)

    async def aclose(self) -> None:
        """Close all that are idle; the others close when their answer ends."""
        self._closed = True
        while self._idle:
            with suppress(httpx.HTTPError, OSError):
                await self._idle.pop().aclose()

    def _new(self) -> httpx.AsyncHTTPTransport:
        return httpx.AsyncHTTPTransport(verify=self._verify, limits=self._limits, proxy=self._proxy)


class _Lent(httpx.AsyncByteStream):
    """An answer's bytes, with the connection that they come from."""

    def __init__(
        self,
        stream: httpx.AsyncByteStream,
        connection: httpx.AsyncHTTPTransport,
        owner: Connections,
    ) -> None:
        self._stream = stream
        self._connection: httpx.AsyncHTTPTransport | None = connection
        self._owner = owner

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            yield piece

    async def aclose(self) -> None:
        connection, self._connection = self._connection, None
        try:
            await self._stream.aclose()
        finally:
            if connection is not None:
                await self._owner.put_back(connection)
