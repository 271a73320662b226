"""Pseudonyms for personal data: put into texts, and what they stand for put back."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from types import MappingProxyType

from tailorlm.privacy._names import name_forms
from tailorlm.privacy.base import Detector, Kind, Span, find_together

DOMAIN = "@example.invalid"
"""Where the pseudonyms of mail addresses end; `.invalid` belongs to nobody (RFC 2606)."""

_WORDS: Mapping[Kind, str] = MappingProxyType(
    {
        "person": "Person", "email": "email", "phone": "Phone", "card": "Card", "iban": "Iban",
        "address": "Address", "ip": "Ip", "secret": "Secret", "national_id": "Id",
    }
)  # fmt: skip
_PARTS = ("first", "last")
_JOINT = r"\\?[_\u2010\u2011-]"
_BLANK = r"[ \u00a0]"
_OTHERS = "|".join(word for word in _WORDS.values() if word != "Person")
_NUMBERED = (
    rf"(?<![^\W_])(?P<word>Person(?:{_JOINT}|{_BLANK})|(?:{_OTHERS}){_JOINT})(?P<n>\d{{1,6}})"
)
_PSEUDONYM = re.compile(
    rf"{_NUMBERED}(?:{_JOINT}(?:{'|'.join(_PARTS)})(?![^\W_])|@example\\?\.invalid(?![^\W_])"
    r"|(?!\d))",
    re.IGNORECASE,
)
"""A pseudonym as models write it: in any case, escaped, with another joint, a mail's without its
domain."""
_PERSON_BLANK = re.compile(rf"^person{_BLANK}", re.IGNORECASE)
_JOINTS = re.compile(r"[ \u00a0\u2010\u2011-]")


class Pseudonyms:
    """The pseudonyms of one conversation; the same text has the same one throughout.

    They are numbered as the texts name them, people named in full before others. Whoever is
    "Person_1" in full is "Person_1_first" and "Person_1_last" by one name alone.

    Args:
        detector: Finds what is replaced.
        known: Names of people that are known to occur, such as the user's own.
    """

    def __init__(self, detector: Detector, known: Collection[str] = ()) -> None:
        self._detector = detector
        self._known = tuple(known)
        self._by_text: dict[tuple[Kind, str], str] = {}
        self._originals: dict[str, str] = {}
        self._by_form: dict[str, str] = {}
        self._taken: set[str] = set()
        self._numbers: dict[Kind, int] = {}
        self._beginnings: frozenset[str] = frozenset()

    @property
    def originals(self) -> Mapping[str, str]:
        """What each pseudonym stands for."""
        return MappingProxyType(self._originals)

    def scrub(self, text: str) -> str:
        """The text with pseudonyms in place of personal data."""
        return self.scrub_all([text])[0]

    def scrub_all(self, texts: Sequence[str]) -> list[str]:
        """The texts of a conversation, oldest first; a name found in one is found in all."""
        for text in texts:
            self._taken.update(
                canonical(match["word"] + match["n"]) for match in _PSEUDONYM.finditer(text)
            )
        found, self._known = find_together(self._detector, texts, self._known)
        for text, spans in found.items():
            for name in (span.of(text) for span in spans if span.kind == "person"):
                if " " in name:
                    self._of("person", name)
        return [self._replaced(text, found[text]) for text in texts]

    def restore(self, text: str, *, in_json: bool = False) -> str:
        """The text with personal data back in place of pseudonyms; unknown ones stay.

        Args:
            text: What a model wrote.
            in_json: Whether the text is JSON, so that what is put back must be escaped.
        """

        def original(match: re.Match[str]) -> str:
            found = self._by_form.get(canonical(match[0]))
            if found is None:
                return match[0]
            return json.dumps(found, ensure_ascii=False)[1:-1] if in_json else found

        return _PSEUDONYM.sub(original, text)

    def opens(self, text: str) -> bool:
        """Whether a text, at the end of a stream so far, may go on to become a pseudonym."""
        if not self._beginnings:
            self._beginnings = frozenset(
                key[:end] for key in self._by_form for end in range(1, len(key) + 1)
            )
        form = canonical(text)
        if re.search(_BLANK, _PERSON_BLANK.sub("", text)):
            return False
        return text[:1].isalpha() and form in self._beginnings

    def _replaced(self, text: str, spans: Iterable[Span]) -> str:
        parts, end = [], 0
        for span in spans:
            parts += [text[end : span.start], self._of(span.kind, span.of(text))]
            end = span.end
        return "".join([*parts, text[end:]])

    def _of(self, kind: Kind, original: str) -> str:
        """The pseudonym of a piece, a new one where it has none yet."""
        found = self._by_text.get((kind, original))
        if found is None:
            found = self._new(kind, original)
            self._note(kind, original, found)
            if kind == "person":
                self._note_parts(original, found)
        return found

    def _new(self, kind: Kind, original: str) -> str:
        while True:
            self._numbers[kind] = self._numbers.get(kind, 0) + 1
            name = f"{_WORDS[kind]}_{self._numbers[kind]}"
            if canonical(name) not in self._taken:
                return f"{name}{DOMAIN}" if kind == "email" else name

    def _note_parts(self, name: str, pseudonym: str) -> None:
        """The first and the last name of a person, where no one else has been given them."""
        words = name.split()
        if len(words) < 2:
            return
        for part, word in zip(_PARTS, (words[0], words[-1]), strict=True):
            if word in name_forms([name]) and ("person", word) not in self._by_text:
                self._note("person", word, f"{pseudonym}_{part}")

    def _note(self, kind: Kind, original: str, pseudonym: str) -> None:
        self._by_text[kind, original] = pseudonym
        self._originals[pseudonym] = original
        self._by_form[canonical(pseudonym)] = original
        self._by_form[canonical(pseudonym.removesuffix(DOMAIN))] = original
        self._beginnings = frozenset()


def canonical(text: str) -> str:
    """A pseudonym, or the beginning of one, without what models change about it."""
    return _JOINTS.sub("_", text.replace("\\", "")).lower()
