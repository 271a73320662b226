"""Logs of the gateway: one line per request, and whatever its libraries warn about.

A line holds the template of a route, never the path or query that was sent, and of an error its
kind and place, never its message: both can hold a user's words.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import Literal

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tailorlm.service.metrics import Metrics

Form = Literal["text", "json"]
UNMATCHED = "unmatched"
"""Stands for the route of a request that no route takes."""
_FIELDS = ("method", "route", "status", "ms", "key")
_PROBES = ("/healthz", "/readyz", "/metrics")
_LOG = logging.getLogger("tailorlm.requests")


def set_up(form: Form) -> None:
    """Send the logs of this process to standard error, in one form."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else PlainLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("tailorlm").setLevel(logging.INFO)


class JsonLines(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; of an exception its kind and where it was raised."""
        found: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _first_line(record),
        }
        found |= {name: value for name in _FIELDS if (value := getattr(record, name, None))}
        if raised := _raised(record):
            found["error"], found["at"] = raised
        return json.dumps(found)


class PlainLines(logging.Formatter):
    """One line of text each, for people."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as text; of an exception its kind and where it was raised."""
        at = datetime.fromtimestamp(record.created).astimezone().isoformat(" ", "milliseconds")
        line = f"{at} {record.levelname} {_first_line(record)}"
        fields = " ".join(
            f"{name}={value}" for name in _FIELDS if (value := getattr(record, name, None))
        )
        raised = _raised(record)
        return " ".join(filter(None, [line, fields, " at ".join(raised)]))


class RequestLog:
    """Logs and counts every request once it is answered, streams at their end.

    Args:
        app: What answers.
        metrics: Counts requests, and makes their spans.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start, status = time.perf_counter(), 500

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        try:
            with self._metrics.request_span(method):
                await self._app(scope, receive, send_and_note)
        finally:
            route = route_of(scope)
            self._metrics.answered(method, route, status)
            details = {
                "method": method,
                "route": route,
                "status": status,
                "ms": round((time.perf_counter() - start) * 1000, 1),
                "key": scope.get("state", {}).get("key", ""),
            }
            level = logging.DEBUG if route in _PROBES and status < 400 else logging.INFO
            _LOG.log(level, "request", extra=details)


_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def route_of(scope: Scope) -> str:
    """The template of the route that took a request: nothing that the client wrote."""
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str):
        return path
    return "/static" if "endpoint" in scope else UNMATCHED


def _first_line(record: logging.LogRecord) -> str:
    """The message as one line; libraries put tracebacks behind theirs."""
    return record.getMessage().partition("\n")[0]


def _raised(record: logging.LogRecord) -> tuple[str, str] | tuple[()]:
    """The kind of an exception and where it was raised; its message may hold anything."""
    if not record.exc_info or record.exc_info[0] is None:
        return ()
    frames = traceback.extract_tb(record.exc_info[2])
    places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in frames[-3:]]
    return record.exc_info[0].__name__, " > ".join(places)
