"""Reads the bodies of requests, within bounds."""

from __future__ import annotations

import json

from fastapi import Request

from tailorlm.service.failures import ServiceError

MAX_BODY = 20 << 20
"""Longest JSON body, in bytes; images travel in it."""


async def json_body(request: Request) -> object:
    """The decoded body of a request.

    Raises:
        ServiceError: If it is too long (413) or no JSON (400).
    """
    data = bytearray()
    async for piece in request.stream():
        data += piece
        if len(data) > MAX_BODY:
            raise ServiceError(413, f"The body is longer than {MAX_BODY:,} bytes. Send less.")
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise ServiceError(400, "The body is not valid JSON.", code="invalid_json") from None
