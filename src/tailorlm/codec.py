"""Payloads as JSON objects and back: one form for the database, exports and HTTP.

The form is versioned by `FORMAT`. A plan's messages usually end with the turn's own history and
query; those are stored once, on the turn, and only the leading messages are kept per candidate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, get_args

from tailorlm.errors import InputError
from tailorlm.types import (
    FEEDBACK_KINDS,
    Attribute,
    Candidate,
    Correction,
    Document,
    Edit,
    Message,
    Payload,
    Pick,
    Plan,
    Purpose,
    Ranking,
    Rating,
    Role,
    Statement,
    Turn,
)

FORMAT = 1
"""Version of the JSON form; raised when a reader of the old form could misread the new one."""

Json = dict[str, Any]


def encode_payload(payload: Payload) -> Json:
    """The JSON object of a payload, without its kind (see `tailorlm.types.kind_of`)."""
    if isinstance(payload, Turn):
        return _encode_turn(payload)
    if isinstance(payload, Ranking):
        return {"turn": payload.turn, "groups": [list(group) for group in payload.groups]}
    return asdict(payload)


def decode_payload(kind: str, data: Mapping[str, Any]) -> Payload:
    """The payload of a JSON object.

    Raises:
        InputError: If the kind is unknown, a field is missing or one is of the wrong type.
    """
    try:
        if kind == "turn":
            return _decode_turn(data)
        payload: Payload = FEEDBACK_KINDS[kind](**_decode_fields(data))
    except KeyError as error:
        raise InputError(f"A {kind[:40]!r} event lacks or does not know {error}.") from None
    except (TypeError, ValueError, AttributeError) as error:
        raise InputError(f"A {kind[:40]!r} event is malformed: {error}.") from None
    return payload


def describe(payload: Payload) -> str:
    """One line for a person: what the event was, with the beginning of longer texts."""
    match payload:
        case Turn(query=query, candidates=candidates):
            return f"asked {_short(query)}, shown {len(candidates)}"
        case Ranking(groups=groups):
            return "ranked " + " > ".join(" = ".join(str(i + 1) for i in g) for g in groups)
        case Pick(candidate=candidate):
            return f"picked {candidate + 1}"
        case Edit(candidate=candidate, text=text):
            return f"edited {candidate + 1} to {_short(text)}"
        case Rating(candidate=candidate, score=score):
            return f"rated {candidate + 1} with {score:g}"
        case Document(text=text, title=title):
            return f"wrote {_short(title or text)}"
        case Statement(text=text):
            return f"said {_short(text)}"
        case Attribute(name=name, value=value):
            return f"{name} is {_short(value)}"
        case Correction(kind=kind, name=name, action=action, value=value):
            done = {"lock": "locked", "set": "set", "forget": "forgot"}.get(action, "took back")
            return f"{done} the {kind} {_short(name)}{f' as {value}' if value else ''}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return repr(line if len(line) <= 60 else line[:57] + "...")


def _encode_messages(messages: Sequence[Message]) -> list[Json]:
    return [{"role": message.role, "content": message.content} for message in messages]


def _decode_messages(data: Sequence[Mapping[str, Any]]) -> tuple[Message, ...]:
    return tuple(
        Message(_one_of(get_args(Role), entry, "role"), _text(entry, "content")) for entry in data
    )


def _decode_fields(data: Mapping[str, Any]) -> Json:
    """The fields of feedback, each of its type; values are never quoted in errors."""
    return {
        name: _NOT_TEXTS[name](data, name) if name in _NOT_TEXTS else _text(data, name)
        for name in data
    }


def _text(data: Mapping[str, Any], name: str) -> str:
    value = data[name]
    if not isinstance(value, str):
        raise TypeError(f"{name!r} must be a text")
    return value


def _texts(data: Mapping[str, Any], name: str) -> tuple[str, ...]:
    values = data[name]
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise TypeError(f"{name!r} must be a list of texts")
    return tuple(values)


def _one_of(choices: tuple[Any, ...], data: Mapping[str, Any], name: str) -> Any:
    if data[name] not in choices:
        raise ValueError(f"{name!r} must be one of {', '.join(choices)}")
    return data[name]


def _number(data: Mapping[str, Any], name: str) -> int | float:
    value = data[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{name!r} must be a number")
    return value


def _notes(data: Any) -> tuple[tuple[str, float], ...]:
    """Names with numbers; turns without any are stored without the field."""
    if not isinstance(data, dict):
        raise TypeError("'notes' must be an object")
    return tuple((name, _number(data, name)) for name in data)


def _position(data: Mapping[str, Any], name: str) -> int:
    value = data[name]
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"{name!r} must be the position of a candidate")
    return value


def _groups(data: Mapping[str, Any], name: str) -> tuple[tuple[int, ...], ...]:
    groups = data[name]
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in groups):
        raise TypeError(f"{name!r} must be a list of lists of positions")
    return tuple(tuple(_position({name: i}, name) for i in group) for group in groups)


_NOT_TEXTS: Mapping[str, Callable[[Mapping[str, Any], str], Any]] = {
    "candidate": _position,
    "score": _number,
    "groups": _groups,
}
"""How to read the fields of feedback that are no texts."""


def _context_messages(query: str, history: tuple[Message, ...]) -> tuple[Message, ...]:
    return (*history, Message("user", query))


def _encode_turn(turn: Turn) -> Json:
    context = _context_messages(turn.query, turn.history)
    return {
        "id": turn.id,
        "query": turn.query,
        "history": _encode_messages(turn.history),
        "candidates": [_encode_candidate(candidate, context) for candidate in turn.candidates],
    }


def _encode_candidate(candidate: Candidate, context: tuple[Message, ...]) -> Json:
    plan = candidate.plan
    messages = plan.messages
    ends_in_context = messages[-len(context) :] == context
    lead = messages[: -len(context)] if ends_in_context else messages
    # Most plans have neither, and are stored without.
    rare: Json = {"notes": dict(plan.notes)} if plan.notes else {}
    if plan.soft_prompt:
        rare["soft_prompt"] = plan.soft_prompt
    return {
        "text": candidate.text,
        "llm": candidate.llm,
        "method": plan.method,
        "purpose": plan.purpose,
        "tags": list(plan.tags),
        "rules": list(plan.rules),
        "left_out": list(plan.left_out),
        "lead": _encode_messages(lead),
        "ends_in_context": ends_in_context,
        **rare,
    }


def _decode_turn(data: Mapping[str, Any]) -> Turn:
    history = _decode_messages(data["history"])
    query = _text(data, "query")
    context = _context_messages(query, history)
    return Turn(
        id=_text(data, "id"),
        query=query,
        history=history,
        candidates=tuple(_decode_candidate(entry, context) for entry in data["candidates"]),
    )


def _decode_candidate(data: Mapping[str, Any], context: tuple[Message, ...]) -> Candidate:
    lead = _decode_messages(data["lead"])
    plan = Plan(
        messages=(*lead, *context) if data["ends_in_context"] else lead,
        method=_text(data, "method"),
        purpose=_one_of(get_args(Purpose), data, "purpose"),
        tags=_texts(data, "tags"),
        rules=_texts(data, "rules"),
        left_out=_texts(data, "left_out"),
        notes=_notes(data.get("notes", {})),
        soft_prompt=_text({"soft_prompt": "", **data}, "soft_prompt"),
    )
    return Candidate(plan=plan, text=_text(data, "text"), llm=_text(data, "llm"))
