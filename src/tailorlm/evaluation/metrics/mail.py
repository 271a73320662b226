"""How a mail's length, greeting and sign-off compare with the true mail's."""

from __future__ import annotations

import re

from tailorlm.evaluation.metrics.scored import Unscored, check_not_blank
from tailorlm.evaluation.metrics.tokens import words
from tailorlm.writing import split_mail

_GREETING = re.compile(
    r"(?:hi|hello|hey|hiya|dear|greetings|gentlemen|ladies|to whom it may concern"
    r"|good (?:morning|afternoon|evening|day))\b",
    re.IGNORECASE,
)
_BY_NAME = "name"


def length_error(candidate: str, reference: str) -> float | Unscored:
    """``|c - r| / r`` with c and r the words of candidate and reference: 0 at the same length.

    Raises:
        InputError: If a text is blank.
    """
    n_words = len(words(check_not_blank(candidate, "candidate")))
    wanted = len(words(check_not_blank(reference, "reference")))
    if wanted == 0:
        return Unscored("the reference holds no word")
    return abs(n_words - wanted) / wanted


def greeting_match(candidate: str, reference: str) -> float:
    """1 if two mails greet in the same way, else 0.

    A way to greet is the greeting word ("hi", "dear"), the bare name ("Ana," or "All:"), or none.
    Whose name it is makes no difference: that is content.

    Raises:
        InputError: If a text is blank.
    """
    check_not_blank(candidate, "candidate")
    check_not_blank(reference, "reference")
    return float(_greeting(candidate) == _greeting(reference))


def sign_off_match(candidate: str, reference: str) -> float:
    """1 if two mails close with the same phrase and the same name, 1/2 if one of both, else 0.

    Having no phrase, or no name, is a way to close as well. Case and punctuation make no
    difference.

    Raises:
        InputError: If a text is blank.
    """
    one = split_mail(check_not_blank(candidate, "candidate"))
    other = split_mail(check_not_blank(reference, "reference"))
    same_phrase = words(one.sign_off) == words(other.sign_off)
    same_name = words(one.signature) == words(other.signature)
    return (same_phrase + same_name) / 2


def _greeting(text: str) -> str:
    greeting = split_mail(text).greeting
    if not greeting:
        return ""
    found = _GREETING.match(greeting)
    return " ".join(words(found.group())) if found else _BY_NAME
