from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.writing.intent import MAX_POINTS, expanded, intent_of, is_courtesy
from tailorlm.writing.traits import words_of

PLAIN = (
    "I am sending the lease for the Harbor Street office",
    "I do not have the price of 4,250 dollars in writing",
    "The meeting is on Friday, 3/14, at 10 a.m.",
    "Check the second page",
)
MANNERS = {
    "bare": (
        "I am sending the lease for the Harbor Street office. I do not have the price of 4,250 "
        "dollars in writing. The meeting is on Friday, 3/14, at 10 a.m.\nCheck the second page."
    ),
    "formal": (
        "Dear Mr. Okafor:\n\nI hope you are doing well. I am sending the lease for the Harbor "
        "Street office. I do not have the price of 4,250 dollars in writing. Please note that the "
        "meeting is on Friday, 3/14, at 10 a.m.\nPlease check the second page at your earliest "
        "convenience.\n\nPlease do not hesitate to contact me if you have any questions.\n\n"
        "Kind regards,\nMira"
    ),
    "chatty": (
        "hey team!!\n\nI'm sending the lease for the Harbor Street office :) I don't have the "
        "price of 4,250 dollars in writing... so, the meeting's off? no!! just kidding\n"
    ),
    "pushy": (
        "I'm sending the lease for the Harbor Street office! Also, I don't have the price of 4,250 "
        "dollars in writing!!! Well, the meeting is on Friday, 3/14, at 10 a.m.\n"
        "Can you please check the second page? Thanks so much for your help!\nM"
    ),
    "bulleted": (
        "- i am sending the lease for the Harbor Street office\n- I don't have the price of 4,250 "
        "dollars in writing\n- The meeting is on Friday, 3/14, at 10 a.m.\n- pls check the second "
        "page\n\nThx\nMira\n-- \nMira Okafor, 555-0100\n"
    ),
}
STYLE_MARKS = (
    "n't",
    "'m",
    "'re",
    "'ll",
    "!",
    "…",
    "..",
    "--",
    "😀",
    ":)",
    "please",
    "Thanks",
    "hey",
)


@pytest.mark.parametrize("manner", ["bare", "formal", "pushy", "bulleted"])
def test_the_same_content_gives_the_same_points_whatever_the_manner(manner: str) -> None:
    assert intent_of(MANNERS[manner]) == PLAIN


@pytest.mark.parametrize("manner", MANNERS)
def test_no_mark_of_style_is_in_a_point(manner: str) -> None:
    for point in intent_of(MANNERS[manner]):
        assert point[0].isupper() or not point[0].isalpha()
        assert not any(mark in point for mark in STYLE_MARKS)


def test_names_numbers_and_dates_stay() -> None:
    (point,) = intent_of("Ola Brandt paid $1,200.50 on 12/3/2021 to acme@example.com!")
    assert point == "Ola Brandt paid $1,200.50 on 12/3/2021 to acme@example.com"


def test_a_shouted_sentence_is_lowered_and_an_acronym_is_not() -> None:
    assert intent_of("SEND ME THE REPORT TODAY") == ("Send me the report today",)
    assert intent_of("The ISDA form is here") == ("The ISDA form is here",)


def test_quoted_threads_and_footers_say_nothing() -> None:
    mail = (
        "The draft is ready.\n\n> When is it ready?\n\n-----Original Message-----\nFrom: Bo\n"
        "Sent: today\nSubject: x\n\nSecret plans"
    )
    assert intent_of(mail) == ("The draft is ready",)


@pytest.mark.parametrize(
    ("sentence", "polite"),
    [
        ("Thanks for your help!", True),
        ("Please let me know if you have any questions.", True),
        ("If you have any questions, please call me at 555-0100.", True),
        ("I look forward to hearing from you", True),
        ("Hope all is well", True),
        ("The boiler is broken.", False),
        ("Thanks to Ola we have a new boiler. It hums.", False),
        ("Call me when the boiler hums?", False),
    ],
)
def test_courtesies(sentence: str, polite: bool) -> None:
    assert is_courtesy(sentence) is polite


@pytest.mark.parametrize(
    ("short", "full"),
    [
        ("I can't, won't and shan't.", "I cannot, will not and shall not."),
        ("it's here, he's gone", "it is here, he has gone"),
        ("they'd agreed; I'd agree", "they had agreed; I would agree"),
        ("don’t", "do not"),
    ],
)
def test_contractions_are_written_out(short: str, full: str) -> None:
    assert expanded(short) == full


@pytest.mark.parametrize(
    "text", ["", "   \n", "Thanks!", "\x00\x01\x02" * 50, "Hi Bo,\n\nBest,\nAl"]
)
def test_nothing_said_gives_no_points(text: str) -> None:
    assert intent_of(text) == ()


def test_mixed_languages_stay_as_they_are() -> None:
    points = intent_of("El contrato está listo. Das Treffen ist am Freitag. The plan holds!")
    assert points == ("El contrato está listo", "Das Treffen ist am Freitag", "The plan holds")


def test_ten_megabytes_take_little_time() -> None:
    start = time.process_time()
    assert len(intent_of("The pump on line seven is broken again. " * 260_000)) == 1
    assert len(intent_of("".join(f"Pump {n} is broken. " for n in range(500_000)))) == MAX_POINTS
    assert time.process_time() - start < 5.0


@given(st.text(max_size=400))
def test_any_text_gives_points_that_are_whole(text: str) -> None:
    points = intent_of(text)
    assert len(points) <= MAX_POINTS
    assert all(point == point.strip() and words_of(point) for point in points)
    assert "\n" not in "".join(points)
