"""What answers behind the gateway, and the one that speaks HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any, Protocol

import httpx

from tailorlm import __version__
from tailorlm.llms.base import Request
from tailorlm.service.connections import connections, timed_out
from tailorlm.service.failures import ServiceError
from tailorlm.sse import SSEError, SSEReader
from tailorlm.store.keys import PREFIX

MAX_ANSWER = 16 << 20
"""Longest answer that is read, in bytes."""
_MAX_ERROR = 64 << 10
_DONE = "[DONE]"
_SENT = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": f"tailorlm/{__version__}",
}

Json = dict[str, Any]


class Upstream(Protocol):
    """What answers requests.

    Attributes:
        label: Written into candidates before the model, as in "openai/gpt-4o-mini".
        notice: What people must be told about its answers, or "".
    """

    label: str
    notice: str

    async def complete(self, body: Json, request: Request, headers: Mapping[str, str]) -> Json:
        """A chat completion object with one choice.

        Args:
            body: The request as it goes over the wire.
            request: The same as tailorlm's own, with the plan behind it.
            headers: The client's headers, lower-cased.

        Raises:
            ServiceError: If there is no answer.
        """
        ...

    def stream(
        self, body: Json, request: Request, headers: Mapping[str, str]
    ) -> AsyncIterator[Json]:
        """The chunk objects of a streamed completion, each as soon as it is there.

        Raises:
            ServiceError: As `complete`; also in the middle, when the answer breaks off.
        """
        ...

    async def fetch(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str]
    ) -> Json:
        """Any other call, such as GET /models.

        Raises:
            ServiceError: If there is no answer.
        """
        ...

    async def close(self) -> None:
        """Release connections."""
        ...


class HttpUpstream:
    """An OpenAI-compatible endpoint.

    Args:
        base_url: Its address, such as "http://localhost:11434/v1".
        key: Its key; with "" the client's own is passed on.
        timeout: Seconds to wait for a connection and between two pieces of an answer.
        deadline: Seconds that a whole answer may take.
        transport: Replaces the network (for tests).
    """

    label = "openai"
    notice = ""

    def __init__(
        self,
        base_url: str,
        key: str = "",
        *,
        timeout: float = 60.0,
        deadline: float = 600.0,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._base = base_url.rstrip("/")
        self._host = httpx.URL(self._base).netloc.decode("ascii", "replace")
        self._key = key
        self._timeout = timeout
        self._deadline = deadline
        self._urls: dict[str, httpx.URL] = {}
        self._transport = transport or connections(httpx.URL(self._base))
        self._extensions = {"timeout": httpx.Timeout(timeout).as_dict()}

    async def complete(self, body: Json, request: Request, headers: Mapping[str, str]) -> Json:
        """See `Upstream.complete`."""
        return await self.fetch("POST", "/chat/completions", body, headers)

    async def fetch(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str]
    ) -> Json:
        """See `Upstream.fetch`."""
        async with self._answer(method, path, body, headers) as response:
            return self._object(await self._whole(response, MAX_ANSWER))

    async def stream(
        self, body: Json, request: Request, headers: Mapping[str, str]
    ) -> AsyncIterator[Json]:
        """See `Upstream.stream`; an endpoint that cannot stream gives one chunk."""
        async with self._answer("POST", "/chat/completions", body, headers) as response:
            if "json" in response.headers.get("content-type", "").lower():
                yield as_chunk(self._object(await self._whole(response, MAX_ANSWER)))
                return
            reader = SSEReader()
            try:
                async for piece in self._pieces(response):
                    for event in reader.feed(piece):
                        if event.data.strip() == _DONE:
                            return
                        yield self._object(event.data)
            except SSEError as error:
                raise ServiceError(
                    502, f"{self._host} sent no well-formed stream: {error}."
                ) from None
            raise ServiceError(502, f"The answer of {self._host} broke off before its end.")

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.aclose()

    @asynccontextmanager
    async def _answer(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str]
    ) -> AsyncIterator[httpx.Response]:
        """The answer to a request, of which only the headers have been read."""
        if path not in self._urls:
            self._urls[path] = httpx.URL(self._base + path)
        request = httpx.Request(
            method,
            self._urls[path],
            content=None if body is None else json.dumps(body).encode(),
            headers=self._headers(headers),
            extensions=self._extensions,
        )
        try:
            response = await self._transport.handle_async_request(request)
            response.request = request
        except httpx.RequestError as error:
            if timed_out(error):
                raise self._too_slow(self._timeout) from None
            reason = str(error)[:120] or type(error).__name__
            raise ServiceError(502, f"{self._host} cannot be reached ({reason}).") from None
        try:
            if not response.is_success:
                raise await self._refusal(response)
            yield response
        finally:
            await response.aclose()

    def _headers(self, headers: Mapping[str, str]) -> dict[str, str]:
        sent = {**_SENT}
        if self._key:
            sent["Authorization"] = f"Bearer {self._key}"
        elif (given := headers.get("authorization")) and PREFIX not in given:
            sent["Authorization"] = given
        return sent

    async def _refusal(self, response: httpx.Response) -> ServiceError:
        """What an error of the endpoint means to the client: its own mistakes as they came."""
        status = response.status_code
        error: Json = {}
        with suppress(ServiceError, ValueError, AttributeError, RecursionError):
            found = json.loads(await self._whole(response, _MAX_ERROR)).get("error")
            error = found if isinstance(found, dict) else {"message": str(found)}
        says = str(error.get("message") or "")[:300]
        if status in (401, 403) and self._key:
            return ServiceError(
                502,
                f"{self._host} refuses the gateway's own key (HTTP {status}). "
                "Whoever runs the gateway must check it.",
            )
        wait = response.headers.get("retry-after")
        kept = {} if wait is None else {"Retry-After": wait}
        if 400 <= status < 500:
            message = says or f"{self._host} refuses the request (HTTP {status})."
            return ServiceError(status, message, headers=kept, error=error if says else None)
        reason = f"{self._host} failed (HTTP {status}). {says}".strip()
        return ServiceError(502, reason, headers=kept)

    async def _whole(self, response: httpx.Response, longest: int) -> bytes:
        data = bytearray()
        async for piece in self._pieces(response):
            data += piece
            if len(data) > longest:
                raise ServiceError(
                    502, f"The answer of {self._host} is longer than {longest:,} bytes."
                )
        return bytes(data)

    async def _pieces(self, response: httpx.Response) -> AsyncIterator[bytes]:
        """The answer's bytes as they arrive, until the deadline."""
        end = time.monotonic() + self._deadline
        try:
            async for piece in response.aiter_bytes():
                if time.monotonic() > end:
                    raise self._too_slow(self._deadline)
                yield piece
        except httpx.RequestError as error:
            if timed_out(error):
                raise self._too_slow(self._timeout) from None
            raise ServiceError(502, f"The answer of {self._host} was cut off.") from None

    def _object(self, data: bytes | str) -> Json:
        try:
            value = json.loads(data)
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            raise ServiceError(502, f"{self._host} sent something that is no JSON object.")
        if isinstance(value.get("error"), dict):
            error = value["error"]
            raise ServiceError(502, str(error.get("message") or f"{self._host} failed.")[:300])
        return value

    def _too_slow(self, seconds: float) -> ServiceError:
        return ServiceError(504, f"{self._host} did not finish its answer within {seconds:g} s.")


def as_chunk(completion: Json) -> Json:
    """A whole completion as the one chunk of a stream."""
    choices = [
        {
            "index": choice.get("index", 0),
            "delta": choice.get("message") or {},
            "finish_reason": choice.get("finish_reason") or "stop",
        }
        for choice in completion.get("choices") or []
        if isinstance(choice, dict)
    ]
    return {**completion, "object": "chat.completion.chunk", "choices": choices}
