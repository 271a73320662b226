"""Training beside requests comes to what training in them came to."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.service.conftest import make_method
from tests.service.servers import served

from tailorlm.errors import StoreError
from tailorlm.forgetting import forgettable
from tailorlm.methods.premium_embed import PremiumEmbed
from tailorlm.service import create_app
from tailorlm.service.gateway import Gateway
from tailorlm.service.jobs import Jobs, forget_erased
from tailorlm.service.upstream import HttpUpstream
from tailorlm.tailor import Tailor

FIRST_EPOCH = 16
"""Comparisons before premium_embed trains for the first time."""


@pytest.fixture
def trained(store_url: str) -> Tailor:
    return Tailor(store_url, method=make_method("premium_embed"))


def rank(url: str, count: int) -> None:
    for number in range(count):
        body = {"user": "ana", "query": f"What about day {number}?", "n": 3, "model": "stub"}
        turn = httpx.post(f"{url}/tailor/v1/ask", json=body).json()["turn"]
        ranking = {"kind": "ranking", "turn": turn, "order": [2, 0, 1]}
        answer = httpx.post(
            f"{url}/tailor/v1/feedback", json={"user": "ana", "feedback": ranking}, timeout=5
        )
        assert answer.status_code == 200


def until(done: object, seconds: float = 20.0) -> None:
    assert callable(done)
    end = time.monotonic() + seconds
    while not done() and time.monotonic() < end:
        time.sleep(0.02)
    assert done()


def test_the_state_is_that_of_a_replay(trained: Tailor, upstream_url: str, tmp_path: Path) -> None:
    gateway = Gateway(trained, HttpUpstream(upstream_url), make_method)
    store = trained.store

    assert isinstance(gateway.jobs, Jobs) == (store.queue is None)

    def learned() -> bool:
        state = store.load_state("ana", "premium_embed")
        return state is not None and state.position == store.latest_position("ana")

    with served(create_app(gateway)) as url:
        rank(url, FIRST_EPOCH + 1)
        until(learned)
        assert "tailorlm_jobs_waiting" in httpx.get(f"{url}/metrics").text
        stored, records = store.load_state("ana", "premium_embed"), list(store.export("ana"))
    replayed = Tailor(tmp_path / "replayed.db", method=make_method("premium_embed"))
    replayed.store.restore(records)
    epochs = replayed.run(replayed.loop.learner.rebuild("ana")).state.epochs
    assert epochs > 0
    assert replayed.store.load_state("ana", "premium_embed") == stored
    replayed.close()


def test_nobody_waits_for_training(
    trained: Tailor, upstream_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()
    train = PremiumEmbed.train

    def slow(self: PremiumEmbed, *args: object) -> object:
        begun.set()
        assert go_on.wait(20)
        return train(self, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(PremiumEmbed, "train", slow)
    gateway = Gateway(trained, HttpUpstream(upstream_url), make_method)
    with served(create_app(gateway)) as url:
        rank(url, FIRST_EPOCH + 1)
        assert begun.wait(20)
        said = {"kind": "statement", "text": "Stop using bullet points."}
        httpx.post(f"{url}/tailor/v1/feedback", json={"user": "ana", "feedback": said}, timeout=5)
        body = {"user": "ana", "query": "And now?", "n": 1, "model": "stub"}
        answer = httpx.post(f"{url}/tailor/v1/ask", json=body, timeout=5).json()
        assert "Stop using bullet points." in answer["candidates"][0]["rules"]
        profile = httpx.get(f"{url}/tailor/v1/profile", params={"user": "ana"}, timeout=5)
        assert profile.status_code == 200
        go_on.set()


def test_jobs_are_bounded_run_once_and_outlive_failures() -> None:
    done: list[str] = []
    waiting: list[int] = []

    async def learn(method: str, user: str) -> None:
        done.append(user)
        if user == "b":
            raise StoreError("The database went away.")
        if user == "c":
            raise RuntimeError("A bug.")

    async def main() -> None:
        jobs = Jobs(learn, most=4, waiting=waiting.append)
        assert [jobs.add("m", user) for user in "abcadxd"] == [True] * 5 + [False, True]
        running = asyncio.create_task(jobs.run())
        await asyncio.sleep(0.01)
        await asyncio.to_thread(jobs.add, "m", "x")
        while "x" not in done:
            await asyncio.sleep(0.01)
        running.cancel()

    asyncio.run(main())
    assert done == ["a", "b", "c", "d", "x"]
    assert (max(waiting), waiting[-1]) == (4, 0)


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_method_that_does_not_train_queues_nothing(
    store_url: str, upstream_url: str, postgres: Any
) -> None:
    tailor = Tailor(store_url, method=make_method("bayes_tags"))
    with served(create_app(Gateway(tailor, HttpUpstream(upstream_url), make_method))) as url:
        rank(url, 2)
        queue = tailor.store.queue
        assert queue is not None
        queue.prepare()
        assert queue.waiting() == 0
        database = store_url.split("?")[0].rpartition("/")[2]
        number = "SELECT last_value, is_called FROM tailorlm_jobs.procrastinate_jobs_id_seq"
        assert postgres.execute(number, database) == [(1, False)]


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_without_the_queues_library_each_gateway_learns_for_itself(
    trained: Tailor, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tailorlm.service.jobs.can_queue", lambda: False)
    assert isinstance(Gateway(trained, HttpUpstream("http://127.0.0.1:9"), make_method).jobs, Jobs)
    assert "tailorlm[postgres]" in caplog.text
    trained.close()


def test_what_others_erase_is_forgotten_here() -> None:
    class Remembering:
        cleared = 0

        def cache_clear(self) -> None:
            self.cleared += 1

    cache = forgettable(Remembering())
    newest, cleared = iter([StoreError("Away."), 3, StoreError("Away."), 3, 4, 4, 5]), []

    async def erasures() -> int:
        found = next(newest, None)
        if found is None:
            raise asyncio.CancelledError
        cleared.append(cache.cleared)
        if isinstance(found, StoreError):
            raise found
        return found

    async def main() -> None:
        with pytest.raises(asyncio.CancelledError):
            await forget_erased(erasures, 0.0)

    asyncio.run(main())
    assert cache.cleared - cleared[1] == 3
    assert cleared[-1] - cleared[2] == 1
