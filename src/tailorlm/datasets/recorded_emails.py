"""Mails with what a large model made of them: the intent, a mail from it, and rules of style.

One JSON object per line: ``id``, ``author``, ``split`` ("train" or "test"), ``source`` (``split``
and ``num`` of the mail in the corpus that `datasets.emails` reads), ``subject``, ``body`` (what the
author wrote), ``intent`` (a list: what the mail says, without its style) and ``zero_shot`` (a mail
written from subject and intent alone). Rows to train on also have ``rules`` (a list: what sets the
author's mail apart from the zero-shot one) and ``thinking`` (the deliberation before them).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import Row, read_rows
from tailorlm.datasets.emails import MailKey, SentMail, Side, same_text
from tailorlm.errors import InputError


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedEmail:
    """One mail with its recorded intent, zero-shot version and rules.

    Attributes:
        id: Unique in the file.
        key: Which mail of the corpus it is.
        split: Whether a method may learn from it.
        subject: The subject line.
        body: What the author wrote.
        intent: What the mail says, one point each; never empty.
        zero_shot: A mail written from subject and intent alone.
        rules: How the author's mail differs from it; empty where none are recorded.
        thinking: What the model considered before the rules; "" where none is recorded.
    """

    id: str
    key: MailKey
    split: Side
    subject: str
    body: str
    intent: tuple[str, ...]
    zero_shot: str
    rules: tuple[str, ...] = ()
    thinking: str = ""

    @property
    def author(self) -> str:
        """The mailbox it was sent from."""
        return self.key.sender


def load_recorded_emails(path: str | Path) -> list[RecordedEmail]:
    """Read recorded mails, plain or gzip, in the order of the file.

    Raises:
        InputError: If the file cannot be read, holds no rows, or a row is not as described, with
            its number.
    """
    emails: list[RecordedEmail] = []
    first_row: dict[str, int] = {}
    for row in read_rows(path):
        email = _email(row)
        if email.id in first_row:
            row.fail(f"the id {email.id!r} stands in row {first_row[email.id]} already.")
        first_row[email.id] = row.number
        emails.append(email)
    if not emails:
        raise InputError(f"{path} holds no rows. Expected one JSON object per line.")
    return emails


def match_recorded(
    mails: Iterable[SentMail], recorded: Iterable[RecordedEmail]
) -> dict[MailKey, RecordedEmail]:
    """What is recorded of mails of the corpus.

    A mail is found by its key or, where a sender sent the same text twice and only the other one is
    among `mails`, by sender and body, blanks and case aside.

    Returns:
        By the key of each mail that has something recorded.
    """
    emails = list(recorded)
    by_key = {email.key: email for email in emails}
    by_content = {(email.author, same_text(email.body)): email for email in emails}
    found: dict[MailKey, RecordedEmail] = {}
    for mail in mails:
        email = by_key.get(mail.key) or by_content.get((mail.sender, same_text(mail.body)))
        if email is not None:
            found[mail.key] = email
    return found


def _email(row: Row) -> RecordedEmail:
    source = Row(row.path, row.number, row.get("source", dict), "source: ")
    intent = row.texts("intent")
    if not intent:
        row.fail("'intent' is empty. List what the mail says.")
    return RecordedEmail(
        id=row.text("id"),
        key=MailKey(row.text("author"), source.text("split"), source.get("num", int)),
        split=_side(row),
        subject=row.get("subject", str),
        body=row.text("body"),
        intent=intent,
        zero_shot=row.text("zero_shot"),
        rules=row.texts("rules") if "rules" in row.data else (),
        thinking=row.get("thinking", str) if "thinking" in row.data else "",
    )


def _side(row: Row) -> Side:
    split = row.text("split")
    if split == "train":
        return "train"
    if split != "test":
        row.fail(f"'split' must be 'train' or 'test', but is {split[:40]!r}.")
    return "test"
