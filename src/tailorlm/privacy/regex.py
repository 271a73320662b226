"""Personal data by patterns, check digits and a list of given names: no model, no download."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from tailorlm.privacy._names import named
from tailorlm.privacy._patterns import formed
from tailorlm.privacy.base import Span, without_overlaps


class RegexDetector:
    """What has a form or a check digit is found surely, names as far as the text tells them."""

    name: ClassVar[str] = "regex"
    extra: ClassVar[str | None] = None

    def find(self, text: str, known: Collection[str] = ()) -> tuple[Span, ...]:
        """See `Detector.find`."""
        return without_overlaps((*formed(text), *named(text, known)))
