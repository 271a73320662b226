from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from starlette.responses import JSONResponse, StreamingResponse
from tests.service.conftest import make_method
from tests.service.servers import StubUpstream, chunk, completion, served

from tailorlm.privacy import create_detector
from tailorlm.privacy.placeholders import scrubbed_payload
from tailorlm.service import create_app
from tailorlm.service.gateway import Gateway
from tailorlm.service.upstream import HttpUpstream
from tailorlm.tailor import Tailor

REGEX = create_detector("regex")
MAIL = "ana.reyes@example.com"
ASKED = f"Hi, I am called Ana Reyes ({MAIL}, card 4111 1111 1111 1111). Write to Tom Becker for me."
PRIVATE = ("Ana", "Reyes", MAIL, "4111", "Tom", "Becker")
Json = dict[str, Any]
Connect = Callable[..., openai.OpenAI]


@pytest.fixture
def connect(tmp_path: Path, upstream_url: str) -> Iterator[Connect]:
    """Makes a client of a gateway that scrubs where it is told to; closes them all."""
    open_servers = []

    def made(*, upstream: bool = False, store: bool = False) -> openai.OpenAI:
        keep = partial(scrubbed_payload, detector=REGEX) if store else None
        tailor = Tailor(tmp_path / "tailor.db", method=make_method("bayes_tags"), keep=keep)
        sends = HttpUpstream(upstream_url, timeout=1.0, deadline=3.0)
        gateway = Gateway(tailor, sends, make_method, scrub=REGEX if upstream else None)
        server = served(create_app(gateway))
        open_servers.append(server)
        return openai.OpenAI(base_url=f"{server.__enter__()}/v1", api_key="x", max_retries=0)

    yield made
    for server in open_servers:
        server.__exit__(None, None, None)


def stored(tmp_path: Path) -> str:
    """Everything in the database, as text."""
    with Tailor(tmp_path / "tailor.db", method=make_method("none")) as tailor:
        return "\n".join(
            json.dumps(record, ensure_ascii=False)
            for user in tailor.users()
            for record in tailor.store.export(user.user)
        )


def echo(body: Json) -> JSONResponse:
    """Answers with the last message, as it arrived."""
    return JSONResponse(completion(f"You said: {body['messages'][-1]['content']}"))


def streamed(pieces: list[bytes]) -> StreamingResponse:
    return StreamingResponse(iter(pieces), media_type="text/event-stream")


def nothing_private(body: object) -> bool:
    text = json.dumps(body, ensure_ascii=False)
    return not any(word in text for word in PRIVATE)


@pytest.mark.parametrize("n", [1, 3])
def test_pseudonyms_go_out_and_the_data_comes_back(
    connect: Connect, upstream: StubUpstream, tmp_path: Path, n: int
) -> None:
    upstream.reply = echo
    answer = connect(upstream=True).chat.completions.create(
        model="stub", messages=[{"role": "user", "content": ASKED}], user=MAIL, n=n
    )
    assert len(upstream.asked) == n
    assert all(nothing_private(body) for body in upstream.asked)
    assert "Write to Person_2 for me." in upstream.asked[0]["messages"][-1]["content"]
    assert all("user" not in body for body in upstream.asked)
    assert [choice.message.content for choice in answer.choices] == [f"You said: {ASKED}"] * n
    assert MAIL in stored(tmp_path)


@pytest.mark.parametrize("n", [1, 2])
def test_streams_are_restored_across_their_chunks(
    connect: Connect, upstream: StubUpstream, n: int
) -> None:
    def reply(body: Json) -> StreamingResponse:
        text = f"Dear {body['messages'][-1]['content']}!"
        cut = [text[i : i + 3] for i in range(0, len(text), 3)]
        return streamed([*(chunk({"content": piece}) for piece in cut), chunk({}, "stop"),
                         b"data: [DONE]\n\n"])  # fmt: skip

    upstream.reply = reply
    stream = connect(upstream=True).chat.completions.create(
        model="stub", messages=[{"role": "user", "content": ASKED}], user="ana", n=n, stream=True
    )
    texts = [""] * n
    for piece in stream:
        for choice in piece.choices:
            texts[choice.index] += choice.delta.content or ""
    assert texts == [f"Dear {ASKED}!"] * n
    assert all(nothing_private(body) for body in upstream.asked)


