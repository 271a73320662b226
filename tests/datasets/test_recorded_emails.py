"""Mails with recorded intents and rules, and how they are joined to the corpus."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from tests.datasets.mails import recorded, sent, write

from tailorlm.datasets.emails import MailKey, load_sent_mails
from tailorlm.datasets.recorded_emails import load_recorded_emails, match_recorded
from tailorlm.errors import InputError

TRAIN = recorded("ana", 1, "Lunch?", split="train", rules=["Be brief."], thinking="Too long.")
TEST = recorded("ana", 3, "The report is ready.")


def test_fields(tmp_path: Path) -> None:
    train, test = load_recorded_emails(write(tmp_path / "r.jsonl", [TRAIN, TEST]))
    assert (train.id, train.author, train.split) == ("ana-1", "ana", "train")
    assert train.key == MailKey("ana", "train", 1)
    assert (train.rules, train.thinking) == (("Be brief.",), "Too long.")
    assert (test.split, test.rules, test.thinking) == ("test", (), "")
    assert test.intent == ("I have news",)
    assert test.zero_shot.startswith("Dear all,")


def test_join_by_sender_part_and_number(tmp_path: Path) -> None:
    rows = [sent("ana", 1, "Lunch?"), sent("ben", 1, "Lunch?"), sent("ana", 1, "No.", split="dev")]
    mails = [
        m for group in load_sent_mails(write(tmp_path / "s.jsonl", rows)).values() for m in group
    ]
    found = match_recorded(mails, load_recorded_emails(write(tmp_path / "r.jsonl", [TRAIN])))
    assert {key: email.id for key, email in found.items()} == {("ana", "train", 1): "ana-1"}


def test_join_by_text_where_a_mail_was_sent_twice(tmp_path: Path) -> None:
    rows = [sent("ana", 2, "The report\nis ready."), sent("ana", 3, "The report is ready.")]
    (mails,) = load_sent_mails(write(tmp_path / "s.jsonl", rows)).values()
    found = match_recorded(mails, load_recorded_emails(write(tmp_path / "r.jsonl", [TEST])))
    assert {key: email.id for key, email in found.items()} == {("ana", "train", 2): "ana-3"}


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"intent": []}, "row 2: 'intent' is empty."),
        ({"intent": "none"}, "row 2: 'intent' must be a list, but is a text."),
        ({"split": "dev"}, "row 2: 'split' must be 'train' or 'test', but is 'dev'."),
        ({"source": {"split": "train"}}, "row 2: source: there is no field 'num'."),
        ({"body": ""}, "row 2: 'body' is empty."),
        ({"rules": [3]}, "row 2: 'rules' must hold texts, but holds 3."),
        ({"id": "ana-1"}, "row 2: the id 'ana-1' stands in row 1 already."),
    ],
)
def test_errors_name_the_row(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    path = write(tmp_path / "r.jsonl", [TRAIN, TEST | fields])
    with pytest.raises(InputError) as caught:
        load_recorded_emails(path)
    assert message in str(caught.value)


def test_an_empty_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no rows"):
        load_recorded_emails(write(tmp_path / "r.jsonl", []))


def test_the_real_data() -> None:
    data = Path(os.environ.get("TAILORLM_DATA", "../shared/data"))
    path = data.parent / "recordings" / "emails.jsonl"
    if not path.is_file() or not (data / "enron_aeslc").is_dir():
        pytest.skip(f"there is no file {path}, or no enron_aeslc beside it")
    emails = load_recorded_emails(path)
    assert len(emails) == 72
    assert all(bool(email.rules) == (email.split == "train") for email in emails)
    senders = load_sent_mails(data / "enron_aeslc" / "aeslc_sent.jsonl.gz")
    found = match_recorded([mail for group in senders.values() for mail in group], emails)
    assert len({email.id for email in found.values()}) == 72
