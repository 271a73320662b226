"""What methods that keep a memory of their user share: parts of bytes, and words about it."""

from __future__ import annotations

import struct
from collections import Counter

from tailorlm.errors import StateError
from tailorlm.methods.base import Parts
from tailorlm.retrievers import Memory

_LENGTH = struct.Struct("<I")


def memory_fingerprint(parts: Parts) -> str:
    """Identifies what a memory's vectors depend on."""
    return f"{parts.encoder.name}-{parts.encoder.version}"


def pack(*blocks: bytes) -> bytes:
    """Blocks of bytes one after the other, each with its length."""
    return b"".join(_LENGTH.pack(len(block)) + block for block in blocks)


def unpack(data: bytes, count: int, method: str) -> tuple[bytes, ...]:
    """The `count` blocks of `pack`.

    Raises:
        StateError: If the bytes are something else.
    """
    blocks, place = [], 0
    try:
        for _ in range(count):
            (length,) = _LENGTH.unpack_from(data, place)
            place += _LENGTH.size + length
            blocks.append(data[place - length : place])
    except struct.error:
        place = -1
    if place != len(data):
        raise StateError(f"The {method} state is damaged. Rebuild it from the log.")
    return tuple(blocks)


def summary_of(memory: Memory, user: str) -> str:
    """One sentence on what there is to draw on; without anything, that answers are generic."""
    counts = Counter(memory.kinds)
    answers, passages = counts["turn"] + counts["edit"], counts["document"]
    if not answers and not passages:
        return (
            f"Nothing of {user} is kept yet: answers are generic until an answer is preferred or "
            "a document written."
        )
    parts = [_many(answers, "preferred answer"), _many(passages, "passage", " of documents")]
    return f"Answers to {user} draw on {' and '.join(part for part in parts if part)}."


def _many(count: int, name: str, of: str = "") -> str:
    return f"{count:,} {name}{'' if count == 1 else 's'}{of}" if count else ""
