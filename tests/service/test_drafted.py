"""Answers that a method has drafted while planning, through the gateway."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import openai
import pytest
from starlette.responses import JSONResponse
from tests.service.conftest import make_method
from tests.service.servers import StubUpstream, completion, served

from tailorlm.privacy import create_detector
from tailorlm.service import create_app
from tailorlm.service.gateway import Gateway
from tailorlm.service.upstream import HttpUpstream
from tailorlm.tailor import Tailor

QUESTION = [{"role": "user", "content": "Write to jo.doe@example.com about the weekend."}]
SHORT, LONG = (
    "Rest.",
    "One could rest for a while, and then perhaps go for a rather long walk. " * 4,
)


def by_seed(body: dict) -> JSONResponse:
    """A short answer to one in four requests; it says back whom it is for."""
    to = body["messages"][-1]["content"].split()[2]
    return JSONResponse(completion(f"{SHORT if body.get('seed', 1) % 4 == 0 else LONG} To {to}"))


@pytest.fixture
def learned(tmp_path: Path, upstream: StubUpstream) -> Tailor:
    tailor = Tailor(tmp_path / "tailor.db", method=make_method("best_of_n"))
    upstream.reply = by_seed
    return tailor


@pytest.fixture
def gateway_url(learned: Tailor, upstream_url: str) -> Iterator[str]:
    gateway = Gateway(learned, HttpUpstream(upstream_url, timeout=5.0), make_method, model="stub")
    with served(create_app(gateway)) as url:
        yield url


def learn(client: openai.OpenAI, tailor: Tailor) -> None:
    """Ana ranks short answers first, eight times."""
    for _ in range(8):
        client.chat.completions.create(model="stub", messages=QUESTION, user="ana", n=3)
        turn = tailor.turn("ana")
        turn.rank(sorted(range(3), key=lambda i: len(turn.texts[i])))


def test_the_best_draft_is_the_answer_and_nothing_is_asked_twice(
    client: openai.OpenAI, upstream: StubUpstream, learned: Tailor
) -> None:
    learn(client, learned)
    assert len(upstream.asked) >= 8 * 8
    upstream.asked.clear()
    answer = client.chat.completions.create(
        model="stub", messages=QUESTION, user="ana", max_tokens=77, stop=["END"]
    )
    assert answer.choices[0].message.content.startswith(SHORT)
    assert answer.choices[0].finish_reason == "stop"
    assert len(upstream.asked) == 8
    assert len({body["seed"] for body in upstream.asked}) == 8
    assert {(body["max_tokens"], tuple(body["stop"])) for body in upstream.asked} == {
        (77, ("END",))
    }
    assert answer.usage.total_tokens == 80
    assert answer.tailor["recorded"] is True
    turn = learned.turn("ana")
    assert turn.text == answer.choices[0].message.content
    assert turn.candidates[0].llm == "openai/stub"


def test_a_drafted_answer_streams_and_is_recorded(
    client: openai.OpenAI, upstream: StubUpstream, learned: Tailor
) -> None:
    learn(client, learned)
    upstream.asked.clear()
    chunks = list(
        client.chat.completions.create(
            model="stub",
            messages=QUESTION,
            user="ana",
            stream=True,
            stream_options={"include_usage": True},
        )
    )
    text = "".join(c.choices[0].delta.content or "" for c in chunks if c.choices)
    assert text.startswith(SHORT)
    assert [c.usage.total_tokens for c in chunks if c.usage] == [80]
    assert learned.turn("ana").text == text
    assert len(upstream.asked) == 8
    assert not any("stream" in body or "stream_options" in body for body in upstream.asked)


def test_several_drafts_stream_beside_each_other(
    client: openai.OpenAI, upstream: StubUpstream, learned: Tailor
) -> None:
    chunks = client.chat.completions.create(
        model="stub", messages=QUESTION, user="ana", n=2, stream=True
    )
    texts = {0: "", 1: ""}
    for chunk in chunks:
        assert not chunk.usage
        for choice in chunk.choices:
            texts[choice.index] += choice.delta.content or ""
    assert {text[:5] for text in texts.values()} == {SHORT, LONG[:5]}
    assert learned.turn("ana").texts == [texts[0], texts[1]]


def test_the_other_routes_show_drafts_too(
    client: openai.OpenAI, gateway_url: str, upstream: StubUpstream, learned: Tailor
) -> None:
    learn(client, learned)
    upstream.asked.clear()
    asked = {"user": "ana", "query": QUESTION[0]["content"], "n": 1}
    turn = httpx.post(f"{gateway_url}/tailor/v1/ask", json=asked).json()
    assert turn["candidates"][0]["text"].startswith(SHORT)
    assert len(upstream.asked) == 8
    upstream.asked.clear()
    both = httpx.post(f"{gateway_url}/tailor/v1/what-if", json=asked).json()
    assert both["personal"]["text"].startswith(SHORT)
    assert len(upstream.asked) == 8 + 1


def test_calls_of_tools_are_left_to_the_model(
    client: openai.OpenAI, upstream: StubUpstream, learned: Tailor
) -> None:
    learn(client, learned)
    call = {"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}}
    upstream.reply = lambda body: JSONResponse(completion(None, tool_calls=[call]))
    tools = [{"type": "function", "function": {"name": "find", "parameters": {}}}]
    answer = client.chat.completions.create(
        model="stub", messages=QUESTION, user="ana", tools=tools
    )
    assert answer.choices[0].message.tool_calls[0].function.name == "find"
    assert answer.tailor["recorded"] is False


def test_an_upstream_that_fails_while_drafting_gives_an_error(
    client: openai.OpenAI, upstream: StubUpstream, learned: Tailor
) -> None:
    learn(client, learned)
    upstream.reply = lambda body: JSONResponse({"error": {"message": "overloaded"}}, 503)
    with pytest.raises(openai.APIStatusError):
        client.chat.completions.create(model="stub", messages=QUESTION, user="ana")


def test_personal_data_is_kept_from_the_model_and_put_back_into_drafts(
    learned: Tailor, upstream: StubUpstream, upstream_url: str
) -> None:
    gateway = Gateway(
        learned,
        HttpUpstream(upstream_url, timeout=5.0),
        make_method,
        scrub=create_detector("regex"),
    )
    with served(create_app(gateway)) as url:
        client = openai.OpenAI(base_url=f"{url}/v1", api_key="unused", max_retries=0)
        learn(client, learned)
        answer = client.chat.completions.create(model="stub", messages=QUESTION, user="ana")
    assert not any("jo.doe" in str(body) for body in upstream.asked)
    assert answer.choices[0].message.content == f"{SHORT} To jo.doe@example.com"