def test_what_is_held_back_comes_at_the_end(connect: Connect, upstream: StubUpstream) -> None:
    upstream.reply = lambda _: streamed(
        [chunk({"content": "Ask Person_1"}), chunk({}, "stop"), b"data: [DONE]\n\n"]
    )
    stream = connect(upstream=True).chat.completions.create(
        model="stub", messages=[{"role": "user", "content": "My name is Zyx."}], stream=True
    )
    pieces = [c.delta.content or "" for piece in stream for c in piece.choices]
    assert "".join(pieces) == "Ask Zyx"


def test_parts_tools_and_system_messages_are_scrubbed(
    connect: Connect, upstream: StubUpstream
) -> None:
    def reply(body: Json) -> JSONResponse:
        call = body["messages"][2]["tool_calls"][0]
        arguments = call["function"]["arguments"]
        return JSONResponse(completion(None, tool_calls=[
            {"id": "2", "type": "function", "function": {"name": "send", "arguments": arguments}}
        ]))  # fmt: skip

    upstream.reply = reply
    arguments = json.dumps({"to": MAIL, "card": 4111111111111111, "note": 'for "Ana"', "n": 2})
    call = {"id": "1", "type": "function", "function": {"name": "send", "arguments": arguments}}
    messages = [
        {"role": "system", "content": "You work for Ana Reyes."},
        {"role": "user", "content": [
            {"type": "text", "text": f"Hi, mail {MAIL}"},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
        ]},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "1", "content": json.dumps({"of": f"Tom Becker\n{MAIL}"})},
        {"role": "user", "content": "Go on."},
    ]  # fmt: skip
    answer = connect(upstream=True).chat.completions.create(
        model="stub", messages=messages, metadata={"who": MAIL}
    )
    sent = upstream.asked[0]
    assert nothing_private(sent)
    assert sent["messages"][1]["content"][1] == messages[1]["content"][1]
    assert sent["metadata"] == {"who": "email_1@example.invalid"}
    found = json.loads(answer.choices[0].message.tool_calls[0].function.arguments)
    assert found["to"] == MAIL
    assert found["note"] == 'for "Ana"'
    assert found["n"] == 2


def test_streamed_tool_arguments_stay_json(connect: Connect, upstream: StubUpstream) -> None:
    def part(text: str) -> bytes:
        return chunk({"tool_calls": [{"index": 0, "function": {"arguments": text}}]})

    upstream.reply = lambda _: streamed(
        [part('{"key": "Sec'), part('ret_1", "to": "Per'), part("son_1"), part('"}'),
         chunk({}, "tool_calls"), b"data: [DONE]\n\n"]
    )  # fmt: skip
    stream = connect(upstream=True).chat.completions.create(
        model="stub", stream=True,
        messages=[{"role": "user", "content": "My name is Zyx, password: a\\b12"}],
    )  # fmt: skip
    text = "".join(
        call.function.arguments or ""
        for piece in stream
        for choice in piece.choices
        for call in choice.delta.tool_calls or []
    )
    assert json.loads(text) == {"key": "a\\b12", "to": "Zyx"}


def test_answers_that_are_json_stay_json(connect: Connect, upstream: StubUpstream) -> None:
    upstream.reply = lambda _: JSONResponse(completion('{"key": "Secret_1"}'))
    answer = connect(upstream=True).chat.completions.create(
        model="stub", messages=[{"role": "user", "content": "password: a\\b12"}],
        response_format={"type": "json_object"},
    )  # fmt: skip
    assert json.loads(answer.choices[0].message.content) == {"key": "a\\b12"}


