"""Whether the gateway runs, whether it can work, and its metrics."""

from __future__ import annotations

from typing import Annotated

import anyio
import anyio.to_thread
from fastapi import APIRouter, Depends, Request
from fastapi.responses import Response

from tailorlm.errors import TailorError
from tailorlm.service.access import Caller, caller
from tailorlm.service.failures import ServiceError
from tailorlm.service.gateway import Gateway
from tailorlm.service.metrics import CONTENT_TYPE
from tailorlm.service.shapes import ERRORS

WAIT = 5.0
"""Seconds that the database gets to answer before the gateway is not ready."""

router = APIRouter(tags=["Operations"])


@router.get("/healthz", include_in_schema=False)
async def healthz() -> dict[str, str]:
    """The process answers; nothing else is looked at."""
    return {"status": "ok"}


@router.get("/readyz", include_in_schema=False)
async def readyz(request: Request) -> dict[str, str]:
    """The database can be reached and has the newest tables, and it is known what answers.

    Whether the upstream itself is up is not asked: without it feedback is still taken.
    """
    gateway: Gateway = request.app.state.gateway
    try:
        with anyio.fail_after(WAIT):
            await anyio.to_thread.run_sync(gateway.tailor.store.check, abandon_on_cancel=True)
    except TimeoutError:
        raise ServiceError(503, f"The database did not answer within {WAIT:g} s.") from None
    except TailorError as error:
        raise ServiceError(503, f"Not ready: {type(error).__name__}.") from None
    return {"status": "ready", "store": "ok", "upstream": gateway.upstream.label}


@router.get(
    "/metrics",
    summary="Counts and times for Prometheus",
    response_class=Response,
    responses={**ERRORS, 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(request: Request, by: Annotated[Caller, Depends(caller)]) -> Response:
    """For admin keys: counts tell how much every app is used."""
    if by.scope != "admin":
        raise ServiceError(403, "Only an admin key may read the metrics.")
    gateway: Gateway = request.app.state.gateway
    return Response(gateway.metrics.exposition(), media_type=CONTENT_TYPE)
