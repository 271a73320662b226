"""Any endpoint that speaks OpenAI's chat completions: OpenAI, Ollama, vLLM, llama.cpp and others.

Failures before the first piece of an answer are retried with backoff; nothing is repeated once
text was delivered. Neither the key nor the conversation appears in messages or logs.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress

import httpx
import numpy as np

from tailorlm.errors import InputError, LLMError, LLMResponseError
from tailorlm.llms import _chat_wire as wire
from tailorlm.llms._endpoint import Endpoint
from tailorlm.llms._exchange import Exchange
from tailorlm.llms._retry import Backoff, Deadline, TryAgainError
from tailorlm.llms.base import LLM, Completion, Request
from tailorlm.sse import ServerEvent, SSEError, events

DEFAULT_BASE_URL = "https://api.openai.com/v1"
MAX_ANSWER = 4 << 20
"""Longest streamed answer, in characters."""

_DRAIN_SECONDS = 2.0
_DONE = "[DONE]"


class OpenAI(LLM):
    """A model behind an OpenAI-compatible endpoint.

    Args:
        model: The model, as the endpoint names it.
        base_url: The endpoint's address; by default OPENAI_BASE_URL, else OpenAI's own.
        api_key: The key; by default OPENAI_API_KEY. Without one, none is sent.
        timeout: Seconds to wait for a connection and between two pieces of an answer.
        max_retries: Attempts after the first.
        deadline: Seconds a whole answer may take, retries included; by default ten times
            `timeout`.
        transport: Replaces the network (for tests).
        sleep: Waits a number of seconds between attempts.
        rng: Source of the jitter of those waits.

    Raises:
        InputError: If the model is missing, or a setting cannot be used.
    """

    name = "openai"

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: float = 60.0,
        max_retries: int = 4,
        *,
        deadline: float | None = None,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], object] = time.sleep,
        rng: np.random.Generator | None = None,
    ) -> None:
        if not model.strip():
            raise InputError(
                'The model is missing. Write it after the slash: "openai/MODEL", '
                'for example "openai/gpt-4o-mini".'
            )
        if max_retries < 0:
            raise InputError(f"max_retries is a number from 0, but got {max_retries}.")
        super().__init__(model.strip())
        self._timeout = _positive("timeout", timeout)
        self._seconds = _positive("deadline", 10 * timeout if deadline is None else deadline)
        self._backoff = Backoff(max_retries, sleep, np.random.default_rng() if rng is None else rng)
        self._endpoint = Endpoint(
            base_url or os.environ.get("OPENAI_BASE_URL", "").strip() or DEFAULT_BASE_URL,
            os.environ.get("OPENAI_API_KEY", "") if api_key is None else api_key,
        )
        self._client = httpx.Client(
            headers=self._endpoint.headers, auth=self._endpoint.auth, transport=transport
        )

    def complete(self, request: Request) -> Completion:
        """Answer a request.

        Raises:
            LLMConnectionError: If the endpoint cannot be reached or does not answer in time.
            LLMAuthError: If it refuses the key.
            LLMRateLimitError: If it still refuses after all retries.
            LLMResponseError: If its answer is malformed or was cut off.
            LLMError: If it refuses the request, or has no such model.
        """
        exchange = self._exchange(request, stream=False)
        attempt = 0
        while True:
            try:
                with exchange.answer() as response:
                    return self._completion(exchange.whole(response), exchange.private)
            except TryAgainError as failure:
                self._backoff.pause(failure, attempt, exchange.deadline)
                attempt += 1

    def stream(self, request: Request) -> Iterator[str]:
        """Answer a request piece by piece; a failure is retried only before the first piece.

        Raises:
            LLMError: As `complete`; also in the middle, when the answer breaks off.
        """
        exchange = self._exchange(request, stream=True)
        attempt, begun = 0, False
        while True:
            try:
                for piece in _pieces(exchange):
                    begun = True
                    yield piece
            except TryAgainError as failure:
                if begun:
                    raise failure.error from None
                self._backoff.pause(failure, attempt, exchange.deadline)
                attempt += 1
            else:
                return

    def close(self) -> None:
        """Close the connections; the instance cannot be used afterwards."""
        self._client.close()

    def _completion(self, data: bytes, private: tuple[str, ...]) -> Completion:
        answer = wire.parse_answer(wire.decode_json(data), private)
        return Completion(
            text=answer.text,
            llm=self.label,
            usage=answer.usage,
            finish_reason=answer.finish_reason,
        )

    def _exchange(self, request: Request, *, stream: bool) -> Exchange:
        if self._client.is_closed:
            raise LLMError(f"The LLM {self.label!r} was closed. Create a new one.")
        return Exchange(
            client=self._client,
            endpoint=self._endpoint,
            model=self.model,
            body=wire.encode_request(
                request, self.model, stream=stream, limit_name=self._endpoint.limit_name
            ),
            private=(self._endpoint.key, *(message.content for message in request.messages)),
            timeout=self._timeout,
            deadline=Deadline.after(self._seconds),
        )


def _pieces(exchange: Exchange) -> Iterator[str]:
    """The pieces of one attempt at a streamed answer."""
    with exchange.answer() as response:
        if "json" in response.headers.get("content-type", "").lower():
            value = wire.decode_json(exchange.whole(response))
            yield wire.parse_answer(value, exchange.private).text
            return
        chunks = exchange.chunks(response)
        try:
            yield from _texts(events(chunks), exchange)
        except SSEError as error:
            raise LLMResponseError(
                f"The answer of {exchange.endpoint.host} is not a well-formed stream: {error}."
            ) from None
        _drain(chunks, exchange.deadline)


def _texts(stream: Iterable[ServerEvent], exchange: Exchange) -> Iterator[str]:
    """The texts of a stream up to its end, which must be announced."""
    decoder = wire.TextDecoder()
    length, finish = 0, ""
    for event in stream:
        if event.data.strip() == _DONE:
            finish = "stop"
            break
        chunk = wire.parse_chunk(wire.decode_json(event.data), exchange.private)
        finish = chunk.finish_reason
        text = decoder.feed(chunk.text, final=bool(finish))
        length += len(text)
        if length > MAX_ANSWER:
            raise LLMResponseError(f"The answer is longer than {MAX_ANSWER:,} characters.")
        if text:
            yield text
        if finish:
            break
    if not finish:
        raise LLMResponseError(
            f"The answer of {exchange.endpoint.host} broke off before its end. Ask again."
        )
    if not length:
        raise wire.empty_answer(finish)


def _drain(chunks: Iterable[bytes], deadline: Deadline) -> None:
    """Read a finished answer to its end, so that its connection can serve the next request.

    The text is complete already, so nothing that goes wrong here matters.
    """
    limit = Deadline.after(min(_DRAIN_SECONDS, max(deadline.remaining, 0.0)))
    with suppress(LLMError, TryAgainError):
        for _ in chunks:
            if limit.remaining <= 0:
                return


def _positive(name: str, seconds: float) -> float:
    if not (math.isfinite(seconds) and seconds > 0):
        raise InputError(f"{name} is a positive number of seconds, but got {seconds}.")
    return seconds
