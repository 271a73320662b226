"""Length, greeting and sign-off against mails made up to differ in one thing."""

from __future__ import annotations

import pytest

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import Unscored, greeting_match, length_error, sign_off_match

BODY = "The report is ready. You can have it at noon."


def mail(greeting: str = "", ending: str = "") -> str:
    return "\n\n".join(part for part in (greeting, BODY, ending) if part)


def test_length_error_counts_words() -> None:
    assert length_error("one two three", "four five") == 0.5
    assert length_error("one", "four five") == 0.5
    assert length_error("Don't go, Ana!", "a b c") == 0.0
    assert length_error("one", "???") == Unscored("the reference holds no word")
    assert length_error("???", "one two") == 1.0


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        ("Hi Ana,", "Hi Ben -", 1.0),
        ("Hi Ana,", "HI,", 1.0),
        ("Hi Ana,", "Hello Ana,", 0.0),
        ("Ana,", "Ben:", 1.0),
        ("Ana,", "Dear Ana,", 0.0),
        ("Good morning Ana,", "good morning,", 1.0),
        ("Good morning Ana,", "Good evening Ana,", 0.0),
        ("", "", 1.0),
        ("", "Ana,", 0.0),
    ],
)
def test_greetings(one: str, other: str, score: float) -> None:
    assert greeting_match(mail(one), mail(other)) == score
    assert greeting_match(mail(other), mail(one)) == score


@pytest.mark.parametrize(
    ("one", "other", "score"),
    [
        ("Kind regards,\nFrancis", "kind regards\nFrancis", 1.0),
        ("Kind regards,\nFrancis", "Kind regards,\nDana", 0.5),
        ("Kind regards,\nFrancis", "Thanks,\nFrancis", 0.5),
        ("Kind regards,\nFrancis", "Francis", 0.5),
        ("Kind regards,\nFrancis", "Thanks!", 0.0),
        ("Kind regards,\nFrancis", "", 0.0),
        ("", "", 1.0),
    ],
)
def test_sign_offs(one: str, other: str, score: float) -> None:
    assert sign_off_match(mail("", one), mail("", other)) == score
    assert sign_off_match(mail("", other), mail("", one)) == score


@pytest.mark.parametrize("metric", [length_error, greeting_match, sign_off_match])
def test_blank_texts_are_refused(metric: object) -> None:
    assert callable(metric)
    with pytest.raises(InputError, match="The candidate is empty"):
        metric(" ", "x")
    with pytest.raises(InputError, match="The reference is empty"):
        metric("x", "\n")
