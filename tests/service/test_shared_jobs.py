"""Gateways on one PostgreSQL database share the learning, and lose none of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

pytest.importorskip("procrastinate", reason="the postgres extra is not installed")

import psycopg
from procrastinate.schema import migrations_path

from tailorlm.errors import LLMError
from tailorlm.service.shared_jobs import TRIES, Pace, SharedJobs
from tailorlm.store import open_store
from tailorlm.store.queue import SCHEMA, TABLES, can_queue
from tailorlm.types import Statement

QUICK = Pace(heartbeat=0.1, dead=0.6, look=0.1, again=0.05, finish=0.3)
FIRST, NEWEST = "00.00.00_01_initial.sql", max(f.name for f in migrations_path.glob("*.sql"))
Learn = Callable[[str, str], Awaitable[object]]


@pytest.fixture
def url(postgres: Any, postgres_template: str) -> Iterator[str]:
    yield from postgres.database(postgres_template)


@pytest.fixture
def store(url: str) -> Iterator[Any]:
    with closing(open_store(url)) as store:
        for user in ("ana", "ben", "cleo"):
            store.append(user, Statement("I like tea."))
        yield store


@pytest.fixture
def rows(url: str) -> Callable[[str], list[Any]]:
    def read(query: str) -> list[Any]:
        with psycopg.connect(url, options=f"-c search_path={SCHEMA}") as connection:
            cursor = connection.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    return read


async def nothing(method: str, user: str) -> None:
    """Learning that is done at once."""


async def during(jobs: list[SharedJobs], done: Callable[[], object], seconds: float = 15) -> None:
    """Run the jobs until something is done, then stop them all as gateways are stopped."""
    running = [asyncio.create_task(one.run()) for one in jobs]
    async with asyncio.timeout(seconds):
        while not done():
            await asyncio.sleep(0.02)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


def test_a_user_waits_once_at_most_and_is_a_number_in_the_queue(
    store: Any, rows: Callable[[str], list[Any]]
) -> None:
    jobs = SharedJobs(store.queue, nothing)
    adding = [threading.Thread(target=jobs.add, args=("m", "ana")) for _ in range(8)]
    for thread in adding:
        thread.start()
    for thread in adding:
        thread.join()
    assert jobs.add("m", "ana")
    assert jobs.add("other", "ana")
    assert not jobs.add("m", "nobody")
    number = store.queue.number_of("ana")
    found = rows("SELECT args, lock FROM procrastinate_jobs ORDER BY id")
    assert sorted(args["method"] for args, _ in found) == ["m", "other"]
    assert {args["user"] for args, _ in found} == {number}
    assert store.queue.waiting() == 2
    asyncio.run(during([jobs], lambda: not store.queue.waiting()))
    assert all(not rows(f"SELECT * FROM {table}") for table in TABLES)


def test_gateways_share_the_work_and_nobody_is_learned_about_twice_at_once(store: Any) -> None:
    for number in range(20):
        store.append(f"user {number}", Statement("I like tea."))
    done: list[tuple[int, str]] = []
    busy: set[str] = set()

    def learner(gateway: int) -> Learn:
        async def learn(method: str, user: str) -> None:
            assert user not in busy
            busy.add(user)
            await asyncio.sleep(0.02)
            busy.remove(user)
            done.append((gateway, user))

        return learn

    waiting: list[int] = []
    two = [SharedJobs(store.queue, learner(i), waiting.append, QUICK) for i in range(2)]
    for number in range(20):
        assert two[0].add("m", f"user {number}")
    asyncio.run(during(two, lambda: len(done) >= 20))
    assert sorted(user for _, user in done) == sorted(f"user {number}" for number in range(20))
    assert {gateway for gateway, _ in done} == {0, 1}
    assert max(waiting) > 0


def test_what_comes_while_a_user_is_learned_about_is_learned_after_it(store: Any) -> None:
    done: list[str] = []

    async def learn(method: str, user: str) -> None:
        if not done:
            await asyncio.to_thread(jobs.add, "m", "ana")
        done.append(user)

    jobs = SharedJobs(store.queue, learn, pace=QUICK)
    jobs.add("m", "ana")
    asyncio.run(during([jobs], lambda: len(done) == 2))
    assert store.queue.waiting() == 0


@pytest.mark.parametrize("error", [LLMError("The model is away."), RuntimeError("A bug.")])
def test_a_failed_job_is_tried_again_and_not_for_ever(store: Any, error: Exception) -> None:
    tried: list[str] = []

    async def learn(method: str, user: str) -> None:
        tried.append(user)
        if user == "ana" or tried.count("ben") == 1:
            raise error

    jobs = SharedJobs(store.queue, learn, pace=QUICK)
    jobs.add("m", "ana")
    jobs.add("m", "ben")
    asyncio.run(during([jobs], lambda: len(tried) == TRIES + 2 and not store.queue.waiting()))
    assert tried.count("ana") == TRIES
    assert tried.count("ben") == 2


KILLED = """
import asyncio, sys
from tailorlm.service.shared_jobs import Pace, SharedJobs
from tailorlm.store import open_store

