"""Server-sent events: bytes in any chunking to events, as the WHATWG specification parses them.

The answer is the same however the bytes were cut into chunks. Lines and events are bounded, so
an endless line cannot fill the memory. Unlike the specification, bytes that are not UTF-8 are
refused rather than replaced: a garbled answer should not pass for a whole one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

MAX_LINE = 1 << 20
"""Longest line, in bytes."""
MAX_DATA = 4 << 20
"""Longest data of one event, in characters."""

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BYTE_ORDER_MARK = "\ufeff"


class SSEError(ValueError):
    """A stream that is no stream of server-sent events, or too large to be held."""


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event of a stream.

    Attributes:
        data: Its data lines, joined by line feeds.
        kind: What the stream calls it; "message" when it says nothing.
    """

    data: str
    kind: str = "message"


class SSEReader:
    """Turns bytes into events as they arrive."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._after_return = False
        self._is_first = True
        self._kind, self._data, self._size = "", list[str](), 0

    def feed(self, chunk: bytes) -> Iterator[ServerEvent]:
        """The events that these bytes complete; to be read to the end before the next are fed.

        Raises:
            SSEError: If a line or an event is too long, or a line is not UTF-8.
        """
        for line in self._lines(chunk):
            if not line:
                if self._data:
                    yield ServerEvent("\n".join(self._data), self._kind or "message")
                self._kind, self._data, self._size = "", [], 0
                continue
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "data":
                self._size += len(value) + 1
                if self._size > MAX_DATA:
                    raise SSEError(f"an event holds more than {MAX_DATA:,} characters")
                self._data.append(value)
            elif field == "event":
                self._kind = value

    def _lines(self, chunk: bytes) -> Iterator[str]:
        """The lines that are complete, without their ends; CR, LF and CRLF end a line."""
        if not chunk:
            return
        start = 1 if self._after_return and chunk.startswith(b"\n") else 0
        self._after_return = chunk.endswith(b"\r")
        for end in _LINE_END.finditer(chunk, start):
            self._extend(chunk[start : end.start()])
            line = self._decoded(bytes(self._pending))
            self._pending.clear()
            start = end.end()
            yield line
        self._extend(chunk[start:])

    def _decoded(self, line: bytes) -> str:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            raise SSEError("a line is not UTF-8 text") from None
        if self._is_first:
            self._is_first = False
            return text.removeprefix(_BYTE_ORDER_MARK)
        return text

    def _extend(self, part: bytes) -> None:
        if len(self._pending) + len(part) > MAX_LINE:
            raise SSEError(f"a line is longer than {MAX_LINE:,} bytes")
        self._pending += part


def events(chunks: Iterable[bytes]) -> Iterator[ServerEvent]:
    """The events of a stream, each as soon as its closing blank line has arrived.

    An event that the stream's end cuts off is dropped, as the specification says.

    Raises:
        SSEError: If a line or an event is too long, or a line is not UTF-8.
    """
    reader = SSEReader()
    for chunk in chunks:
        yield from reader.feed(chunk)
