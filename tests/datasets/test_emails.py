"""Sent mail by sender: what is left out, the split, and what is refused."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest
from tests.datasets.mails import sent, write

from tailorlm.datasets.emails import MailKey, MailSplit, SentMail, load_sent_mails, split_mails
from tailorlm.errors import InputError

ROWS = [
    sent("ana", 2, "The report is ready."),
    sent("ana", 1, "Lunch at noon?"),
    sent("ana", 1, "Lunch at one?", split="dev"),
    sent("ben", 1, "I agree."),
    sent("ana", 3, "the  REPORT is\nready."),
    sent("ben", 2, "The report is ready."),
    sent("cy", 1, " \n"),
    sent("cy", 2, "\x00\x01\x02MZ\x90\ufffd\ufffd"),
    sent("ana", 9, "Written by somebody else.", folder="inbox"),
]


def mails(n: int, sender: str = "ana") -> list[SentMail]:
    return [
        SentMail(key=MailKey(sender, "train", number), subject="", body=f"Mail {number}.")
        for number in range(n)
    ]


def test_senders_with_their_mails(tmp_path: Path) -> None:
    skipped: list[str] = []
    found = load_sent_mails(write(tmp_path / "sent.jsonl.gz", ROWS), on_skip=skipped.append)
    assert list(found) == ["ana", "ben"]
    assert [mail.key for mail in found["ana"]] == [
        ("ana", "dev", 1),
        ("ana", "train", 1),
        ("ana", "train", 2),
    ]
    assert found["ana"][0].body == "Lunch at one?"
    assert found["ben"][1].sender == "ben"
    reasons = [text.split(", ")[1] for text in skipped]
    assert reasons == [
        "row 5: the body is there twice.",
        "row 7: the body is empty.",
        "row 8: the body is no text.",
    ]


def test_the_order_of_rows_makes_no_difference(tmp_path: Path) -> None:
    first = load_sent_mails(write(tmp_path / "a.jsonl", ROWS))
    shuffled = random.Random(3).sample(ROWS, len(ROWS))
    second = load_sent_mails(write(tmp_path / "b.jsonl", shuffled))
    assert first == second
    assert list(first) == list(second)


def test_senders_with_too_few_mails_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", ROWS)
    assert list(load_sent_mails(path, least=3)) == ["ana"]
    with pytest.raises(InputError, match="has 4 sent mails; the most is 3"):
        load_sent_mails(path, least=4)
    with pytest.raises(InputError, match="least is 0"):
        load_sent_mails(path, least=0)


def test_split_depends_on_seed_and_keys_alone() -> None:
    given = mails(50)
    split = split_mails(given, seed=1)
    assert (len(split.train), len(split.test)) == (40, 10)
    assert sorted([*split.train, *split.test], key=lambda mail: mail.key) == given
    assert split_mails(given[::-1], seed=1) == split
    assert split_mails(given, seed=2) != split
    others = split_mails(mails(50, "ben"), seed=1)
    assert [m.key.number for m in others.test] != [m.key.number for m in split.test]


def test_parts_that_are_known_stay() -> None:
    given = mails(10)
    free = split_mails(given)
    fixed = {mail.key: "train" for mail in free.test} | {free.train[0].key: "test"}
    split = split_mails(given, fixed=fixed)  # type: ignore[arg-type]
    assert set(free.test) <= set(split.train)
    assert free.train[0] in split.test
    assert (len(split.train), len(split.test)) == (8, 2)
    only_test = split_mails(given, fixed={mail.key: "test" for mail in given[1:]})
    assert only_test == MailSplit((given[0],), tuple(given[1:]))


def test_what_cannot_be_split() -> None:
    with pytest.raises(InputError, match="share lies between 0 and 1, but got 1"):
        split_mails(mails(5), share=1)
    with pytest.raises(InputError, match="1 mails cannot be divided"):
        split_mails(mails(1))


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"body": None}, "row 2: 'body' must be a text, but is null."),
        ({"owner": " "}, "row 2: 'owner' is empty."),
        ({"num": "1"}, "row 2: 'num' must be a whole number, but is a text."),
        ({"folder": 3}, "row 2: 'folder' must be a text"),
        ({"num": 2}, "row 2: this mail stands in row 1 already."),
    ],
)
def test_errors_name_the_row(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    path = write(tmp_path / "a.jsonl", [ROWS[0], ROWS[1] | fields])
    with pytest.raises(InputError) as caught:
        load_sent_mails(path)
    assert message in str(caught.value)


def test_the_real_data() -> None:
    path = Path(os.environ.get("TAILORLM_DATA", "../shared/data")) / "enron_aeslc"
    if not path.is_dir():
        pytest.skip(f"there is no folder {path}")
    skipped: list[str] = []
    found = load_sent_mails(path / "aeslc_sent.jsonl.gz", on_skip=skipped.append)
    assert (len(found), sum(map(len, found.values())), len(skipped)) == (77, 7868, 26)
    assert sum(len(group) >= 100 for group in found.values()) == 21
    for group in found.values():
        if len(group) >= 100:
            split = split_mails(group)
            assert abs(len(split.train) / len(group) - 0.8) < 0.005
