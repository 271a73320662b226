"""Who may do what: every route is on this list, or the test fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import httpx
import pytest
from tests.service.conftest import make_method
from tests.service.servers import StubUpstream, served

from tailorlm.errors import InputError
from tailorlm.service import create_app
from tailorlm.service.gateway import Gateway
from tailorlm.service.keys import Bucket, KeyCheck
from tailorlm.service.start import check_host
from tailorlm.service.upstream import HttpUpstream
from tailorlm.tailor import Tailor

CHAT = {"model": "stub", "messages": [{"role": "user", "content": "Plan my evening"}]}
ASK = {"user": "ana", "query": "Plan my evening", "model": "stub"}
SAY = {"user": "ana", "feedback": {"kind": "statement", "text": "Keep it short."}}

KEYED: dict[tuple[str, str], object] = {
    ("POST", "/v1/chat/completions"): CHAT,
    ("GET", "/v1/models"): None,
    ("POST", "/v1/embeddings"): {"model": "e", "input": "x"},
    ("POST", "/tailor/v1/ask"): ASK,
    ("POST", "/tailor/v1/what-if"): ASK,
    ("POST", "/tailor/v1/feedback"): SAY,
    ("POST", "/tailor/v1/documents"): {},
    ("GET", "/tailor/v1/users"): None,
    ("GET", "/tailor/v1/profile"): None,
    ("GET", "/tailor/v1/history"): None,
    ("GET", "/tailor/v1/export"): None,
    ("POST", "/tailor/v1/erase"): {"user": "ana", "confirm": "ana"},
    ("GET", "/metrics"): None,
}
"""Routes that need a key, with a body that they take."""
OPEN = {
    *(("GET", path) for path in ("/openapi.json", "/login", "/healthz", "/readyz")),
    ("POST", "/login"),
}
"""Routes that nobody needs a key for; scripts and styles below /static are the same for all."""
PAGES = {("GET", path) for path in ("/", "/profile", "/compare", "/history", "/data")}
"""Routes that send a reader without a key to the login."""


@pytest.fixture
def url(tailor: Tailor, upstream_url: str) -> Iterator[str]:
    gateway = Gateway(tailor, HttpUpstream(upstream_url), make_method)
    with served(create_app(gateway, KeyCheck(gateway))) as url:
        yield url


def key(tailor: Tailor, scope: str, **details: object) -> dict[str, str]:
    _, secret = tailor.store.keyring.add(scope, **details)
    return {"Authorization": f"Bearer {secret}"}


def routes_of(routes: Iterable[object]) -> Iterator[tuple[str, str]]:
    """Every route, also of the routers that an application includes."""
    for route in routes:
        if router := getattr(route, "original_router", None):
            yield from routes_of(router.routes)
        for method in getattr(route, "methods", None) or ():
            if method != "HEAD":
                yield method, route.path


def test_every_route_is_listed(tailor: Tailor) -> None:
    app = create_app(Gateway(tailor, HttpUpstream("http://x/v1"), make_method))
    assert sorted(routes_of(app.routes)) == sorted({*KEYED, *OPEN, *PAGES})
    described = {(m.upper(), path) for path, ms in app.openapi()["paths"].items() for m in ms}
    assert described == set(KEYED)


@pytest.mark.parametrize("path", sorted(path for _, path in PAGES))
def test_pages_send_strangers_to_the_login(url: str, path: str) -> None:
    answer = httpx.get(url + path, params={"user": "ana"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


@pytest.mark.parametrize(("method", "path"), KEYED)
@pytest.mark.parametrize("sent", [None, "Bearer tlm_wrong", "Bearer", "Basic dGxtOng=", "tlm_x"])
def test_no_route_answers_without_a_key(url: str, method: str, path: str, sent: str | None) -> None:
    headers = {} if sent is None else {"Authorization": sent}
    answer = httpx.request(method, url + path, json=KEYED[method, path], headers=headers)
    assert answer.status_code == 401
    assert answer.json()["error"]["type"] == "authentication_error"
    assert "tlm_wrong" not in answer.text


def test_users_of_two_apps_never_meet(url: str, tailor: Tailor) -> None:
    one, two = key(tailor, "app", app="one"), key(tailor, "app", app="two")
    assert httpx.post(f"{url}/tailor/v1/feedback", json=SAY, headers=one).status_code == 200
    for route in ("profile", "history", "export"):
        answer = httpx.get(f"{url}/tailor/v1/{route}", params={"user": "ana"}, headers=two)
        assert answer.status_code == 404
    other = httpx.get(f"{url}/tailor/v1/profile", params={"user": "one/ana"}, headers=two)
    assert other.status_code == 404
    listed = [
        httpx.get(f"{url}/tailor/v1/users", headers=headers).json()["users"]
        for headers in (one, two)
    ]
    assert [[row["user"] for row in rows] for rows in listed] == [["ana"], []]
    admin = key(tailor, "admin")
    everybody = httpx.get(f"{url}/tailor/v1/users", headers=admin).json()["users"]
    assert [row["user"] for row in everybody] == ["one/ana"]


def test_a_users_key_acts_for_that_user_alone(url: str, tailor: Tailor) -> None:
    headers = key(tailor, "user", app="one", user="ana")
    answer = httpx.post(f"{url}/v1/chat/completions", json=CHAT, headers=headers)
    assert answer.json()["tailor"]["personal"] is True
    assert next(tailor.users()).user == "one/ana"
    wrong = {**CHAT, "user": "bo"}
    assert httpx.post(f"{url}/v1/chat/completions", json=wrong, headers=headers).status_code == 403
    assert httpx.get(f"{url}/tailor/v1/users", headers=headers).status_code == 403
    mine = httpx.get(f"{url}/tailor/v1/history", headers=headers).json()
    assert len(mine["events"]) == 1


def test_the_gateways_keys_never_go_upstream(
    url: str, tailor: Tailor, upstream: StubUpstream
) -> None:
    httpx.post(f"{url}/v1/chat/completions", json=CHAT, headers=key(tailor, "admin"))
    assert "authorization" not in upstream.headers[0]


def test_what_was_done_is_on_record_until_the_user_is_erased(url: str, tailor: Tailor) -> None:
    headers = key(tailor, "app", app="one")
    httpx.post(f"{url}/tailor/v1/feedback", json=SAY, headers=headers)
    httpx.get(f"{url}/tailor/v1/profile", params={"user": "ana"}, headers=headers)
    httpx.get(f"{url}/tailor/v1/profile", params={"user": "bo"}, headers=headers)
    lines = [(e.action, e.user, e.status) for e in tailor.store.keyring.record()]
    assert lines == [
        ("GET /tailor/v1/profile", "one/bo", 404),
        ("GET /tailor/v1/profile", "one/ana", 200),
    ]
    erase = {"user": "ana", "confirm": "ana"}
    assert httpx.post(f"{url}/tailor/v1/erase", json=erase, headers=headers).status_code == 200
    assert "one/ana" not in {entry.user for entry in tailor.store.keyring.record()[1:]}


def test_too_many_requests(url: str, tailor: Tailor) -> None:
    headers = key(tailor, "app", app="one", per_minute=2)
    codes = [httpx.get(f"{url}/v1/models", headers=headers).status_code for _ in range(3)]
    last = httpx.get(f"{url}/v1/models", headers=headers)
    assert [*codes, last.status_code] == [200, 200, 429, 429]
    assert 1 <= int(last.headers["retry-after"]) <= 60


def test_a_revoked_key_stops_working(tailor: Tailor, upstream_url: str) -> None:
    now = [0.0]
    gateway = Gateway(tailor, HttpUpstream(upstream_url), make_method)
    headers = key(tailor, "admin")
    with served(create_app(gateway, KeyCheck(gateway, clock=lambda: now[0]))) as url:
        assert httpx.get(f"{url}/v1/models", headers=headers).status_code == 200
        tailor.store.keyring.revoke(tailor.store.keyring.all()[0].id)
        now[0] += 6
        assert httpx.get(f"{url}/v1/models", headers=headers).status_code == 401


def test_this_machine_needs_no_key_until_there_is_one(tailor: Tailor, upstream_url: str) -> None:
    now = [0.0]
    gateway = Gateway(tailor, HttpUpstream(upstream_url), make_method)
    with served(create_app(gateway, KeyCheck(gateway, local=True, clock=lambda: now[0]))) as url:
        assert httpx.get(f"{url}/v1/models").status_code == 200
        key(tailor, "admin")
        now[0] += 6
        assert httpx.get(f"{url}/v1/models").status_code == 401


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.4", "example.org"])
def test_other_machines_need_keys(host: str) -> None:
    with pytest.raises(InputError, match="keys add"):
        check_host(host, has_keys=False)
    check_host(host, has_keys=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_loopback_needs_none(host: str) -> None:
    check_host(host, has_keys=False)


def test_a_bucket_fills_again() -> None:
    now = [0.0]
    bucket = Bucket(60, clock=lambda: now[0])
    assert [bucket.take() for _ in range(60)] == [0.0] * 60
    assert bucket.take() == pytest.approx(1.0)
    now[0] += 1.0
    assert bucket.take() == 0.0
