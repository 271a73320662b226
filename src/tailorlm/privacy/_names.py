"""Names of people: what a text says is a name, and given names that are known.

This is a heuristic. It reads greetings, signatures, titles and sentences such as "my name is", and
knows about a thousand given names, mostly European. A surname alone, a name in small letters and
names of other parts of the world are found only where the text says that they are names, or where
they are known already.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from tailorlm.privacy.base import Span

_LETTERS = r"[^\W\d_]{1,40}(?:['’-](?!s\b)[^\W\d_]{1,40}){0,3}"
_WORD = re.compile(rf"(?<![\w@/\\.'’-]){_LETTERS}(?![\w@/\\]|[.'’-](?!s\b)\w)")
_NAME = rf"(?P<name>{_LETTERS}(?:\.? {_LETTERS}){{0,3}})"
_MOST_WORDS = 4
_MOST_FORMS = 32
_SENTENCE_END = '.!?\n:"“('


@dataclass(frozen=True, slots=True)
class _Words:
    """What is known of the words around names.

    Attributes:
        cues: Patterns whose group "name" is a name, and how sure that is.
        given: Given names, each with its mark or "".
        no_names: Words that are no names, in small letters.
        particles: Words in small letters that stand within names.
    """

    cues: tuple[tuple[float, re.Pattern[str]], ...]
    given: Mapping[str, str]
    no_names: frozenset[str]
    particles: frozenset[str]


def named(text: str, known: Collection[str] = ()) -> Iterator[Span]:
    """The names in a text; pieces may overlap.

    Args:
        text: Any text.
        known: Names that are known to occur; each also counts without its other words.
    """
    words = list(_WORD.finditer(text))
    found = [*_cued(text), *_listed(text, words)]
    yield from found
    forms = name_forms((*known, *(span.of(text) for span in found)), text)
    yield from _occurring(words, forms, text)


def occurring(text: str, known: Collection[str]) -> Iterator[Span]:
    """Where names that are known occur in a text."""
    yield from _occurring(list(_WORD.finditer(text)), name_forms(known, text), text)


def name_forms(names: Collection[str], text: str = "") -> frozenset[str]:
    """How names may be written: in full, and each word of a name of several.

    A word of a name does not count on its own where it is no name but a word of the text, as "will"
    and "park" may be.
    """
    ordinary = {word for word in re.findall(_LETTERS, text) if word.islower()}
    forms = set()
    for name in names:
        words = name.split()
        forms.add(" ".join(words))
        if len(words) > 1:
            forms.update(
                word
                for word in words
                if len(word) > 2
                and word[0].isupper()
                and word.lower() not in _words().no_names
                and word.lower() not in ordinary
                and _words().given.get(word.lower(), "") == ""
            )
    return frozenset(forms)


def _cued(text: str) -> Iterator[Span]:
    """What stands where only a name can stand."""
    for confidence, pattern in _words().cues:
        for match in pattern.finditer(text):
            words: list[re.Match[str]] = []
            for word in re.finditer(_LETTERS, match["name"]):
                if not _may_be_name(word[0], first=not words):
                    break
                words.append(word)
            while words and words[-1][0].islower():
                words.pop()
            if words:
                start = match.start("name")
                yield Span(start, start + words[-1].end(), "person", confidence)


def _listed(text: str, words: Sequence[re.Match[str]]) -> Iterator[Span]:
    """Given names that are known, with the surnames behind them."""
    given = _words().given
    for place, word in enumerate(words):
        mark = given.get(word[0].lower())
        if mark is None or mark == "?" or not word[0][0].isupper() or word[0].isupper():
            continue
        last = _surname(text, words, place)
        if mark == "~" and (last == place or _begins_sentence(text, word.start())):
            continue
        yield Span(word.start(), words[last].end(), "person", 0.6 if last == place else 0.8)


def _surname(text: str, words: Sequence[re.Match[str]], place: int) -> int:
    """The place of a name's last word."""
    last = place
    for other in range(place + 1, min(place + _MOST_WORDS, len(words))):
        between = text[words[other - 1].end() : words[other].start()]
        if between not in (" ", ". ") or (between == ". " and len(words[other - 1][0]) > 1):
            break
        if not _may_be_name(words[other][0], first=False):
            break
        if words[other][0][0].isupper():
            last = other
    return last


def _may_be_name(word: str, *, first: bool) -> bool:
    if word.lower() in _words().particles and not first:
        return True
    return word[0].isupper() and word.lower() not in _words().no_names


def _begins_sentence(text: str, start: int) -> bool:
    before = text[max(0, start - 4) : start].rstrip(" \t*_-#>")
    return not before or before[-1] in _SENTENCE_END


def _occurring(words: Sequence[re.Match[str]], forms: Collection[str], text: str) -> Iterator[Span]:
    """Where names that are known occur, in their own spelling or in capitals."""
    by_first: dict[str, list[tuple[str, ...]]] = {}
    for parts in filter(None, (tuple(form.split()) for form in forms)):
        for spelling in {parts, tuple(part.upper() for part in parts)}:
            by_first.setdefault(spelling[0], []).append(spelling)
    longest = {first: sorted(found, key=len, reverse=True) for first, found in by_first.items()}
    for place, word in enumerate(words):
        for parts in longest.get(word[0], ())[:_MOST_FORMS]:
            last = words[min(place + len(parts), len(words)) - 1]
            if text[word.start() : last.end()].split() == list(parts):
                yield Span(word.start(), last.end(), "person", 0.7)
                break


@cache
def _words() -> _Words:
    source = files("tailorlm.privacy").joinpath("name_words.toml").read_text(encoding="utf-8")
    words = tomllib.loads(source)
    names = files("tailorlm.privacy").joinpath("given_names.txt").read_text(encoding="utf-8")
    entries = [e for line in names.splitlines() if not line.startswith("#") for e in line.split()]
    return _Words(
        cues=tuple(_cues({name: "|".join(words[name]) for name in words})),
        given={entry.lstrip("~?"): entry[0] if entry[0] in "~?" else "" for entry in entries},
        no_names=frozenset(words["no_names"].split()),
        particles=frozenset(words["particles"].split()),
    )


def _cues(words: Mapping[str, str]) -> Iterator[tuple[float, re.Pattern[str]]]:
    """The patterns of the word lists."""
    blank = r"[ \t]"
    field = r"(?:(?:full|first|last|sur|nick|given|family|user|customer|patient)[ _]?)?name"
    for confidence, pattern in (
        (0.95, rf"\b(?i:{words['introductions']}) {_NAME}"),
        (0.9, rf"(?<!\w)(?i:{field})[\"']?\s{{0,2}}[:=]\s{{0,2}}[\"']?{_NAME}"),
        (0.9, rf"(?<!\w)(?:{words['titles']})\.? {_NAME}"),
        (
            0.9,
            (
                rf"^{blank}{{0,8}}(?i:{words['greetings']})(?: there)?,? {_NAME}"
                rf"(?={blank}{{0,3}}(?:[,!.:;—–-]|$| and | & | und | et | y | e ))"
            ),
        ),
        (
            0.85,
            (
                rf"^{blank}{{0,8}}(?i:{words['endings']})(?: in advance| a lot)?{blank}?[,.!]?"
                rf"{blank}{{0,3}}\n\s{{0,4}}[-–—]? ?{_NAME}(?={blank}{{0,3}}$)"
            ),
        ),
        (0.85, rf"\b(?i:my (?:{words['relations']})),? {_NAME}"),
    ):
        yield confidence, re.compile(pattern, re.MULTILINE)
