"""Personal data by patterns, check digits and a list of given names: no model, no download."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import ClassVar

from tailorlm.privacy._names import named
from tailorlm.privacy._patterns import formed
from tailorlm.privacy.base import Span, without_overlaps

_ESCAPED = re.compile(r"\\([nrt])")
_BLANKS = {"n": " \n", "r": "  ", "t": "  "}
"""What escapes of JSON count as, in as many characters."""

_BLANK = re.compile(r"\s")
_WINDOW, _OVERLAP = 32_768, 4_096
"""Characters of a window, and how many of them the next one reads again."""


class RegexDetector:
    """What has a form or a check digit is found surely, names as far as the text tells them.

    Long texts are read in windows that overlap, so that no search holds up other threads for long.
    """

    name: ClassVar[str] = "regex"
    extra: ClassVar[str | None] = None

    def find(self, text: str, known: Collection[str] = ()) -> tuple[Span, ...]:
        """See `Detector.find`."""
        plain = _ESCAPED.sub(lambda match: _BLANKS[match[1]], text)
        found = [
            replace(span, start=span.start + start, end=span.end + start)
            for start, part in _windows(plain)
            for span in (*formed(part), *named(part, known))
        ]
        return without_overlaps(found)


def _windows(text: str) -> Iterator[tuple[int, str]]:
    """Parts of a text with the place where each begins; the text itself where it is short."""
    start = 0
    while True:
        end = start + _WINDOW
        yield start, text[start:end]
        if end >= len(text):
            return
        blank = _BLANK.search(text, end - _OVERLAP, end)
        start = end - _OVERLAP if blank is None else blank.end()
