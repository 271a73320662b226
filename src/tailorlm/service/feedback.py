"""Take what users give."""

from __future__ import annotations

import sys
import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request

from tailorlm.loop.fold import judged
from tailorlm.service.access import Caller, acting_for, caller
from tailorlm.service.gateway import Gateway
from tailorlm.service.shapes import (
    ERRORS,
    AttributeIn,
    CorrectionIn,
    DocumentIn,
    FeedbackIn,
    ReceiptOut,
    SeenOnTurn,
    StatementIn,
)
from tailorlm.tailor import Tailor
from tailorlm.types import Event

_SEEN = "seen-"
"""How the keys of events begin that an app saw, and no user gave in so many words."""
_ANY = sys.maxsize

router = APIRouter(prefix="/tailor/v1", tags=["Feedback"], responses=ERRORS)
_Caller = Annotated[Caller, Depends(caller)]
_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="The same key and feedback again add nothing.",
        max_length=190,
    ),
]


@router.post(
    "/feedback", summary="Rank, pick, edit, rate, say, correct, or what an app saw a user do"
)
async def give(
    request: Request, by: _Caller, given: FeedbackIn, idempotency_key: _Key = None
) -> ReceiptOut:
    """Answered once the feedback is durable. Only the newest judgement of a turn counts."""
    gateway: Gateway = request.app.state.gateway
    user = acting_for(request, by, given.user)
    with gateway.metrics.stage("feedback"):
        event = await gateway.in_thread(_give, gateway.tailor, user, given, idempotency_key)
    gateway.metrics.given(given.feedback.kind)
    return ReceiptOut(
        event=event.id,
        position=event.position,
        key=event.key,
        learned=type(event.payload) in gateway.tailor.method.accepts,
    )


def _give(tailor: Tailor, user: str, given: FeedbackIn, key: str | None) -> Event:
    """Record feedback; what an app only saw never replaces what the user said in so many words."""
    said = given.feedback
    if isinstance(said, StatementIn | AttributeIn | DocumentIn | CorrectionIn):
        return tailor.give(user, said.feedback(), key=key)
    feedback = said.feedback(tailor.store.turn(user, said.turn))
    if not isinstance(said, SeenOnTurn):
        return tailor.give(user, feedback, key=key)
    for earlier in tailor.store.feedback(user, said.turn, before=_ANY):
        if judged(earlier.payload) == judged(feedback) and not earlier.key.startswith(_SEEN):
            return earlier
    return tailor.give(user, feedback, key=_SEEN + (key or uuid.uuid4().hex))
