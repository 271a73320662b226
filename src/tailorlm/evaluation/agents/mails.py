"""The mails of the suite: who writes, what is learned from, what is to be written.

Writers are called A, B, C, ... and nothing of their mails leaves this package in a report.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase

from tailorlm.datasets.emails import MailKey, SentMail, load_sent_mails, split_mails
from tailorlm.datasets.recorded_emails import RecordedEmail, load_recorded_emails
from tailorlm.errors import InputError
from tailorlm.writing.intent import intent_of
from tailorlm.writing.mail import own_words, split_mail
from tailorlm.writing.mail_task import mail_task
from tailorlm.writing.rules import greeting_form

FILE = Path("enron_aeslc") / "aeslc_sent.jsonl.gz"
LEAST_MAILS = 100
WRITERS = 5
_GREETING_WORD = re.compile(r"^(?:hi|hello|hey|dear|hiya|good \w+)\b\s*", re.IGNORECASE)
_MAILBOX = re.compile(r"(?P<last>\w+)-(?P<first>\w)\d*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One mail with what is known before it is written.

    Attributes:
        writer: Letter of who wrote it.
        subject: The subject line.
        points: What it says, recorded or extracted.
        recipient: Whom it is for, as far as that can be told; see `Writers`.
        sender: The writer's name as the mailbox tells it.
        text: The writer's own words.
        draft: The recorded zero-shot mail; "" where there is none.
        rules: The recorded rules; empty where there are none.
        is_recorded: Whether its intent was recorded.
    """

    writer: str
    subject: str
    points: tuple[str, ...]
    recipient: str
    sender: str
    text: str
    draft: str = ""
    rules: tuple[str, ...] = ()
    is_recorded: bool = False

    @property
    def task(self) -> str:
        """The query that asks for it."""
        return mail_task(self.subject, self.points, recipient=self.recipient, sender=self.sender)


@dataclass(frozen=True, slots=True)
class Writer:
    """One writer's mails in two parts."""

    name: str
    train: tuple[Sample, ...]
    test: tuple[Sample, ...]


@dataclass(frozen=True, slots=True)
class Writers:
    """The writers who are measured, and training mails of others for comparison.

    The corpus names no recipients. Where a mail greets somebody by name, that name is taken; to
    every other mail one of the names that its writer greets in training mails is given, drawn by
    the mail's key, so that having a recipient tells nothing about the greeting.

    Attributes:
        measured: The writers A, B, C, ...
        others: Training mails of further senders, by sender, without names.
    """

    measured: tuple[Writer, ...]
    others: tuple[tuple[Sample, ...], ...]

    @property
    def train(self) -> tuple[Sample, ...]:
        """All training mails of the measured writers."""
        return tuple(sample for writer in self.measured for sample in writer.train)


def load_writers(
    data: Path,
    recordings: Path | None,
    *,
    writers: int = WRITERS,
    seed: int = 0,
    most_train: int | None = None,
    most_test: int | None = None,
    most_others: int = 100,
    least: int | None = None,
    on_skip: Callable[[str], None] | None = None,
) -> Writers:
    """Read sent mail and divide that of the measured writers.

    Measured are the senders whose mails have recorded intents, then those with the most mails.
    Four fifths of each one's mails are learned from; a recorded mail stays on its side.

    Args:
        data: Folder with `FILE`.
        recordings: File of recorded intents and rules, or None.
        writers: How many senders are measured, from 2 to 26.
        seed: Of the division and of drawn recipients.
        most_train: Most training mails per measured writer; None for all.
        most_test: Most test mails per measured writer; None for all.
        most_others: Most training mails of each further sender.
        least: Mails that a sender must have; None for `LEAST_MAILS`.
        on_skip: Called with the reason for each mail that is left out.

    Raises:
        InputError: If a file cannot be read, or there are fewer senders with 100 mails.
    """
    if not 2 <= writers <= len(ascii_uppercase):
        raise InputError(f"From 2 to 26 writers can be measured, but got {writers}.")
    least = LEAST_MAILS if least is None else least
    senders = load_sent_mails(data / FILE, least=least, on_skip=on_skip)
    recorded = {} if recordings is None else {e.key: e for e in load_recorded_emails(recordings)}
    known = {key.sender for key in recorded}
    order = sorted(senders, key=lambda name: (name not in known, list(senders).index(name)))
    if len(order) < writers:
        raise InputError(
            f"{data / FILE} has {len(order)} senders with {least} mails; "
            f"{writers} are to be measured. Ask for fewer."
        )
    sides = {key: email.split for key, email in recorded.items()}
    measured = []
    for letter, sender in zip(ascii_uppercase, order[:writers], strict=False):
        split = split_mails(senders[sender], seed=seed, fixed=sides)
        make = _Maker(letter, sender, _greeted(split.train), recorded, seed)
        parts = ((split.train, most_train), (split.test, most_test))
        train, test = (tuple(make.samples(make.first(mails, most))) for mails, most in parts)
        measured.append(Writer(letter, train, test))
    others = []
    for sender in order[writers:]:
        mails = split_mails(senders[sender], seed=seed).train
        make = _Maker("-", sender, _greeted(mails), {}, seed)
        others.append(tuple(make.samples(make.first(mails, most_others))))
    return Writers(tuple(measured), tuple(others))


@dataclass(frozen=True, slots=True)
class _Maker:
    """Makes samples of one sender's mails."""

    letter: str
    mailbox: str
    names: tuple[str, ...]
    recorded: Mapping[MailKey, RecordedEmail]
    seed: int

    def samples(self, mails: Iterable[SentMail]) -> Iterable[Sample]:
        for mail in mails:
            text = own_words(mail.body)
            known = self.recorded.get(mail.key)
            points = known.intent if known else intent_of(text)
            if text and (points or mail.subject):
                yield Sample(
                    writer=self.letter,
                    subject=mail.subject,
                    points=points,
                    recipient=_named(text) or self._drawn(mail),
                    sender=_sender(self.mailbox),
                    text=text,
                    draft=known.zero_shot if known else "",
                    rules=known.rules if known else (),
                    is_recorded=known is not None,
                )

    def first(self, mails: Sequence[SentMail], most: int | None) -> list[SentMail]:
        """At most so many of the mails, recorded ones first, then by the hash of their keys."""
        kept = sorted(
            mails, key=lambda mail: (mail.key not in self.recorded, _hash(mail.key, self.seed))
        )
        return sorted(kept[:most], key=lambda mail: mail.key)

    def _drawn(self, mail: SentMail) -> str:
        if not self.names:
            return ""
        return self.names[int.from_bytes(_hash(mail.key, self.seed)[:8], "big") % len(self.names)]


def _greeted(mails: Iterable[SentMail]) -> tuple[str, ...]:
    """The names that mails greet, each as often as it is greeted."""
    return tuple(filter(None, (_named(own_words(mail.body)) for mail in mails)))


def _named(text: str) -> str:
    """Whom a mail greets by name; "" for nobody or a group."""
    greeting = split_mail(text).greeting
    if "{name}" not in greeting_form(greeting):
        return ""
    return _GREETING_WORD.sub("", greeting).strip(" ,:;!.–-")


def _sender(mailbox: str) -> str:
    """A name such as "A. Lovelace" for the mailbox "lovelace-a"."""
    found = _MAILBOX.fullmatch(mailbox)
    if found is None:
        return mailbox
    return f"{found['first'].upper()}. {found['last'].capitalize()}"


def _hash(key: MailKey, seed: int) -> bytes:
    text = f"{seed}\n{key.sender}\n{key.split}\n{key.number}"
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
