"""Facts that people give about themselves, by the expressions of English."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from tailorlm.writing._claims import (
    ADVERBS,
    LONGEST_OBJECT,
    OVER,
    SELF,
    Claim,
    bare,
    normal,
    trimmed,
)
from tailorlm.writing._stems import stem, stems

_NOT_PLACES = re.compile(
    r"^(?:an?|the|another|my|our|his|her|their|new|different|bigger|smaller|linux|windows|mac\w*"
    r"|python|rust|android|i?os|i?phones?|vegan\w*|here|there|tea|decaf|next|on|up|out|in|fear|peace)\b"
)
_NOT_NAMES = re.compile(
    r"^(?:tomorrow|later|back|at|when|if|on|by|an?|the|crazy|old|picky|maybe|what|whatever|after"
    r"|before|again|out|names|anything|lazy|today|tonight|in|with|and)\b"
)
_NOT_EMPLOYERS = re.compile(
    r"^(?:night|home|the weekend|weekends|least|best|most|my best|an? |nights|a desk|all|once"
    r"|myself|years|\d|hours|the moment)\b"
)
_JOBS = (
    r"accountant|actor|actress|administrator|analyst|architect|artist|baker|barista|biologist|builder"
    r"|butcher|carpenter|cashier|chef|chemist|cleaner|coach|consultant|cook|counsellor|counselor"
    r"|dentist|designer|developer|director|doctor|driver|economist|editor|electrician|engineer|farmer"
    r"|firefighter|florist|freelancer|gardener|geologist|hairdresser|historian|journalist|judge"
    r"|lawyer|lecturer|librarian|machinist|manager|marketer|mathematician|mechanic|midwife|musician"
    r"|nurse|optician|painter|paralegal|paramedic|pharmacist|photographer|physician|physicist|pilot"
    r"|plumber|police officer|postdoc|producer|professor|programmer|psychologist|receptionist"
    r"|recruiter|researcher|sailor|scientist|secretary|sociologist|soldier|student|surgeon|surveyor"
    r"|tailor|teacher|therapist|trader|trainer|translator|tutor|vet|veterinarian|waiter|waitress"
    r"|welder|writer"
)
_DIETS = {
    "vegetarian": ("meat", "fish"),
    "vegan": ("meat", "fish", "dairy"),
    "pescatarian": ("meat",),
    "omnivore": (),
    "meat eater": (),
}
_FOODS = {
    word: group
    for group, named in {
        "meat": "meat steak beef chicken pork bacon ham lamb burger sausage turkey veal poultry",
        "fish": "fish salmon tuna seafood shrimp sushi cod prawn",
        "dairy": "dairy cheese milk butter egg yoghurt yogurt cream",
    }.items()
    for word in map(stem, named.split())
}

_NUMBERS = {
    "no": "0", "a": "1", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6",
}  # fmt: skip
_Slots = tuple[tuple[str, re.Pattern[str], Callable[[str], str]], ...]


def _place(value: str) -> str:
    """The place in "Lisbon, Portugal" or "a new flat in Lisbon"; "" where there is none."""
    value = re.split(r",| with | near | where | which ", value)[0]
    inner = re.search(r"\bin ((?!the\b)[^\W\d_].*)$", value)
    if _NOT_PLACES.match(value):
        value = inner[1] if inner and not _NOT_PLACES.match(inner[1]) else ""
    return value


def _name(value: str) -> str:
    """A name of at most four words; "" for "tomorrow" and its like."""
    return "" if _NOT_NAMES.match(value) or len(value.split()) > 4 else value


def _employer(value: str) -> str:
    return "" if _NOT_EMPLOYERS.match(value) or len(value.split()) > 6 else value


def _whole(value: str) -> str:
    return value


def _number(value: str) -> str:
    return _NUMBERS.get(value, value)


def _short(value: str) -> str:
    return value if len(value.split()) <= 5 else ""


def _said(pattern: str) -> re.Pattern[str]:
    """What stands after "I", with what may come between, and whether it is over."""
    return re.compile(SELF + ADVERBS + OVER + pattern)


_DONT = r"\b(?P<over>(?:don't|do not|no longer|stop|never) )?"
_LANGUAGES = (
    "english|spanish|french|german|portuguese|italian|dutch|swedish|polish|turkish|russian"
    "|ukrainian|arabic|hebrew|hindi|chinese|mandarin|japanese|korean|greek|czech|danish|norwegian"
    "|finnish"
)
_VALUE = r"(?P<value>[^,;!?]+?(?:, [^,;!?]+?)?)(?=[;!?]|,? (?:and|but|so|because) |$)"
_SLOTS: _Slots = (
    ("home", _said(r"(?:live|living|lived|reside|based|settled|moved|relocated|moving|relocating)"
                   r"(?: back| over| down| up)?(?: (?:from|with) [^,]{1,40}?)? (?:in|to|at) "
                   + _VALUE), _place),
    ("home", re.compile(r"\bmy (?:home|residence|home ?town) is (?:now )?(?:in )?" + _VALUE),
     _place),
    ("left", re.compile(SELF + ADVERBS + r"(?P<over>(?:moved|moving) (?:away |out )?(?:from|of)"
                        r"|left) (?!.{1,40} (?:to|for) )" + _VALUE), _place),
    ("origin", re.compile(SELF + r"(?:am |'m )?(?:(?:originally |come |came )*from|was born in"
                          r"|grew up in) " + _VALUE), _place),
    ("address", re.compile(_DONT + r"(?:call|address)(?:ing)? me(?: as)? "
                           r"(?P<value>(?:(?:dr|mr|mrs|ms|prof)\.? ?)?[^,;.!?]+)"), _name),
    ("address", _said(r"(?:go|goes|went) by (?:the name (?:of )?)?" + _VALUE), _name),
    ("name", re.compile(r"\bmy (?:full |first |real |last )?name(?: is|'s) (?:now )?" + _VALUE),
     _name),
    ("job", _said(r"(?:work|working|worked|started|employed)(?: now)? as (?:an? |the )?" + _VALUE),
     _short),
    ("job", _said(r"(?:became|become|got a job as|am|'m|was)? ?(?:now )?an? "
                  rf"(?P<value>(?:[\w-]+ ){{0,3}}(?:{_JOBS}))\b"), _whole),
    ("job", _said(r"(?P<value>retired|unemployed|between jobs|self-employed)\b"), _whole),
    ("job", re.compile(r"\bmy (?:job|profession|occupation|job title|role) is (?:now )?(?:an? )?"
                       + _VALUE), _short),
    ("employer", _said(r"(?:work|working|worked|employed|job)(?: now)? (?:for|at|by) " + _VALUE),
     _employer),
    ("employer", re.compile(r"\bmy (?:employer|company) is (?:now )?" + _VALUE), _employer),
    ("marital status", _said(r"(?:got |getting )?"
                             r"(?P<value>married|single|divorced|widowed|engaged|separated)\b"),
     _whole),
    ("children", _said(r"(?:have|got)? ?(?:got )?(?P<value>no|\d+|one|an?|two|three|four|five"
                       r"|six) (?:kids?|child(?:ren)?)\b"), _number),
    ("diet", _said(r"(?:become|became|went|turned|gone|eat|being|follow)? ?(?:an? |now )*"
                   r"(?P<value>vegetarian|vegan|pescatarian|omnivore|meat eater)\b"), _whole),
    ("age", re.compile(SELF + ADVERBS + r"(?:turned |am |'m )?(?P<value>\d{1,3})"
                       r"(?: years old| now)?[.!]?$"), _whole),
    ("age", re.compile(r"\bmy age is (?:now )?(?P<value>\d{1,3})\b"), _whole),
    ("language", re.compile(_DONT + r"(?:answer|reply|respond|write|speak|talk|answering|writing)"
                            r"(?: back)?(?: to)?(?: me)?(?: only| always)? in "
                            rf"(?P<value>{_LANGUAGES})\b"), _whole),
    ("units", re.compile(_DONT + r"(?:use|using|prefer|in|give) (?:only |the )?"
                         r"(?P<value>metric|imperial|celsius|fahrenheit)\b"), _whole),
)  # fmt: skip
_MY = re.compile(
    r"\bmy (?P<slot>(?!name\b)[^\W\d_][\w'-]*(?: [\w'-]+){0,3}?) (?:is|are|was)"
    r"(?P<over> not| no longer)?(?: now| called| named)* (?P<value>[^,;!?]+)"
)
_IS_MY = re.compile(
    r"^(?P<value>[^,;!?]+?) (?:is|are) (?:now )?my (?P<slot>(?:new )?favou?rite [\w ]+)"
)


def fact_claims(text: str) -> tuple[Claim, ...]:
    """The facts that a sentence gives; a slot is read once."""
    line = bare(text)
    found: dict[str, Claim] = {}
    for slot, pattern, value_of in _SLOTS:
        match = pattern.search(line)
        if match is None or slot in found:
            continue
        value = normal(value_of(trimmed(match["value"])))
        if value:
            denied = bool(match.groupdict().get("over"))
            found[slot] = Claim("fact", slot, value, not denied)
    if not found:
        found = {claim.about: claim for claim in _own_things(line)}
    if "job" in found and found["job"].value in ("retired", "unemployed"):
        found.setdefault("employer", Claim("fact", "employer", "", holds=False))
    return tuple(found.values())


def excluded_foods(diet: str) -> frozenset[str]:
    """The foods, as stems, that a diet leaves out."""
    groups = _DIETS.get(diet, ())
    return frozenset(word for word, group in _FOODS.items() if group in groups)


def _own_things(line: str) -> Iterator[Claim]:
    """What "my dog is called Rex" and "blue is my favourite colour" say."""
    for pattern in (_IS_MY, _MY):
        match = pattern.search(line)
        if match is None:
            continue
        slot = " ".join(
            word for word in stems(match["slot"].removesuffix("'s name")) if word != "new"
        )
        value = normal(trimmed(match["value"]))
        if slot and value and len(value.split()) <= LONGEST_OBJECT:
            yield Claim("fact", f"my {slot}", value, not match.groupdict().get("over"))
            return
