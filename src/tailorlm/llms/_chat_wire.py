"""The chat completions wire format: requests to JSON, answers and stream chunks to text."""

from __future__ import annotations

import codecs
import json
import math
import re
from dataclasses import dataclass
from typing import Any

from tailorlm.errors import InputError, LLMResponseError
from tailorlm.llms._text import one_line
from tailorlm.llms.base import Request, Usage

MAX_NOTE = 300
"""Longest message of an endpoint, in characters, that is passed on."""

_ECHO = 20
_REMOVED = "[...]"
_TOO_LONG = re.compile(
    r"context (?:window|length|size|too long)|maximum context|prompt is too long|too many tokens",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer as it came over the wire."""

    text: str
    usage: Usage
    finish_reason: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """One piece of a streamed answer; `finish_reason` is "" until the last."""

    text: str = ""
    finish_reason: str = ""


def encode_request(request: Request, model: str, *, stream: bool, limit_name: str) -> bytes:
    """A request as the JSON body of a chat completion.

    Args:
        request: What is asked.
        model: The model that is to answer.
        stream: Whether the answer is to come piece by piece.
        limit_name: What the endpoint calls the longest completion.

    Raises:
        InputError: If there are no messages, or a setting is no finite number.
    """
    if not request.messages:
        raise InputError("The request holds no messages. Give at least one.")
    if request.temperature is not None and not math.isfinite(request.temperature):
        raise InputError(f"The temperature is a finite number, but got {request.temperature}.")
    body: dict[str, Any] = {
        "model": model,
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
    }
    settings = {
        "temperature": request.temperature,
        limit_name: request.max_tokens,
        "seed": request.seed,
        "stream": stream or None,
    }
    body |= {name: value for name, value in settings.items() if value is not None}
    return json.dumps(body).encode("ascii")


def decode_json(data: bytes | str) -> Any:
    """The value of a JSON text.

    Raises:
        LLMResponseError: If it is not JSON.
    """
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        raise LLMResponseError(
            "The endpoint's answer is not valid JSON. If this happens every time, the address "
            "(OPENAI_BASE_URL) is probably not that of an OpenAI-compatible endpoint."
        ) from None


def parse_answer(value: Any, private: tuple[str, ...] = ()) -> Answer:
    """The text of a chat completion object.

    Args:
        value: The decoded JSON.
        private: Texts that an error message must not repeat.

    Raises:
        LLMResponseError: If it holds no text, or is an error object.
    """
    _raise_error_object(value, private)
    choice = _first_choice(value)
    message = choice.get("message") if choice else None
    if not choice or not isinstance(message, dict):
        raise LLMResponseError("The endpoint's answer holds no choices, so there is no text in it.")
    finish = choice.get("finish_reason")
    finish = finish if isinstance(finish, str) and finish else "stop"
    text = TextDecoder().feed(_text_of(message.get("content")), final=True)
    if not text:
        raise empty_answer(finish)
    return Answer(text, _usage(value.get("usage")), finish)


def parse_chunk(value: Any, private: tuple[str, ...] = ()) -> Chunk:
    """One chunk of a streamed chat completion.

    Args:
        value: The decoded JSON.
        private: Texts that an error message must not repeat.

    Raises:
        LLMResponseError: If it is no object, or an error object.
    """
    _raise_error_object(value, private)
    choice = _first_choice(value)
    if choice is None:
        return Chunk()
    delta = choice.get("delta")
    text = _text_of(delta.get("content")) if isinstance(delta, dict) else ""
    finish = choice.get("finish_reason")
    return Chunk(text, finish if isinstance(finish, str) else "")


def empty_answer(finish_reason: str) -> LLMResponseError:
    """The error for an answer without text."""
    hint = "Raise max_tokens." if finish_reason == "length" else "Ask again or use another model."
    return LLMResponseError(
        f"The model answered without any text (it stopped for: {one_line(finish_reason, 40)}). "
        + hint
    )


class TextDecoder:
    """Joins UTF-16 halves that an endpoint escaped apart, and replaces what no text may hold.

    A lone half or a NUL becomes U+FFFD, so that every store can hold the text.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-16-le")(errors="replace")

    def feed(self, text: str, *, final: bool = False) -> str:
        """The text that is complete after this piece; `final` also gives what was held back."""
        units = text.encode("utf-16-le", "surrogatepass")
        return self._decoder.decode(units, final).replace("\x00", "\ufffd")


def note_of(data: bytes) -> str:
    """The message in an endpoint's error body, in one bounded line ("" where there is none)."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    return _note(value.get("error", value)) if isinstance(value, dict) else ""


def code_of(data: bytes) -> str:
    """The code in an endpoint's error body, such as "insufficient_quota" ("" without one)."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return ""
    error = value.get("error") if isinstance(value, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    return code if isinstance(code, str) else ""


def is_too_long(note: str) -> bool:
    """Whether an error's message says that the request is longer than the model reads."""
    return bool(_TOO_LONG.search(note))


def without_echo(note: str, private: tuple[str, ...]) -> str:
    """A message without the stretches it repeats from private texts.

    Stretches of 20 characters or more are removed, and shorter texts where they stand whole.
    """
    held = [False] * len(note)
    for text in private:
        width = min(_ECHO, len(text))
        if width < 4:
            continue
        line = " ".join(text.split())
        for start in range(len(note) - width + 1):
            window = note[start : start + width]
            if window in text or window in line:
                held[start : start + width] = [True] * width
    kept: list[str] = []
    for character, is_held in zip(note, held, strict=True):
        if not is_held:
            kept.append(character)
        elif not kept or kept[-1] != _REMOVED:
            kept.append(_REMOVED)
    return "".join(kept)


def _raise_error_object(value: Any, private: tuple[str, ...]) -> None:
    if not isinstance(value, dict):
        raise LLMResponseError("The endpoint's answer is no JSON object, so it holds no text.")
    if value.get("error"):
        note = without_echo(_note(value["error"]), private)
        raise LLMResponseError("The endpoint reports an error: " + (note or "it gives no reason."))


def _note(error: Any) -> str:
    if isinstance(error, dict):
        error = error.get("message") or error.get("detail") or ""
    return one_line(error, MAX_NOTE) if isinstance(error, str) else ""


def _first_choice(value: dict[str, Any]) -> dict[str, Any] | None:
    choices = value.get("choices")
    first = choices[0] if isinstance(choices, list) and choices else None
    return first if isinstance(first, dict) else None


def _text_of(content: Any) -> str:
    """The text of a content field: a string, or a list of text parts; "" for anything else."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part.get("text") for part in content if isinstance(part, dict)]
    return "".join(part for part in parts if isinstance(part, str))


def _usage(value: Any) -> Usage:
    if not isinstance(value, dict):
        return Usage()
    return Usage(_count(value.get("prompt_tokens")), _count(value.get("completion_tokens")))


def _count(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0
