"""Short wordings laid out on lines, those that share a word under it."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from tailorlm.forgetting import forgettable
from tailorlm.retrievers._words import singular

_WORD = re.compile(r"[^\W\d_][\w'-]*")
_BETWEEN = " | "
_LEAST = 4
"""Characters that a heading must save."""
_MARKS = frozenset({"no", "prefer", "only", "allergic", "afraid", "without", "not", "like", "over"})


@dataclass(frozen=True, slots=True)
class _Wording:
    """A wording with its words: stem to the form it has and where it stands first."""

    text: str
    forms: dict[str, str]


def laid_out(wordings: Sequence[str], bullet: str, *, grouped: bool) -> str:
    """One line for each wording, or for each group of those that share a word.

    "no hotels near casinos" and "prefer small hotels" become "hotels: no near casinos | prefer
    small": the shared word is said once, before a colon. Groups that save most come first to be
    made; lines stand in the order of their first wording.
    """
    if not grouped:
        return "\n".join(bullet + wording for wording in wordings)
    read = [_read(wording) for wording in wordings]
    heading = _headings(read)
    lines: dict[str, list[str]] = {}
    for place, wording in enumerate(read):
        stem = heading.get(place)
        if stem is None:
            lines[f"\n{place}"] = [wording.text]
        else:
            rest = _without(wording.text, wording.forms[stem])
            lines.setdefault(stem, []).append(rest)
    said = {stem: _form(read, heading, stem) for stem in set(heading.values())}
    return "\n".join(
        bullet + (f"{said[stem]}: " if stem in said else "") + _BETWEEN.join(parts)
        for stem, parts in lines.items()
    )


@forgettable
@lru_cache(maxsize=4096)
def _read(text: str) -> _Wording:
    forms: dict[str, str] = {}
    for word in _WORD.findall(text):
        stem = singular(word.lower())
        if len(stem) > 2 and stem not in _MARKS:
            forms.setdefault(stem, word)
    return _Wording(text, forms if len(forms) > 1 else {})


def _headings(read: Sequence[_Wording]) -> dict[int, str]:
    """The stem under which each wording stands, by its place; those that stand alone are not in."""
    having: defaultdict[str, set[int]] = defaultdict(set)
    for place, wording in enumerate(read):
        for stem in wording.forms:
            having[stem].add(place)
    shared = {stem: places for stem, places in having.items() if len(places) > 1}
    heading: dict[int, str] = {}
    while shared:
        saved = {stem: (len(places) - 1) * (len(stem) + 1) - 1 for stem, places in shared.items()}
        best = max(saved, key=lambda stem: saved[stem])
        if saved[best] < _LEAST:
            break
        taken = shared.pop(best)
        heading |= dict.fromkeys(taken, best)
        shared = {stem: left for stem, places in shared.items() if len(left := places - taken) > 1}
    return heading


def _form(read: Sequence[_Wording], heading: dict[int, str], stem: str) -> str:
    """How most of a group's wordings write the word they share."""
    forms = Counter(read[place].forms[stem] for place, other in heading.items() if other == stem)
    return forms.most_common(1)[0][0]


@forgettable
@lru_cache(maxsize=4096)
def _without(text: str, word: str) -> str:
    """A wording without the word that stands before it."""
    rest = re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w'-]),? ?", "", text, count=1)
    return re.sub(r"[ ,]+;", ";", rest).strip(" ,;")
