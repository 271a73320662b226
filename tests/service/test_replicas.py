"""Several gateways on one database learn what a single one would have learned."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.service.processes import replicas

from tailorlm.loop.effects import Effect, Read
from tailorlm.tailor import Tailor

AT_ONCE = 5
USERS = [f"user {number}" for number in range(40)]
TURNS = 2
"""Of each user; with so few, most judgements correct an earlier one."""
Json = dict[str, Any]


def feedback_on(turns: list[str], number: int, rng: random.Random) -> Json:
    """Feedback of any kind; a turn that is ranked again is corrected."""
    turn, which = rng.choice(turns), rng.randrange(3)
    return rng.choice(
        [
            {"kind": "ranking", "turn": turn, "order": rng.sample(range(3), 3)},
            {"kind": "pick", "turn": turn, "candidate": which},
            {"kind": "rating", "turn": turn, "candidate": which, "score": rng.randrange(1, 6)},
            {"kind": "edit", "turn": turn, "candidate": which, "text": f"Say it so: {number}."},
            {"kind": "statement", "text": f"I like number {number}."},
            {"kind": "attribute", "name": "home", "value": f"Town {number % 7}"},
            {"kind": "document", "text": f"What I wrote on day {number}."},
        ]
    )


async def work(urls: list[str], count: int) -> None:
    """Ask first, then give feedback through all gateways at once."""
    clients = [httpx.AsyncClient(base_url=url, timeout=60) for url in urls]
    rng = random.Random(3)
    turns: dict[str, list[str]] = {user: [] for user in USERS}

    few = asyncio.Semaphore(AT_ONCE * len(clients))

    async def ask(user: str, client: httpx.AsyncClient, number: int) -> None:
        body = {"user": user, "query": f"What about day {number}?", "n": 3}
        async with few:
            answer = await client.post("/tailor/v1/ask", json=body)
        turns[user].append(answer.json()["turn"])

    await asyncio.gather(*(ask(u, rng.choice(clients), n) for u in USERS for n in range(TURNS)))
    given = [
        {"user": user, "feedback": feedback_on(sorted(turns[user]), number, rng)}
        for number in range(count)
        for user in [rng.choice(USERS)]
    ]

    async def give(client: httpx.AsyncClient) -> None:
        while given:
            answer = await client.post("/tailor/v1/feedback", json=given.pop())
            assert answer.status_code == 200, answer.text

    await asyncio.gather(*(give(client) for client in clients for _ in range(AT_ONCE)))
    for user in USERS:
        asked = {"params": {"user": user}}
        profiles = [(await c.get("/tailor/v1/profile", **asked)).json() for c in clients]
        assert profiles == profiles[:1] * len(clients)
    for client in clients:
        await client.aclose()


class OneByOne(Tailor):
    """A single gateway that is given a log event by event: it sees the log up to `seen`."""

    seen = 0

    def perform(self, effect: Effect) -> object:
        answer: Any = super().perform(effect)
        if isinstance(effect, Read):
            return [event for event in answer if event.position <= self.seen]
        return answer


def known(tailor: Tailor, user: str) -> tuple[bytes, object, int]:
    """The method's state, the gate's and how far the log was read."""
    learned = tailor.run(tailor.loop.learner.learn(user))
    return tailor.method.dump(learned.state), learned.gate, learned.position


@pytest.mark.timeout(1200)
@pytest.mark.parametrize(
    ("gateways", "count"), [(2, 60), pytest.param(4, 2000, marks=pytest.mark.slow)]
)
def test_replicas_learn_what_one_would(
    store_url: str, tmp_path: Path, gateways: int, count: int
) -> None:
    with replicas(store_url, tmp_path, gateways, "--method", "bayes_tags", "--port", "0") as many:
        asyncio.run(work([one.url for one in many], count))
    together = Tailor(store_url)
    single, replayed = OneByOne(tmp_path / "single.db"), Tailor(tmp_path / "replayed.db")
    kept = 0
    for user in USERS:
        positions = [event.position for event in together.log(user)]
        assert positions == list(range(1, len(positions) + 1))
        kept += len(positions)
        for other in (single, replayed):
            other.store.restore(together.store.export(user))
        for single.seen in positions:
            single.run(single.loop.learner.learn(user))
        replayed.run(replayed.loop.learner.rebuild(user))
        assert together.store.load_state(user, "bayes_tags") is not None
        found = known(together, user)
        assert found[2] == len(positions)
        assert known(single, user) == found
        assert known(replayed, user) == found
    assert kept == count + len(USERS) * TURNS
    for opened in (together, single, replayed):
        opened.close()
