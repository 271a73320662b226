"""Personal data: found in texts, replaced by pseudonyms, and put back.

A detector is found by name: `regex` is built in, `presidio` needs the extra of that name.
"""

from __future__ import annotations

from tailorlm import registry
from tailorlm.privacy.base import KINDS, Detector, Kind, Span
from tailorlm.privacy.pseudonyms import Pseudonyms
from tailorlm.privacy.streaming import StreamRestorer

__all__ = ["KINDS", "Detector", "Kind", "Pseudonyms", "Span", "StreamRestorer", "create_detector"]


def create_detector(name: str = "regex") -> Detector:
    """The detector of a name.

    Args:
        name: Registry name: "regex" or "presidio".

    Raises:
        UnknownNameError: If there is none, with a near name.
        MissingExtraError: If it needs packages that are not installed.
    """
    found: type[Detector] = registry.find(registry.DETECTORS, name.strip())
    return found()
