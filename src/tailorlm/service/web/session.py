"""Who reads the pages: a key in a cookie where keys are needed, everybody where they are not."""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from tailorlm.service.access import Caller
from tailorlm.service.failures import ServiceError

COOKIE = "tailorlm_key"
"""Name of the cookie; scripts cannot read it, and other sites' pages do not send it."""
_A_DAY = 24 * 3600


def remember(response: Response, secret: str, *, secure: bool) -> None:
    """Keep a key in the browser for a day."""
    response.set_cookie(
        COOKIE, secret, max_age=_A_DAY, httponly=True, samesite="strict", secure=secure
    )


def key_of_page(request: Request) -> str:
    """The key in the cookie of a page, "" without one.

    A request that changes something has to come from one of the pages' own scripts: forms and
    scripts of other sites cannot set the header.
    """
    secret = request.cookies.get(COOKIE, "")
    if secret and request.method not in ("GET", "HEAD") and "x-tailor-page" not in request.headers:
        return ""
    return secret


async def reader(request: Request) -> Caller | None:
    """Who reads a page; None where a key is needed and none that works was given."""
    try:
        found: Caller = await request.app.state.identify(request)
    except ServiceError as error:
        if error.status == 401:
            return None
        raise
    return found
