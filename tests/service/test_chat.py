from __future__ import annotations

import asyncio
import json
import time

import httpx
import openai
import pytest
from starlette.responses import JSONResponse, Response
from tests.service.conftest import make_method
from tests.service.servers import StubUpstream, chunk, completion, served

from tailorlm.service import create_app
from tailorlm.service.gateway import Gateway
from tailorlm.service.upstream import HttpUpstream
from tailorlm.tailor import Tailor
from tailorlm.types import Ranking

QUESTION = [{"role": "user", "content": "How should I spend a free weekend?"}]


def test_without_a_user_everything_passes_through(
    client: openai.OpenAI, upstream: StubUpstream, tailor: Tailor
) -> None:
    answer = client.chat.completions.create(
        model="stub", messages=QUESTION, extra_body={"odd_field": {"kept": [1, 2]}}
    )
    assert answer.choices[0].message.content == "stub read 1 messages"
    assert upstream.asked == [
        {"model": "stub", "messages": QUESTION, "odd_field": {"kept": [1, 2]}}
    ]
    assert answer.tailor == {"personal": False}
    assert not list(tailor.users())


def test_three_answers_are_three_plans_that_can_be_ranked(
    client: openai.OpenAI, upstream: StubUpstream, tailor: Tailor
) -> None:
    answer = client.chat.completions.create(model="stub", messages=QUESTION, user="ana", n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    assert answer.usage.total_tokens == 30
    prompts = {body["messages"][0]["content"] for body in upstream.asked}
    assert len(prompts) == 3
    assert all(body["messages"][-1] == QUESTION[0] and "n" not in body for body in upstream.asked)
    turn = tailor.turn("ana")
    assert answer.tailor["turn"] == turn.id
    assert answer.tailor["recorded"] is True
    assert 0 <= answer.tailor["certainty"] <= 1
    assert [c["tags"] for c in answer.tailor["candidates"]] == [
        list(c.plan.tags) for c in turn.candidates
    ]
    assert turn.texts == [choice.message.content for choice in answer.choices]
    tailor.give("ana", Ranking(turn.id, ((2,), (0,), (1,))))


def test_the_apps_own_system_message_comes_first(
    client: openai.OpenAI, upstream: StubUpstream, tailor: Tailor
) -> None:
    tailor.say("ana", "Keep it short.")
    system = {"role": "system", "content": "You sell tea."}
    client.chat.completions.create(model="stub", messages=[system, *QUESTION], user="ana")
    first, last = upstream.asked[0]["messages"]
    assert first["role"] == "system"
    assert first["content"].startswith("You sell tea.\n\n")
    assert "Keep it short." in first["content"]
    assert last == QUESTION[0]


def test_a_model_name_can_choose_the_method(client: openai.OpenAI, upstream: StubUpstream) -> None:
    answer = client.chat.completions.create(model="none:stub:8b", messages=QUESTION, user="ana")
    assert upstream.asked[0]["model"] == "stub:8b"
    assert answer.tailor["method"] == "none"


def test_models_are_listed_under_every_method(client: openai.OpenAI) -> None:
    found = [model.id for model in client.models.list()]
    assert {"stub", "bayes_tags:stub", "none:stub"} <= set(found)


def test_embeddings_pass_through(client: openai.OpenAI, upstream: StubUpstream) -> None:
    answer = client.embeddings.create(model="e", input="text", encoding_format="float")
    assert answer.data[0].embedding == [0.5, 0.25]
    assert upstream.asked[0]["input"] == "text"


def test_tool_calls_pass_and_are_no_turn_to_judge(
    client: openai.OpenAI, upstream: StubUpstream, tailor: Tailor
) -> None:
    call = {"id": "1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    upstream.reply = lambda _: JSONResponse(completion(None, tool_calls=[call]))
    tools = [{"type": "function", "function": {"name": "look", "parameters": {}}}]
    answer = client.chat.completions.create(
        model="stub", messages=QUESTION, user="ana", tools=tools
    )
    assert answer.choices[0].message.tool_calls[0].function.name == "look"
    assert upstream.asked[0]["tools"] == tools
    assert answer.tailor["recorded"] is False
    assert not list(tailor.users())


@pytest.mark.parametrize("n", [1, 2])
def test_streams_arrive_piece_by_piece_and_are_recorded(
    client: openai.OpenAI, upstream: StubUpstream, tailor: Tailor, n: int
) -> None:
    upstream.held.set()
    stream = client.chat.completions.create(
        model="stub", messages=QUESTION, user="ana", n=n, stream=True
    )
    texts, extensions = [""] * n, []
    for piece in stream:
        if extra := (piece.model_extra or {}).get("tailor"):
            extensions.append(extra)
        for choice in piece.choices:
            texts[choice.index] += choice.delta.content or ""
        if all(texts):  # the first words are here while the upstream still waits
            upstream.held.clear()
    assert not upstream.held.is_set()
    turn = tailor.turn("ana")
    assert turn.texts == texts
    assert [extra["turn"] for extra in extensions] == [turn.id] * 2
    assert [extra.get("recorded") for extra in extensions] == [None, True]


def test_the_asynchronous_client_works_alike(gateway_url: str, tailor: Tailor) -> None:
    async def ask() -> tuple[str, str]:
        async with openai.AsyncOpenAI(base_url=f"{gateway_url}/v1", api_key="x") as client:
            whole = await client.chat.completions.create(
                model="stub", messages=QUESTION, user="ana"
            )
            pieces = await client.chat.completions.create(
                model="stub", messages=QUESTION, user="ana", stream=True
            )
            text = "".join([p.choices[0].delta.content or "" async for p in pieces if p.choices])
            return whole.choices[0].message.content, text.strip()

    whole, text = asyncio.run(ask())
    assert whole == text
    assert [event.user for event in tailor.log("ana")] == ["ana", "ana"]


@pytest.mark.parametrize(
    ("reply", "error", "says"),
    [
        (lambda: JSONResponse({"error": {"message": "slow down", "code": "rate"}}, 429,
                              headers={"Retry-After": "7"}), openai.RateLimitError, "slow down"),
        (lambda: JSONResponse({"error": {"message": "no such model", "param": "model"}}, 404),
         openai.NotFoundError, "no such model"),
        (lambda: JSONResponse({"error": {"message": "boom"}}, 500),
         openai.InternalServerError, r"HTTP 500"),
        (lambda: Response("<html>", 200), openai.InternalServerError, "no JSON"),
        (lambda: Response("", 503), openai.InternalServerError, r"HTTP 503"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("stream", [False, True])
def test_failures_upstream_have_their_status(
    client: openai.OpenAI, upstream: StubUpstream, tailor: Tailor,
    reply: object, error: type[openai.APIStatusError], says: str, *, stream: bool,
) -> None:  # fmt: skip
    upstream.reply = lambda _: reply()
    if stream and "no JSON" in says:
        upstream.reply = lambda _: Response("<html>", 200, media_type="application/json")
    with pytest.raises(error, match=says) as caught:
        client.chat.completions.create(model="stub", messages=QUESTION, user="ana", stream=stream)
    if error is openai.RateLimitError:
        assert caught.value.response.headers["retry-after"] == "7"
    assert not list(tailor.users())
    tailor.say("ana", "Feedback is still accepted.")


def test_an_upstream_that_is_down_is_named(tailor: Tailor) -> None:

    gateway = Gateway(tailor, HttpUpstream("http://127.0.0.1:9/v1"), make_method)
    with served(create_app(gateway)) as url:
        answer = httpx.post(
            f"{url}/v1/chat/completions", json={"model": "m", "messages": QUESTION, "user": "ana"}
        )
    assert answer.status_code == 502
    assert "127.0.0.1:9 cannot be reached" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("pieces", "says"),
    [
        ([chunk({"content": "half"})], "broke off"),
        ([chunk({"content": "half"}), b"data: {nonsense\n\n"], "no JSON"),
        ([chunk({"content": "half"}), b"data: \xff\xfe\n\n"], "not UTF-8"),
        ([chunk({"content": "half"}), b"data: " + b"x" * (2 << 20)], "longer than"),
    ],
)
def test_broken_streams_end_with_an_error_and_record_nothing(
    client: openai.OpenAI, upstream: StubUpstream, tailor: Tailor, pieces: list[bytes], says: str
) -> None:
    upstream.stream = pieces
    stream = client.chat.completions.create(
        model="stub", messages=QUESTION, user="ana", stream=True
    )
    with pytest.raises(openai.APIError, match=says):
        for _ in stream:
            pass
    assert not list(tailor.users())


def test_streams_survive_cuts_within_a_character(
    client: openai.OpenAI, upstream: StubUpstream, tailor: Tailor
) -> None:
    whole = chunk({"content": "naïve 東京 🙂"}).replace(
        json.dumps("naïve 東京 🙂").encode(),
        json.dumps("naïve 東京 🙂", ensure_ascii=False).encode(),
    )
    upstream.stream = [
        *(whole[i : i + 1] for i in range(len(whole))), chunk({}, "stop"), b"data: [DONE]\n\n"
    ]  # fmt: skip
    stream = client.chat.completions.create(
        model="stub", messages=QUESTION, user="ana", stream=True
    )
    assert "".join(p.choices[0].delta.content or "" for p in stream if p.choices) == "naïve 東京 🙂"
    assert tailor.turn("ana").texts == ["naïve 東京 🙂"]


def test_streams_that_never_end_are_cut_off(client: openai.OpenAI, upstream: StubUpstream) -> None:
    upstream.stream = [chunk({"content": "drip "})] * 1000
    upstream.pause = 0.2
    start = time.monotonic()
    stream = client.chat.completions.create(
        model="stub", messages=QUESTION, user="ana", stream=True
    )
    with pytest.raises(openai.APIError, match="within 3 s"):
        for _ in stream:
            pass
    assert time.monotonic() - start < 6


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"model": "m"}, "messages"),
        ({"model": "m", "messages": []}, "messages"),
        ({"messages": QUESTION}, "model"),
        ({"model": "m", "messages": QUESTION, "n": 0}, "n"),
        ({"model": "m", "messages": QUESTION, "n": True}, "n"),
        ({"model": "m", "messages": QUESTION, "stream": "yes"}, "stream"),
        ({"model": "m", "messages": QUESTION, "user": 7}, "user"),
        ({"model": "m", "messages": QUESTION, "tailor": []}, None),
        ({"model": "m", "messages": QUESTION, "tailor": {"record": 1}}, "tailor.record"),
    ],
)
def test_requests_that_cannot_be_used(
    gateway_url: str, upstream: StubUpstream, body: dict[str, object], param: str | None
) -> None:
    answer = httpx.post(f"{gateway_url}/v1/chat/completions", json=body)
    if param is None:
        assert answer.status_code == 200
        return
    assert answer.status_code == 400
    error = answer.json()["error"]
    assert (error["param"], error["type"]) == (param, "invalid_request_error")
    assert upstream.asked == []


@pytest.mark.parametrize("data", [b"", b"{", b"[1]", b"\xff", b"[" * 100_000])
def test_bodies_that_are_no_json_objects(gateway_url: str, data: bytes) -> None:
    answer = httpx.post(f"{gateway_url}/v1/chat/completions", content=data)
    assert answer.status_code == 400
    assert "JSON" in answer.json()["error"]["message"]


def test_pictures_pass_and_the_text_beside_them_is_the_query(
    client: openai.OpenAI, upstream: StubUpstream, tailor: Tailor
) -> None:
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
    ]
    client.chat.completions.create(
        model="stub", messages=[{"role": "user", "content": content}], user="ana"
    )
    assert upstream.asked[0]["messages"][-1]["content"] == content
    assert tailor.turn("ana").turn.query == "What is this?"
