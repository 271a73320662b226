"""What each HTTP status and each malformed answer becomes, without a network."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.llms.wire_server import DONE, chunk, completion

from tailorlm.errors import (
    InputError,
    LLMAuthError,
    LLMConnectionError,
    LLMContextError,
    LLMError,
    LLMRateLimitError,
    LLMResponseError,
    TailorError,
)
from tailorlm.llms.base import Request, Usage
from tailorlm.llms.openai import OpenAI
from tailorlm.types import Message

KEY = "sk-test-0123456789abcdefghij"
SECRET = "My aunt keeps a tiger in the cellar of her house in Graz."
REQUEST = Request(messages=(Message("system", "Be kind."), Message("user", SECRET)))

Handler = Callable[[httpx.Request], httpx.Response]


class Endpoint:
    """Answers with prepared responses in order, repeating the last, and remembers requests."""

    def __init__(self, *responses: httpx.Response | Exception) -> None:
        self.requests: list[httpx.Request] = []
        self.waits: list[float] = []
        self._responses = responses

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        response = self._responses[min(len(self.requests), len(self._responses)) - 1]
        if isinstance(response, Exception):
            raise response
        return httpx.Response(
            response.status_code, headers=response.headers, content=response.content
        )

    def llm(self, model: str = "small-1", **settings: Any) -> OpenAI:
        given = {"base_url": "http://host.test/v1", "api_key": KEY, "sleep": self.waits.append}
        transport = httpx.MockTransport(self)
        return OpenAI(model, transport=transport, rng=np.random.default_rng(0), **given | settings)


def ok(text: str = "Fine.") -> httpx.Response:
    return httpx.Response(200, json=completion(text))


def error(status: int, message: str = "", code: str = "", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = {"error": {"message": message, "code": code}}
    return httpx.Response(status, json=body, headers=named)


def stream(*parts: bytes) -> httpx.Response:
    return httpx.Response(
        200, headers={"content-type": "text/event-stream"}, content=b"".join(parts)
    )


def failure(endpoint: Endpoint, *, streamed: bool = False, **settings: Any) -> LLMError:
    """The error of one request; its message is one bounded line without private text."""
    llm = endpoint.llm(**settings)
    with pytest.raises(LLMError) as caught:
        list(llm.stream(REQUEST)) if streamed else llm.complete(REQUEST)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 800
    assert KEY not in message
    assert "tiger in the cellar" not in message
    return caught.value


def test_a_whole_answer() -> None:
    endpoint = Endpoint(ok("Grüße 🙂"))
    answer = endpoint.llm().complete(REQUEST)
    assert (answer.text, answer.llm, answer.finish_reason) == ("Grüße 🙂", "openai/small-1", "stop")
    assert answer.usage == Usage(7, 3)
    sent = endpoint.requests[0]
    assert str(sent.url) == "http://host.test/v1/chat/completions"
    assert sent.headers["authorization"] == f"Bearer {KEY}"
    assert sent.headers["accept-encoding"] == "identity"
    assert json.loads(sent.content) == {
        "model": "small-1",
        "messages": [
            {"role": "system", "content": "Be kind."},
            {"role": "user", "content": SECRET},
        ],
    }


def test_settings_are_sent_under_the_endpoints_names() -> None:
    endpoint = Endpoint(ok())
    request = Request(messages=REQUEST.messages, temperature=0.3, max_tokens=9, seed=4)
    endpoint.llm().complete(request)
    endpoint.llm(base_url="https://api.openai.com/v1/").complete(request)
    local, vendor = (json.loads(sent.content) for sent in endpoint.requests)
    assert (local["temperature"], local["max_tokens"], local["seed"]) == (0.3, 9, 4)
    assert vendor["max_completion_tokens"] == 9
    assert "max_tokens" not in vendor
    assert endpoint.requests[1].url.path == "/v1/chat/completions"


def test_without_a_key_no_authorization_is_sent() -> None:
    endpoint = Endpoint(ok())
    endpoint.llm(api_key="").complete(REQUEST)
    assert "authorization" not in endpoint.requests[0].headers


def test_defaults_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", "http://other.test/api/v2")
    monkeypatch.setenv("OPENAI_API_KEY", f" {KEY}\n")
    endpoint = Endpoint(ok())
    endpoint.llm(base_url=None, api_key=None).complete(REQUEST)
    assert str(endpoint.requests[0].url) == "http://other.test/api/v2/chat/completions"
    assert endpoint.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_password_in_the_address_is_sent_but_never_shown(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    endpoint = Endpoint(ok(), error(400, "no"))
    settings = {"base_url": "http://ana:hunter22@host.test/v1?version=3", "api_key": ""}
    llm = endpoint.llm(**settings)
    llm.complete(REQUEST)
    assert endpoint.requests[0].headers["authorization"].startswith("Basic ")
    assert endpoint.requests[0].url.query == b"version=3"
    assert "hunter22" not in str(failure(endpoint, **settings)) + caplog.text


def test_neither_key_nor_conversation_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    Endpoint(ok("The answer itself")).llm().complete(REQUEST)
    failure(Endpoint(error(500, SECRET)))
    assert caplog.text
    for private in (KEY, "tiger", "The answer itself"):
        assert private not in caplog.text


@pytest.mark.parametrize("first", [408, 409, 429, 500, 502, 503, 529])
@pytest.mark.parametrize("streamed", [False, True])
def test_passing_failures_are_tried_again(first: int, streamed: bool) -> None:
    success = stream(chunk("Fine."), chunk(finish="stop"), DONE) if streamed else ok()
    endpoint = Endpoint(error(first), error(first), success)
    llm = endpoint.llm()
    text = "".join(llm.stream(REQUEST)) if streamed else llm.complete(REQUEST).text
    assert text == "Fine."
    assert len(endpoint.waits) == 2
    assert 0.25 <= endpoint.waits[0] <= 0.5 <= endpoint.waits[1] <= 1.0


def test_retry_after_is_followed() -> None:
    endpoint = Endpoint(error(429, retry_after="7"), error(503, retry_after="9999"), ok())
    endpoint.llm().complete(REQUEST)
    assert endpoint.waits == [7.0, 60.0]


def test_no_wait_goes_past_the_deadline() -> None:
    endpoint = Endpoint(error(429, retry_after="50"))
    assert isinstance(failure(endpoint, deadline=20), LLMRateLimitError)
    assert endpoint.waits == []


@pytest.mark.parametrize(
    ("response", "kind", "says"),
    [
        (error(429, "slow down"), LLMRateLimitError, "slow down"),
        (error(503), LLMConnectionError, "HTTP 503"),
        (httpx.ConnectError("refused"), LLMConnectionError, "host.test cannot be reached"),
        (httpx.ConnectTimeout("slow"), LLMConnectionError, "host.test cannot be reached"),
        (httpx.RemoteProtocolError("hung up"), LLMConnectionError, "hung up"),
    ],
)
def test_after_all_retries(response: Any, kind: type[LLMError], says: str) -> None:
    endpoint = Endpoint(response)
    assert says in str(failure(endpoint, max_retries=3))
    assert type(failure(endpoint, max_retries=0)) is kind
    assert len(endpoint.requests) == 5


@pytest.mark.parametrize(
    ("response", "kind", "says"),
    [
        (error(400, "no such field"), LLMError, "no such field"),
        (error(400, "context too long"), LLMContextError, "longer than 'small-1' reads"),
        (error(400, "no", "context_length_exceeded"), LLMContextError, "longer than 'small-1'"),
        (error(422, "what"), LLMError, "HTTP 422"),
        (error(401, f"bad key {KEY}"), LLMAuthError, "refuses the API key"),
        (error(403), LLMAuthError, "OPENAI_API_KEY"),
        (error(429, "pay", "insufficient_quota"), LLMRateLimitError, "quota of this key"),
        (httpx.Response(302, headers={"location": "/x"}), LLMResponseError, "OPENAI_BASE_URL"),
        (httpx.ReadTimeout("slow"), LLMConnectionError, "did not answer within 60 s"),
    ],
)
def test_lasting_failures_are_not_tried_again(
    response: Any, kind: type[LLMError], says: str
) -> None:
    endpoint = Endpoint(response)
    found = failure(endpoint)
    assert type(found) is kind
    assert says in str(found)
    assert len(endpoint.requests) == 1


def test_a_missing_key_is_told_apart_from_a_wrong_one() -> None:
    assert "none is set. Set OPENAI_API_KEY" in str(failure(Endpoint(error(401)), api_key=""))


def test_no_echo_of_the_conversation_or_the_key() -> None:
    note = f"Invalid input: {{'content': '{SECRET}'}}; key {KEY} is\nfine.\x1b[0m" + "x" * 5000
    message = str(failure(Endpoint(error(400, note))))
    assert "Invalid input" in message
    assert "\x1b" not in message


@given(st.binary(max_size=200))
def test_any_error_body_gives_one_line(body: bytes) -> None:
    failure(Endpoint(httpx.Response(400, content=body)))


def test_short_prompts_do_not_hide_the_message() -> None:
    endpoint = Endpoint(error(400, "bad request"))
    with pytest.raises(LLMError, match="bad request"):
        endpoint.llm().complete(Request(messages=(Message("user", "a"),)))


def listing(*names: str) -> httpx.Response:
    return httpx.Response(200, json={"data": [{"id": name} for name in names]})


@pytest.mark.parametrize(
    ("models", "says"),
    [
        (listing("small-1b", "huge"), "Did you mean 'small-1b'"),
        (listing("alpha", "beta"), "It has: alpha, beta."),
        (listing("small-1"), "An address ends in the version"),
        (listing(), "An address ends in the version"),
        (error(500), "An address ends in the version"),
        (httpx.ConnectError("gone"), "An address ends in the version"),
        (httpx.Response(200, content=b"<html>"), "An address ends in the version"),
        (httpx.Response(200, json={"data": 3}), "An address ends in the version"),
        (httpx.Response(200, json={"data": [3, {}, {"id": 4}, {"id": "beta"}]}), "It has: beta."),
    ],
)
def test_an_unknown_model_gets_a_near_name_where_possible(models: Any, says: str) -> None:
    endpoint = Endpoint(error(404, "no such model"), models)
    message = str(failure(endpoint))
    assert "has no model 'small-1'" in message
    assert says in message
    assert endpoint.requests[1].url.path == "/v1/models"


def test_ollama_gets_its_own_commands() -> None:
    at = {"base_url": "http://localhost:11434/v1", "max_retries": 0}
    missing = Endpoint(error(404), listing("phi4"))
    assert "ollama pull small-1" in str(failure(missing, **at))
    assert "ollama serve" in str(failure(Endpoint(httpx.ConnectError("refused")), **at))


MALFORMED = [
    (httpx.Response(200, content=b"not json"), "not valid JSON"),
    (httpx.Response(200, content=b""), "not valid JSON"),
    (httpx.Response(200, content=b'{"choices": [{"mess'), "not valid JSON"),
    (httpx.Response(200, content=b"[" * 100_000), "not valid JSON"),
    (httpx.Response(200, content=b"\xff\xfe{}"), "not valid JSON"),
    (httpx.Response(200, json=[1]), "no JSON object"),
    (httpx.Response(200, json={}), "no choices"),
    (httpx.Response(200, json={"choices": []}), "no choices"),
    (httpx.Response(200, json={"choices": [None]}), "no choices"),
    (httpx.Response(200, json={"choices": [{"text": "old"}]}), "no choices"),
    (httpx.Response(200, json=completion(None)), "without any text"),
    (httpx.Response(200, json=completion("", "length")), "Raise max_tokens"),
    (httpx.Response(200, json={"error": {"message": "overloaded"}}), "overloaded"),
    (httpx.Response(200, html="<html>Welcome</html>"), "web page"),
]


@pytest.mark.parametrize(("response", "says"), MALFORMED)
def test_malformed_answers(response: httpx.Response, says: str) -> None:
    endpoint = Endpoint(response)
    found = failure(endpoint)
    assert isinstance(found, LLMResponseError)
    assert says in str(found)
    assert len(endpoint.requests) == 1


def test_parts_of_text_and_odd_usage_are_understood() -> None:
    value = completion("")
    value["choices"][0]["message"]["content"] = [{"type": "text", "text": "a"}, {"text": "b"}, 3]
    value["choices"][0]["finish_reason"] = None
    value["usage"] = {"prompt_tokens": "many", "completion_tokens": True}
    answer = Endpoint(httpx.Response(200, json=value)).llm().complete(REQUEST)
    assert (answer.text, answer.finish_reason, answer.usage) == ("ab", "stop", Usage())


def test_characters_no_store_can_hold_are_replaced() -> None:
    body = json.dumps(completion("a\ud83d b\x00 \ud83d\ude00")).encode()
    answer = Endpoint(httpx.Response(200, content=body)).llm().complete(REQUEST)
    assert answer.text == "a\ufffd b\ufffd 😀"


def test_a_stream() -> None:
    endpoint = Endpoint(stream(chunk("Hel"), chunk(), chunk("lo"), chunk(finish="stop"), DONE))
    assert list(endpoint.llm().stream(REQUEST)) == ["Hel", "lo"]
    assert json.loads(endpoint.requests[0].content)["stream"] is True


@pytest.mark.parametrize(
    "parts",
    [
        (chunk("Hello"), DONE),
        (chunk("Hello", finish="stop"),),
        (chunk("Hello"), chunk(finish="length"), b'data: {"choices": [], "usage": {}}\n\n', DONE),
        (b": hi\r\n\r\n", chunk("Hello").replace(b"\n", b"\r\n"), b"data: [DONE]\r\n\r\n"),
        (chunk("Hello"), chunk(finish="stop"), b"data: garbage after the end\n\n"),
        (b'data: {"choices":\ndata: [{"delta": {"content": "Hello"}}]}\n\n', DONE),
    ],
)
def test_streams_of_other_shapes(parts: tuple[bytes, ...]) -> None:
    assert "".join(Endpoint(stream(*parts)).llm().stream(REQUEST)) == "Hello"


def test_halves_of_a_character_are_joined_across_chunks() -> None:
    parts = [f'data: {{"choices": [{{"delta": {{"content": "{half}"}}}}]}}\n\n' for half in
             ("x\\ud83d", "\\ude00", "\\ud83d")]  # fmt: skip
    endpoint = Endpoint(stream(*(part.encode() for part in parts), chunk(finish="stop")))
    assert "".join(endpoint.llm().stream(REQUEST)) == "x😀\ufffd"


def test_an_endpoint_that_does_not_stream_is_understood() -> None:
    assert list(Endpoint(ok("Whole.")).llm().stream(REQUEST)) == ["Whole."]


@pytest.mark.parametrize(
    ("parts", "says"),
    [
        ((chunk("Hel"),), "broke off"),
        ((), "broke off"),
        ((b"<html>no stream</html>",), "broke off"),
        ((chunk("Hel"), b"data: {garbage\n\n"), "not valid JSON"),
        ((b"data: 3\n\n",), "no JSON object"),
        ((chunk("Hel"), b'data: {"error": {"message": "out of memory"}}\n\n'), "out of memory"),
        ((b'event: error\ndata: {"error": "busy"}\n\n',), "busy"),
        ((chunk("Hel"), b"data: \xff\xff\n\n"), "not UTF-8"),
        ((b"data: " + b"x" * (2 << 20),), "a line is longer"),
        ((chunk(), chunk(finish="length"), DONE), "Raise max_tokens"),
        ((DONE,), "without any text"),
    ],
)
def test_malformed_streams(parts: tuple[bytes, ...], says: str) -> None:
    endpoint = Endpoint(stream(*parts))
    found = failure(endpoint, streamed=True)
    assert isinstance(found, LLMResponseError)
    assert says in str(found)
    assert len(endpoint.requests) == 1


def test_an_endless_answer_is_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tailorlm.llms.openai.MAX_ANSWER", 100)
    assert "longer than 100" in str(
        failure(Endpoint(stream(*[chunk("word ")] * 50)), streamed=True)
    )
    monkeypatch.setattr("tailorlm.llms._exchange.MAX_BODY", 50)
    assert "longer than 50" in str(failure(Endpoint(ok())))


@given(st.lists(st.binary(max_size=60), max_size=6), st.booleans())
def test_random_bytes_give_an_answer_or_a_clear_error(parts: list[bytes], streamed: bool) -> None:
    body = b"".join(b"data: " + part + b"\n\n" for part in parts) if streamed else b"".join(parts)
    llm = Endpoint(stream(body)).llm()
    with contextlib.suppress(LLMError):
        list(llm.stream(REQUEST)) if streamed else llm.complete(REQUEST)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"base_url": "localhost:11434/v1"}, "must start with http"),
        ({"base_url": "ftp://host.test"}, "must start with http"),
        ({"base_url": "http://"}, "must start with http"),
        ({"base_url": "http://[::1"}, "not a URL"),
        ({"api_key": "sk-clé"}, "Copy it again"),
        ({"api_key": "sk one\nsk two"}, "Copy it again"),
        ({"timeout": 0}, "timeout is a positive number"),
        ({"deadline": float("nan")}, "deadline is a positive number"),
        ({"max_retries": -1}, "max_retries"),
        ({"model": " "}, "openai/MODEL"),
    ],
)
def test_settings_that_cannot_be_used(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says) as caught:
        Endpoint(ok()).llm(**settings)
    assert settings.get("api_key", "?!") not in str(caught.value)


@pytest.mark.parametrize(
    "request_",
    [Request(messages=()), Request(messages=REQUEST.messages, temperature=float("inf"))],
)
def test_requests_that_cannot_be_sent(request_: Request) -> None:
    with pytest.raises(InputError):
        Endpoint(ok()).llm().complete(request_)


def test_text_that_is_not_unicode_can_be_sent() -> None:
    endpoint = Endpoint(ok())
    endpoint.llm().complete(Request(messages=(Message("user", "half \ud83d"),)))
    assert json.loads(endpoint.requests[0].content)["messages"][0]["content"] == "half \ud83d"


def test_a_closed_llm_says_so() -> None:
    llm = Endpoint(ok()).llm()
    llm.close()
    with pytest.raises(TailorError, match="was closed"):
        llm.complete(REQUEST)
