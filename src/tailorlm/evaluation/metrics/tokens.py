"""How the metrics cut a text into words, where a metric does not come with its own way."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+(?:['’]\w+)*")
_TOKEN = re.compile(r"\w+(?:['’]\w+)*|[^\w\s]")


def words(text: str) -> list[str]:
    """Words and numbers in lower case; what an apostrophe joins is one word."""
    return _WORD.findall(text.lower())


def tokens(text: str) -> list[str]:
    """Words and numbers in lower case, and every other character that is no blank."""
    return _TOKEN.findall(text.lower())
