"""Uploads: read while they come in, within bounds, each text once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.service.conftest import make_method
from tests.service.servers import served

from tailorlm.service import create_app
from tailorlm.service.documents import UploadLimits
from tailorlm.service.gateway import Gateway
from tailorlm.service.upstream import HttpUpstream
from tailorlm.tailor import Tailor

MAIL = "From ana@example.org Mon Jan 01 10:00:00 2024\nSubject: Note {0}\n\nMine, number {0}.\n\n"


@pytest.fixture
def api(tailor: Tailor, upstream_url: str) -> Iterator[httpx.Client]:
    gateway = Gateway(tailor, HttpUpstream(upstream_url), make_method)
    limits = UploadLimits(request=20_000, document=2_000)
    with served(create_app(gateway, uploads=limits)) as url:
        yield httpx.Client(base_url=f"{url}/tailor/v1", timeout=20)


def send(api: httpx.Client, body: Any, media: str, **query: str) -> httpx.Response:
    headers = {"Content-Type": media}
    return api.post("/documents", params={"user": "ana", **query}, content=body, headers=headers)


def titles(tailor: Tailor) -> list[str]:
    return [event.payload.title for event in tailor.log("ana")]


def test_a_mailbox_becomes_a_text_per_message_once(api: httpx.Client, tailor: Tailor) -> None:
    mailbox = "".join(map(MAIL.format, range(5))).encode()
    pieces = [mailbox[i : i + 37] for i in range(0, len(mailbox), 37)]
    done = send(api, iter(pieces), "application/mbox").json()
    assert done == {"taken": 5, "known": 0, "left_out": [], "left_out_count": 0}
    assert titles(tailor) == [f"Note {i}" for i in range(5)]
    again = send(api, mailbox + MAIL.format(9).encode(), "application/mbox").json()
    assert (again["taken"], again["known"]) == (1, 5)
    assert len(titles(tailor)) == 6


def test_what_is_left_out_is_said(api: httpx.Client, tailor: Tailor) -> None:
    rows = [{"text": "One."}, {"text": ""}, {"text": "x" * 2001}, {"text": "One."}]
    body = "\n".join(map(json.dumps, rows)).encode()
    done = send(api, body, "application/x-ndjson; charset=utf-8").json()
    assert (done["taken"], done["known"], done["left_out_count"]) == (1, 1, 2)
    assert [one["where"] for one in done["left_out"]] == ["line 2", "line 3"]
    assert "2,000 bytes" in done["left_out"][1]["why"]


def test_one_text_has_its_title(api: httpx.Client, tailor: Tailor) -> None:
    assert send(api, "Grüße".encode(), "text/markdown", title="A note").json()["taken"] == 1
    assert titles(tailor) == ["A note"]


def test_the_files_of_a_form(api: httpx.Client, tailor: Tailor) -> None:
    files = [
        ("file", ("Sent.mbox", MAIL.format(1) + MAIL.format(2), "application/octet-stream")),
        ("file", ("note.txt", "Mine, too.", "text/plain")),
        ("other", (None, "a field")),
    ]
    done = api.post("/documents", params={"user": "ana"}, files=files).json()
    assert done["taken"] == 3
    assert titles(tailor) == ["Note 1", "Note 2", "note.txt"]


@pytest.mark.parametrize(
    ("body", "media", "status", "says"),
    [
        (b"\x89PNG\x00\x01", "text/plain", 400, "binary"),
        (b"", "text/plain", 400, "Nothing was taken"),
        (b"caf\xe9", "text/plain", 400, "UTF-8"),
        (b"x" * 2001, "text/plain", 400, "2,000 bytes"),
        (b"Dear all", "application/mbox", 400, "no mbox"),
        (b"x", "image/png", 415, "image/png"),
        (b"x", "application/octet-stream", 415, "text/markdown"),
        (b"x" * 20_001, "text/plain", 413, "20,000 bytes"),
        (iter([b"x" * 1000] * 21), "text/plain", 413, "20,000 bytes"),
        (b"x", "multipart/form-data", 400, "boundary"),
        (b"--cut\r\nbroken", "multipart/form-data; boundary=cut", 400, "form"),
        (b"no form", "multipart/form-data; boundary=cut", 400, "form"),
    ],
)
def test_what_cannot_be_read(
    api: httpx.Client, tailor: Tailor, body: Any, media: str, status: int, says: str
) -> None:
    answer = send(api, body, media)
    assert answer.status_code == status
    assert says in answer.json()["error"]["message"]
    assert list(tailor.users()) == []


def test_what_was_read_before_the_upload_grew_too_long_is_kept(
    api: httpx.Client, tailor: Tailor
) -> None:
    def rows() -> Iterator[bytes]:
        for i in range(200):
            yield json.dumps({"text": f"Text {i}. " + "word " * 50}).encode() + b"\n"
            time.sleep(0.1 if i == 20 else 0)

    answer = send(api, rows(), "application/jsonl")
    assert answer.status_code == 413
    assert 0 < len(titles(tailor)) < 200


def test_a_user_has_to_be_named(api: httpx.Client) -> None:
    answer = send(api, b"Mine.", "text/plain", user="")
    assert answer.status_code == 400
    assert "user" in answer.json()["error"]["message"]
