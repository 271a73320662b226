"""/v1/chat/completions, /v1/models and /v1/embeddings, as OpenAI's clients know them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse

from tailorlm.errors import StoreError, TailorError
from tailorlm.llms.base import Completion
from tailorlm.llms.base import Request as LLMRequest
from tailorlm.service.access import Caller, caller
from tailorlm.service.body import json_body
from tailorlm.service.failures import ServiceError
from tailorlm.service.gateway import Gateway, Planned, completion_of
from tailorlm.service.openapi import CHAT_ANSWER, CHAT_BODY, EMBEDDINGS_BODY
from tailorlm.service.protocol import EXTENSION, ChatCall, read_chat, with_plan
from tailorlm.service.relay import DONE, Relay, added, as_event
from tailorlm.service.shapes import ERRORS
from tailorlm.service.upstream import Upstream
from tailorlm.types import Message

Json = dict[str, Any]
_LOG = logging.getLogger(__name__)
_NOT_RECORDED = "The turn was not recorded, so it cannot be given feedback on."

router = APIRouter(tags=["OpenAI-compatible"], responses=ERRORS)
_Caller = Annotated[Caller, Depends(caller)]


@router.post(
    "/v1/chat/completions",
    summary="Answer a conversation, personally where a user is named",
    response_class=JSONResponse,
    responses={200: CHAT_ANSWER},
    openapi_extra=CHAT_BODY,
)
async def chat_completions(request: Request, by: _Caller) -> Response:
    """As OpenAI's, with the field `tailor` on top: which turn it is, what each answer follows."""
    gateway: Gateway = request.app.state.gateway
    call = read_chat(await json_body(request), gateway.methods)
    exchange = await _exchange(gateway, call, by, request.headers)
    if call.stream:
        return await exchange.streamed()
    return JSONResponse(await exchange.answered())


@router.get("/v1/models", summary="The models there are, each also under every method")
async def models(request: Request, by: _Caller) -> Json:
    """The upstream's models; "bayes_tags:MODEL" answers with that method."""
    gateway: Gateway = request.app.state.gateway
    listing = await gateway.upstream.fetch("GET", "/models", None, request.headers)
    found = [m for m in listing.get("data") or [] if isinstance(m, dict)]
    named = [
        {**model, "id": f"{method}:{model.get('id')}"}
        for method in sorted(gateway.methods)
        for model in found
    ]
    return {**listing, "object": "list", "data": [*found, *named]}


@router.post("/v1/embeddings", summary="Passed through", openapi_extra=EMBEDDINGS_BODY)
async def embeddings(request: Request, by: _Caller) -> Json:
    """The upstream's embeddings, as they come."""
    gateway: Gateway = request.app.state.gateway
    body = await json_body(request)
    if not isinstance(body, dict):
        raise ServiceError(400, "The request's body must be a JSON object.")
    return await gateway.upstream.fetch("POST", "/embeddings", body, request.headers)


async def _exchange(
    gateway: Gateway, call: ChatCall, by: Caller, headers: Mapping[str, str]
) -> _Exchange:
    """What is to be asked upstream: planned for a user, else as it came.

    A store that cannot be used takes personalization away, not the answer.
    """
    user = by.user_id(call.user or by.user) if call.user or by.user else ""
    upstream = await gateway.upstream_for(user)
    if not user or call.context is None:
        return _Exchange(gateway, upstream, call, headers, None)
    try:
        planned = await gateway.plan(
            user, call.context, call.n, method=call.method, body=call.body, headers=headers
        )
    except StoreError as error:
        _LOG.error("a turn was answered without personalization: %s", type(error).__name__)
        return _Exchange(gateway, upstream, call, headers, None)
    return _Exchange(gateway, upstream, call, headers, planned)


