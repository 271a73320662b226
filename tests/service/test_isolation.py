"""Nothing that a user wrote is ever in a prompt for another, whatever the method."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.responses import JSONResponse
from tests.service.servers import StubUpstream, completion, served

from tailorlm.encoders import create_encoder
from tailorlm.methods import create_method
from tailorlm.methods.base import Method, Parts
from tailorlm.registry import METHODS, names
from tailorlm.retrievers import create_retriever
from tailorlm.service import create_app
from tailorlm.service.gateway import Gateway
from tailorlm.service.upstream import HttpUpstream
from tailorlm.tags import premium_library
from tailorlm.tailor import Tailor

Json = dict[str, Any]
CANARY = re.compile(r"zq\d{4}xk")
AT_ONCE = 8


def canary(user: int) -> str:
    return f"zq{user:04d}xk"


@pytest.fixture
def gateway(tmp_path: Path, upstream_url: str) -> Iterator[Gateway]:
    encoder = create_encoder("static")
    parts = Parts(
        encoder=encoder,
        library=premium_library(),
        retriever=create_retriever("hybrid", encoder),
    )

    def make(name: str) -> Method[Any]:
        return create_method(name, parts)

    tailor = Tailor(tmp_path / "tailor.db", method=make("bayes_tags"))
    yield Gateway(tailor, HttpUpstream(upstream_url), make, model="stub")
    tailor.close()


def echo(body: Json) -> JSONResponse:
    """Answers that hold what was asked, so that what was shown has its user's words too."""
    last = str(body["messages"][-1]["content"])[-300:]
    return JSONResponse(completion(f"Surely: {last}"))


class Somebody:
    """A user whose every text holds a string of their own."""

    def __init__(self, number: int, url: str) -> None:
        self.name, self.canary = f"user {number}", canary(number)
        self.turns: list[str] = []
        self._url = url

    def call(self, rng: random.Random, method: str) -> None:
        """Any call that a user may make."""
        query = f"How do I cook {self.canary} for {rng.randrange(99)} guests, and what for dessert?"
        body: Json = {"user": self.name, "model": f"{method}:stub"}
        kind = rng.random()
        if kind < 0.4 or not self.turns:
            answer = self._post("/tailor/v1/ask", {**body, "query": query, "n": 3})
            self.turns.append(answer["turn"])
        elif kind < 0.55:
            messages = [{"role": "user", "content": query}]
            self._post("/v1/chat/completions", {**body, "messages": messages})
        elif kind < 0.6:
            self._post("/tailor/v1/what-if", {**body, "query": query})
        else:
            self._post("/tailor/v1/feedback", {"user": self.name, "feedback": self._feedback(rng)})

    def _feedback(self, rng: random.Random) -> Json:
        turn = rng.choice(self.turns)
        text = f"I always eat {self.canary} on day {rng.random():.3f}."
        return rng.choice(
            [
                {"kind": "ranking", "turn": turn, "order": rng.sample(range(3), 3)},
                {"kind": "pick", "turn": turn, "candidate": rng.randrange(3)},
                {"kind": "edit", "turn": turn, "candidate": 0, "text": f"Dear all,\n{text}\nBest"},
                {"kind": "statement", "text": text},
                {"kind": "document", "title": self.canary, "text": f"Dear all,\n{text}\nBest"},
                {"kind": "attribute", "name": "food", "value": self.canary},
            ]
        )

    def _post(self, path: str, body: Json) -> Json:
        answer = httpx.post(self._url + path, json=body, timeout=60)
        while answer.status_code in (502, 504):  # the upstream shares a busy machine
            answer = httpx.post(self._url + path, json=body, timeout=60)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("users", "calls"), [(12, 240), pytest.param(200, 5000, marks=pytest.mark.slow)]
)
def test_no_users_words_reach_another(
    gateway: Gateway, upstream: StubUpstream, users: int, calls: int
) -> None:
    upstream.reply = echo
    methods = sorted(names(METHODS))
    with served(create_app(gateway)) as url:
        people = [Somebody(number, url) for number in range(users)]

        def work(share: int) -> None:
            rng = random.Random(share)
            mine = people[share::AT_ONCE]
            for number in range(calls // AT_ONCE // 2):
                rng.choice(mine).call(rng, methods[(number + share) % len(methods)])

        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(work, range(AT_ONCE)))
            learned = [name for name in methods if gateway.using(name).fit()]
            list(pool.map(work, range(AT_ONCE)))
    assert {"population_tags", "edit_rules"} <= set(learned)
    seen = [set(CANARY.findall(json.dumps(body["messages"]))) for body in upstream.asked]
    assert len(seen) > calls / 2
    assert [found for found in seen if len(found) != 1] == []
    assert {name for found in seen for name in found} == {person.canary for person in people}
