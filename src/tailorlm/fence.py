"""Puts words of users and models into prompts as data that nothing in it can end.

There are two fences. `fenced` writes one line of JSON: a text within it can neither begin a line
nor close its quotation. `in_tags` keeps a text as it is laid out, between two tags that it cannot
write itself. Both also spell out what templates of chat models take for the end of a message, and
what cannot be seen. Neither makes a model deaf to what the data says; they keep it recognisable as
data, and the instructions around it say so.
"""

from __future__ import annotations

import json
import re
import unicodedata
from typing import Any

_CONTROL = r"<(?=[^\W\d]|[|/!?<▁｜])|\[(?=/?[A-Z][A-Z_]{2,}\])"
"""What begins a tag, or a token such as <|im_end|>, </s>, <<SYS>> or [INST]."""
_SPELLED = re.compile(rf"{_CONTROL}|[\x7f-\x9f\u2028\u2029]|[^\x00-\x7f]")
_MARKS = re.compile(_CONTROL)
_INSTEAD = {"<": "‹", "[": "⁅"}
_HIDDEN = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})
"""Categories of characters that end lines or cannot be seen, such as marks of direction."""
_KEPT = "\n\t"


def fenced(data: Any) -> str:
    """Data as JSON on one line.

    It reads back as the same data: what could be mistaken is written as its number.
    """
    return _SPELLED.sub(_spelled, json.dumps(data, ensure_ascii=False))


def in_tags(name: str, text: str) -> str:
    """A text between tags of this name, on lines of its own."""
    return f"<{name}>\n{_harmless(text)}\n</{name}>"


def plain_line(text: str) -> str:
    """A text on one line, for what a user asks for in so many words; nothing invisible is left."""
    return " ".join(_harmless(text).split())


def _harmless(text: str) -> str:
    """A text in which "<" and "[" begin no tag and no token of a template."""
    seen = "".join(
        c for c in text if c.isascii() or c in _KEPT or unicodedata.category(c) not in _HIDDEN
    )
    return _MARKS.sub(lambda match: _INSTEAD[match[0]], seen)


def _spelled(match: re.Match[str]) -> str:
    character = match[0]
    if ord(character) > 0x7F and unicodedata.category(character) not in _HIDDEN:
        return character
    code = ord(character)
    if code <= 0xFFFF:
        return f"\\u{code:04x}"
    code -= 0x10000
    return f"\\u{0xD800 + (code >> 10):04x}\\u{0xDC00 + (code & 0x3FF):04x}"
