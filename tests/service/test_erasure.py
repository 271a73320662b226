"""After an erasure nothing of a user is left: not in the database's files, logs or memory."""

from __future__ import annotations

import gc
import io
import logging
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from tests.service.conftest import make_method
from tests.service.servers import StubUpstream, served
from tests.store.test_erasing import database_files

from tailorlm.encoders import create_encoder
from tailorlm.methods import create_method
from tailorlm.methods.base import Method, Parts
from tailorlm.retrievers import create_retriever
from tailorlm.service import create_app
from tailorlm.service.gateway import Gateway
from tailorlm.service.keys import KeyCheck
from tailorlm.service.logs import PlainLines
from tailorlm.service.upstream import HttpUpstream
from tailorlm.store import open_store
from tailorlm.store.queue import SCHEMA, TABLES
from tailorlm.tags import premium_library
from tailorlm.tailor import Tailor
from tailorlm.types import Context

Json = dict[str, Any]
METHODS = ("bayes_tags", "contextual", "persona", "profile_summary", "oppu_retrieval",
           "edit_rules", "preference_agent", "prompt_refinement", "premium_embed")  # fmt: skip
HALVES = "vermil", "ion88"
"""A word of the user's own, in two parts so that no constant of this test is found for it."""


def word() -> str:
    return "".join(HALVES)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(PlainLines())
    root, own = logging.getLogger(), logging.getLogger("tailorlm")
    before = own.level
    root.addHandler(handler)
    own.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    own.setLevel(before)


@pytest.fixture
def gateway(store_url: str, upstream_url: str) -> Iterator[Gateway]:
    encoder = create_encoder("static")
    retriever = create_retriever("hybrid", encoder)
    parts = Parts(encoder=encoder, library=premium_library(), retriever=retriever)

    def make(name: str) -> Method[Any]:
        return create_method(name, parts)

    tailor = Tailor(store_url, method=make("bayes_tags"))
    yield Gateway(tailor, HttpUpstream(upstream_url), make, model="stub")
    tailor.close()


def live(client: httpx.Client, user: str, text: str) -> None:
    """A user's whole life with the gateway, in which every text holds `text`."""

    def give(**feedback: object) -> None:
        answer = client.post("/tailor/v1/feedback", json={"user": user, "feedback": feedback})
        assert answer.status_code == 200, answer.text

    give(kind="statement", text=f"Always mention {text}.")
    give(kind="attribute", name="home", value=f"{text} Town")
    give(kind="document", title=text, text=f"Dear all,\nthe {text} is ready.\nBest\n" * 20)
    for method in METHODS:
        body = {"user": user, "query": f"Tell me about {text}, by {method}", "n": 3}
        answer = client.post("/tailor/v1/ask", json={**body, "model": f"{method}:stub"})
        turn = answer.json()["turn"]
        give(kind="ranking", turn=turn, order=[2, 0, 1])
        give(kind="edit", turn=turn, candidate=0, text=f"Rather say {text}, and nothing more.")
        for _ in range(2):
            messages = [{"role": "user", "content": f"And {text}?"}]
            chat = {"model": f"{method}:stub", "user": user, "messages": messages}
            assert client.post("/v1/chat/completions", json=chat).status_code == 200
    client.get("/tailor/v1/profile", params={"user": user})
    client.get("/tailor/v1/export", params={"user": user})


def pieces_of(states: list[bytes], others: bytes) -> list[bytes]:
    """Parts of derived states, vectors among them, that are in no other user's state."""
    found = [
        piece
        for state in states
        for start in range(0, len(state) - 24, 41)
        if len(set(piece := state[start : start + 24])) > 12 and piece not in others
    ]
    assert len(found) > 20
    return found


