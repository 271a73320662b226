"""Tells callers by their keys, holds them to their limits, and keeps a record."""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

from fastapi import Request

from tailorlm.forgetting import forgettable
from tailorlm.service.access import OPEN, Caller
from tailorlm.service.failures import ServiceError
from tailorlm.service.gateway import Gateway
from tailorlm.service.web.session import key_of_page
from tailorlm.store.keyring import hash_of
from tailorlm.store.keys import PREFIX, Key

FRESH = 5.0
"""Seconds until a key is looked up again; a revoked one works no longer than that."""
_MOST_KNOWN = 10_000
_MOST_UNKNOWN_PER_MINUTE = 120


class Bucket:
    """Lets a number of requests per minute through, saved up to that many at once.

    Args:
        per_minute: How many.
        clock: The time in seconds.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = per_minute / 60.0
        self._most = float(per_minute)
        self._left = self._most
        self._clock = clock
        self._then = clock()

    def take(self) -> float:
        """Take one request; 0 if it may go on, else the seconds to wait."""
        now = self._clock()
        self._left = min(self._most, self._left + (now - self._then) * self._rate)
        self._then = now
        if self._left >= 1.0:
            self._left -= 1.0
            return 0.0
        return (1.0 - self._left) / self._rate


class KeyCheck:
    """The `identify` of a gateway with keys.

    Args:
        gateway: Whose store holds the keys.
        local: Whether only this machine reaches the gateway; then everybody may do everything for
            as long as there are no keys.
        clock: The time in seconds.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        local: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._gateway = gateway
        self._local = local
        self._open_until = -math.inf
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Key | None]] = OrderedDict()
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()
        self._strangers = Bucket(_MOST_UNKNOWN_PER_MINUTE, clock)
        forgettable(self)

    async def __call__(self, request: Request) -> Caller:
        """Who makes a request.

        Raises:
            ServiceError: If it carries no key or an unknown one (401), or asks too often (429).
        """
        if self._local and await self._is_open():
            return OPEN
        key = await self._find(_secret(request))
        if key is None:
            self._hold(self._strangers)
            raise ServiceError(
                401,
                "This gateway needs an API key, and none that it knows was given. Send it as "
                "'Authorization: Bearer tlm_...'.",
                code="invalid_api_key",
                headers={"WWW-Authenticate": "Bearer"},
            )
        bucket = self._buckets.setdefault(key.id, Bucket(key.per_minute, self._clock))
        _keep_small(self._buckets)
        self._hold(bucket)
        request.state.key = key.id
        user = key.user.removeprefix(f"{key.app}/") if key.user else ""
        return Caller(scope=key.scope, app=key.app, user=user, key=key.id)

    def cache_clear(self) -> None:
        """Look every key up again; those of a user who was erased are gone."""
        self._known.clear()

    async def _is_open(self) -> bool:
        """Whether there are no keys; once there are, they are needed."""
        now = self._clock()
        if now >= self._open_until:
            any_key = self._gateway.tailor.store.keyring.any
            self._open_until = -math.inf if await self._gateway.in_thread(any_key) else now + FRESH
        return now < self._open_until

    async def _find(self, secret: str) -> Key | None:
        """The key of a secret, from memory while it is fresh."""
        if not secret.startswith(PREFIX):
            return None
        digest, now = hash_of(secret), self._clock()
        if (known := self._known.get(digest)) and now - known[0] < FRESH:
            return known[1]
        keyring = self._gateway.tailor.store.keyring
        key = await self._gateway.in_thread(keyring.find, secret)
        self._known[digest] = (now, key)
        _keep_small(self._known)
        return key

    def _hold(self, bucket: Bucket) -> None:
        if wait := bucket.take():
            raise ServiceError(
                429,
                "Too many requests with this key. Wait and try again.",
                code="rate_limit_exceeded",
                headers={"Retry-After": str(math.ceil(wait))},
            )


def _secret(request: Request) -> str:
    """The key a request carries, in its header or, from the gateway's own pages, in a cookie."""
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else key_of_page(request)


def _keep_small(found: OrderedDict[str, Any]) -> None:
    while len(found) > _MOST_KNOWN:
        found.popitem(last=False)
