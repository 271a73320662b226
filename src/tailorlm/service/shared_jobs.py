"""Learning that all gateways of one PostgreSQL database share, by procrastinate.

Whichever gateway is free learns next. A user waits once at most under each method, and nobody is
learned about twice at the same time. A job that fails is tried again later, one whose gateway died
goes to another, and one that a stopping gateway cannot finish in time is given back.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import anyio.to_thread
import psycopg
import psycopg_pool
from procrastinate import App, PsycopgConnector, SyncPsycopgConnector
from procrastinate.exceptions import AlreadyEnqueued, ConnectorException, UniqueViolation
from procrastinate.jobs import JobDeferrer, Status

from tailorlm.errors import StoreError, TailorError
from tailorlm.service.failures import ServiceError
from tailorlm.store.base import Queue

TASK = "tailorlm.learn"
QUEUE = "tailorlm"
TRIES = 5
"""How often a job is tried before it is left to the next call about its user."""
_UNREACHABLE = (ConnectorException, psycopg.Error, psycopg_pool.PoolTimeout, StoreError)
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """Seconds.

    Attributes:
        heartbeat: Between two signs of life of a gateway.
        dead: Without one until a gateway counts as dead.
        look: Between two looks for jobs of the dead.
        again: Until a job is tried again, doubled with every try; also until a database that went
            away is looked for again.
        finish: That a job gets to finish when its gateway stops.
    """

    heartbeat: float = 10.0
    dead: float = 30.0
    look: float = 10.0
    again: float = 10.0
    finish: float = 10.0


class SharedJobs:
    """Learns about users in turn, together with all gateways of the database.

    Nothing is lost with a job: what it would have learned is in the log, and the next call about
    the user asks for it again. Two processes that learn about one user come to the same state.

    Args:
        tables: Of the queue.
        learn: Learns under a method, by name, about a user.
        waiting: Told now and then how many jobs wait.
        pace: How often what is done.
    """

    def __init__(
        self,
        tables: Queue,
        learn: Callable[[str, str], Awaitable[object]],
        waiting: Callable[[int], object] = lambda _: None,
        pace: Pace | None = None,
    ) -> None:
        self._tables = tables
        self._learn = learn
        self._waiting = waiting
        self._pace = pace or Pace()
        self._lock = threading.Lock()
        self._adding: App | None = None

    def add(self, method: str, user: str) -> bool:
        """Ask for learning about a user, from any thread; returns whether it will be done."""
        try:
            number = self._tables.number_of(user)
            if number is not None:
                _configured(self._app_for_adding(), method, number).defer(
                    method=method, user=number
                )
        except AlreadyEnqueued:
            return True
        except _UNREACHABLE as error:
            _LOG.error("a job could not be queued: %s", type(error).__name__)
            return False
        return number is not None

    async def run(self) -> None:
        """Learn for as long as the task lives; when it is cancelled, what runs may finish."""
        try:
            while True:
                try:
                    await self._work()
                except _UNREACHABLE as error:
                    _LOG.error("the queue cannot be reached: %s", type(error).__name__)
                await asyncio.sleep(self._pace.again)
        finally:
            with self._lock:
                adding, self._adding = self._adding, None
            if adding is not None:
                await anyio.to_thread.run_sync(adding.close)

    async def _work(self) -> None:
        """Learn until the database goes away."""
        await anyio.to_thread.run_sync(self._tables.prepare)
        arguments = await anyio.to_thread.run_sync(self._tables.connect_arguments)
        app = App(connector=PsycopgConnector(kwargs=arguments, min_size=1, max_size=2))

        async def learn(method: str = "", user: int = 0, tried: int = 0) -> None:
            await self._do(app, method, user, tried)

        app.task(name=TASK, queue=QUEUE)(learn)
        pace = self._pace
        async with app.open_async():
            looking = asyncio.create_task(self._look_after(app))
            try:
                await app.run_worker_async(
                    queues=[QUEUE],
                    delete_jobs="always",
                    install_signal_handlers=False,
                    update_heartbeat_interval=pace.heartbeat,
                    stalled_worker_timeout=pace.dead,
                    fetch_job_polling_interval=pace.look,
                    shutdown_graceful_timeout=pace.finish,
                )
            finally:
                looking.cancel()
                await asyncio.gather(looking, return_exceptions=True)

    async def _do(self, app: App, method: str, number: int, tried: int) -> None:
        """Learn about a user; whatever goes wrong, the job itself succeeds, or is queued anew."""
        user = await anyio.to_thread.run_sync(self._tables.user_of, number)
        if user is None:  # erased meanwhile
            return
        try:
            await self._learn(method, user)
        except asyncio.CancelledError:
            await _queue(app, method, number, tried, 0.0)
            raise
        except (TailorError, ServiceError) as error:
            _LOG.error("learning with %s failed: %s", method, type(error).__name__)
        except Exception as error:  # noqa: BLE001 - one broken job must not end all others
            _LOG.error("a bug in %s: %s", method, type(error).__name__, exc_info=error)
        else:
            return
        if tried + 1 < TRIES:
            await _queue(app, method, number, tried + 1, self._pace.again * 2**tried)

    async def _look_after(self, app: App) -> None:
        """Count what waits, and give back what the dead were doing."""
        while True:
            try:
                self._waiting(await anyio.to_thread.run_sync(self._tables.waiting))
                await self._give_back(app)
            except _UNREACHABLE as error:
                _LOG.error("the queue cannot be looked after: %s", type(error).__name__)
            await asyncio.sleep(self._pace.look)

    async def _give_back(self, app: App) -> None:
        manager = app.job_manager
        for job in await manager.get_stalled_jobs(
            queue=QUEUE, seconds_since_heartbeat=self._pace.dead
        ):
            try:
                await manager.retry_job(job)
            except UniqueViolation:  # the user waits already
                await manager.finish_job(job, Status.FAILED, delete_job=True)
            except ConnectorException:  # another gateway was faster
                continue

    def _app_for_adding(self) -> App:
        """What queues jobs from threads; its connections are opened when there is a first job."""
        with self._lock:
            if self._adding is None:
                self._tables.prepare()
                arguments = self._tables.connect_arguments()
                connector = SyncPsycopgConnector(kwargs=arguments, min_size=1, max_size=2)
                self._adding = App(connector=connector)
                self._adding.open()
            return self._adding


async def _queue(app: App, method: str, number: int, tried: int, seconds: float) -> None:
    """Queue a job anew, unless its user waits already."""
    at = datetime.now(UTC) + timedelta(seconds=seconds)
    later = _configured(app, method, number, at)
    try:
        await later.defer_async(method=method, user=number, tried=tried)
    except AlreadyEnqueued:
        return


def _configured(app: App, method: str, number: int, at: datetime | None = None) -> JobDeferrer:
    """A job, of which one at most waits and one at most runs for each user and method."""
    name = f"{method}/{number}"
    return app.configure_task(TASK, queue=QUEUE, lock=name, queueing_lock=name, schedule_at=at)
