"""The OpenAPI and what the gateway really answers, held against each other by schemathesis."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from fastapi import FastAPI
from hypothesis import HealthCheck, given, settings
from tests.service.conftest import make_method
from tests.service.test_access import KEYED

from tailorlm.llms import create_llm
from tailorlm.service import create_app
from tailorlm.service.gateway import Gateway
from tailorlm.service.llm_upstream import LLMUpstream
from tailorlm.tailor import Tailor

schemathesis = pytest.importorskip("schemathesis")
checks = pytest.importorskip("schemathesis.checks")


_TAKES_ANYTHING = ("/v1/chat/completions", "/v1/embeddings", "/tailor/v1/documents")


class Embedding(LLMUpstream):
    """The demo writer with embeddings, which it does not have."""

    async def fetch(
        self, method: str, path: str, body: dict[str, Any] | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        if path == "/embeddings":
            return {"object": "list", "data": []}
        return await super().fetch(method, path, body, headers)


class StaysOpen:
    """An application that is not started and stopped with every request."""

    def __init__(self, app: FastAPI) -> None:
        self.app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            for done in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{done}.complete"})
        else:
            await self.app(scope, receive, send)


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FastAPI]:
    tailor = Tailor(tmp_path_factory.mktemp("store") / "t.db", method=make_method("bayes_tags"))
    tailor.say("ana", "Keep it short.")
    upstream = Embedding(create_llm("builtin"))
    yield create_app(Gateway(tailor, upstream, make_method, model="builtin"))
    tailor.close()


@pytest.fixture(scope="module")
def described(app: FastAPI) -> Any:
    return schemathesis.openapi.from_asgi("/openapi.json", StaysOpen(app))


def check(described: Any, method: str, path: str, mode: str, cases: int) -> None:
    """Hold answers against the description: status, type, shape, and no failure of the server.

    Args:
        described: The OpenAPI.
        method: HTTP method.
        path: Of the route.
        mode: "POSITIVE" for requests as described, "NEGATIVE" for others.
        cases: How many requests.
    """
    operation = described[path][method]
    raw = operation.definition.raw
    if mode == "NEGATIVE" and not (raw.get("parameters") or raw.get("requestBody")):
        pytest.skip("it takes nothing that could be wrong")
    # What a schema cannot say, such as that a user is known, makes a request in its form a bad one;
    # OpenAI's routes pass on what they do not know, and any characters are a text.
    excluded = [checks.positive_data_acceptance]
    if path in _TAKES_ANYTHING:
        excluded.append(checks.negative_data_rejection)
    strategy = operation.as_strategy(generation_mode=schemathesis.GenerationMode[mode])

    @settings(max_examples=cases, deadline=None, suppress_health_check=list(HealthCheck))
    @given(strategy)
    def answers_as_described(case: Any) -> None:
        case.call_and_validate(excluded_checks=excluded)

    answers_as_described()


@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
@pytest.mark.parametrize(("method", "path"), sorted(KEYED))
def test_answers_are_as_described(described: Any, method: str, path: str, mode: str) -> None:
    check(described, method, path, mode, 20)


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["POSITIVE", "NEGATIVE"])
@pytest.mark.parametrize(("method", "path"), sorted(KEYED))
def test_answers_are_as_described_at_length(
    described: Any, method: str, path: str, mode: str
) -> None:
    check(described, method, path, mode, 500)


def test_every_body_has_an_example_and_every_error_a_shape(app: FastAPI) -> None:
    spec = app.openapi()
    shapes = spec["components"]["schemas"]
    assert "HTTPValidationError" not in shapes
    for path, operations in spec["paths"].items():
        for operation in operations.values():
            assert "422" not in operation["responses"], path
            assert {"400", "401", "429", "503"} <= set(operation["responses"]), path
            for content in operation.get("requestBody", {}).get("content", {}).values():
                shape = content["schema"]
                shape = shapes.get(shape.get("$ref", "").rpartition("/")[2], shape)
                assert {"example", "examples"} & {*content, *shape}, path
