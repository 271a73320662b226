"""Events without personal data: a placeholder for each piece, which nobody can put back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from typing import Any

from tailorlm.privacy.base import Detector, Span, find_together
from tailorlm.types import Attribute, Correction, Payload

_KEPT = frozenset({"id", "turn", "method", "purpose", "role", "llm", "name", "tags", "notes"})
"""Fields that hold no words of a user or a model."""
_OF_RULES = frozenset({"kind", "action", "value"})
_OF_TAGS = _OF_RULES | {"name"}


def scrubbed_payload(payload: Payload, detector: Detector) -> Payload:
    """A turn or feedback with "[person]", "[email]", ... in place of personal data.

    The placeholders have no numbers, so that a text that comes back changed, such as an edit,
    differs from the first only in what was changed. The value of an attribute that is called a
    name is one.
    """
    known: tuple[str, ...] = ()
    if isinstance(payload, Attribute) and "name" in payload.name.lower():
        known = (payload.value,)
    found, _ = find_together(detector, _texts(payload), known)
    scrubbed: Payload = _changed(payload, found)
    return scrubbed


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
    elif is_dataclass(value):
        for field in fields(value):
            if field.name not in _kept(value):
                yield from _texts(getattr(value, field.name))


def _changed(value: Any, found: dict[str, tuple[Span, ...]]) -> Any:
    if isinstance(value, str):
        return _with_placeholders(value, found[value])
    if isinstance(value, tuple):
        return tuple(_changed(item, found) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        changes = {
            field.name: _changed(getattr(value, field.name), found)
            for field in fields(value)
            if field.name not in _kept(value)
        }
        return replace(value, **changes)
    return value


def _kept(value: Any) -> frozenset[str]:
    """The fields of a value that are kept as they are; a corrected rule or statement is a text."""
    if isinstance(value, Correction):
        return _OF_TAGS if value.family == "tag" else _OF_RULES
    return _KEPT


def _with_placeholders(text: str, spans: tuple[Span, ...]) -> str:
    parts, end = [], 0
    for span in spans:
        parts += [text[end : span.start], f"[{span.kind.replace('_', ' ')}]"]
        end = span.end
    return "".join([*parts, text[end:]])
