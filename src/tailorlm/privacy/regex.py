"""Personal data by patterns, check digits and a list of given names: no model, no download."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import ClassVar

from tailorlm.privacy._names import named
from tailorlm.privacy._patterns import formed
from tailorlm.privacy.base import Span, without_overlaps

_ESCAPED = re.compile(r"\\([nrt])")
_BLANKS = {"n": " \n", "r": "  ", "t": "  "}
"""What escapes of JSON count as, in as many characters."""


class RegexDetector:
    """What has a form or a check digit is found surely, names as far as the text tells them."""

    name: ClassVar[str] = "regex"
    extra: ClassVar[str | None] = None

    def find(self, text: str, known: Collection[str] = ()) -> tuple[Span, ...]:
        """See `Detector.find`."""
        plain = _ESCAPED.sub(lambda match: _BLANKS[match[1]], text)
        return without_overlaps((*formed(plain), *named(plain, known)))
