"""The facets of a text that a rule can be about: words of their rules, and what shows in a text."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from tailorlm.writing.mail import Mail, split_mail
from tailorlm.writing.traits import Traits, measure

_NO = (
    r"\b(?:no|not|without|avoid|never|don['’]?t|do not|stop|skip|drop|omit|leave out|fewer|less"
    r"|remove|hate|dislike)\b(?:\s+[\w'’-]+){0,3}?\s+"
)
_PARTS = {
    "NO ": _NO,
    "QUOTE": r"(?<!\w)[\"“']([^\"”\n]{1,80}?)[\"”'](?=[\s.,;!?)]|$)",
    "NAMED": r"(?:(?:Dr|Mr|Mrs|Ms|Prof)\. ?)?NAME",
    "PERSON": r"(?-i:[A-Z])[\w.'’-]*(?: (?-i:[A-Z])[\w.'’-]*){0,3}",
    "NAME": r"[^\s\"”',.;!][^\"”',.;!\n]{0,39}",
    "NUMBER": r"\d{1,2}|one|two|three|four|five|six",
    "LANGUAGE": r"(english|spanish|french|german|portuguese|italian|dutch|swedish|polish|turkish"
    r"|russian|ukrainian|arabic|hebrew|hindi|chinese|mandarin|japanese|korean)",
}
"""What stands for itself in the expressions of `facets.toml`."""
_GROUPS = (
    "all", "team", "there", "everyone", "everybody", "folks", "guys", "sir", "madam", "both",
    "colleagues", "friends", "again",
)  # fmt: skip
GROUP = re.compile(rf"\b(?:{'|'.join(_GROUPS)})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Facet:
    """One aspect of writing, with a closed or an open set of values.

    Attributes:
        wording: Value to rule; for any value the key is "" and the rule has one `{}`.
        read: Regular expressions that read a value out of free words, tried in order, each with
            the value, or "" for what its group holds.
    """

    wording: Mapping[str, str]
    read: tuple[tuple[re.Pattern[str], str], ...]

    def word(self, value: str) -> str:
        """The rule of a value."""
        return self.wording[value] if value in self.wording else self.wording[""].format(value)

    def has(self, value: str) -> bool:
        """Whether there is such a value."""
        return bool(value) and (value in self.wording or "" in self.wording)


@dataclass(frozen=True, slots=True)
class Facts:
    """A text that rules are checked on, measured once."""

    text: str
    mail: Mail
    traits: Traits

    @classmethod
    def of(cls, text: str) -> Facts:
        """Measure a text."""
        mail = split_mail(text)
        return cls(text, mail, measure(text, mail))


@cache
def facets() -> Mapping[str, Facet]:
    """The facets by name."""
    source = files("tailorlm.writing").joinpath("facets.toml").read_text(encoding="utf-8")
    return MappingProxyType(
        {
            name: Facet(
                MappingProxyType(entry["wording"]),
                tuple((_compiled(pattern), value) for pattern, value in entry["read"]),
            )
            for name, entry in tomllib.loads(source).items()
        }
    )


def _compiled(pattern: str) -> re.Pattern[str]:
    for name, part in _PARTS.items():
        pattern = pattern.replace(name, part)
    return re.compile(pattern, re.IGNORECASE)


def greeting_form(greeting: str) -> str:
    """A greeting without whom it greets: "Hi {name}!", "{name},"; groups stay: "Dear All,"."""
    line = " ".join(greeting.split())
    found = re.fullmatch(r"((?i:hi|hello|hey|dear|good \w+|hiya)\b)?\s*(.*?)\s*([,:;!.–-]*)", line)
    if found is None or not found[2] or found[2].casefold().split()[0] in _GROUPS:
        return line
    return f"{found[1]} {{name}}{found[3]}" if found[1] else f"{{name}}{found[3]}"


def signature_kind(signature: str) -> str:
    """How a mail is signed: "none", "initials", "first name" or "full name"."""
    line = signature.split("\n")[0].strip(" -–~,.")
    letters = line.replace(".", "").replace(" ", "")
    if not line:
        return "none"
    if len(letters) <= 3 and letters.isupper():
        return "initials"
    return "full name" if " " in line else "first name"


Check = Callable[[Facts], bool]


def check_of(facet: str, value: str) -> Check | None:
    """What tells of a text whether it keeps a value; None where that cannot be measured."""
    if value in _CHECKS.get(facet, {}):
        return _CHECKS[facet][value]
    check = _OPEN_CHECKS.get(facet)
    return None if check is None else lambda facts: check(value, facts)


def _signed(kind: str) -> Check:
    return lambda facts: signature_kind(facts.mail.signature) == kind


_CHECKS: Mapping[str, Mapping[str, Check]] = {
    "sentence length": {
        "short": lambda facts: facts.traits.sentence_words <= 14,
        "long": lambda facts: facts.traits.sentence_words >= 11,
    },
    "greeting": {"none": lambda facts: not facts.mail.greeting},
    "sign-off": {"none": lambda facts: not facts.mail.sign_off},
    "signature": {
        "none": _signed("none"),
        "initials": _signed("initials"),
        "first name": _signed("first name"),
        "full name": _signed("full name"),
    },
    "layout": {
        "bullets": lambda facts: facts.traits.bullets > 0,
        "numbers": lambda facts: facts.traits.numbered > 0,
        "prose": lambda facts: facts.traits.bullets == facts.traits.numbered == 0,
    },
    "contractions": {
        "no": lambda facts: facts.traits.contractions <= 0.5,
        "yes": lambda facts: facts.traits.contractions >= 0.5,
    },
    "case": {
        "lower": lambda facts: facts.traits.lower_starts >= 0.5,
        "upper": lambda facts: facts.traits.capitals >= 0.5,
        "normal": lambda facts: facts.traits.lower_starts < 0.5,
    },
    "exclamation marks": {
        "no": lambda facts: "!" not in facts.text,
        "yes": lambda facts: "!" in facts.text,
    },
    "commas": {"no": lambda facts: "," not in facts.text},
    "emoji": {
        "no": lambda facts: facts.traits.emoji == 0,
        "yes": lambda facts: facts.traits.emoji > 0,
    },
    "spelling": {
        "british": lambda facts: facts.traits.british >= 0.5,
        "american": lambda facts: facts.traits.british <= 0.5,
    },
    "pleasantries": {
        "no": lambda facts: facts.traits.friendly == 0,
        "yes": lambda facts: facts.traits.friendly > 0,
    },
    "thanks": {
        "no": lambda facts: facts.traits.thanks == 0,
        "yes": lambda facts: facts.traits.thanks > 0,
    },
    "hedging": {
        "no": lambda facts: facts.traits.hedges == 0,
        "yes": lambda facts: facts.traits.hedges > 0,
    },
    "register": {
        "formal": lambda facts: facts.traits.formality >= 0.5,
        "informal": lambda facts: facts.traits.formality < 0.65,
    },
}


def _within(value: str, amount: float) -> bool:
    """Whether an amount is "at most 5", or "about 60" give or take two fifths."""
    kind, number = value.rsplit(" ", 1)
    limit = int(number)
    return amount <= limit if kind == "at most" else 0.6 * limit <= amount <= 1.4 * limit + 2


def _greets_as(value: str, facts: Facts) -> bool:
    """Whether a greeting has the form of another; in place of a name a group may stand."""
    form, wanted = (greeting_form(line).casefold() for line in (facts.mail.greeting, value))
    if "{name}" in wanted:
        form = GROUP.sub("{name}", form)
    return "".join(form.split()) == "".join(wanted.split())


def _says(phrase: str, facts: Facts) -> bool:
    words = re.escape(" ".join(phrase.split())).replace(r"\ ", r"\s+")
    return re.search(rf"(?<!\w){words}(?!\w)", facts.text, re.IGNORECASE) is not None


def _bare(closing: str) -> str:
    return closing.strip(" ,.!").casefold()


_OPEN_CHECKS: Mapping[str, Callable[[str, Facts], bool]] = {
    "length": lambda value, facts: _within(value, facts.traits.words),
    "sentences": lambda value, facts: _within(value, facts.traits.sentences),
    "greeting": _greets_as,
    "opening": lambda value, facts: _bare(facts.mail.body).startswith(_bare(value)),
    "sign-off": lambda value, facts: _bare(facts.mail.sign_off) == _bare(value),
    "signature": lambda value, facts: _bare(facts.text).endswith(_bare(value)),
    "phrase used": _says,
    "phrase avoided": lambda value, facts: not _says(value, facts),
}
