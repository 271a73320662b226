"""Puts the gateway together: its parts, its routes, and how errors are answered."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tailorlm import __version__
from tailorlm.errors import TailorError
from tailorlm.service import asking, chat, documents, feedback, health, users
from tailorlm.service.access import OPEN, Caller
from tailorlm.service.documents import UploadLimits
from tailorlm.service.failures import ServiceError, as_service_error
from tailorlm.service.gateway import Gateway
from tailorlm.service.logs import RequestLog
from tailorlm.service.openapi import describe
from tailorlm.service.web import pages

_SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
}
Identify = Callable[[Request], Awaitable[Caller]]


def create_app(
    gateway: Gateway,
    identify: Identify | None = None,
    *,
    uploads: UploadLimits | None = None,
) -> FastAPI:
    """The application.

    Args:
        gateway: Plans, records and learns.
        identify: Tells who makes a request; None lets everybody do everything, which is for a
            gateway that only this machine reaches.
        uploads: How much may be uploaded at once; None takes the usual limits.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        beside = asyncio.create_task(gateway.beside())
        yield
        beside.cancel()
        with suppress(asyncio.CancelledError):
            await beside
        await gateway.close()

    app = FastAPI(
        title="tailorlm",
        version=__version__,
        summary="Personalization in front of any OpenAI-compatible API.",
        lifespan=lifespan,
        docs_url=None,  # its page would load scripts from another host
        redoc_url=None,
    )
    app.state.gateway = gateway
    app.state.identify = identify or _everybody
    app.state.uploads = uploads or UploadLimits()
    for part in (chat, asking, feedback, documents, users, pages, health):
        app.include_router(part.router)
    app.mount("/static", StaticFiles(directory=pages.STATIC), name="static")
    app.add_middleware(_SafeHeaders)
    app.add_middleware(RequestLog, metrics=gateway.metrics)  # added last, it is the outermost
    app.add_exception_handler(ServiceError, _service_error)
    app.add_exception_handler(TailorError, _tailor_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    describe(app)
    return app


class _SafeHeaders:
    """Keeps pages from being framed, sniffed or made to load anything from elsewhere."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _SAFE_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def _everybody(_: Request) -> Caller:
    return OPEN


async def _service_error(_: Request, error: Exception) -> JSONResponse:
    found = error if isinstance(error, ServiceError) else ServiceError(500, "Internal error.")
    return JSONResponse(found.body, found.status, headers=found.headers)


async def _tailor_error(request: Request, error: Exception) -> JSONResponse:
    known = error if isinstance(error, TailorError) else TailorError("Internal error.")
    return await _service_error(request, as_service_error(known))


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    if not isinstance(error, HTTPException):
        return await _service_error(request, error)
    message = f"{request.url.path}: {error.detail}."
    found = ServiceError(error.status_code, message, headers=error.headers)
    return await _service_error(request, found)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    first = error.errors()[0] if isinstance(error, RequestValidationError) else {}
    place = ".".join(str(part) for part in first.get("loc", ())[1:])
    message = f"{place or 'The request'}: {first.get('msg', 'it cannot be used')}."
    return await _service_error(request, ServiceError(400, message, param=place or None))
