"""Reads texts that a user wrote out of files, piece by piece: plain text, mail, mbox, JSON Lines.

No more than one text at a time is kept in memory. What cannot be used is left out, with where it
stood and why, and the rest is read on.
"""

from __future__ import annotations

import hashlib
import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import PurePath

from tailorlm.errors import InputError
from tailorlm.types import Document, check_text

MAX_DOCUMENT = 1 << 20
"""Longest text, in bytes, unless another limit is given."""
LONGEST_TITLE = 200
"""Characters that are kept of a title."""
MEDIA_TYPES = {
    "text/plain": "text",
    "text/markdown": "text",
    "application/mbox": "mbox",
    "message/rfc822": "mail",
    "application/jsonl": "jsonl",
    "application/x-jsonlines": "jsonl",
    "application/x-ndjson": "jsonl",
}
"""What files of a media type hold."""
SUFFIXES = {
    ".txt": "text", ".md": "text", ".markdown": "text", ".mbox": "mbox", ".mbx": "mbox",
    ".eml": "mail", ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip
"""What files of a name hold."""
_SNIFFED = 8192
_START = re.compile(rb"(?:(?<=\n\n)|(?<=\n\r\n))From [^\n]*\d:\d\d[^\n]*\n")
_BEFORE_START = 3
_QUOTED_START = re.compile(rb"(?m)^>(>*From )")


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A text that was not read.

    Attributes:
        where: Which one it was: "message 3", "line 7", "the text".
        why: Why, and what to do.
    """

    where: str
    why: str


Read = Document | LeftOut


def kind_of_file(name: str, media_type: str = "") -> str | None:
    """What a file holds: "text", "mail", "mbox" or "jsonl"; None for what cannot be read.

    Args:
        name: Its name, which decides where its ending is known.
        media_type: Its media type, without parameters; "" for unknown.
    """
    return SUFFIXES.get(PurePath(name).suffix.lower()) or MEDIA_TYPES.get(media_type.lower())


def reader_of(kind: str, title: str = "", limit: int = MAX_DOCUMENT) -> Reader:
    """A reader for a file.

    Args:
        kind: "text", "mail", "mbox" or "jsonl".
        title: Title of a single text; mails have their subject, lines their own.
        limit: Longest text in bytes.

    Raises:
        InputError: If there is no such kind.
    """
    if kind == "text":
        return _OneText(limit, title)
    if kind == "mail":
        return _OneMail(limit, title)
    if kind == "mbox":
        return _Mailbox(limit)
    if kind == "jsonl":
        return _Lines(limit)
    raise InputError(f"Files hold text, mail, mbox or jsonl, but got {kind[:40]!r}.")


def read_all(reader: Reader, pieces: Iterable[bytes]) -> Iterator[Read]:
    """Everything of a file that comes in pieces."""
    for piece in pieces:
        yield from reader.feed(piece)
    yield from reader.close()


def document_key(document: Document) -> str:
    """The idempotency key that makes a text one event, however often it is given."""
    content = f"{document.title}\0{document.text}".encode("utf-8", "replace")
    return f"document-{hashlib.sha256(content).hexdigest()[:40]}"


class Reader(ABC):
    """Is given a file piece by piece, and gives the texts that are complete.

    Args:
        limit: Longest text in bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._seen = 0

    def feed(self, piece: bytes) -> Iterator[Read]:
        """The texts that end in this piece.

        Raises:
            InputError: If the file is no text at all.
        """
        if self._seen < _SNIFFED and b"\x00" in piece[:_SNIFFED]:
            raise InputError(
                "The file is binary, not text. Give plain text, Markdown, a mail, an mbox or JSON "
                "Lines, in UTF-8."
            )
        self._seen += len(piece)
        yield from self._feed(piece)

    @abstractmethod
    def close(self) -> Iterator[Read]:
        """What is left at the end of the file."""

    @abstractmethod
    def _feed(self, piece: bytes) -> Iterator[Read]:
        """See `feed`."""

    def _too_long(self, where: str) -> LeftOut:
        return LeftOut(where, f"It is longer than {self.limit:,} bytes. Split it.")


class _Whole(Reader):
    """A file that is one text."""

    def __init__(self, limit: int, title: str) -> None:
        super().__init__(limit)
        self._title = title
        self._data = bytearray()
        self._is_long = False

    def _feed(self, piece: bytes) -> Iterator[Read]:
        self._is_long = self._is_long or len(self._data) + len(piece) > self.limit
        if not self._is_long:
            self._data += piece
        return iter(())

    def close(self) -> Iterator[Read]:
        """The text."""
        if self._is_long:
            yield self._too_long("the text")
        else:
            yield self._read(bytes(self._data))

    @abstractmethod
    def _read(self, data: bytes) -> Read:
        """The text of all bytes."""


class _OneText(_Whole):
    def _read(self, data: bytes) -> Read:
        try:
            return _document(data.decode("utf-8-sig"), self._title, "the text")
        except UnicodeDecodeError:
            return LeftOut("the text", "It is not UTF-8 text. Save it as UTF-8.")


class _OneMail(_Whole):
    def _read(self, data: bytes) -> Read:
        return _mail(data, "the mail", self._title)


class _Mailbox(Reader):
    """An mbox: a message begins at a line "From ... 12:30 ..." behind an empty one."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._data = bytearray()
        self._messages = 0
        self._is_long = False

    def _feed(self, piece: bytes) -> Iterator[Read]:
        self._data += piece
        if not self._messages and not self._is_long and not b"From ".startswith(self._data[:5]):
            raise InputError(
                "The file is no mbox: it does not begin with a line 'From ...'. A single mail is "
                "message/rfc822, or a file .eml."
            )
        while found := _START.search(self._data):
            yield self._message(bytes(self._data[: found.start()]))
            del self._data[: found.start()]
        if len(self._data) > self.limit:
            # What is kept may be the beginning of the next message's first line.
            self._is_long = True
            del self._data[: max(self._data.rfind(b"\n") - _BEFORE_START, 0)]
            del self._data[: max(len(self._data) - self.limit, 0)]

    def close(self) -> Iterator[Read]:
        """The last message."""
        if self._data.strip() or self._is_long:
            yield self._message(bytes(self._data))
        if not self._messages:
            yield LeftOut("the file", "There is no message in it.")

    def _message(self, data: bytes) -> Read:
        was_long, self._is_long = self._is_long, False
        self._messages += 1
        where = f"message {self._messages}"
        if was_long or len(data) > self.limit:
            return self._too_long(where)
        mail = data.split(b"\n", 1)[1] if b"\n" in data else b""
        return _mail(_QUOTED_START.sub(rb"\1", mail), where)


class _Lines(Reader):
    """JSON Lines: an object with a "text", and a "title" if it has one, on each line."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._data = bytearray()
        self._count = 0
        self._is_long = False

    def _feed(self, piece: bytes) -> Iterator[Read]:
        *lines, rest = piece.split(b"\n")
        for line in lines:
            yield from self._line(line)
        self._hold(rest)

    def close(self) -> Iterator[Read]:
        """The last line."""
        if self._data or self._is_long:
            yield from self._line(b"")
        if not self._count:
            yield LeftOut("the file", "There is no line in it.")

    def _hold(self, data: bytes) -> None:
        # Escapes can make a line six times as long as its text.
        self._is_long = self._is_long or len(self._data) + len(data) > 6 * self.limit
        if not self._is_long:
            self._data += data

    def _line(self, end: bytes) -> Iterator[Read]:
        self._hold(end)
        line, was_long = bytes(self._data), self._is_long
        self._data, self._is_long = bytearray(), False
        self._count += 1
        if was_long:
            yield self._too_long(f"line {self._count}")
        elif line.strip():
            yield self._row(line, f"line {self._count}")

    def _row(self, line: bytes, where: str) -> Read:
        try:
            row = json.loads(line.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return LeftOut(where, "It is no JSON in UTF-8.")
        text = row.get("text") if isinstance(row, dict) else None
        title = row.get("title") if isinstance(row, dict) else None
        if not isinstance(text, str) or not isinstance(title, str | None):
            return LeftOut(where, 'It is no object with a "text", and a "title" if it has one.')
        if len(text.encode("utf-8", "replace")) > self.limit:
            return self._too_long(where)
        return _document(text, title or "", where)


def _mail(data: bytes, where: str, title: str = "") -> Read:
    """The text of a mail, under its subject."""
    try:
        mail = message_from_bytes(data, policy=policy.default)
        body = mail.get_body(("plain",)) if isinstance(mail, EmailMessage) else None
        text = body.get_content() if body is not None else None
        subject = str(mail.get("subject", ""))
    except (LookupError, ValueError, TypeError, AttributeError, IndexError, RecursionError):
        return LeftOut(where, "It is a malformed mail.")
    if not isinstance(text, str):
        return LeftOut(where, "It has no part in plain text.")
    return _document(text, subject or title, where)


def _document(text: str, title: str, where: str) -> Read:
    try:
        check_text(text, "text")
    except InputError as error:
        return LeftOut(where, str(error))
    line = " ".join("".join(c for c in title if c.isprintable() or c.isspace()).split())
    return Document(text, line[:LONGEST_TITLE])
