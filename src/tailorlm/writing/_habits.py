"""What one text shows of its writer's habits: a value for each facet that it says anything on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from tailorlm.writing.intent import is_courtesy
from tailorlm.writing.mail import Mail, split_mail
from tailorlm.writing.rules import StyleRule, facet_names, greeting_form
from tailorlm.writing.traits import Traits, measure, sentences_of, words_of

NONE = "none"
"""The value of a part that a text does not have."""
FORM = ("greeting", "sign-off", "signature", "contractions", "exclamation marks", "register")
"""Facets that may depend on whom a text is for."""
_LONGEST = 80
"""Characters of a value that is quoted."""
_SHORT, _LONG = 11, 18
_INFORMAL, _FORMAL = 0.65, 0.85
_FEW = 3

_DATES = (
    ("month/day", re.compile(r"\b\d{1,2}/\d{1,2}(?:/\d{2,4})?\b")),
    (
        "month name",
        re.compile(
            r"\b(?:jan|feb|mar|apr|may|jun|jul|aug|sept?|oct|nov|dec)\w*\.? \d{1,2}(?:st|nd|rd|th)?"
            r"\b",
            re.IGNORECASE,
        ),
    ),
)
_FIGURE = re.compile(r"(?<![\w/:.$,-])\d(?![\w/:.,-]*\d)(?!\w)")
_SPELLED = re.compile(r"\b(?:two|three|four|five|six|seven|eight|nine)\b", re.IGNORECASE)
_PLEASE = re.compile(r"\b(?:please|kindly|pls|plz)\b", re.IGNORECASE)
_ASKS = re.compile(
    r"(?:^|[.!?\n]\s*)(?:(?:can|could|would|will) you\b|(?:please )?(?:send|call|let|give|review"
    r"|check|make|forward|get|provide|add|confirm|include|see|sign|fax|advise)\b)|\bplease\b",
    re.IGNORECASE,
)

WORDINGS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "please": {"yes": "Say please when asking.", "no": "Ask plainly, without please."},
        "dashes": {"yes": "Set off asides with dashes.", "no": ""},
        "parentheses": {"yes": "Put asides in parentheses.", "no": ""},
        "semicolons": {"yes": "Join related sentences with semicolons.", "no": ""},
        "ellipses": {"yes": "Trail off with dots at times.", "no": ""},
        "numbers": {
            "figures": "Write small numbers in figures.",
            "words": "Write small numbers as words.",
        },
        "dates": {
            "month/day": "Write dates in figures, the month first.",
            "month name": "Write dates with the name of the month.",
        },
        "blocks": {
            "one": "Write one block of text.",
            "several": "Leave an empty line between paragraphs.",
        },
        "first words": {"": "The first words after any greeting: “{}”."},
        "last sentence": {NONE: "", "": "The last sentence: “{}”."},
        "turns": {"": "Turns of phrase that are typical of the writer: “{}”."},
    }
)
"""Rules of the facets that are habits of one writer rather than wishes that people state."""
_WISHES = frozenset(facet_names())


def wording(facet: str, value: str) -> str:
    """The rule in words; "" for a value that needs no rule."""
    if facet in _WISHES:
        return "" if value in ("medium", "neutral") else StyleRule(facet, value).text
    words = WORDINGS[facet]
    return words[value] if value in words else words[""].format(value)


def habits_of(text: str) -> dict[str, str]:
    """The value that a text shows of each facet; facets that it says nothing on are left out.

    Args:
        text: The writer's own words; a blank one shows nothing.
    """
    if not text.strip():
        return {}
    mail = split_mail(text)
    traits = measure(text, mail)
    return {
        "greeting": quoted(greeting_form(mail.greeting)) or NONE,
        "sign-off": quoted(mail.sign_off) or NONE,
        "signature": quoted(mail.signature.split("\n")[0]) or NONE,
        **_marks(text, mail, traits),
        **_manner(mail, traits),
    }


def quoted(text: str) -> str:
    """A part of a text as a rule can quote it: one line without double quotation marks."""
    line = re.sub(r"[\"“”]", "'", " ".join(text.split()))
    return line[:_LONGEST].rstrip()


def _marks(text: str, mail: Mail, traits: Traits) -> dict[str, str]:
    """Letters and punctuation."""
    found = {
        "exclamation marks": _yes(traits.exclamations > 0),
        "dashes": _yes(traits.dashes > 0),
        "parentheses": _yes(traits.parentheses > 0),
        "semicolons": _yes(traits.semicolons > 0),
        "ellipses": _yes(traits.ellipses > 0),
        "emoji": _yes(traits.emoji > 0),
    }
    if traits.sentences and not traits.capitals > 0.5:
        found["case"] = "lower" if traits.lower_starts >= 0.5 else "normal"
    elif traits.sentences:
        found["case"] = "upper"
    if traits.contractions != 0.5:
        found["contractions"] = _yes(traits.contractions > 0.5)
    if traits.british != 0.5:
        found["spelling"] = "british" if traits.british > 0.5 else "american"
    figures, spelled = len(_FIGURE.findall(mail.body)), len(_SPELLED.findall(mail.body))
    if figures != spelled:
        found["numbers"] = "figures" if figures > spelled else "words"
    dated = [name for name, pattern in _DATES if pattern.search(text)]
    if len(dated) == 1:
        found["dates"] = dated[0]
    return found


def _manner(mail: Mail, traits: Traits) -> dict[str, str]:
    """Sentences, layout and courtesies."""
    found = {
        "thanks": _yes(traits.thanks > 0),
        "pleasantries": _yes(traits.friendly > 0),
        "hedging": _yes(traits.hedges > 0),
    }
    if not traits.sentences:
        return found
    found["sentence length"] = _third(traits.sentence_words, _SHORT, _LONG, "short", "long")
    if traits.sentences >= 2:
        found["register"] = _third(traits.formality, _INFORMAL, _FORMAL, "informal", "formal")
    if traits.sentences > _FEW:
        found["blocks"] = "several" if traits.paragraphs > 1 else "one"
        found["layout"] = "prose"
        if traits.bullets or traits.numbered:
            found["layout"] = "bullets" if traits.bullets >= traits.numbered else "numbers"
    if _ASKS.search(mail.body):
        found["please"] = _yes(_PLEASE.search(mail.body) is not None)
    sentences = sentences_of(mail.body)
    first = words_of(sentences[0])[:2]
    if len(first) == 2 and not any(letter.isdigit() for letter in "".join(first)):
        found["first words"] = " ".join(first)
    last = quoted(sentences[-1])
    found["last sentence"] = last if is_courtesy(last) else NONE
    return found


def _yes(holds: bool) -> str:
    return "yes" if holds else "no"


def _third(value: float, low: float, high: float, below: str, above: str) -> str:
    """The name of the third that a number lies in; the middle one says nothing."""
    middle = "medium" if below == "short" else "neutral"
    return below if value < low else above if value >= high else middle