async def learn(method, user):
    print("learning", flush=True)
    await asyncio.sleep(60)

store = open_store(sys.argv[1])
asyncio.run(SharedJobs(store.queue, learn, pace=Pace(heartbeat=0.1)).run())
"""


def test_another_gateway_does_the_job_of_one_that_was_killed(url: str, store: Any) -> None:
    done: list[tuple[str, str]] = []

    async def learn(method: str, user: str) -> None:
        done.append((method, user))

    jobs = SharedJobs(store.queue, learn, pace=QUICK)
    assert jobs.add("m", "ana")
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, url], stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "learning\n"
        assert jobs.add("m", "ana")  # asked for again, while it runs
        killed.kill()
    assert store.queue.waiting() == 1
    asyncio.run(during([jobs], lambda: done))
    assert done == [("m", "ana")]
    assert store.queue.waiting() == 0


@pytest.mark.parametrize(("takes", "left"), [(0.1, 0), (30.0, 1)])
def test_a_stopped_gateway_finishes_its_job_or_gives_it_back(
    store: Any, rows: Callable[[str], list[Any]], takes: float, left: int
) -> None:
    begun, done = [], []

    async def learn(method: str, user: str) -> None:
        begun.append(user)
        await asyncio.sleep(takes)
        done.append(user)

    jobs = SharedJobs(store.queue, learn, pace=QUICK)
    jobs.add("m", "ana")
    asyncio.run(during([jobs], lambda: begun))
    assert len(done) == 1 - left
    assert rows("SELECT status::text FROM procrastinate_jobs") == [("todo",)] * left
    assert rows("SELECT * FROM procrastinate_workers") == []


def test_erasing_takes_a_user_out_of_the_queue(
    store: Any, rows: Callable[[str], list[Any]]
) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), []

    async def learn(method: str, user: str) -> None:
        begun.set()
        await asyncio.to_thread(go_on.wait, 10)
        done.append(user)

    def erase() -> None:
        begun.wait(10)
        jobs.add("m", "ana")
        jobs.add("m", "ben")
        store.erase("ana")
        found.extend(rows("SELECT args, lock, status::text FROM procrastinate_jobs ORDER BY id"))
        go_on.set()

    found: list[Any] = []
    jobs = SharedJobs(store.queue, learn, pace=QUICK)
    jobs.add("m", "ana")
    erasing = threading.Thread(target=erase)
    erasing.start()
    asyncio.run(during([jobs], lambda: "ben" in done and not store.queue.waiting()))
    erasing.join()
    ben = store.queue.number_of("ben")
    assert found == [({}, None, "doing"), ({"method": "m", "user": ben}, f"m/{ben}", "todo")]
    assert all(not rows(f"SELECT * FROM {table}") for table in TABLES)


def test_many_prepare_the_tables_at_once(store: Any, rows: Callable[[str], list[Any]]) -> None:
    failures: list[BaseException] = []

    def prepare() -> None:
        try:
            store.queue.prepare()
        except BaseException as error:  # noqa: BLE001 - seen by the test
            failures.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert rows(f"SELECT obj_description('{SCHEMA}'::regnamespace)") == [(NEWEST,)]


def test_older_tables_are_brought_up_to_date(store: Any, rows: Callable[[str], list[Any]]) -> None:
    rows(
        f"CREATE SCHEMA {SCHEMA}; {(migrations_path / FIRST).read_text()};"
        f"COMMENT ON SCHEMA {SCHEMA} IS '{FIRST}'"
    )
    done: list[str] = []

    async def learn(method: str, user: str) -> None:
        done.append(user)

    jobs = SharedJobs(store.queue, learn, pace=QUICK)
    assert jobs.add("m", "ana")
    asyncio.run(during([jobs], lambda: done))
    assert rows(f"SELECT obj_description('{SCHEMA}'::regnamespace)") == [(NEWEST,)]


def test_a_database_without_a_queue(tmp_path: Any) -> None:
    assert can_queue()
    with closing(open_store(tmp_path / "tailor.db")) as store:
        assert store.queue is None