def test_nothing_is_left_of_an_erased_user(
    gateway: Gateway,
    upstream: StubUpstream,
    store_url: str,
    logged: io.StringIO,
    request: pytest.FixtureRequest,
) -> None:
    store = gateway.tailor.store
    secret = store.keyring.add("app", app="shop")[1]
    store.keyring.add("user", app="shop", user=f"ana {word()}")
    headers = {"Authorization": f"Bearer {secret}"}
    with served(create_app(gateway, KeyCheck(gateway))) as url:
        with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
            live(client, f"ana {word()}", word())
            live(client, "ben", "teal")
            for method in METHODS:
                gateway.using(method).fit()
                for user in (f"shop/ana {word()}", "shop/ben"):
                    gateway.using(method).run(gateway.using(method).loop.learner.learn(user))
            states = {
                user: [found.data for m in METHODS if (found := store.load_state(user, m))]
                for user in (f"shop/ana {word()}", "shop/ben")
            }
            pieces = pieces_of(states.pop(f"shop/ana {word()}"), b"".join(states["shop/ben"]))
            before = contents(store_url, request)
            assert word().encode() in before
            if store_url.startswith("sqlite"):  # PostgreSQL compresses long values
                assert any(piece in before for piece in pieces)
            del before
            erase = {"user": f"ana {word()}", "confirm": f"ana {word()}"}
            erased = client.post("/tailor/v1/erase", json=erase)
            assert erased.status_code == 200
            assert erased.json()["events"] > 5 * len(METHODS)
        assert queued(store_url) == []
        after = contents(store_url, request)
        assert [piece for piece in pieces if piece in after] == []
        assert traces(after) == []
        assert word() not in logged.getvalue()
        del erased, erase, pieces, states
        upstream.asked.clear()
        del client
        end = time.monotonic() + 10
        while remembered() and time.monotonic() < end:  # the client's connection is being closed
            time.sleep(0.1)
        assert remembered() == []


def contents(store_url: str, request: pytest.FixtureRequest) -> bytes:
    """Everything in the database's files, the write-ahead log of SQLite among them."""
    return b"\n".join(file.read_bytes() for file in database_files(store_url, request))


def queued(store_url: str) -> list[Any]:
    """Rows of the tables that tell of jobs, once nothing waits any more; none with SQLite."""
    if store_url.startswith("sqlite"):
        return []
    psycopg = pytest.importorskip("psycopg")
    with psycopg.connect(store_url, options=f"-c search_path={SCHEMA}") as connection:
        return [row for table in TABLES for row in connection.execute(f"SELECT * FROM {table}")]


def traces(data: bytes) -> list[bytes]:
    """Where a user's word is in data."""
    return [data[i - 60 : i + 40] for i in [data.find(word().encode())] if i >= 0]


def remembered() -> list[str]:
    """Texts in this process's objects that hold the user's word."""
    gc.collect()
    wanted, wanted_bytes = word(), word().encode()
    seen: set[int] = set()
    found: list[str] = []
    waiting: list[Any] = gc.get_objects()
    while waiting:
        one = waiting.pop()
        if id(one) in seen or one is waiting or one is seen or one is found:
            continue
        seen.add(id(one))
        if type(one) is str:
            if wanted in one and one != wanted:
                found.append(one[:200])
        elif type(one) in (bytes, bytearray):
            if wanted_bytes in one and one != wanted_bytes:
                found.append(repr(bytes(one[:200])))
        else:
            waiting += gc.get_referents(one)
    return found


def test_a_turn_under_way_is_not_recorded_after_its_user_was_erased(
    gateway: Gateway, store_url: str
) -> None:
    tailor = gateway.tailor
    tailor.say("ana", "Stop using bullet points.")
    steps = tailor.loop.ask("ana", Context("Plan my evening"), 1)
    wanted = answer = None
    while True:
        wanted = steps.send(answer)
        if type(wanted).__name__ == "Complete":
            break
        answer = tailor.perform(wanted)
    tailor.erase("ana")
    append = steps.send(tailor.perform(wanted))
    with pytest.raises(Exception, match="erased meanwhile"):
        tailor.perform(append)
    with closing(open_store(store_url)) as store:
        assert list(store.users()) == []


def test_an_erased_users_key_stops_working_at_once(tailor: Tailor, upstream_url: str) -> None:
    gateway = Gateway(tailor, HttpUpstream(upstream_url), make_method)
    admin, ana = (
        {"Authorization": f"Bearer {tailor.store.keyring.add(scope, **whose)[1]}"}
        for scope, whose in (("admin", {}), ("user", {"app": "shop", "user": "ana"}))
    )
    said = {"feedback": {"kind": "statement", "text": "Keep it short."}}
    with served(create_app(gateway, KeyCheck(gateway))) as url:
        assert httpx.post(f"{url}/tailor/v1/feedback", json=said, headers=ana).status_code == 200
        erase = {"user": "shop/ana", "confirm": "shop/ana"}
        assert httpx.post(f"{url}/tailor/v1/erase", json=erase, headers=admin).status_code == 200
        assert httpx.post(f"{url}/tailor/v1/feedback", json=said, headers=ana).status_code == 401
