from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.privacy.checksums import NATIONAL_IDS, is_card, is_iban, luhn

RIGHT = [
    ("es", "12345678Z"), ("es", "X1234567L"), ("it", "RSSMRA85T10A562S"), ("br", "52998224725"),
    ("fr", "255081416802538"), ("fr", "198122A12345690"), ("gb", "9434765919"), ("us", "078051120"),
]  # fmt: skip


@pytest.mark.parametrize(("country", "code"), RIGHT)
def test_published_examples_hold(country: str, code: str) -> None:
    assert NATIONAL_IDS[country](code)


@pytest.mark.parametrize(("country", "code"), [pair for pair in RIGHT if pair[0] != "us"])
def test_another_last_character_does_not(country: str, code: str) -> None:
    last = code[-1]
    other = chr(ord(last) + 1) if last not in "9Z" else chr(ord(last) - 1)
    assert not NATIONAL_IDS[country](code[:-1] + other)


@pytest.mark.parametrize("code", ["000051120", "666051120", "900051120", "078001120", "078050000"])
def test_numbers_that_were_never_given_do_not(code: str) -> None:
    assert not NATIONAL_IDS["us"](code)


@given(st.text("0123456789", min_size=12, max_size=18))
def test_every_number_has_one_check_digit(digits: str) -> None:
    assert sum(luhn(digits + last) for last in "0123456789") == 1


def test_cards_and_accounts() -> None:
    assert is_card("4111111111111111")
    assert not is_card("0" * 16)
    assert not is_card("4111111111111112")
    assert is_iban("DE89370400440532013000")
    assert not is_iban("DE8937040044053201300")
    assert not is_iban("ZZ89370400440532013000")


@given(st.integers(0, 21), st.sampled_from("0123456789"))
def test_one_wrong_digit_is_told(place: int, digit: str) -> None:
    code = "DE89370400440532013000"
    changed = code[:place] + digit + code[place + 1 :]
    assert is_iban(changed) == (changed == code)
