"""Whatever an upstream does: clients get an end in time, and the log stays whole."""

from __future__ import annotations

import asyncio
import gzip
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import count, pairwise
from typing import Any

import anyio
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.responses import JSONResponse, Response, StreamingResponse
from tests.service.conftest import make_method
from tests.service.servers import StubUpstream, chunk, completion, served, usual_stream

from tailorlm.service import create_app
from tailorlm.service.gateway import Gateway
from tailorlm.service.upstream import HttpUpstream
from tailorlm.tailor import Tailor
from tailorlm.types import Turn

Json = dict[str, Any]
DONE = b"data: [DONE]\n\n"
ASKED = {
    "model": "stub",
    "user": "ana",
    "stream": True,
    "messages": [{"role": "user", "content": "How should I spend a free weekend?"}],
}
WHOLE = b"".join(
    [
        b'data: {"choices":[{"index":0,"delta":{"content":"',
        "Rest — 東京 🙂".encode(),
        b'"}}]}\n\n',
        chunk({}, "stop"),
        DONE,
    ]
)
"""A stream whose text has characters of two, three and four bytes."""


class Lab:
    """A gateway that is called without a network, over a database in memory.

    Attributes:
        pieces: What the upstream streams, cut as it is.
        user: Who asks; each example is another one.
    """

    def __init__(self) -> None:
        self.tailor = Tailor("sqlite://", method=make_method("bayes_tags"))
        upstream = HttpUpstream("http://model/v1", transport=httpx.MockTransport(self._answer))
        self.app = create_app(Gateway(self.tailor, upstream, make_method))
        self.pieces: list[bytes] = []
        self.user = ""
        self._users = count()

    def ask(self, pieces: list[bytes], *, personal: bool = True) -> httpx.Response:
        """The gateway's answer where the upstream sends these bytes."""
        self.pieces, self.user = pieces, f"user {next(self._users)}"
        body = {**ASKED, "user": self.user} if personal else {**ASKED, "user": ""}
        return asyncio.run(post(self.app, body))

    def check_log(self, *, turns: int) -> None:
        """See `check_log`, for the user of the newest request."""
        check_log(self.tailor, self.user, turns=turns)

    def _answer(self, _: httpx.Request) -> httpx.Response:
        async def stream() -> AsyncIterator[bytes]:
            for piece in self.pieces:
                yield piece

        kind = {"content-type": "text/event-stream"}
        return httpx.Response(200, headers=kind, content=stream())


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    made = Lab()
    yield made
    made.tailor.close()


async def post(app: Any, body: Json) -> httpx.Response:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://g") as client:
        return await client.post("/v1/chat/completions", json=body)


def events_of(text: str) -> list[Any]:
    """What a streamed answer says, event by event; every line must be one."""
    lines = [line.removeprefix("data: ") for line in text.split("\n") if line]
    return [line if line == "[DONE]" else json.loads(line) for line in lines]


def text_of(events: list[Any]) -> str:
    return "".join(
        choice["delta"].get("content") or ""
        for event in events
        if isinstance(event, dict)
        for choice in event.get("choices", [])
        if isinstance(choice.get("delta"), dict)
    )


def check_log(tailor: Tailor, user: str = "ana", *, turns: int) -> None:
    """The log reads to its end, holds so many turns, and its replay is the state that is kept."""
    known = any(summary.user == user for summary in tailor.users())
    log = list(tailor.log(user)) if known else []
    assert sum(isinstance(event.payload, Turn) for event in log) == turns
    assert [event.position for event in log] == list(range(1, len(log) + 1))
    if not log:
        return
    learned = tailor.run(tailor.loop.learner.learn(user))
    rebuilt = tailor.run(tailor.loop.learner.rebuild(user))
    assert tailor.method.dump(learned.state) == tailor.method.dump(rebuilt.state)


EXAMPLES = settings(deadline=None, max_examples=60)


@EXAMPLES
@given(
    cuts=st.lists(st.integers(1, len(WHOLE) - 1), max_size=12, unique=True), personal=st.booleans()
)
def test_cuts_change_nothing(lab: Lab, *, cuts: list[int], personal: bool) -> None:
    edges = [0, *sorted(cuts), len(WHOLE)]
    found = events_of(lab.ask([WHOLE[a:b] for a, b in pairwise(edges)], personal=personal).text)
    assert text_of(found) == "Rest — 東京 🙂"
    assert found[-1] == "[DONE]"
    lab.check_log(turns=int(personal))


@EXAMPLES
@given(end=st.integers(0, len(WHOLE) - len(DONE)))
def test_streams_that_end_early_are_errors_and_no_turns(lab: Lab, *, end: int) -> None:
    answer = lab.ask([WHOLE[:end]])
    last = answer.json() if answer.status_code != 200 else events_of(answer.text)[-1]
    assert answer.status_code in (200, 502)
    assert "broke off" in last["error"]["message"]
    lab.check_log(turns=0)


