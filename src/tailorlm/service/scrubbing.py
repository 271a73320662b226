"""An upstream that sees no personal data: pseudonyms go out, and answers get the data back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import anyio.to_thread

from tailorlm.llms.base import Request
from tailorlm.privacy import Detector, Pseudonyms, StreamRestorer
from tailorlm.service.upstream import Upstream
from tailorlm.service.wire_texts import at, mapped
from tailorlm.types import Message

Json = dict[str, Any]
Change = Callable[[str], str]

_SCRUBBED = ("messages", "prediction", "metadata")
"""Fields of a request in which personal data is looked for; the user's id is left out."""
_LEFT_OUT = ("user", "safety_identifier")


class ScrubbingUpstream:
    """Scrubs what goes to an upstream, and restores what comes back, whole or streamed.

    Nothing is kept: every request has pseudonyms of its own.

    Args:
        upstream: What answers.
        detector: Finds personal data.
        known: Names that are known to occur, such as the user's own.
    """

    def __init__(self, upstream: Upstream, detector: Detector, known: Collection[str] = ()) -> None:
        self._upstream = upstream
        self._detector = detector
        self._known = tuple(known)
        self.label = upstream.label
        self.notice = upstream.notice

    def knowing(self, names: Collection[str]) -> ScrubbingUpstream:
        """The same for someone whose names these are."""
        return ScrubbingUpstream(self._upstream, self._detector, names)

    async def complete(self, body: Json, request: Request, headers: Mapping[str, str]) -> Json:
        """See `Upstream.complete`."""
        pseudonyms, sent, asked = await self._scrubbed(body, request)
        answer = await self._upstream.complete(sent, asked, headers)
        in_json = partial(pseudonyms.restore, in_json=True)
        restore = in_json if _asks_for_json(body) else pseudonyms.restore
        return {**answer, "choices": mapped(answer.get("choices"), restore, in_json)}

    async def stream(
        self, body: Json, request: Request, headers: Mapping[str, str]
    ) -> AsyncIterator[Json]:
        """See `Upstream.stream`."""
        pseudonyms, sent, asked = await self._scrubbed(body, request)
        restored = _RestoredStream(pseudonyms, in_json=_asks_for_json(body))
        last: Json = {}
        async for last in self._upstream.stream(sent, asked, headers):
            yield restored.chunk(last)
        if rest := restored.rest():
            yield {**last, "choices": rest}

    async def fetch(
        self, method: str, path: str, body: Json | None, headers: Mapping[str, str]
    ) -> Json:
        """See `Upstream.fetch`; texts to embed are scrubbed."""
        if body is not None:
            pseudonyms = Pseudonyms(self._detector, self._known)
            body = {name: value for name, value in body.items() if name not in _LEFT_OUT}
            texts: list[str] = []
            mapped(body.get("input"), _noting(texts))
            scrubbed = await _in_thread(pseudonyms, texts)
            body["input"] = mapped(body.get("input"), scrubbed.__getitem__)
        return await self._upstream.fetch(method, path, body, headers)

    async def close(self) -> None:
        """Close the upstream."""
        await self._upstream.close()

    async def _scrubbed(self, body: Json, request: Request) -> tuple[Pseudonyms, Json, Request]:
        """A request without personal data.

        The conversation gives its names their numbers before what stands in system messages, so
        that the answers of one turn share them.
        """
        pseudonyms = Pseudonyms(self._detector, self._known)
        body = {name: value for name, value in body.items() if name not in _LEFT_OUT}
        found = {name: body[name] for name in _SCRUBBED if name in body}
        messages = found.get("messages")
        said, told = _by_role(messages if isinstance(messages, list) else ())
        texts: list[str] = []
        note = _noting(texts)
        for part in (said, told, {**found, "messages": None}):
            mapped(part, note)
        _request(request, note)
        change = (await _in_thread(pseudonyms, texts)).__getitem__
        return pseudonyms, {**body, **mapped(found, change)}, _request(request, change)


