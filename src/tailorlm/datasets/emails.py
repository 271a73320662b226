"""Sent mail of the Enron corpus by sender, as the subject-line corpus AESLC holds it.

AESLC (Zhang and Tetreault 2019, "This Email Could Save Your Life") gives cleaned bodies with their
subjects. One JSON object per line: ``owner`` (whose mailbox), ``folder``, ``split`` and ``num``
(where the mail stands in the corpus), ``subject``, ``body``. Only mail in the folder "sent" was
written by the owner. The mails have no dates, so none is earlier than another.

These are real people's mails: nothing of them belongs in a report.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from tailorlm.datasets.base import Row, read_rows
from tailorlm.datasets.card import Card, find_file
from tailorlm.errors import InputError

LICENCE = (
    "Enron mail of AESLC (github.com/ryanzhumich/AESLC): CC BY-NC-SA 4.0, for research; it names "
    "real people. Not part of this package."
)
SENT = "sent"
Side = Literal["train", "test"]
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ufffd]")
_MOST_UNPRINTABLE = 0.01
"""Share of unprintable characters above which a body is no text."""


class MailKey(NamedTuple):
    """Which mail of the corpus it is.

    Attributes:
        sender: The mailbox it was sent from.
        split: Part of the corpus: "train", "dev" or "test".
        number: Its number in that part; senders share numbers.
    """

    sender: str
    split: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SentMail:
    """One mail that its sender wrote.

    Attributes:
        key: Which mail it is.
        subject: Its subject line.
        body: Its text.
        context: The mails that it answers, where the data have them apart; else "".
    """

    key: MailKey
    subject: str
    body: str
    context: str = ""

    @property
    def sender(self) -> str:
        """The mailbox it was sent from."""
        return self.key.sender


@dataclass(frozen=True, slots=True)
class MailSplit:
    """One sender's mails in two parts.

    Attributes:
        train: What a method may learn from.
        test: What it is measured on.
    """

    train: tuple[SentMail, ...]
    test: tuple[SentMail, ...]


def load_sent_mails(
    path: str | Path, *, least: int = 1, on_skip: Callable[[str], None] | None = None
) -> dict[str, tuple[SentMail, ...]]:
    """Read sent mail, plain or gzip, by sender; the same rows in another order give the same.

    Left out are mails of other folders, those with a blank or binary body, and mails whose body
    the same sender has sent before, blanks and case aside.

    Args:
        path: JSON Lines with the fields named above; others are passed over.
        least: Mails that a sender must have to be kept.
        on_skip: Called with the reason, which names the row, for each sent mail left out.

    Returns:
        Each sender's mails in the order of their keys; senders with the most mails first.

    Raises:
        InputError: If the file cannot be read, a row is not as described (with its number), or no
            sender has enough mails.
    """
    if least < 1:
        raise InputError(f"A sender must have at least 1 mail, but least is {least}.")
    found: dict[MailKey, tuple[Row, SentMail]] = {}
    for row in read_rows(path):
        if row.text("folder") != SENT:
            continue
        mail = _mail(row)
        if mail.key in found:
            row.fail(f"this mail stands in row {found[mail.key][0].number} already.")
        found[mail.key] = (row, mail)
    senders: dict[str, list[SentMail]] = defaultdict(list)
    seen: set[tuple[str, str]] = set()
    for _, (row, mail) in sorted(found.items()):
        content = (mail.sender, same_text(mail.body))
        problem = _problem(mail.body) or ("is there twice" if content in seen else "")
        if problem and on_skip is not None:
            on_skip(f"{row.path}, row {row.number}: the body {problem}.")
        if not problem:
            seen.add(content)
            senders[mail.sender].append(mail)
    kept = {sender: tuple(mails) for sender, mails in senders.items() if len(mails) >= least}
    if not kept:
        most = max((len(mails) for mails in senders.values()), default=0)
        raise InputError(
            f"No sender in {path} has {least} sent mails; the most is {most}. Lower least."
        )
    return dict(sorted(kept.items(), key=lambda item: (-len(item[1]), item[0])))


def split_mails(
    mails: Sequence[SentMail],
    *,
    seed: int = 0,
    share: float = 0.8,
    fixed: Mapping[MailKey, Side] | None = None,
) -> MailSplit:
    """Divide one sender's mails; which part a mail is in does not depend on their order.

    Mails are ordered by the SHA-256 of seed and key, and the first `share` of them, rounded, are
    for training.

    Args:
        mails: The mails of one sender.
        seed: Another seed gives another split.
        share: Share of the mails that are for training, between 0 and 1.
        fixed: Mails whose part is known already, such as recorded ones; the others fill up what
            is left of each part.

    Raises:
        InputError: If there are fewer than two mails, `share` is out of range, or a part would be
            empty.
    """
    if not 0 < share < 1:
        raise InputError(f"share lies between 0 and 1, but got {share}.")
    sides = {} if fixed is None else fixed
    free = sorted(
        (mail for mail in mails if mail.key not in sides), key=lambda mail: _hash(mail, seed)
    )
    n_fixed = sum(sides.get(mail.key) == "train" for mail in mails)
    n_free = min(max(round(share * len(mails)) - n_fixed, 0), len(free))
    learned = {mail.key for mail in free[:n_free]}
    is_train = [sides.get(mail.key) == "train" or mail.key in learned for mail in mails]
    ordered = sorted(zip(mails, is_train, strict=True), key=lambda item: item[0].key)
    split = MailSplit(
        tuple(mail for mail, train in ordered if train),
        tuple(mail for mail, train in ordered if not train),
    )
    if not split.train or not split.test:
        raise InputError(
            f"{len(mails)} mails cannot be divided into a part to learn from and one to test "
            f"with share {share}. Give more mails."
        )
    return split


def same_text(body: str) -> str:
    """A body without differences of case and blanks, to find texts that are there twice."""
    return " ".join(body.casefold().split())


def _mail(row: Row) -> SentMail:
    key = MailKey(row.text("owner"), row.text("split"), row.get("num", int))
    return SentMail(key=key, subject=row.get("subject", str).strip(), body=row.get("body", str))


def _problem(body: str) -> str:
    """Why a body cannot be used; "" where it can."""
    if not body.strip():
        return "is empty"
    if len(_UNPRINTABLE.findall(body)) > _MOST_UNPRINTABLE * len(body):
        return "is no text"
    return ""


def _hash(mail: SentMail, seed: int) -> bytes:
    key = f"{seed}\n{mail.key.sender}\n{mail.key.split}\n{mail.key.number}"
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


_FILE = "aeslc_sent.jsonl"


def _open(folder: Path, split: str) -> Iterator[SentMail]:
    for mails in load_sent_mails(find_file(folder, _FILE)).values():
        yield from mails


CARDS = (
    Card(
        name="enron_aeslc",
        title="Enron's sent mail, by sender",
        use="mail in each sender's style; preference agents",
        terms="CC BY-NC-SA 4.0, research",
        licence=LICENCE,
        source="https://github.com/ryanzhumich/AESLC (reshaped to JSON Lines)",
        citation="Zhang and Tetreault 2019, This Email Could Save Your Life",
        fields={
            "owner": "whose mailbox",
            "folder": "sent or inbox; only sent mail is read",
            "split, num": "which mail of the corpus",
            "subject, body": "the mail",
        },
        files=(_FILE,),
        open=_open,
    ),
)