GARBAGE = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from(
            [b"data: ", b"\n\n", b"\r", b"\xf0\x9f", b"data: {}\n\n", b"data: []\n\n", DONE,
             b'data: {"choices": null}\n\n', b'data: {"choices": [7, {"delta": 3}]}\n\n',
             b'data: {"choices": [{"delta": {"content": 5}, "finish_reason": []}]}\n\n',
             b'data: {"usage": {"total_tokens": "x"}, "choices": {}}\n\n',
             b'data: {"error": "no"}\n\n', b'data: {"error": {"message": "boom"}}\n\n',
             b": comment\n\n", b"event: ping\ndata: {}\n\n", b"data: " + b"[" * 5000 + b"\n\n",
             b'data: {"choices": [{"delta": {"content": "\\ud800"}}]}\n\n',
             chunk({"content": "word "}), chunk({}, "stop")]
        ),
    ),
    max_size=8,
)  # fmt: skip


@EXAMPLES
@given(pieces=GARBAGE)
def test_garbage_ends_in_an_answer_or_an_error(lab: Lab, *, pieces: list[bytes]) -> None:
    answer = lab.ask(pieces)
    if answer.status_code != 200:
        assert answer.status_code == 502
        assert answer.json()["error"]["message"]
        lab.check_log(turns=0)
        return
    found = events_of(answer.text)
    recorded = found[-1] == "[DONE]" and found[-2]["tailor"].get("recorded", False)
    assert found[-1] == "[DONE]" or found[-1]["error"]["message"]
    lab.check_log(turns=int(recorded))


REPLIES: dict[str, tuple[Callable[[], Response], str]] = {
    "HTML": (lambda: Response("<html>Bad gateway</html>", media_type="text/html"), "broke off"),
    "a picture": (lambda: Response(b"\x89PNG\r\n\x1a\n", media_type="image/png"), "not UTF-8"),
    "gzip that is none": (
        lambda: Response(WHOLE, headers={"content-encoding": "gzip"},
                         media_type="text/event-stream"),
        "cut off",
    ),
    "gzip that is cut": (
        lambda: Response(gzip.compress(WHOLE)[:60], headers={"content-encoding": "gzip"},
                         media_type="text/event-stream"),
        "broke off",
    ),
    "nothing": (lambda: Response(b"", media_type="text/event-stream"), "broke off"),
}  # fmt: skip


@pytest.mark.parametrize("what", REPLIES)
def test_answers_that_are_no_streams(
    gateway_url: str, upstream: StubUpstream, tailor: Tailor, what: str
) -> None:
    reply, says = REPLIES[what]
    upstream.reply = lambda _: reply()
    answer = httpx.post(f"{gateway_url}/v1/chat/completions", json=ASKED, timeout=10)
    if answer.status_code == 200:  # it broke after the first piece had gone out
        error = events_of(answer.text)[-1]["error"]
    else:
        assert answer.status_code == 502
        error = answer.json()["error"]
    assert says in error["message"]
    assert not list(tailor.users())


def test_real_gzip_is_read(gateway_url: str, upstream: StubUpstream, tailor: Tailor) -> None:
    upstream.reply = lambda _: Response(
        gzip.compress(WHOLE), headers={"content-encoding": "gzip"}, media_type="text/event-stream"
    )
    answer = httpx.post(f"{gateway_url}/v1/chat/completions", json=ASKED, timeout=10)
    assert text_of(events_of(answer.text)) == "Rest — 東京 🙂"
    check_log(tailor, turns=1)


def test_what_follows_the_end_is_not_read(
    gateway_url: str, upstream: StubUpstream, tailor: Tailor
) -> None:
    upstream.stream = [WHOLE, DONE, chunk({"content": "more"}), DONE]
    found = events_of(httpx.post(f"{gateway_url}/v1/chat/completions", json=ASKED).text)
    assert found.count("[DONE]") == 1
    assert "more" not in text_of(found)
    check_log(tailor, turns=1)