def _by_role(messages: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """The messages of the conversation, and those of systems and developers."""
    said: list[Any] = []
    told: list[Any] = []
    for message in messages:
        role = message.get("role") if isinstance(message, dict) else None
        (told if role in ("system", "developer") else said).append(message)
    return said, told


def _noting(texts: list[str]) -> Change:
    def note(text: str) -> str:
        texts.append(text)
        return text

    return note


async def _in_thread(pseudonyms: Pseudonyms, texts: list[str]) -> dict[str, str]:
    """Each text scrubbed; long ones take time, so other requests go on meanwhile."""
    found = await anyio.to_thread.run_sync(pseudonyms.scrub_all, texts)
    return dict(zip(texts, found, strict=True))


def _request(request: Request, change: Change) -> Request:
    """The request of upstreams in this process, with its texts changed."""

    def changed(messages: tuple[Message, ...]) -> tuple[Message, ...]:
        return tuple(Message(m.role, change(m.content)) for m in messages)

    plan = request.plan
    if plan is not None:
        rules = tuple(map(change, plan.rules))
        plan = replace(plan, messages=changed(plan.messages), rules=rules)
    return replace(request, messages=changed(request.messages), plan=plan)


def _asks_for_json(body: Json) -> bool:
    """Whether the answer itself is to be JSON."""
    form = body.get("response_format")
    return isinstance(form, dict) and form.get("type") in ("json_object", "json_schema")


class _RestoredStream:
    """Restores the chunks of a stream; each text of each choice goes on by itself."""

    def __init__(self, pseudonyms: Pseudonyms, *, in_json: bool) -> None:
        self._pseudonyms = pseudonyms
        self._in_json = in_json
        self._open: dict[tuple[int, tuple[str | int, ...]], StreamRestorer] = {}

    def chunk(self, chunk: Json) -> Json:
        """A chunk with as much text as can go on; the last of a choice brings what was held."""
        choices = chunk.get("choices")
        if not isinstance(choices, list):
            return chunk
        return {**chunk, "choices": [self._choice(choice) for choice in choices]}

    def rest(self) -> list[Json]:
        """What is still held of choices that had no end."""
        places = sorted({place for place, _ in self._open})
        found = [(place, self._held(place, {})) for place in places]
        return [
            {"index": place, "delta": delta, "finish_reason": None}
            for place, delta in found
            if delta
        ]

    def _choice(self, choice: Any) -> Any:
        if not isinstance(choice, dict) or not isinstance(choice.get("delta"), dict):
            return choice
        place = choice.get("index")
        place = place if isinstance(place, int) else 0
        delta = at(choice["delta"], partial(self._feed, place))
        if choice.get("finish_reason"):
            delta = self._held(place, delta)
        return {**choice, "delta": delta}

    def _feed(self, place: int, path: tuple[str | int, ...], text: str) -> str:
        restorer = self._open.get((place, path))
        if restorer is None:
            in_json = self._in_json or path[-1] == "arguments"
            restorer = StreamRestorer(self._pseudonyms, in_json=in_json)
            self._open[place, path] = restorer
        return restorer.feed(text)

    def _held(self, place: int, delta: Json) -> Json:
        """A delta with what was held back of a choice behind its own texts."""
        for found, path in [key for key in self._open if key[0] == place]:
            if rest := self._open.pop((found, path)).close():
                delta = _with_text(delta, path, rest)
        return delta


def _with_text(delta: Json, path: tuple[str | int, ...], text: str) -> Json:
    """A delta with a text behind the one at a path: of a field, or of a tool call's function."""
    field, *inside = path
    if not inside:
        return {**delta, str(field): f"{delta.get(str(field)) or ''}{text}"}
    call = {"index": inside[0], "function": {"arguments": text}}
    return {**delta, "tool_calls": [*(delta.get("tool_calls") or []), call]}
