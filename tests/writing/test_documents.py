"""Texts out of files, however they are cut into pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.errors import InputError
from tailorlm.types import Document
from tailorlm.writing.documents import LeftOut, Read, kind_of_file, read_all, reader_of

MBOX = b"""From ana@example.org Mon Jan 01 10:00:00 2024
Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Hello Bo,
>From now on I write short mails.
From here, too: 12:30 at the latest.

Ana

From ana@example.org Mon Jan 01 11:00:00 2024
Subject: Two parts
Content-Type: multipart/alternative; boundary=cut

--cut
Content-Type: text/html

<p>In colour</p>
--cut
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: quoted-printable

In plain, caf=E9.
--cut--

From ana@example.org Mon Jan 01 12:00:00 2024
Subject: No plain part
Content-Type: text/html

<p>Only colour</p>
"""
READ = [
    Document(
        "Hello Bo,\nFrom now on I write short mails.\n"
        "From here, too: 12:30 at the latest.\n\nAna\n\n",
        "Grüße",
    ),
    Document("In plain, café.", "Two parts"),
    LeftOut("message 3", "It has no part in plain text."),
]


def read(kind: str, pieces: Iterable[bytes], title: str = "", limit: int = 1000) -> list[Read]:
    return list(read_all(reader_of(kind, title, limit), pieces))


def cut(data: bytes, places: list[int]) -> list[bytes]:
    ends = sorted({min(place, len(data)) for place in places} | {0, len(data)})
    return [data[a:b] for a, b in pairwise(ends)]


@given(st.lists(st.integers(0, len(MBOX)), max_size=20))
def test_a_mailbox_reads_the_same_in_whatever_pieces(places: list[int]) -> None:
    assert read("mbox", cut(MBOX, places)) == READ


def test_a_mailbox_with_windows_line_ends() -> None:
    found = read("mbox", [MBOX.replace(b"\n", b"\r\n")])
    assert [one.title for one in found if isinstance(one, Document)] == ["Grüße", "Two parts"]


@given(st.lists(st.integers(0, 5000), max_size=10))
def test_a_message_that_is_too_long_is_left_out_and_the_next_is_read(places: list[int]) -> None:
    head = b"From a Mon Jan 01 10:00:00 2024\nSubject: x\n\n"
    long = head + b"word " * 500 + b"\n" + b"line\n" * 300 + b"\n"
    found = read("mbox", cut(long + head + b"short\n\n" + long, places))
    assert [type(one) for one in found] == [LeftOut, Document, LeftOut]
    assert [one.where for one in found if isinstance(one, LeftOut)] == ["message 1", "message 3"]


ROWS = b"\n".join(
    [
        json.dumps({"text": "One text.", "title": "One"}).encode(),
        b"",
        json.dumps({"text": "Zwei, gr\u00fcn."}, ensure_ascii=False).encode(),
        b"{broken",
        b'{"text": 7}',
        b'["text"]',
        json.dumps({"text": "x" * 1001}).encode(),
        b"\xff\xfe",
        json.dumps({"text": "last", "title": None}).encode(),
    ]
)


@given(st.lists(st.integers(0, len(ROWS)), max_size=20))
def test_lines_read_the_same_in_whatever_pieces(places: list[int]) -> None:
    found = read("jsonl", cut(ROWS, places))
    documents = [one for one in found if isinstance(one, Document)]
    assert documents == [Document("One text.", "One"), Document("Zwei, grün."), Document("last")]
    left_out = {one.where: one.why for one in found if isinstance(one, LeftOut)}
    assert set(left_out) == {"line 4", "line 5", "line 6", "line 7", "line 8"}
    assert "1,000 bytes" in left_out["line 7"]


def test_one_text_and_one_mail() -> None:
    assert read("text", [b"\xef\xbb\xbfDear", b" all"], "a.txt") == [Document("Dear all", "a.txt")]
    mail = b"Subject: Hi\nTo: bo@example.org\n\nMine.\n"
    assert read("mail", [mail], "a.eml") == [Document("Mine.\n", "Hi")]


@pytest.mark.parametrize(
    ("kind", "data", "why"),
    [
        ("text", b"", "empty"),
        ("text", b" \n", "empty"),
        ("text", b"\xe9t\xe9", "UTF-8"),
        ("text", b"x" * 1001, "1,000 bytes"),
        ("mail", b"Content-Type: text/plain; charset=nonsense\n\n\xe9", "malformed"),
        ("jsonl", b"", "no line"),
        ("mbox", b"", "no message"),
        ("jsonl", b'{"text": "a\\u0000b"}', "NUL"),
        ("jsonl", b'{"text": "\\ud800"}', "surrogate"),
        ("jsonl", b"[" * 5000, "no JSON"),
    ],
)
def test_what_cannot_be_used_is_left_out_with_a_reason(kind: str, data: bytes, why: str) -> None:
    (left_out,) = read(kind, [data] if data else [])
    assert isinstance(left_out, LeftOut)
    assert why in left_out.why


@pytest.mark.parametrize("kind", ["text", "mail", "mbox", "jsonl"])
def test_binary_files_are_refused(kind: str) -> None:
    with pytest.raises(InputError, match="binary"):
        read(kind, [b"\x7fELF\x00\x01"])


def test_what_is_no_mailbox_is_refused_at_once() -> None:
    with pytest.raises(InputError, match="no mbox"):
        next(reader_of("mbox").feed(b"Dear all"))


@pytest.mark.parametrize(
    ("name", "media", "kind"),
    [
        ("Sent.MBOX", "application/octet-stream", "mbox"),
        ("a.eml", "", "mail"),
        ("notes", "text/markdown", "text"),
        ("", "application/x-ndjson", "jsonl"),
        ("photo.png", "image/png", None),
    ],
)
def test_what_a_file_holds(name: str, media: str, kind: str | None) -> None:
    assert kind_of_file(name, media) == kind


@given(st.sampled_from(["text", "mail", "mbox", "jsonl"]), st.binary(max_size=300))
def test_anything_is_read_or_refused(kind: str, data: bytes) -> None:
    try:
        found = read(kind, [data[:7], data[7:]])
    except InputError:
        return
    assert all(isinstance(one, Document | LeftOut) for one in found)
