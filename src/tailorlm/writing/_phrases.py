"""Runs of words that one writer uses, counted, and which of them others hardly use."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from tailorlm.writing.traits import sentences_of, words_of

MAX_PHRASES = 6_000
"""Runs that are counted; beyond it those in the fewest texts leave."""
_SIZES = (3, 4)
_SENTENCE = range(3, 13)
"""Words of a sentence that is counted as a whole."""
_MOST_WORDS = 400
"""Words of a text that are read."""
_CERTAIN = 2.6
"""Standard errors by which a phrase's log odds must exceed those of others: 0.995 one-sided."""
_SMOOTHING = 0.5
_LEAST_TEXTS = 4
_LEAST_SHARE = 0.06
_CONTAINED = 0.6
"""Share of a phrase's texts that hold a longer one with it, from which that speaks for it."""
_PLAIN_WORDS = (
    "a about all am an and any are as at be been but by can could do for from had has have he her "
    "him his i if in is it its may me my no not of on or our out please she so that the their them "
    "there these they this to up us was we were what when which will with would you your"
)
_PLAIN = frozenset(_PLAIN_WORDS.split())
_HARMLESS = re.compile(r"[a-z'’-]+")


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase of one writer.

    Attributes:
        text: The words.
        texts: Texts of the writer that hold it.
        share: Share of the writer's texts.
        z: Log odds of a text holding it against texts of others, in standard errors.
    """

    text: str
    texts: int
    share: float
    z: float

    @property
    def is_sentence(self) -> bool:
        """Whether it stands as a sentence of its own; then it ends in a full stop."""
        return self.text.endswith(".")


@dataclass(frozen=True, slots=True)
class Phrases:
    """Runs of three or four words, and short sentences as a whole, by how many texts hold them."""

    texts_with: Mapping[str, int] = field(default_factory=dict)

    def add(self, body: str) -> Phrases:
        """The counts with one more text, in lower case, without names and numbers."""
        counts = dict(self.texts_with)
        for run in _runs(body):
            counts[run] = counts.get(run, 0) + 1
        return Phrases(_bounded(counts))

    @classmethod
    def shared(cls, many: Iterable[Phrases], writers: int) -> Phrases:
        """The counts of all together, without runs that fewer than `writers` of them have."""
        total: Counter[str] = Counter()
        having: Counter[str] = Counter()
        for phrases in many:
            total.update(phrases.texts_with)
            having.update(phrases.texts_with.keys())
        return cls(_bounded({run: n for run, n in total.items() if having[run] >= writers}))

    def characteristic(
        self, texts: int, reference: tuple[Phrases, int] | None = None
    ) -> tuple[Phrase, ...]:
        """Phrases that are in far more of the writer's texts than of others', most telling first.

        A phrase in y of n texts, and in r of m texts of others, has the log odds ratio ``d = ln
        ((y + a) / (n - y + a)) - ln ((r + a) / (m - r + a))`` with a = 0.5, and the standard error
        s with ``s^2 = 1 / (y + a) + 1 / (n - y + a) + 1 / (r + a) + 1 / (m - r + a)``: the measure
        of Monroe et al. (2008), "Fightin' Words", on texts in place of words. It is kept when d / s
        exceeds 2.6, and it is in at least 4 texts and 6% of all. Runs that end in a word such as
        "the", and runs that are mostly part of a longer one kept, are left out.

        Args:
            texts: Number of texts counted.
            reference: Counts of others with their number of texts; None where nothing is known of
                others: then a phrase is compared with one in no text of as many.
        """
        others, n_others = reference if reference is not None else (Phrases(), texts)
        found = []
        for run, n in self.texts_with.items():
            is_rare = n < _LEAST_TEXTS or n < _LEAST_SHARE * texts
            if is_rare or run.rstrip(".").rsplit(" ", 1)[-1] in _PLAIN:
                continue
            z = _z(n, texts, others.texts_with.get(run, 0), n_others)
            if z > _CERTAIN:
                found.append(Phrase(run, n, n / texts, z))
        return _whole(sorted(found, key=lambda phrase: (-phrase.z, phrase.text)))

    def as_json(self) -> dict[str, int]:
        """What JSON can hold."""
        return dict(self.texts_with)

    @classmethod
    def of_json(cls, data: Any) -> Phrases:
        """The counts of `as_json`.

        Raises:
            ValueError: If the data is something else.
        """
        if not isinstance(data, dict) or any(
            isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in data.values()
        ):
            raise ValueError("phrases are counted")
        return cls({str(run): n for run, n in data.items()})


def _runs(body: str) -> set[str]:
    """The runs of words in a text, in lower case; none goes over a name or a number."""
    runs: set[str] = set()
    left = _MOST_WORDS
    for sentence in sentences_of(body):
        words = words_of(sentence)[:left]
        left -= len(words)
        plain = [_plain(word, first=place == 0) for place, word in enumerate(words)]
        for size in _SIZES:
            for start in range(len(plain) - size + 1):
                run = plain[start : start + size]
                if all(run):
                    runs.add(" ".join(run))
        if len(plain) in _SENTENCE and all(plain):
            runs.add(f"{' '.join(plain)}.")
        if left <= 0:
            break
    return runs


def _plain(word: str, *, first: bool) -> str:
    """A word in lower case; "" for what may be a name, a number or not English."""
    lower = word.lower().replace("’", "'")
    if not _HARMLESS.fullmatch(lower):
        return ""
    return lower if word == word.lower() or word == "I" or word.startswith("I'") or first else ""


def _z(n: int, texts: int, n_others: int, others: int) -> float:
    a = _SMOOTHING
    parts = (n + a, max(texts - n, 0) + a, n_others + a, max(others - n_others, 0) + a)
    odds = math.log(parts[0] / parts[1]) - math.log(parts[2] / parts[3])
    return odds / math.sqrt(sum(1 / part for part in parts))


def _whole(found: list[Phrase]) -> tuple[Phrase, ...]:
    """The phrases without those that a longer one mostly stands for, or that overlap a better."""
    kept: list[Phrase] = []
    for phrase in sorted(found, key=lambda one: (-len(one.text.split()), not one.is_sentence)):
        inside = [other for other in kept if f" {phrase.text} " in f" {other.text.rstrip('.')} "]
        if not any(other.texts >= _CONTAINED * phrase.texts for other in inside):
            kept.append(phrase)
    places = {phrase.text: place for place, phrase in enumerate(found)}
    apart: list[Phrase] = []
    taken: set[tuple[str, str]] = set()
    for phrase in sorted(kept, key=lambda phrase: places[phrase.text]):
        pairs = set(pairwise(phrase.text.rstrip(".").split()))
        if not pairs & taken:
            apart.append(phrase)
            taken |= pairs
    return tuple(apart)


def _bounded(counts: dict[str, int]) -> dict[str, int]:
    least = 1
    while len(counts) > MAX_PHRASES:
        counts = {run: n for run, n in counts.items() if n > least}
        least += 1
    return counts
