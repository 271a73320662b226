from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.writing import Mail, own_words, split_mail


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("Hi Ana!\n\nSee you at six.\n\nCheers,\nBo Lind",
         Mail("Hi Ana!", "See you at six.", "Cheers,", "Bo Lind")),
        ("Dear Mr. Ode,\nPlease find the draft attached.\nKind regards,\nP. Marsh",
         Mail("Dear Mr. Ode,", "Please find the draft attached.", "Kind regards,", "P. Marsh")),
        ("Ana:  The draft is attached.\nThanks.\nBo",
         Mail("Ana:", "The draft is attached.", "Thanks.", "Bo")),
        ("Good morning everyone, lunch is at noon.",
         Mail("Good morning everyone,", "lunch is at noon.", "", "")),
        ("Ana and Bo,\nread this first.", Mail("Ana and Bo,", "read this first.", "", "")),
        ("However, the draft is late.", Mail("", "However, the draft is late.", "", "")),
        ("Please, send it today.", Mail("", "Please, send it today.", "", "")),
        ("Dear J. Ode,\nDone.\ncheers\nbo", Mail("Dear J. Ode,", "Done.", "cheers", "bo")),
        ("- one\n- two\nthree", Mail("", "- one\n- two\nthree", "", "")),
        ("Done.\n\nBL", Mail("", "Done.", "", "BL")),
        ("The numbers are in. Thanks, ", Mail("", "The numbers are in.", "Thanks,", "")),
        ("All of it went well", Mail("", "All of it went well", "", "")),
        ("", Mail("", "", "", "")),
        ("Hi", Mail("Hi", "", "", "")),
        ("Cheers", Mail("", "", "Cheers", "")),
    ],
)  # fmt: skip
def test_parts_of_mail(text: str, parts: Mail) -> None:
    assert split_mail(text) == parts


@pytest.mark.parametrize(
    "quoted",
    [
        "-----Original Message-----\nFrom: Bo\nSubject: x\n\nold words",
        "---------------------- Forwarded by Bo Lind on 03/04/2001 ---------\nold words",
        "On Tue, 6 Mar 2001, Bo Lind <bo@example.org> wrote:\n> old words\n> more old words",
        "From: Bo Lind\nSent: Tuesday\nTo: Ana\nSubject: x\n\nold words",
        "> old words\n> old words again",
        "-- \nBo Lind, Head of old words",
        "This e-mail is confidential and meant for old words only.",
        "Sent from my telephone with old words",
    ],
)
def test_only_the_senders_own_words_are_left(quoted: str) -> None:
    assert own_words(f"I agree with all of it.\r\n\r\n{quoted}") == "I agree with all of it."


@pytest.mark.parametrize("text", ["\x00\x01\x02\x03PNG\x08\x0e" * 50, "", "\ufffd" * 9])
def test_binary_and_empty_texts_have_no_words(text: str) -> None:
    assert own_words(text) == ""


def test_ten_megabytes_take_no_time() -> None:
    text = "Hi Ana, " + "some words and more, " * 500_000
    start = time.perf_counter()
    assert split_mail(own_words(text)).greeting == "Hi Ana,"
    assert time.perf_counter() - start < 1.0


@given(st.text(st.characters(codec="utf-8"), max_size=300))
def test_any_text_has_parts_and_its_words_stay(text: str) -> None:
    mail = split_mail(text)
    found = [*mail.greeting.split(), *mail.body.split(), *mail.sign_off.split()]
    assert sorted([*found, *mail.signature.split()]) == sorted(text.split())
    assert own_words(own_words(text)) == own_words(text)
