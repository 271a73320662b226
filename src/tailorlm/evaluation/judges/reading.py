"""Reads what a language model says that was asked for one JSON object, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from tailorlm.evaluation.metrics.scored import Unscored

PLACES: Mapping[str, float] = {"1": 1.0, "2": 0.0, "tie": 0.5}
"""What a judge may say, and what it means for the answer shown first."""
DOES_NOT_APPLY = "n/a"
_CODE = re.compile(r"\A\s*```(?:json)?\s*\n(.*)\n\s*```\s*\Z", re.DOTALL)


class _TwiceError(ValueError):
    """A field that stands in an object twice."""


def read_object(text: str, fields: Mapping[str, tuple[str, ...]]) -> dict[str, str] | Unscored:
    """The fields of one JSON object, alone or as a block of code.

    Args:
        text: What was said.
        fields: The names that must be there, and what each may say; any text if that is empty.

    Returns:
        What each field says; `Unscored` with the reason where the text is anything else, has
        another field, or says one thing twice.
    """
    code = _CODE.match(text)
    try:
        data = json.loads(code[1] if code else text, object_pairs_hook=_once)
    except _TwiceError as error:
        return Unscored(f"the field {str(error)[:40]!r} stands there twice")
    except (ValueError, RecursionError):
        return Unscored("it is not one JSON object and nothing else")
    if not isinstance(data, dict):
        return Unscored("it is JSON, but no object")
    missing = [name for name in fields if name not in data]
    if missing or len(data) > len(fields):
        wrong = missing[0] if missing else next(name for name in data if name not in fields)
        return Unscored(f"the field {wrong[:40]!r} is {'missing' if missing else 'unasked for'}")
    for name, allowed in fields.items():
        said = data[name]
        # A place may be given as a number: it says the same.
        if isinstance(said, int) and not isinstance(said, bool):
            data[name] = said = str(said)
        if not isinstance(said, str) or (allowed and said not in allowed):
            return Unscored(f"the field {name[:40]!r} says {str(said)[:40]!r}")
    return data


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(name)
        found[name] = value
    return found
