"""The Python client against a gateway, waiting and awaiting."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from tests.service.conftest import make_method
from tests.service.servers import served

from tailorlm.client import AsyncClient, Client, Entry, LeftOut
from tailorlm.client._calls import wait_for
from tailorlm.errors import (
    FeedbackError,
    GatewayError,
    IdempotencyError,
    InputError,
    LLMError,
    NotFoundError,
    StoreError,
)
from tailorlm.llms import create_llm
from tailorlm.service import create_app
from tailorlm.service.gateway import Gateway
from tailorlm.service.llm_upstream import LLMUpstream
from tailorlm.tailor import Tailor
from tailorlm.types import Message

pytestmark = pytest.mark.whole

QUERY = "How should I spend a free weekend?"


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    store = tmp_path_factory.mktemp("store") / "t.db"
    tailor = Tailor(store, method=make_method("bayes_tags"))
    gateway = Gateway(tailor, LLMUpstream(create_llm("builtin")), make_method, model="builtin")
    with served(create_app(gateway)) as url:
        yield url


@pytest.fixture
def client(url: str) -> Iterator[Client]:
    with Client(url) as client:
        yield client


def test_a_whole_session(client: Client, tmp_path: Path) -> None:
    turn = client.ask("ana", QUERY, n=3, history=[Message("user", "Hi")])
    assert [answer.position for answer in turn.answers] == [0, 1, 2]
    assert turn.text == turn.answers[turn.best].text
    assert "demo writer" in turn.notice
    receipt = client.rank(turn, [2, [0, 1]], key="once")
    assert receipt == client.rank(turn, [2, [0, 1]], key="once")
    assert receipt.learned
    client.pick(turn, 1)
    client.edit(turn, 0, "As I would have it.")
    client.rate(turn, 0, 4)
    client.say("ana", "Keep it short.")
    client.describe("ana", "home", "Lisbon")
    client.write("ana", "Dear all, this is how I write.", "A note")
    client.correct("ana", "tag", "Baking", "set", "liked")
    profile = client.profile("ana")
    assert profile.beliefs[0].name == "Baking"
    assert profile.beliefs[0].correction == "set"
    assert {b.name for b in profile.said} == {"Keep it short.", "home: Lisbon"}
    entries = list(client.history("ana", page=3))
    assert [entry.position for entry in entries] == list(range(1, 10))
    assert entries[0].kind == "turn"
    assert isinstance(entries[-1], Entry)
    both = client.what_if("ana", QUERY)
    assert "Baking" in both.personal.tags
    assert both.generic.tags == ()
    assert [row.user for row in client.users()] == ["ana"]
    assert len(client.export("ana").splitlines()) == 10
    assert client.erase("ana") == 9
    assert client.users() == []


def test_files(client: Client, tmp_path: Path) -> None:
    file = tmp_path / "notes.jsonl"
    file.write_text('{"text": "One."}\n{"text": ""}\n{"text": "Two."}\n', "utf-8")
    done = client.upload("files", file)
    assert (done.taken, done.known, done.left_out_count) == (2, 0, 1)
    assert done.left_out == (LeftOut("line 2", "The text is empty. Give some text."),)
    assert client.upload("files", file).known == 2
    assert client.upload("files", b"Three.", title="Third").taken == 1
    with pytest.raises(InputError, match="kind="):
        client.upload("files", tmp_path / "photo.png")
    with pytest.raises(InputError, match="cannot be read"):
        client.upload("files", tmp_path / "missing.txt")


def test_a_file_is_closed_also_when_nothing_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "note.txt"
    file.write_text("Mine.", "utf-8")
    opened: list[Any] = []
    open_file = Path.open

    def noted(path: Path, *args: Any, **kwargs: Any) -> Any:
        opened.append(open_file(path, *args, **kwargs))
        return opened[-1]

    monkeypatch.setattr(Path, "open", noted)

    async def awaited() -> None:
        async with AsyncClient("http://127.0.0.1:9") as client:
            await client.upload("ana", file)

    with pytest.raises(GatewayError, match="cannot be reached"):
        Client("http://127.0.0.1:9").upload("ana", file)
    with pytest.raises(GatewayError, match="cannot be reached"):
        asyncio.run(awaited())
    assert [one.closed for one in opened] == [True, True]


def test_errors_are_those_of_the_library(client: Client) -> None:
    with pytest.raises(NotFoundError, match="nobody"):
        client.profile("nobody")
    with pytest.raises(InputError, match="empty"):
        client.say("eve", " ")
    turn = client.ask("eve", QUERY, n=2)
    with pytest.raises(FeedbackError, match="more than once"):
        client.rank(turn, [0, 0])
    client.say("eve", "One.", key="k")
    with pytest.raises(IdempotencyError):
        client.say("eve", "Another.", key="k")
    with pytest.raises(GatewayError, match="cannot be reached") as unreachable:
        Client("http://127.0.0.1:9").users()
    assert unreachable.value.status is None


def test_awaited(url: str, tmp_path: Path) -> None:
    async def session() -> None:
        async with AsyncClient(url) as client:
            turn = await client.ask("bo", QUERY, n=2)
            await client.rank(turn, [1, 0])
            await client.pick(turn, 0)
            await client.edit(turn, 0, "Mine.")
            await client.rate(turn, 1, 2)
            await asyncio.gather(*(client.say("bo", f"Wish {i}.") for i in range(4)))
            await client.describe("bo", "home", "Lisbon")
            await client.write("bo", "My text.")
            await client.correct("bo", "rule", "Use bullet points.", "set")
            file = tmp_path / "note.md"
            file.write_text("# Mine", "utf-8")
            assert (await client.upload("bo", file)).taken == 1
            entries = [entry async for entry in client.history("bo", page=4)]
            assert len(entries) == 13
            assert "Use bullet points." in (await client.what_if("bo", QUERY)).personal.rules
            assert any(b.correction for b in (await client.profile("bo")).beliefs)
            assert "bo" in [row.user for row in await client.users()]
            assert "# Mine" in await client.export("bo")
            assert await client.erase("bo") == 13
            with pytest.raises(NotFoundError):
                await client.profile("bo")

    asyncio.run(session())


class Moody:
    """Answers with one after the other of what it is given, then with a receipt."""

    def __init__(self, *answers: Response) -> None:
        self.answers = list(answers)
        self.keys: list[str] = []
        self.bodies: list[bytes] = []
        self.app = Starlette(routes=[
            Route("/tailor/v1/{path:path}", self.answer, methods=["GET", "POST"]),
        ])  # fmt: skip

    async def answer(self, request: Request) -> Response:
        self.keys.append(request.headers.get("idempotency-key", ""))
        self.bodies.append(await request.body())
        if self.answers:
            return self.answers.pop(0)
        if request.url.path.endswith("documents"):
            return JSONResponse({"taken": 1, "known": 0, "left_out": [], "left_out_count": 0})
        return JSONResponse({"event": "e", "position": 1, "key": "k", "learned": True, "new": 1})


def refusal(status: int, code: str | None, wait: str = "0") -> Response:
    error = {"message": "Wait.", "type": "x", "param": None, "code": code}
    return JSONResponse({"error": error}, status, headers={"Retry-After": wait})


def test_a_call_is_made_again_after_429_and_503_under_the_same_key(tmp_path: Path) -> None:
    moody = Moody(refusal(429, "rate_limit_exceeded"), refusal(503, "store"))
    with served(moody.app) as url, Client(url) as client:
        assert client.say("ana", "Once.").position == 1
        assert len(set(moody.keys)) == 1
        assert len(moody.keys) == 3
        moody.answers = [refusal(429, "rate_limit_exceeded")]
        file = tmp_path / "note.txt"
        file.write_text("Mine.", "utf-8")
        assert client.upload("ana", file).taken == 1
        assert moody.bodies[-2:] == [b"Mine.", b"Mine."]


@pytest.mark.parametrize(
    ("answers", "kind", "says"),
    [
        ([refusal(503, "store")] * 3, StoreError, "Wait."),
        ([refusal(429, "rate_limit_exceeded", "3600")], GatewayError, "Wait."),
        ([refusal(502, None)], LLMError, "Wait."),
        ([PlainTextResponse("<html>", 500)], GatewayError, "answered with 500"),
        ([JSONResponse({"error": "odd"}, 404)], NotFoundError, "answered with 404"),
        ([refusal(401, "invalid_api_key")], GatewayError, "Wait."),
    ],
)
def test_what_a_refusal_becomes(answers: list[Response], kind: type, says: str) -> None:
    async def awaited(url: str) -> None:
        async with AsyncClient(url) as client:
            await client.say("ana", "Once.")

    for say in (lambda url: Client(url).say("ana", "Once."), lambda url: asyncio.run(awaited(url))):
        with served(Moody(*answers).app) as url:
            with pytest.raises(kind, match=says) as raised:
                say(url)
            assert type(raised.value) is kind


def test_how_long_is_waited() -> None:
    assert [wait_for(n, None) for n in (1, 2, 3, 9)] == [0.5, 1.0, 2.0, 8.0]
    assert wait_for(1, "7") == 7.0
    assert wait_for(1, "61") is None
    assert wait_for(1, "Wed, 21 Oct 2026 07:28:00 GMT") == 0.5


def test_the_key_is_sent() -> None:
    seen: list[str] = []

    async def answer(request: Request) -> Response:
        seen.append(request.headers["authorization"])
        return Response(json.dumps({"users": []}))

    app = Starlette(routes=[Route("/tailor/v1/users", answer)])
    with served(app) as url, Client(f"{url}/", key="tlm_x") as client:
        assert client.users() == []
    assert seen == ["Bearer tlm_x"]


def test_both_clients_have_the_same_calls() -> None:
    def calls(kind: type) -> dict[str, Any]:
        return {name: call.__doc__ for name, call in vars(kind).items() if name[0] != "_"}

    assert calls(Client) == calls(AsyncClient)
