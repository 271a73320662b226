"""The texts in JSON objects of chat completions: where they are, and how to change them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

Change = Callable[[str], str]
Path = tuple[str | int, ...]

_NO_TEXT = frozenset(
    {
        "role", "type", "id", "tool_call_id", "finish_reason", "image_url", "input_audio", "file",
        "audio", "logprobs", "index", "format", "detail",
    }
)  # fmt: skip
"""Fields that hold no words of anybody, or none that can be read."""
_ARGUMENTS = "arguments"
_LEAST_NUMBER = 10**6


def mapped(value: Any, change: Change, in_json: Change | None = None) -> Any:
    """A JSON value with every text in it changed.

    Args:
        value: The value; it is not changed itself.
        change: Gives the text that a text becomes.
        in_json: The same for the arguments of tool calls, which are JSON within a text; None reads
            them and changes the texts and the long numbers inside.
    """
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [mapped(item, change, in_json) for item in value]
    if isinstance(value, dict):
        return {key: _field(key, item, change, in_json) for key, item in value.items()}
    return value


def at(delta: dict[str, Any], change: Callable[[Path, str], str]) -> dict[str, Any]:
    """A delta of a stream with its texts changed, each with the path at which its text goes on.

    These are the fields that are texts, and the arguments of tool calls by the call's index.
    """
    found = {
        key: change((key,), value)
        if isinstance(value, str) and key not in _NO_TEXT and key != "name"
        else value
        for key, value in delta.items()
    }
    calls = delta.get("tool_calls")
    if isinstance(calls, list):
        found["tool_calls"] = [_call(place, call, change) for place, call in enumerate(calls)]
    return found


def _call(place: int, call: Any, change: Callable[[Path, str], str]) -> Any:
    function = call.get("function") if isinstance(call, dict) else None
    text = function.get(_ARGUMENTS) if isinstance(function, dict) else None
    if not isinstance(text, str) or not isinstance(function, dict):
        return call
    path = ("tool_calls", call.get("index", place), _ARGUMENTS)
    return {**call, "function": {**function, _ARGUMENTS: change(path, text)}}


def _field(key: str, value: Any, change: Change, in_json: Change | None) -> Any:
    if key in _NO_TEXT:
        return value
    if key in ("function", "function_call") and isinstance(value, dict):
        arguments = value.get(_ARGUMENTS)
        if not isinstance(arguments, str):
            return value
        found = in_json(arguments) if in_json is not None else _arguments(arguments, change)
        return {**value, _ARGUMENTS: found}
    return mapped(value, change, in_json)


def _arguments(text: str, change: Change) -> str:
    """The arguments of a tool call with their texts changed; what is no JSON is one text."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return change(text)
    changed = _inside(value, change)
    return text if changed == value else json.dumps(changed, ensure_ascii=False)


def _inside(value: Any, change: Change) -> Any:
    """A JSON value with its texts changed, and whole numbers as long as those of cards."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_inside(item, change) for item in value]
    if isinstance(value, dict):
        return {key: _inside(item, change) for key, item in value.items()}
    if isinstance(value, int) and _LEAST_NUMBER <= value < _LEAST_NUMBER**4:
        found = change(str(value))
        return value if found == str(value) else found
    return value