def test_names_of_the_users_attributes_are_known(
    connect: Connect, upstream: StubUpstream, tmp_path: Path
) -> None:
    upstream.reply = echo
    client = connect(upstream=True)
    given = {"kind": "attribute", "name": "Full name", "value": "Zyx Qorban"}
    base = str(client.base_url).removesuffix("/v1/")
    httpx.post(f"{base}/tailor/v1/feedback", json={"user": "z", "feedback": given})
    answer = client.chat.completions.create(
        model="stub", messages=[{"role": "user", "content": "Is Qorban a good name?"}], user="z"
    )
    assert "Qorban" not in json.dumps(upstream.asked)
    assert answer.choices[0].message.content == "You said: Is Qorban a good name?"


def test_texts_to_embed_are_scrubbed(connect: Connect, upstream: StubUpstream) -> None:
    connect(upstream=True).embeddings.create(
        model="e", input=["from " + MAIL, "tea"], encoding_format="float", user=MAIL
    )
    assert upstream.asked[0]["input"] == ["from email_1@example.invalid", "tea"]
    assert "user" not in upstream.asked[0]


def test_the_store_keeps_no_personal_data(
    connect: Connect, upstream: StubUpstream, tmp_path: Path
) -> None:
    upstream.reply = echo
    client = connect(store=True)
    answer = client.chat.completions.create(
        model="stub", messages=[{"role": "user", "content": ASKED}], user="u1"
    )
    assert upstream.asked[0]["messages"][-1]["content"] == ASKED
    assert answer.choices[0].message.content == f"You said: {ASKED}"
    base = str(client.base_url).removesuffix("/v1/")
    turn = answer.tailor["turn"]
    for feedback in (
        {"kind": "edit", "turn": turn, "candidate": 0, "text": f"Dear Tom,\n{MAIL} is mine."},
        {"kind": "statement", "text": "Call me Ana."},
        {"kind": "attribute", "name": "first name", "value": "Becker"},
        {"kind": "document", "title": "To Tom Becker", "text": f"Dear Tom,\n{MAIL}\n\nBest,\nAna"},
    ):
        given = {"user": "u1", "feedback": feedback}
        assert httpx.post(f"{base}/tailor/v1/feedback", json=given).status_code == 200
    kept = stored(tmp_path)
    assert not [word for word in PRIVATE if word in kept]
    assert "Call me [person]." in kept
    assert "Dear [person],\\n[email] is mine." in kept


def test_a_question_is_answered_in_its_own_words_though_not_stored_so(
    connect: Connect, upstream: StubUpstream, tmp_path: Path
) -> None:
    upstream.reply = echo
    client = connect(upstream=True, store=True)
    base = str(client.base_url).removesuffix("/v1/")
    found = httpx.post(
        f"{base}/tailor/v1/ask", json={"user": "u1", "query": ASKED, "n": 2, "model": "stub"}
    ).json()
    assert found["query"] == ASKED
    assert [c["text"] for c in found["candidates"]] == [f"You said: {ASKED}"] * 2
    assert all(nothing_private(body) for body in upstream.asked)
    assert nothing_private(stored(tmp_path))
    what_if = httpx.post(
        f"{base}/tailor/v1/what-if", json={"user": "u1", "query": ASKED, "model": "stub"}
    ).json()
    assert what_if["generic"]["text"] == f"You said: {ASKED}"


def test_without_the_settings_nothing_is_changed(
    connect: Connect, upstream: StubUpstream, tmp_path: Path
) -> None:
    connect().chat.completions.create(
        model="stub", messages=[{"role": "user", "content": ASKED}], user=MAIL
    )
    assert upstream.asked[0]["messages"][-1]["content"] == ASKED
    assert upstream.asked[0]["user"] == MAIL
    assert "Tom Becker" in stored(tmp_path)
