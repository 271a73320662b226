from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from tests.service.servers import StubUpstream, served
from tests.store.conftest import (  # noqa: F401 - fixtures: both databases
    new_url,
    postgres,
    postgres_template,
    sqlite_template,
    store_url,
)

from tailorlm.encoders import create_encoder
from tailorlm.methods import create_method
from tailorlm.methods.base import Method, Parts
from tailorlm.service import create_app
from tailorlm.service.gateway import Gateway
from tailorlm.service.upstream import HttpUpstream
from tailorlm.tags import premium_library
from tailorlm.tailor import Tailor

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test of this folder starts a server, or stands for one that does."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.whole)


def make_method(name: str) -> Method[Any]:
    return create_method(name, Parts(encoder=create_encoder("static"), library=premium_library()))


@pytest.fixture
def upstream() -> StubUpstream:
    return StubUpstream()


@pytest.fixture
def upstream_url(upstream: StubUpstream) -> Iterator[str]:
    with served(upstream.app) as url:
        yield f"{url}/v1"


@pytest.fixture
def tailor(tmp_path: Path) -> Tailor:
    return Tailor(tmp_path / "tailor.db", method=make_method("bayes_tags"))


@pytest.fixture
def gateway_url(tailor: Tailor, upstream_url: str) -> Iterator[str]:
    gateway = Gateway(tailor, HttpUpstream(upstream_url, timeout=1.0, deadline=3.0), make_method)
    with served(create_app(gateway)) as url:
        yield url


@pytest.fixture
def client(gateway_url: str) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{gateway_url}/v1", api_key="unused", max_retries=0)