def test_token_counts_come_last_and_add_up(gateway_url: str, upstream: StubUpstream) -> None:
    usage = {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    counts = json.dumps({"id": "x", "choices": [], "usage": usage}).encode()
    upstream.stream = [
        chunk({"content": "word"}), chunk({}, "stop"), b"data: " + counts + b"\n\n", DONE
    ]  # fmt: skip
    body = {**ASKED, "n": 3}
    found = events_of(httpx.post(f"{gateway_url}/v1/chat/completions", json=body).text)
    counted = [event["usage"] for event in found if isinstance(event, dict) and "usage" in event]
    assert counted == [{"prompt_tokens": 21, "completion_tokens": 9, "total_tokens": 30}]
    assert found[-3]["usage"] == counted[0]


def test_one_of_three_streams_fails(
    gateway_url: str, upstream: StubUpstream, tailor: Tailor
) -> None:
    def reply(_: Json) -> Response:
        pieces = usual_stream("one two three")
        broken = len(upstream.asked) == 2
        return StreamingResponse(
            iter(pieces[:2] if broken else pieces), media_type="text/event-stream"
        )

    upstream.reply = reply
    found = events_of(httpx.post(f"{gateway_url}/v1/chat/completions", json={**ASKED, "n": 3}).text)
    assert "broke off" in found[-1]["error"]["message"]
    assert "[DONE]" not in found
    check_log(tailor, turns=0)


@pytest.mark.parametrize("stream", [True, False])
def test_silence_ends_at_the_timeout(
    gateway_url: str, upstream: StubUpstream, tailor: Tailor, *, stream: bool
) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield chunk({"content": "first "}) if stream else b"{"
        await asyncio.sleep(5)

    kind = "text/event-stream" if stream else "application/json"
    upstream.reply = lambda _: StreamingResponse(pieces(), media_type=kind)
    start = time.monotonic()
    answer = httpx.post(
        f"{gateway_url}/v1/chat/completions", json={**ASKED, "stream": stream}, timeout=10
    )
    error = events_of(answer.text)[-1] if stream else answer.json()
    assert answer.status_code == (200 if stream else 504)
    assert "within 1 s" in error["error"]["message"]
    assert time.monotonic() - start < 4
    assert not list(tailor.users())


def test_a_client_that_leaves_ends_the_answer_upstream(tailor: Tailor) -> None:
    ended = threading.Event()

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                yield chunk({"content": "more "})
                await asyncio.sleep(0.01)

        async def aclose(self) -> None:
            ended.set()

    transport = httpx.MockTransport(
        lambda _: httpx.Response(
            200, headers={"content-type": "text/event-stream"}, stream=Endless()
        )
    )
    gateway = Gateway(tailor, HttpUpstream("http://model/v1", transport=transport), make_method)
    with served(create_app(gateway)) as url:
        with httpx.stream("POST", f"{url}/v1/chat/completions", json=ASKED) as answer:
            next(answer.iter_bytes())
        assert ended.wait(5)
        assert not list(tailor.users())


def test_the_gateways_own_key_is_refused(
    tailor: Tailor, upstream: StubUpstream, upstream_url: str
) -> None:
    said = {"error": {"message": "Incorrect API key provided: sk-secret"}}
    upstream.reply = lambda _: JSONResponse(said, 401)
    gateway = Gateway(tailor, HttpUpstream(upstream_url, "sk-secret"), make_method)
    with served(create_app(gateway)) as url:
        answer = httpx.post(f"{url}/v1/chat/completions", json=ASKED)
    assert answer.status_code == 502
    assert "own key (HTTP 401)" in answer.json()["error"]["message"]
    assert "sk-secret" not in answer.text


FAILURES: dict[str, tuple[Callable[[Json], Response], int]] = {
    "429": (lambda _: JSONResponse({"error": {"message": "slow down"}}, 429,
                                   headers={"Retry-After": "7"}), 429),
    "500": (lambda _: JSONResponse({"error": {"message": "boom"}}, 500), 502),
    "invalid JSON": (lambda _: Response("{", media_type="application/json"), 502),
}  # fmt: skip


@pytest.mark.parametrize("what", FAILURES)
def test_feedback_is_accepted_while_the_upstream_fails(
    gateway_url: str, upstream: StubUpstream, tailor: Tailor, what: str
) -> None:
    whole = {**ASKED, "stream": False, "n": 2}
    upstream.reply = lambda _: JSONResponse(completion("An answer."))
    turn = httpx.post(f"{gateway_url}/v1/chat/completions", json=whole).json()["tailor"]["turn"]
    upstream.reply, status = FAILURES[what]
    failed = httpx.post(f"{gateway_url}/v1/chat/completions", json=whole)
    assert failed.status_code == status
    assert failed.headers.get("retry-after") == ("7" if what == "429" else None)
    pick = {"user": "ana", "feedback": {"kind": "pick", "turn": turn, "candidate": 1}}
    assert httpx.post(f"{gateway_url}/tailor/v1/feedback", json=pick).json()["learned"] is True
    check_log(tailor, turns=1)


def test_many_requests_share_connections(
    gateway_url: str, upstream: StubUpstream, tailor: Tailor
) -> None:
    async def ask_all() -> list[int]:
        async with httpx.AsyncClient() as client:
            body = {**ASKED, "stream": False, "tailor": {"record": False}}
            answers: list[int] = []

            async def ask() -> None:
                answer = await client.post(f"{gateway_url}/v1/chat/completions", json=body)
                answers.append(answer.status_code)

            for _ in range(2):
                async with anyio.create_task_group() as group:
                    for _ in range(8):
                        group.start_soon(ask)
            return answers

    assert asyncio.run(ask_all()) == [200] * 16
