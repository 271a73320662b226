"""What the OpenAPI says beyond what the routes' types do."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

Json = dict[str, Any]

_REFUSED_BY_FASTAPI = ("HTTPValidationError", "ValidationError")
"""Shapes of an answer that the gateway never gives: what cannot be read is 400."""
_TEXT_OR_PARTS: Json = {
    "anyOf": [
        {"type": "string"},
        {"type": "array", "items": {"type": "object"}},
        {"type": "null"},
    ]
}
_MESSAGE: Json = {
    "type": "object",
    "properties": {
        "role": {"enum": ["system", "developer", "user", "assistant", "tool", "function"]},
        "content": _TEXT_OR_PARTS,
    },
    "required": ["role"],
}
_CHAT: Json = {
    "type": "object",
    "description": "As OpenAI's; further fields go upstream as they are.",
    "properties": {
        "model": {"type": "string", "description": 'The model, or "METHOD:MODEL".'},
        "messages": {"type": "array", "items": _MESSAGE, "minItems": 1},
        "user": {"type": "string", "description": "For whom; without it nothing is personal."},
        "n": {"type": "integer", "minimum": 1},
        "stream": {"type": "boolean"},
        "tailor": {"type": "object", "description": '`n`: a number or "auto"; `record`: false.'},
    },
    "required": ["model", "messages"],
    "example": {
        "model": "gpt-4o-mini",
        "user": "ana",
        "messages": [{"role": "user", "content": "How should I spend a free weekend?"}],
    },
}
_EMBEDDINGS: Json = {
    "type": "object",
    "description": "As OpenAI's; it is passed through.",
    "example": {"model": "text-embedding-3-small", "input": "A free weekend"},
}
CHAT_BODY: Json = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": _CHAT}}}
}
"""The body of a chat completion, which is read by hand."""
EMBEDDINGS_BODY: Json = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": _EMBEDDINGS}}}
}
"""The body of a request for embeddings."""
CHAT_ANSWER: Json = {
    "description": "As OpenAI's, with the field `tailor`; or its chunks, if it is a stream.",
    "content": {
        "application/json": {"schema": {"type": "object"}},
        "text/event-stream": {"schema": {}},
    },
}
"""The answer of a chat completion."""


def describe(app: FastAPI) -> None:
    """Have an application describe the statuses that it really answers with."""
    make = app.openapi

    def openapi() -> Json:
        if app.openapi_schema is None:
            app.openapi_schema = _as_answered(make())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation has it


def _as_answered(spec: Json) -> Json:
    for operations in spec["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
    schemas = spec.get("components", {}).get("schemas", {})
    for name in _REFUSED_BY_FASTAPI:
        schemas.pop(name, None)
    return spec
