"""A gateway that is killed loses nothing that it acknowledged, and keeps nothing twice."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import httpx
import pytest
from tests.service.processes import Served, free_port

from tailorlm.store import open_store

WRITERS = 50
USERS = 10


class Writers:
    """Fifty clients that give feedback, and give it again under its key until it is acknowledged.

    Attributes:
        acknowledged: For each user, the events by their keys.
    """

    def __init__(self, url: str) -> None:
        self.acknowledged: dict[str, dict[str, str]] = {f"user {n}": {} for n in range(USERS)}
        self.stopped = False
        self._url = url

    @property
    def count(self) -> int:
        """How much was acknowledged."""
        return sum(map(len, self.acknowledged.values()))

    async def write(self, writer: int) -> None:
        """Give feedback until told to stop."""
        user, rng, number = f"user {writer % USERS}", random.Random(writer), 0
        async with httpx.AsyncClient(base_url=self._url, timeout=30) as client:
            while not self.stopped:
                key = f"{writer}-{number}"
                event = await self._until_acknowledged(client, user, key)
                if rng.random() < 0.2:
                    assert await self._until_acknowledged(client, user, key) == event
                self.acknowledged[user][key] = event
                number += 1

    async def _until_acknowledged(self, client: httpx.AsyncClient, user: str, key: str) -> str:
        body = {"user": user, "feedback": {"kind": "statement", "text": f"I like number {key}."}}
        while True:
            try:
                answer = await client.post(
                    "/tailor/v1/feedback", json=body, headers={"Idempotency-Key": key}
                )
            except httpx.TransportError:
                await asyncio.sleep(0.05)
                continue
            assert answer.status_code == 200, answer.text
            return str(answer.json()["event"])


async def kill_under_load(store: str, folder: Path, kills: int) -> Writers:
    """Kill a gateway some times while all write, each time after it has taken some feedback."""
    port, rng = free_port(), random.Random(7)

    def start() -> Served:
        return Served(store, folder / "log", "--method", "none", "--port", str(port))

    gateway = await asyncio.to_thread(start)
    writers = Writers(gateway.url)
    try:
        async with asyncio.TaskGroup() as group:
            for writer in range(WRITERS):
                group.create_task(writers.write(writer))
            for _ in range(kills):
                goal = writers.count + rng.randrange(20, 150)
                while writers.count < goal:
                    await asyncio.sleep(0.01)
                await asyncio.sleep(rng.random() * 0.05)
                gateway.kill()
                gateway.close()
                gateway = await asyncio.to_thread(start)
            writers.stopped = True
    finally:
        gateway.close()
    return writers


@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    ("store_url", "kills"),
    [
        ("sqlite", 3),
        pytest.param("sqlite", 20, marks=pytest.mark.slow),
        pytest.param("postgresql", 20, marks=pytest.mark.slow),
    ],
    indirect=["store_url"],
)
def test_what_was_acknowledged_survives_kills(store_url: str, tmp_path: Path, kills: int) -> None:
    writers = asyncio.run(kill_under_load(store_url, tmp_path, kills))
    assert writers.count >= 20 * kills
    store = open_store(store_url)
    for user, acknowledged in writers.acknowledged.items():
        log = list(store.events(user))
        assert {event.key: event.id for event in log} == acknowledged
        assert [event.position for event in log] == list(range(1, len(acknowledged) + 1))
    store.close()
