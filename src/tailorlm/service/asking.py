"""Ask with turns instead of chat messages, and compare generic with personal."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request

from tailorlm.llms.base import Completion
from tailorlm.llms.base import Request as LLMRequest
from tailorlm.service.access import Caller, acting_for, caller
from tailorlm.service.failures import ServiceError
from tailorlm.service.gateway import Gateway, completion_of
from tailorlm.service.protocol import split_method
from tailorlm.service.shapes import ERRORS, AskIn, CandidateOut, TurnOut, WhatIfOut
from tailorlm.service.upstream import Upstream
from tailorlm.tailor import ShownTurn
from tailorlm.types import Candidate, Context, Turn

router = APIRouter(prefix="/tailor/v1", tags=["Asking"], responses=ERRORS)
_Caller = Annotated[Caller, Depends(caller)]


@router.post("/ask", summary="Answer a query with one or several candidates")
async def ask(request: Request, by: _Caller, given: AskIn) -> TurnOut:
    """Plans, answers and records one turn."""
    gateway: Gateway = request.app.state.gateway
    method, model = _model(gateway, given.model)
    planned = await gateway.plan(
        acting_for(request, by, given.user),
        Context(given.query, given.messages()),
        given.n,
        method=method,
        body={"model": model},
        headers=request.headers,
    )
    upstream = await gateway.upstream_for(planned.user)
    completions = await _answers(upstream, planned.requests, model, request.headers)
    event = await gateway.record(planned, completions)
    if not isinstance(event.payload, Turn):
        raise ServiceError(500, "The turn was not recorded.")
    answered = _as_answered(event.payload, given.query, completions)
    shown = ShownTurn(gateway.tailor, planned.user, answered)
    return TurnOut.of(shown.turn, shown.best, planned.certainty, gateway.upstream.notice)


@router.post("/what-if", summary="The same query, generic and personal; nothing is recorded")
async def what_if(request: Request, by: _Caller, given: AskIn) -> WhatIfOut:
    """Shows what personalization changes."""
    gateway: Gateway = request.app.state.gateway
    method, model = _model(gateway, given.model)
    user, context = acting_for(request, by, given.user), Context(given.query, given.messages())
    generic, personal = await gateway.preview(
        user, context, method=method, body={"model": model}, headers=request.headers
    )
    requests = tuple(LLMRequest(messages=plan.messages, plan=plan) for plan in (generic, personal))
    upstream = await gateway.upstream_for(user)
    answers = await _answers(upstream, requests, model, request.headers)
    turn = Turn(
        id="-",
        query=context.query,
        candidates=tuple(
            Candidate(plan=plan, text=answer.text, llm=answer.llm)
            for plan, answer in zip((generic, personal), answers, strict=True)
        ),
    )
    candidates: list[CandidateOut] = TurnOut.of(turn, 0, None).candidates
    return WhatIfOut(generic=candidates[0], personal=candidates[1])


def _model(gateway: Gateway, name: str) -> tuple[str, str]:
    """Method and model of a request, the gateway's own model where none is named."""
    method, model = split_method(name, gateway.methods)
    model = model or gateway.model
    if not model:
        raise ServiceError(
            400, "The gateway has no model of its own. Name one in 'model'.", param="model"
        )
    return method, model


def _as_answered(turn: Turn, query: str, answers: Sequence[Completion]) -> Turn:
    """A recorded turn in the words of its user and its models, whatever was stored of them."""
    candidates = [
        replace(candidate, text=answer.text)
        for candidate, answer in zip(turn.candidates, answers, strict=True)
    ]
    return replace(turn, query=query, candidates=tuple(candidates))


async def _answers(
    upstream: Upstream,
    requests: tuple[LLMRequest, ...],
    model: str,
    headers: Mapping[str, str],
) -> list[Completion]:
    """What the upstream answers, all at once; the first failure is raised."""
    bodies: list[dict[str, Any]] = [
        {
            "model": model,
            "messages": [{"role": m.role, "content": m.content} for m in asked.messages],
        }
        for asked in requests
    ]
    answers = await asyncio.gather(
        *(
            upstream.complete(body, asked, headers)
            for body, asked in zip(bodies, requests, strict=True)
        )
    )
    completions = [completion_of(answer, upstream.label, model) for answer in answers]
    if not all(completion.text.strip() for completion in completions):
        raise ServiceError(502, "The model answered without any text. Ask again.")
    return completions
