"""What is kept about users: read it, take it along, remove it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response, StreamingResponse

from tailorlm.service.access import Caller, acting_for, caller, on_record
from tailorlm.service.failures import ServiceError
from tailorlm.service.gateway import Gateway
from tailorlm.service.shapes import (
    ERRORS,
    EraseIn,
    ErasureOut,
    EventOut,
    HistoryOut,
    ProfileOut,
    UserOut,
    UsersOut,
    profile_json,
)
from tailorlm.store.erasing import ERASED

MAX_PAGE = 500
"""Most events of one answer."""

router = APIRouter(
    prefix="/tailor/v1", tags=["Users"], responses=ERRORS, dependencies=[Depends(on_record)]
)
_Caller = Annotated[Caller, Depends(caller)]
_User = Annotated[str, Query(description="The user's id; a key of one user may leave it out.")]


@router.get("/users", summary="The users of the app")
async def users(request: Request, by: _Caller) -> UsersOut:
    """With their number of events and the time of the newest."""
    if by.scope == "user":
        raise ServiceError(403, "A key of one user cannot list users.")
    gateway: Gateway = request.app.state.gateway
    found = await gateway.in_thread(lambda: list(gateway.tailor.users()))
    return UsersOut(
        users=[
            UserOut(user=name, events=one.events, last_time=one.last_time)
            for one in found
            if (name := by.own_name(one.user)) is not None
        ]
    )


@router.get("/profile", summary="What is believed about a user", response_model=ProfileOut)
async def profile(request: Request, by: _Caller, user: _User = "", method: str = "") -> Response:
    """Each belief with its probability, its evidence and when it was last seen."""
    gateway: Gateway = request.app.state.gateway
    who, name = acting_for(request, by, user), user or by.user

    def read() -> bytes:
        return profile_json(gateway.using(method).profile(who), name)

    return Response(await gateway.in_thread(read), media_type="application/json")


@router.get("/history", summary="A user's log, oldest first")
async def history(
    request: Request,
    by: _Caller,
    user: _User = "",
    after: Annotated[int, Query(ge=0, description="Position to start behind.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 100,
) -> HistoryOut:
    """Everything the user asked and gave, in parts."""
    gateway: Gateway = request.app.state.gateway
    store, who = gateway.tailor.store, acting_for(request, by, user)
    events = await gateway.in_thread(
        lambda: list(islice(store.events(who, after=after), limit + 1))
    )
    shown = events[:limit]
    return HistoryOut(
        events=[EventOut.of(event) for event in shown],
        next_after=shown[-1].position if len(events) > limit else None,
    )


@router.get(
    "/export",
    summary="Everything about a user, as JSON Lines",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/jsonl": {"schema": {"type": "string"}}}}},
)
async def export(request: Request, by: _Caller, user: _User = "") -> StreamingResponse:
    """The same file that `tailorlm export` writes and `tailorlm import` reads."""
    gateway: Gateway = request.app.state.gateway
    records = await gateway.in_thread(gateway.tailor.store.export, acting_for(request, by, user))

    def lines() -> Iterator[str]:
        for record in records:
            yield json.dumps(record, ensure_ascii=False) + "\n"

    return StreamingResponse(lines(), media_type="application/jsonl")


@router.post("/erase", summary="Remove everything about a user, for good")
async def erase(request: Request, by: _Caller, given: EraseIn) -> ErasureOut:
    """Answered once no byte of it is left in the database."""
    name = given.user or by.user
    if given.confirm != name:
        raise ServiceError(
            400, "'confirm' must repeat the user's id exactly; nothing was erased.", param="confirm"
        )
    gateway: Gateway = request.app.state.gateway
    done = await gateway.in_thread(gateway.tailor.erase, acting_for(request, by, name))
    request.state.user = ERASED  # the record says that it was done, and not to whom
    return ErasureOut(user=name, events=done.events, states=done.states)
