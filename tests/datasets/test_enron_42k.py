"""Mails with their context, under the names of the paper and under others."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.datasets.published import write_csv, write_lines

from tailorlm.datasets.emails import MailKey, SentMail
from tailorlm.datasets.enron_42k import load_enron_42k
from tailorlm.errors import InputError

ROWS = [
    {"from": "ana", "subject": "Lunch", "content": "At noon?", "previous_context": "When?"},
    {"from": "bo", "subject": "Re", "content": "  ", "previous_context": ""},
    {"from": "bo", "subject": None, "content": "Fine.", "previous_context": None},
]


def test_mails_are_read_with_what_they_answer(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "train.jsonl", ROWS)
    assert list(load_enron_42k(path)) == [
        SentMail(key=MailKey("ana", "train", 1), subject="Lunch", body="At noon?", context="When?"),
        SentMail(key=MailKey("bo", "train", 3), subject="", body="Fine."),
    ]


def test_columns_may_have_other_names(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [{"who": "ana", "title": "L", "text": "Hi", "before": ""}])
    (mail,) = load_enron_42k(path, sender="who", subject="title", content="text", context="before")
    assert (mail.sender, mail.subject, mail.body, mail.context) == ("ana", "L", "Hi", "")


def test_a_missing_column_is_named_with_those_there_are(tmp_path: Path) -> None:
    path = write_lines(tmp_path / "a.jsonl", [{"sender": "ana", "content": "Hi"}])
    with pytest.raises(InputError, match=r"row 1: there is no field 'from'. Fields: content, send"):
        list(load_enron_42k(path))
