"""Takes files of texts that a user wrote, while they come in."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from tailorlm.errors import IdempotencyError, NotFoundError
from tailorlm.loop.effects import Append
from tailorlm.service.access import Caller, acting_for, caller
from tailorlm.service.failures import ServiceError
from tailorlm.service.gateway import Gateway
from tailorlm.service.shapes import ERRORS, ErrorOut, LeftOutOut, UploadOut
from tailorlm.tailor import Tailor
from tailorlm.types import Document, Event, check_id
from tailorlm.writing.documents import (
    LONGEST_TITLE,
    MAX_DOCUMENT,
    MEDIA_TYPES,
    LeftOut,
    Reader,
    document_key,
    kind_of_file,
    reader_of,
)

MAX_LEFT_OUT = 100
"""Texts left out that an answer names; the others are counted."""
_FORM = "multipart/form-data"
_MOST_HEADER = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """How much may be uploaded.

    Attributes:
        request: Bytes of one request.
        document: Bytes of one text in it.
    """

    request: int = 25 << 20
    document: int = MAX_DOCUMENT


router = APIRouter(
    prefix="/tailor/v1",
    tags=["Feedback"],
    responses={
        **ERRORS,
        415: {"model": ErrorOut, "description": "Files of this kind cannot be read."},
    },
)
_Caller = Annotated[Caller, Depends(caller)]
_MAIL = "Subject: A note\n\nDear all,\nthis is how I write.\n"
_EXAMPLES = {
    "text": "Dear all,\nthis is how I write.",
    "mail": _MAIL,
    "mbox": f"From ana@example.org Mon Jan 01 10:00:00 2024\n{_MAIL}",
    "jsonl": '{"text": "Dear all, ...", "title": "A note"}\n',
}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        media: {"schema": {"type": "string"}, "example": _EXAMPLES[kind]}
        for media, kind in MEDIA_TYPES.items()
    }
    | {
        _FORM: {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
                "example": {"file": _EXAMPLES["text"]},
            }
        },
    },
}


@router.post(
    "/documents",
    summary="Texts the user wrote, as a file: text, Markdown, mail, mbox, JSON Lines",
    openapi_extra={"requestBody": _BODY},
)
async def upload(
    request: Request,
    by: _Caller,
    user: Annotated[
        str, Query(description="The user's id; a key of one user may leave it out.")
    ] = "",
    title: Annotated[
        str, Query(description="Title of a single text.", max_length=LONGEST_TITLE)
    ] = "",
) -> UploadOut:
    """Each message of an mbox and each line of JSON Lines is a text of its own.

    The file is read while it comes in, and each text is durable once it is read. The same text
    again adds nothing, so an upload that broke off can be repeated.
    """
    gateway: Gateway = request.app.state.gateway
    limits: UploadLimits = request.app.state.uploads
    who = check_id(acting_for(request, by, user), "user id")
    pieces = _bounded(request, limits.request)
    taking = _Taking(gateway.tailor, who)
    media, options = parse_options_header(request.headers.get("content-type", ""))
    if media.decode("latin-1") == _FORM:
        files = _Form(options.get(b"boundary", b""), limits.document, taking)
        async for piece in pieces:
            await gateway.in_thread(files.feed, piece)
        await gateway.in_thread(files.close)
    else:
        reader = _reader(title, media.decode("latin-1"), limits.document)
        async for piece in pieces:
            await gateway.in_thread(taking.take, reader, piece)
        await gateway.in_thread(taking.end, reader)
    await gateway.in_thread(taking.finish)
    for _ in range(taking.taken):
        gateway.metrics.given("document")
    return taking.answer()


async def _bounded(request: Request, most: int) -> AsyncIterator[bytes]:
    """The body in pieces, up to a length."""
    too_long = ServiceError(
        413,
        f"The upload is longer than {most:,} bytes. Split the file; what was read of it so far is "
        "kept, and sending it again adds nothing twice.",
    )
    length = request.headers.get("content-length", "")
    if length.isdigit() and int(length) > most:
        raise too_long
    seen = 0
    async for piece in request.stream():
        seen += len(piece)
        if seen > most:
            raise too_long
        yield piece


def _reader(name: str, media: str, limit: int, file: str = "") -> Reader:
    kind = kind_of_file(file, media)
    if kind is None:
        raise ServiceError(
            415,
            f"Files of type {media[:80] or 'unknown'!r} cannot be read. Send "
            f"{', '.join(MEDIA_TYPES)} or {_FORM}, and say which in Content-Type.",
        )
    return reader_of(kind, name or file, limit)


@dataclass
class _Taking:
    """Records texts as they come; the last one is given, so that all are learned from at once."""

    tailor: Tailor
    user: str
    taken: int = 0
    known: int = 0
    left_out: list[LeftOut] = field(default_factory=list)
    n_left_out: int = 0
    held: Document | None = None
    newest: int | None = None

    def take(self, reader: Reader, piece: bytes) -> None:
        """Record what is complete after a piece."""
        self._record(reader.feed(piece))

    def end(self, reader: Reader) -> None:
        """Record what is left at the end of a file."""
        self._record(reader.close())

    def finish(self) -> None:
        """Record the last text and learn from all of them.

        Raises:
            ServiceError: If there was nothing that can be used (400).
        """
        if self.held is not None:
            document = self.held
            self._count(lambda: self.tailor.give(self.user, document, key=document_key(document)))
        if not self.taken + self.known:
            first = self.left_out[0] if self.left_out else LeftOut("the upload", "It is empty.")
            raise ServiceError(400, f"Nothing was taken, since of {first.where}: {first.why}")

    def answer(self) -> UploadOut:
        """What became of the upload."""
        return UploadOut(
            taken=self.taken,
            known=self.known,
            left_out=[LeftOutOut(where=one.where, why=one.why) for one in self.left_out],
            left_out_count=self.n_left_out,
        )

    def _record(self, found: Iterator[Document | LeftOut]) -> None:
        for one in found:
            if isinstance(one, LeftOut):
                self.n_left_out += 1
                self.left_out += [one] if len(self.left_out) < MAX_LEFT_OUT else []
                continue
            if self.held is not None:
                self._append(self.held)
            self.held = one

    def _append(self, document: Document) -> None:
        def append() -> Event:
            done = self.tailor.perform(Append(self.user, document, document_key(document)))
            if not isinstance(done, Event):
                raise ServiceError(500, "A text was not recorded.")
            return done

        self._count(append)

    def _count(self, record: Callable[[], Event]) -> None:
        """Record a text; one that was there before the upload, or earlier in it, is known."""
        if self.newest is None:
            self.newest = 0
            with suppress(NotFoundError):
                self.newest = self.tailor.store.latest_position(self.user)
        try:
            position = record().position
        except IdempotencyError:  # recorded before personal data was left out in another way
            position = 0
        if position > self.newest:
            self.taken += 1
            self.newest = position
        else:
            self.known += 1


class _Form:
    """The files of a form, each read by what it holds; fields without a file name are passed over.

    Args:
        boundary: What stands between the parts.
        limit: Longest text in bytes.
        taking: Records the texts.
    """

    def __init__(self, boundary: bytes, limit: int, taking: _Taking) -> None:
        if not boundary or len(boundary) > 200:
            raise ServiceError(400, "The form's Content-Type names no usable boundary.")
        self._limit = limit
        self._taking = taking
        self._reader: Reader | None = None
        self._ended = False
        self._name = b""
        self._value = b""
        self._headers: dict[bytes, bytes] = {}
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._begin,
                "on_header_field": self._header_name,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._open,
                "on_part_data": self._data,
                "on_part_end": self._close,
                "on_end": self._end,
            },
        )

    def feed(self, piece: bytes) -> None:
        """Read a piece of the body."""
        try:
            self._parser.write(piece)
        except FormParserError:
            raise ServiceError(400, "The form is malformed.") from None

    def close(self) -> None:
        """Check that the form is complete."""
        if not self._ended:
            raise ServiceError(400, "The form breaks off before its end.")

    def _end(self) -> None:
        self._ended = True

    def _begin(self) -> None:
        self._headers, self._name, self._value = {}, b"", b""

    def _header_name(self, data: bytes, start: int, end: int) -> None:
        self._name = (self._name + data[start:end])[:_MOST_HEADER]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value = (self._value + data[start:end])[:_MOST_HEADER]

    def _header_end(self) -> None:
        self._headers[self._name.lower()] = self._value
        self._name = self._value = b""

    def _open(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        file = options.get(b"filename", b"").decode("utf-8", "replace")
        media, _ = parse_options_header(self._headers.get(b"content-type", b"text/plain"))
        if file:
            self._reader = _reader("", media.decode("latin-1"), self._limit, file)

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._reader is not None:
            self._taking.take(self._reader, data[start:end])

    def _close(self) -> None:
        if self._reader is not None:
            self._taking.end(self._reader)
        self._reader = None
