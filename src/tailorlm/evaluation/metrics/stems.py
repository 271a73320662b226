"""Porter stems of words, for the metrics that match words by them."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, lru_cache

from tailorlm.errors import MissingExtraError

_REMEMBERED = 50_000


@cache
def porter(needed_by: str) -> Callable[[str], str]:
    """The Porter stem of a word (Porter 1980, as in nltk), remembered for words seen before.

    Args:
        needed_by: The metric that asks, for the message where nltk is missing.

    Raises:
        MissingExtraError: If nltk is not installed.
    """
    try:
        from nltk.stem.porter import PorterStemmer
    except ImportError:
        raise MissingExtraError(needed_by, "evaluation") from None
    return lru_cache(maxsize=_REMEMBERED)(PorterStemmer().stem)
