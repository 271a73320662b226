"""Health, metrics, logs, spans, and how the gateway starts and stops."""

from __future__ import annotations

import gc
import http.client
import io
import json
import logging
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import sqlalchemy as sa
import uvicorn
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families
from starlette.responses import JSONResponse
from tests.service.conftest import make_method
from tests.service.processes import Served
from tests.service.servers import StubUpstream, served

from tailorlm.errors import MissingExtraError
from tailorlm.service import create_app, start, tracing
from tailorlm.service.gateway import Gateway
from tailorlm.service.keys import KeyCheck
from tailorlm.service.logs import JsonLines, PlainLines
from tailorlm.service.metrics import STAGES, Metrics
from tailorlm.service.upstream import HttpUpstream
from tailorlm.store import open_store
from tailorlm.tailor import Tailor

CANARY = "wyvern73"


def chat(user: str, **more: object) -> dict[str, Any]:
    messages = [{"role": "user", "content": f"Plan my evening, {CANARY}"}]
    return {"model": "stub", "user": user, "messages": messages, **more}


def samples(url: str) -> dict[tuple[str, tuple[str, ...]], float]:
    """The metrics' values by name and labels, without those of buckets."""
    text = httpx.get(f"{url}/metrics").text
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if not sample.name.endswith(("_bucket", "_created"))
    }


def test_a_gateway_that_works_is_healthy_and_ready(gateway_url: str) -> None:
    assert httpx.get(f"{gateway_url}/healthz").json() == {"status": "ok"}
    ready = httpx.get(f"{gateway_url}/readyz")
    assert (ready.status_code, ready.json()["upstream"]) == (200, "openai")


def test_without_its_database_it_is_healthy_but_not_ready(gateway_url: str, tailor: Tailor) -> None:
    tailor.store.close()
    assert httpx.get(f"{gateway_url}/healthz").status_code == 200
    answer = httpx.get(f"{gateway_url}/readyz")
    assert answer.status_code == 503
    assert "StoreError" in answer.json()["error"]["message"]


def test_with_older_or_newer_tables_it_is_not_ready(
    gateway_url: str, tailor: Tailor, tmp_path: Path
) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/tailor.db")
    with engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    engine.dispose()
    assert httpx.get(f"{gateway_url}/readyz").status_code == 503


def test_metrics_count_what_happens_and_name_nobody(
    gateway_url: str, upstream: StubUpstream
) -> None:
    user = f"ana-{CANARY}"
    with httpx.Client(base_url=gateway_url) as client:
        turn = client.post("/v1/chat/completions", json=chat(user, n=3)).json()["tailor"]["turn"]
        client.post("/v1/chat/completions", json=chat(user, n=1))
        with client.stream("POST", "/v1/chat/completions", json=chat(user, stream=True)) as answer:
            answer.read()
        for feedback in (
            {"kind": "pick", "turn": turn, "candidate": 1},
            {"kind": "statement", "text": f"I like {CANARY}."},
        ):
            client.post("/tailor/v1/feedback", json={"user": user, "feedback": feedback})
        upstream.reply = lambda _: JSONResponse({"error": {"message": "No."}}, 500)
        assert client.post("/v1/chat/completions", json=chat(user, n=1)).status_code == 502
        assert client.get(f"/{CANARY}").status_code == 404
        text = client.get("/metrics").text
    assert CANARY not in text
    found = samples(gateway_url)
    seconds = {stage: found["tailorlm_stage_seconds_count", (stage,)] for stage in STAGES}
    assert seconds == {
        "plan": 4, "upstream_first_byte": 1, "upstream_whole": 5, "record": 3, "feedback": 2,
        "learn": 0,
    }  # fmt: skip
    assert found["tailorlm_upstream_errors_total", ("502",)] == 1
    assert found["tailorlm_feedback_total", ("pick",)] == 1
    assert found["tailorlm_feedback_total", ("statement",)] == 1
    assert found["tailorlm_turns_total", ("yes",)] == 1
    assert found["tailorlm_turns_total", ("no",)] == 3
    gate = [found["tailorlm_gate_total", (decision,)] for decision in ("personal", "generic")]
    assert sum(gate) == 3
    route = "/v1/chat/completions"
    assert found["tailorlm_requests_total", ("POST", route, "200")] == 3
    assert found["tailorlm_requests_total", ("POST", route, "502")] == 1
    assert found["tailorlm_requests_total", ("GET", "unmatched", "404")] == 1


