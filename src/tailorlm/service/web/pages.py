"""The pages: ask, profile, compare, history, and a user's own data."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from fastapi.templating import Jinja2Templates

from tailorlm.codec import describe
from tailorlm.errors import NotFoundError
from tailorlm.service.access import Caller, acting_for, on_record
from tailorlm.service.gateway import Gateway
from tailorlm.service.web.curve import curve_of, drawn
from tailorlm.service.web.session import reader, remember
from tailorlm.types import Belief

STATIC = Path(__file__).parent / "static"
"""Scripts and styles."""
PAGES = (
    ("/", "Ask"),
    ("/profile", "Profile"),
    ("/compare", "Compare"),
    ("/history", "History"),
    ("/data", "Your data"),
)
_NEWEST = 50
_MOST_LEARNED = 8
_SOMEBODY = "me"

router = APIRouter(include_in_schema=False, dependencies=[Depends(on_record)])
_templates = Jinja2Templates(Path(__file__).parent / "templates")
_Reader = Annotated[Caller | None, Depends(reader)]
_User = Annotated[str, Query(max_length=200)]


def _moment(seconds: float | None, form: str) -> str:
    return "never" if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime(form)


_templates.env.filters["day"] = lambda seconds: _moment(seconds, "%Y-%m-%d")
_templates.env.filters["moment"] = lambda seconds: _moment(seconds, "%Y-%m-%d %H:%M")


@router.get("/")
async def ask(request: Request, by: _Reader, user: _User = "") -> Response:
    """Ask, rank, edit."""
    return _page(request, by, "ask.html", user)


@router.get("/compare")
async def compare(request: Request, by: _Reader, user: _User = "") -> Response:
    """Generic and personal side by side."""
    return _page(request, by, "compare.html", user)


@router.get("/data")
async def data(request: Request, by: _Reader, user: _User = "") -> Response:
    """Documents, export, erasure."""
    return _page(request, by, "data.html", user)


@router.get("/profile")
async def profile(request: Request, by: _Reader, user: _User = "") -> Response:
    """What is believed about a user, and how well it predicts."""
    if by is None:
        return _login()
    gateway: Gateway = request.app.state.gateway
    who = acting_for(request, by, user or by.user or _SOMEBODY)
    found, curve = None, ""
    try:
        found = await gateway.in_thread(gateway.tailor.profile, who)
        curve = drawn(await gateway.in_thread(curve_of, gateway.tailor, who))
    except NotFoundError:
        pass
    beliefs = () if found is None else found.beliefs
    held = [belief for belief in beliefs if belief.correction != "forgotten"]
    details = {
        "profile": found,
        "learned": _that_matter([belief for belief in held if belief.since is None]),
        "said": [belief for belief in held if belief.since is not None],
        "forgotten": [belief for belief in beliefs if belief.correction == "forgotten"],
        "tags": gateway.tailor.method.parts.library.tags,
        "curve": curve,
    }
    return _page(request, by, "profile.html", user, details)


@router.get("/history")
async def history(
    request: Request,
    by: _Reader,
    user: _User = "",
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """A user's log, newest first."""
    if by is None:
        return _login()
    gateway: Gateway = request.app.state.gateway
    store, who = gateway.tailor.store, acting_for(request, by, user or by.user or _SOMEBODY)
    rows: list[dict[str, Any]] = []
    try:
        newest = await gateway.in_thread(store.latest_position, who)
        end = newest + 1 if before is None else min(before, newest + 1)
        first = max(end - _NEWEST, 1)
        events = await gateway.in_thread(lambda: list(store.events(who, after=first - 1)))
        rows = [
            {"position": event.position, "time": event.time, "text": describe(event.payload)}
            for event in reversed(events)
            if event.position < end
        ]
    except NotFoundError:
        first = 1
    details = {"events": rows, "older": first if first > 1 else None}
    return _page(request, by, "history.html", user, details)


@router.get("/login")
async def login(request: Request) -> Response:
    """Where a key is asked for."""
    return _templates.TemplateResponse(request, "login.html", {"failed": False})


@router.post("/login")
async def signed_in(request: Request, key: Annotated[str, Form(max_length=200)]) -> Response:
    """Keep a key that works in the browser."""
    gateway: Gateway = request.app.state.gateway
    found = await gateway.in_thread(gateway.tailor.store.keyring.find, key)
    if found is None:
        return _templates.TemplateResponse(request, "login.html", {"failed": True}, 401)
    response = RedirectResponse("/", status_code=303)
    remember(response, key, secure=request.url.scheme == "https")
    return response


def _page(
    request: Request,
    by: Caller | None,
    template: str,
    user: str,
    details: Mapping[str, Any] | None = None,
) -> Response:
    """A page for one user, or the way to the login."""
    if by is None:
        return _login()
    gateway: Gateway = request.app.state.gateway
    shown = user or by.user or _SOMEBODY
    by.user_id(shown)
    common = {
        "user": shown,
        "fixed": bool(by.user),
        "query": urlencode({"user": shown}),
        "pages": PAGES,
        "here": request.url.path,
        "notice": gateway.upstream.notice,
        "model": gateway.model,
    }
    return _templates.TemplateResponse(request, template, {**common, **(details or {})})


def _login() -> HTMLResponse | RedirectResponse:
    return RedirectResponse("/login", status_code=303)


def _that_matter(beliefs: list[Belief]) -> list[Belief]:
    """What the user corrected, then the most probable; without evidence only if that is all."""
    corrected = [belief for belief in beliefs if belief.correction]
    others = [belief for belief in beliefs if not belief.correction]
    known = [belief for belief in others if belief.evidence]
    return corrected + (known or others[:3])[:_MOST_LEARNED]
