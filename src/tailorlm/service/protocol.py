"""Chat completions on the wire: what a request asks of tailorlm, and what goes upstream.

Whatever tailorlm does not use is passed on as it came, so that tools, response formats, images and
fields of the future work as they do without it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tailorlm.llms.base import Request
from tailorlm.loop.asking import MAX_SHOWN
from tailorlm.loop.turn import HowMany
from tailorlm.service.failures import ServiceError
from tailorlm.types import Context, Message, Plan

EXTENSION = "tailor"
"""Name of the field of requests and answers that is tailorlm's own."""
_OF_STREAMS = ("stream", "stream_options")
_ROLES = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatCall:
    """A request for chat completions, understood as far as tailorlm uses it.

    Attributes:
        body: What goes upstream, but for the plan: without the extension, `n` and the method's
            name.
        user: Whom it is for; "" where the app does not say.
        method: The method that the model's name asks for, or "".
        n: How many answers.
        stream: Whether they are to come piece by piece.
        context: The conversation as far as it is text; None where there is nothing to personalize.
        record: Whether the turn is recorded.
    """

    body: dict[str, Any]
    user: str
    method: str
    n: HowMany
    stream: bool
    context: Context | None
    record: bool


def read_chat(body: object, methods: Collection[str]) -> ChatCall:
    """Understand a request.

    Args:
        body: The decoded JSON.
        methods: Names that may stand before the model, as in "bayes_tags:gpt-4o-mini".

    Raises:
        ServiceError: If a field that tailorlm needs has the wrong form (400).
    """
    if not isinstance(body, dict):
        raise ServiceError(400, "The request's body must be a JSON object.")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise _wrong("messages", "a list of at least one message", messages)
    model = body.get("model")
    if not isinstance(model, str) or not model.strip():
        raise _wrong("model", "the name of a model", model)
    stream = body.get("stream", False)
    if not isinstance(stream, bool | None):
        raise _wrong("stream", "true or false", stream)
    user = body.get("user") or ""
    if not isinstance(user, str):
        raise _wrong("user", "a text", user)
    extension = body.get(EXTENSION) or {}
    if not isinstance(extension, dict):
        raise _wrong(EXTENSION, "an object", extension)
    method, model = split_method(model.strip(), methods)
    outgoing = {key: value for key, value in body.items() if key not in (EXTENSION, "n")}
    outgoing["model"] = model
    return ChatCall(
        body=outgoing,
        user=user,
        method=method,
        n=_how_many(extension.get("n", body.get("n"))),
        stream=bool(stream),
        context=_context(messages),
        record=_flag(extension, "record"),
    )


def with_plan(call: ChatCall, plan: Plan) -> dict[str, Any]:
    """The body that goes upstream for one plan.

    What the plan adds goes behind the app's own first system message, or before everything where
    there is none; the app's messages stay as they came.
    """
    return call.body if call.context is None else _planned(call.body, call.context, plan)


def on_the_way(body: Mapping[str, Any], request: Request) -> dict[str, Any]:
    """The body that goes upstream for what a method asks before it plans.

    The draft of an answer is asked for as the answer would be, with the client's own settings and
    messages, but never streamed. Anything else has nothing of the client's but the model.
    """
    asked: dict[str, Any] = {
        "model": body.get("model"),
        "messages": [{"role": m.role, "content": m.content} for m in request.messages],
    }
    messages = body.get("messages")
    if request.plan is not None and isinstance(messages, list):
        kept = {name: value for name, value in body.items() if name not in _OF_STREAMS}
        context = _context(messages)
        asked = kept if context is None else _planned(kept, context, request.plan)
    settings = {
        "temperature": request.temperature,
        "max_tokens": request.max_tokens,
        "seed": request.seed,
    }
    return {**{name: value for name, value in settings.items() if value is not None}, **asked}


def _planned(body: dict[str, Any], context: Context, plan: Plan) -> dict[str, Any]:
    tail = (*context.history, Message("user", context.query))
    lead = plan.messages[: len(plan.messages) - len(tail)]
    if plan.messages[len(lead) :] != tail:
        rewritten = [{"role": m.role, "content": m.content} for m in plan.messages]
        return {**body, "messages": rewritten}
    return {**body, "messages": _led(body["messages"], lead)} if lead else body


def split_method(model: str, methods: Collection[str]) -> tuple[str, str]:
    """Method ("" for none) and model of "bayes_tags:llama3:8b"; other colons are the model's."""
    method, _, rest = model.partition(":")
    return (method, rest) if rest and method in methods else ("", model)


def text_of(content: object) -> str:
    """The text of a message's content: a string, or the text parts of a list, joined."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    parts = [part.get("text") for part in content if isinstance(part, dict)]
    return "\n".join(part for part in parts if isinstance(part, str))


def _led(messages: Sequence[Any], lead: Sequence[Message]) -> list[Any]:
    """The app's messages with what a plan puts before the conversation."""
    said = [message.content for message in lead if message.role == "system"]
    shown = [{"role": m.role, "content": m.content} for m in lead if m.role != "system"]
    text = "\n\n".join(said)
    first = messages[0]
    if not isinstance(first, dict) or first.get("role") not in ("system", "developer"):
        system = [{"role": "system", "content": text}] if text else []
        return [*system, *shown, *messages]
    content = first.get("content")
    if isinstance(content, list):
        joined: object = [*content, {"type": "text", "text": text}]
    else:
        joined = f"{content}\n\n{text}" if content else text
    return [{**first, "content": joined} if text else first, *shown, *messages[1:]]


def _context(messages: Sequence[Any]) -> Context | None:
    """The newest thing the user said, with the texts before it."""
    said = [m for m in messages if isinstance(m, dict)]
    last = max((i for i, m in enumerate(said) if m.get("role") == "user"), default=None)
    if last is None or not text_of(said[last].get("content")).strip():
        return None
    history = tuple(
        Message(_ROLES[m["role"]], text)  # type: ignore[arg-type]  # the roles of the table
        for m in said[:last]
        if m.get("role") in _ROLES and (text := text_of(m.get("content"))).strip()
    )
    return Context(text_of(said[last].get("content")), history)


def _how_many(n: object) -> HowMany:
    if n is None:
        return 1
    if n == "auto":
        return "auto"
    if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= MAX_SHOWN:
        raise _wrong("n", f'a number from 1 to {MAX_SHOWN}, or "auto" in {EXTENSION}', n)
    return n


def _flag(extension: Mapping[str, Any], name: str) -> bool:
    value = extension.get(name, True)
    if not isinstance(value, bool):
        raise _wrong(f"{EXTENSION}.{name}", "true or false", value)
    return value


def _wrong(param: str, wanted: str, given: object) -> ServiceError:
    shown = repr(given)
    shown = shown if len(shown) <= 60 else f"{shown[:57]}..."
    return ServiceError(400, f"{param!r} must be {wanted}, but is {shown}.", param=param)
