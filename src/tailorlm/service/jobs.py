"""What a gateway does beside its requests: learning that takes long, and forgetting."""

from __future__ import annotations

import asyncio
import logging
import threading
import urllib.parse
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Protocol

import anyio

from tailorlm.errors import StoreError, TailorError
from tailorlm.forgetting import forget_texts, forgettable
from tailorlm.service.failures import ServiceError
from tailorlm.store.base import Queue
from tailorlm.store.queue import can_queue

MOST = 10_000
"""Most users that wait to be learned about; who is left out comes again with their next call."""
FORGET_EVERY = 5.0
"""Seconds after which what another process erased is forgotten here too."""
_LOG = logging.getLogger(__name__)
Learn = Callable[[str, str], Awaitable[object]]
"""Learns under a method, by name, about a user."""


class LearningJobs(Protocol):
    """Learns about users beside the requests."""

    def add(self, method: str, user: str) -> bool:
        """Ask for learning about a user, from any thread; returns whether it will be done."""
        ...

    async def run(self) -> None:
        """Learn for as long as the task lives."""
        ...


def open_jobs(tables: Queue | None, learn: Learn, waiting: Callable[[int], object]) -> LearningJobs:
    """Jobs that all gateways share where there is a queue, else those of this process.

    Args:
        tables: Of the queue; None for a database that has none.
        learn: Does a job.
        waiting: Told how many jobs wait.
    """
    if tables is None:
        return Jobs(learn, waiting=waiting)
    if not can_queue():
        _LOG.warning("procrastinate is not installed, so gateways share no work: "
                     "pip install 'tailorlm[postgres]'")  # fmt: skip
        return Jobs(learn, waiting=waiting)
    from tailorlm.service.shared_jobs import SharedJobs

    return SharedJobs(tables, learn, waiting)


class Jobs:
    """Learns about one user after the other, each once however often it is asked for.

    Nothing is lost with it: what it would have learned is in the log, and the next call about the
    user asks for it again. Two processes that learn about one user come to the same state.

    Args:
        learn: Does a job.
        most: Most that may wait.
        waiting: Told how many wait.
    """

    def __init__(
        self,
        learn: Learn,
        most: int = MOST,
        waiting: Callable[[int], object] = lambda _: None,
    ) -> None:
        self._learn = learn
        self._most = most
        self._tell = waiting
        self._waiting: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wake = asyncio.Event()

    def add(self, method: str, user: str) -> bool:
        """Ask for learning about a user, from any thread; returns whether there was room."""
        with self._lock:
            if (method, user) not in self._waiting and len(self._waiting) >= self._most:
                return False
            self._waiting[method, user] = None
            self._tell(len(self._waiting))
            loop = self._loop
        if loop is not None:
            loop.call_soon_threadsafe(self._wake.set)
        return True

    async def run(self) -> None:
        """Learn for as long as the task lives; a job that fails is logged, without its message."""
        with self._lock:
            self._loop = asyncio.get_running_loop()
        try:
            while True:
                self._wake.clear()
                while (job := self._next()) is not None:
                    await self._do(*job)
                await self._wake.wait()
        finally:
            with self._lock:
                self._loop = None

    def _next(self) -> tuple[str, str] | None:
        with self._lock:
            job = self._waiting.popitem(last=False)[0] if self._waiting else None
            self._tell(len(self._waiting))
            return job

    async def _do(self, method: str, user: str) -> None:
        try:
            await self._learn(method, user)
        except (TailorError, ServiceError) as error:
            _LOG.error("learning with %s failed: %s", method, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - one broken job must not end all others
            _LOG.error("a bug in %s: %s", method, type(error).__name__, exc_info=error)


class Addresses:
    """The addresses that the standard library remembers, with the user's id in their query."""

    def cache_clear(self) -> None:
        """Forget them; a library that remembers none has no function for it."""
        getattr(urllib.parse, "clear_cache", lambda: None)()


_ADDRESSES = forgettable(Addresses())


async def forget_erased(erasures: Callable[[], Awaitable[int]], every: float) -> None:
    """Empty this process's caches whenever a user was erased, by whichever process.

    Args:
        erasures: The number of the store's newest erasure.
        every: Seconds between two looks.
    """
    seen: int | None = None
    while True:
        try:
            newest = await erasures()
        except StoreError:
            newest = -1 if seen is None else seen
        if seen is not None and newest != seen:
            forget_texts()
        seen = newest
        await anyio.sleep(every)