class _Exchange:
    """One call's requests upstream and its answer.

    Args:
        gateway: What plans and records.
        upstream: What answers.
        call: What the client asked.
        headers: The client's headers.
        planned: The turn, or None for a call that is passed through.
    """

    def __init__(
        self,
        gateway: Gateway,
        upstream: Upstream,
        call: ChatCall,
        headers: Mapping[str, str],
        planned: Planned | None,
    ) -> None:
        self._gateway = gateway
        self._upstream = upstream
        self._call = call
        self._headers = headers
        self._planned = planned
        self._model = str(call.body["model"])
        if planned is not None:
            plans = [request.plan for request in planned.requests]
            self._asked = [
                (with_plan(call, plan), request)
                for plan, request in zip(plans, planned.requests, strict=True)
                if plan is not None
            ]
        else:
            once = (call.body, _plain_request(call))
            self._asked = [once] * (call.n if isinstance(call.n, int) else 1)

    async def answered(self) -> Json:
        """The whole answer, once the turn is recorded."""
        upstream = self._upstream
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(_complete(upstream.complete(body, asked, self._headers)))
                for body, asked in self._asked
            ]
        answers = []
        for task in tasks:
            answer = task.result()
            if isinstance(answer, ServiceError):
                raise answer
            answers.append(answer)
        completions = [completion_of(answer, upstream.label, self._model) for answer in answers]
        recorded = await self._record(completions)
        usage = added(answers)
        merged = {**answers[0], "choices": _choices(answers), EXTENSION: self._extension(recorded)}
        return {**merged, "usage": usage} if usage else merged

    async def streamed(self) -> StreamingResponse:
        """The answer piece by piece; a failure before the first piece has its own status."""
        upstream = self._upstream
        relay = Relay([upstream.stream(body, asked, self._headers) for body, asked in self._asked])
        chunks = relay.chunks()
        first = await anext(chunks, None)
        return StreamingResponse(
            self._events(relay, first, chunks),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-cache", "X-Accel-Buffering": "no"},
        )

    async def _events(
        self, relay: Relay, first: Json | None, chunks: AsyncIterator[Json]
    ) -> AsyncIterator[bytes]:
        """The stream's events; the turn is recorded before its end is announced."""
        last: Json = first or {}
        try:
            if first is not None:
                yield as_event({**first, EXTENSION: self._extension(recorded=None)})
            async for chunk in chunks:
                last = chunk
                yield as_event(chunk)
            label = f"{self._upstream.label}/{self._model}"
            completions = [
                Completion(text=text, llm=label, finish_reason=reason or "stop")
                for text, reason in zip(relay.texts, relay.finish_reasons, strict=True)
            ]
            recorded = await self._record(completions)
        except ServiceError as error:
            yield as_event(error.body)
            return
        finally:
            await relay.close()
        head = {k: v for k, v in last.items() if k in ("id", "object", "created", "model")}
        yield as_event({**head, "choices": [], EXTENSION: self._extension(recorded)})
        yield DONE

    async def _record(self, completions: Sequence[Completion]) -> bool:
        """Record the turn; one whose answers are not all text has nothing to judge."""
        planned = self._planned
        if planned is None or not self._call.record:
            return False
        if not all(completion.text.strip() for completion in completions):
            return False
        try:
            await self._gateway.record(planned, completions)
        except TailorError as error:
            _LOG.error("a turn was answered, but not recorded: %s", type(error).__name__)
            return False
        return True

    def _extension(self, recorded: bool | None) -> Json:
        """What tailorlm says beside the answer; `recorded` is None while that is not known."""
        found: Json = {}
        if notice := self._upstream.notice:
            found["notice"] = notice
        if self._planned is None:
            return {**found, "personal": False}
        found |= {
            "personal": True,
            "turn": self._planned.turn,
            "method": self._planned.method,
            "certainty": round(self._planned.certainty, 4),
            "candidates": [
                {
                    "index": place,
                    "purpose": plan.purpose,
                    "tags": list(plan.tags),
                    "rules": list(plan.rules),
                    "left_out": list(plan.left_out),
                }
                for place, request in enumerate(self._planned.requests)
                if (plan := request.plan) is not None
            ],
        }
        return found if recorded is None else {**found, "recorded": recorded}


async def _complete(answer: Any) -> Json | ServiceError:
    """An answer, or why there is none; one that fails does not interrupt the others' clean-up."""
    try:
        found: Json = await answer
    except ServiceError as error:
        return error
    return found


def _choices(answers: Sequence[Json]) -> list[Json]:
    """The choices of several answers, numbered through."""
    choices = [
        choice
        for answer in answers
        for choice in (answer.get("choices") or [])[:1]
        if isinstance(choice, dict)
    ]
    return [{**choice, "index": place} for place, choice in enumerate(choices)]


def _plain_request(call: ChatCall) -> LLMRequest:
    """A call that is passed through, for upstreams that are no endpoint."""
    context = call.context
    messages = () if context is None else (*context.history, Message("user", context.query))
    return LLMRequest(messages=messages)