def test_metrics_are_for_admins_where_there_are_keys(tailor: Tailor, upstream_url: str) -> None:
    gateway = Gateway(tailor, HttpUpstream(upstream_url), make_method)
    keys = {
        scope: {"Authorization": f"Bearer {tailor.store.keyring.add(scope, **whose)[1]}"}
        for scope, whose in (("admin", {}), ("app", {"app": "shop"}))
    }
    with served(create_app(gateway, KeyCheck(gateway))) as url:
        codes = {s: httpx.get(f"{url}/metrics", headers=h).status_code for s, h in keys.items()}
        assert codes == {"admin": 200, "app": 403}
        assert httpx.get(f"{url}/healthz").status_code == 200
        assert httpx.get(f"{url}/readyz").status_code == 200


@pytest.fixture(params=[JsonLines, PlainLines])
def logged(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the gateway logs, in one of its forms; the levels are those of `logs.set_up`."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(request.param())
    root, own = logging.getLogger(), logging.getLogger("tailorlm")
    before = root.level, own.level
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    own.setLevel(logging.DEBUG)
    yield written
    root.removeHandler(handler)
    root.setLevel(before[0])
    own.setLevel(before[1])


def test_logs_hold_no_word_of_anybody(
    logged: io.StringIO, tailor: Tailor, upstream: StubUpstream, upstream_url: str
) -> None:
    gateway = Gateway(tailor, HttpUpstream(upstream_url, key=f"sk-{CANARY}"), make_method)
    key, secret = tailor.store.keyring.add("app", app="shop")
    app = create_app(gateway, KeyCheck(gateway))

    @app.get("/broken")
    async def broken() -> None:
        raise RuntimeError(f"Something about {CANARY}")

    user = f"ana-{CANARY}"
    headers = {"Authorization": f"Bearer {secret}"}
    with served(app) as url, httpx.Client(base_url=url, headers=headers) as client:
        client.post("/v1/chat/completions", json=chat(user, n=2))
        said = {"kind": "statement", "text": f"I like {CANARY}."}
        client.post("/tailor/v1/feedback", json={"user": user, "feedback": said})
        client.get("/tailor/v1/profile", params={"user": user})
        client.get("/tailor/v1/profile", params={"user": f"nobody-{CANARY}"})
        client.get(f"/{CANARY}")
        client.get("/broken")
        client.get("/tailor/v1/users", headers={"Authorization": f"Bearer tlm_{CANARY}"})
        upstream.reply = lambda _: JSONResponse({"error": {"message": CANARY}}, 500)
        client.post("/v1/chat/completions", json=chat(user, stream=True))
        tailor.store.close()
        client.post("/v1/chat/completions", json=chat(user))
    lines = logged.getvalue()
    assert lines.count("/v1/chat/completions") >= 3
    assert "/tailor/v1/profile" in lines
    assert key.id in lines
    assert "RuntimeError" in lines
    assert CANARY not in lines
    assert secret not in lines


def test_a_line_of_json_has_what_a_request_took() -> None:
    record = logging.makeLogRecord({"name": "tailorlm.requests", "msg": "request", "levelno": 20})
    record.__dict__.update(method="GET", route="/x/{id}", status=200, ms=1.5, key="k1")
    found = json.loads(JsonLines().format(record))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+00:00", found.pop("time"))
    assert found.pop("level")
    assert found == {
        "logger": "tailorlm.requests", "message": "request", "method": "GET", "route": "/x/{id}",
        "status": 200, "ms": 1.5, "key": "k1",
    }  # fmt: skip


def test_spans_are_those_of_the_stages(tailor: Tailor, upstream_url: str) -> None:
    exporter, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    metrics = Metrics(provider.get_tracer("tests"))
    gateway = Gateway(tailor, HttpUpstream(upstream_url), make_method, metrics=metrics)
    with served(create_app(gateway)) as url:
        body = chat(f"ana-{CANARY}", stream=True)
        httpx.post(f"{url}/v1/chat/completions", json=body).read()
    spans = {span.name: span for span in exporter.get_finished_spans()}
    stages = {f"tailorlm.{stage}" for stage in STAGES if stage not in ("feedback", "learn")}
    assert set(spans) == {*stages, "tailorlm.request POST"}
    request = spans["tailorlm.request POST"].context.span_id
    assert {span.parent.span_id for name, span in spans.items() if name in stages} == {request}
    assert CANARY not in "".join(span.to_json() for span in spans.values())


def test_tracing_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(MissingExtraError, match=r"tailorlm\[otel\]"):
        tracing.open_tracer()


def test_a_stream_under_way_is_finished_before_the_end(
    tmp_path: Path, upstream: StubUpstream, upstream_url: str
) -> None:
    upstream.pause = 0.3
    gateway = Served(f"{tmp_path}/tailor.db", tmp_path / "log", upstream=upstream_url)
    try:
        body = chat("ana", stream=True)
        with httpx.stream("POST", f"{gateway.url}/v1/chat/completions", json=body) as answer:
            lines = answer.iter_lines()
            first = next(lines)
            gateway.terminate()
            refused = _until_refused(gateway.url)
            rest = [first, *lines]
        assert refused
        assert rest[-2] == "data: [DONE]"
        assert '"recorded": true' in rest[-4]
        assert gateway.process.wait(timeout=20) in (0, -15)
    finally:
        gateway.close()
    assert open_store(tmp_path / "tailor.db").latest_position("ana") == 1
    lines = [json.loads(line) for line in gateway.log.read_text().splitlines()]
    assert [(line["route"], line["status"]) for line in lines] == [("/v1/chat/completions", 200)]


def _until_refused(url: str) -> bool:
    """Whether new connections are refused within two seconds."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        try:
            httpx.get(f"{url}/healthz", timeout=1)
        except httpx.ConnectError:
            return True
        time.sleep(0.02)
    return False


def test_gateways_that_start_at_once_share_a_new_database(new_url: str, tmp_path: Path) -> None:
    started: list[Served] = []
    threads = [
        threading.Thread(target=lambda n=n: started.append(Served(new_url, tmp_path / f"{n}.log")))
        for n in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        assert [httpx.get(f"{one.url}/readyz").status_code for one in started] == [200, 200]
    finally:
        for one in started:
            one.close()


def test_help_names_the_forms_of_logs() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tailorlm.cli", "serve", "--log", "xml"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 2
    assert "json" in run.stderr


def test_the_size_of_uploads_is_an_option(tmp_path: Path) -> None:
    options = ("--max-upload-mb", "1", "--port", "0")
    server = Served(f"sqlite:///{tmp_path}/tailor.db", tmp_path / "log", *options)
    try:
        url, kind = f"{server.url}/tailor/v1/documents?user=ana", {"Content-Type": "text/plain"}
        short = httpx.post(url, content=b"Mine.", headers=kind)
        long = httpx.post(url, content=b"word " * 250_000, headers=kind)
        assert (short.status_code, long.status_code) == (200, 413)
        assert "1,048,576" in long.json()["error"]["message"]
    finally:
        server.close()


def test_idle_connections_outlive_those_that_clients_keep(
    tailor: Tailor, monkeypatch: pytest.MonkeyPatch
) -> None:
    idle: list[float] = []

    async def serve(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        idle.append(self.config.timeout_keep_alive)
        sockets[0].close()

    monkeypatch.setattr(uvicorn.Server, "serve", serve)
    interval = sys.getswitchinterval()
    gateway = Gateway(tailor, HttpUpstream("http://127.0.0.1:9/v1"), make_method)
    start.run(gateway, "127.0.0.1", 0, started=lambda _: None)
    sys.setswitchinterval(interval)
    gc.unfreeze()
    kept_by_httpx = httpx.Limits().keepalive_expiry
    assert kept_by_httpx is not None
    kept_by_proxies = 60  # of nginx and of the balancers of cloud providers
    assert idle[0] > max(kept_by_httpx, kept_by_proxies)


@pytest.mark.slow
def test_a_connection_is_used_again_after_a_pause(tmp_path: Path) -> None:
    server = Served(f"sqlite:///{tmp_path}/tailor.db", tmp_path / "log", "--port", "0")
    try:
        address = urlsplit(server.url)
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        connection.connect()
        connection.auto_open = 0
        for pause in (0, 7):  # uvicorn's own limit is 5 s
            time.sleep(pause)
            connection.request("GET", "/healthz")
            assert connection.getresponse().read() == b'{"status":"ok"}'
    finally:
        server.close()
