"""Caches that hold what users wrote, so that an erasure can empty them.

Whatever remembers texts between calls is registered here; what remembers words of ours, such as a
tag library, need not be.
"""

from __future__ import annotations

import threading
import weakref
from typing import Protocol, TypeVar


class Cache(Protocol):
    """What remembers, such as a function under `functools.lru_cache`."""

    def cache_clear(self) -> None:
        """Forget everything."""
        ...


Remembering = TypeVar("Remembering", bound=Cache)

_caches: weakref.WeakSet[Cache] = weakref.WeakSet()
_lock = threading.Lock()


def forgettable(cache: Remembering) -> Remembering:
    """Have a cache emptied when a user is erased; also a decorator, above `lru_cache`."""
    with _lock:
        _caches.add(cache)
    return cache


def forget_texts() -> None:
    """Empty every cache of this process that may hold a user's texts."""
    with _lock:
        found = list(_caches)
    for cache in found:
        cache.cache_clear()
