"""What a user said of beliefs: locked, set and forgotten tags, rules and statements.

A correction holds until it is taken back, whatever rankings and edits say. It changes nothing that
was learned: what is forgotten is not used and not shown as believed, and what was learned of it is
there again once the correction is taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from tailorlm.forgetting import forgettable
from tailorlm.types import Belief, Correction, belief_key
from tailorlm.writing.rules import StyleRule, style_rules

MAX_BYTES = 16_000
"""Size of the marks, about, that are kept; the oldest leave first."""
_WORDS = {"lock": "locked", "set": "set", "forget": "forgotten"}
_LIKED = "Draw on {tag} where it serves the question"
_DISLIKED = "Leave {tag} out"


@dataclass(frozen=True, slots=True)
class Mark:
    """One correction that holds.

    Attributes:
        kind: The belief's kind.
        name: Its name.
        word: "locked", "set" or "forgotten".
        liked: Whether the belief is to be followed.
        time: When the user said so.
    """

    kind: str
    name: str
    word: str
    liked: bool
    time: float

    @property
    def family(self) -> str:
        """See `Correction.family`."""
        return Correction(self.kind, self.name, "lock").family

    @property
    def belief(self) -> Belief:
        """The mark as it appears in a profile where nothing was learned of its belief."""
        return Belief(
            kind=self.kind,
            name=self.name,
            probability=float(self.liked),
            last_seen=self.time,
            correction=self.word,
        )

    def on(self, belief: Belief) -> Belief:
        """A belief as it is after the correction; of a forgotten one nothing is believed."""
        if self.word == "forgotten":
            return replace(
                belief, probability=0.0, effect=0.0, low=0.0, high=0.0, evidence=0,
                last_seen=None, correction=self.word,
            )  # fmt: skip
        return replace(belief, probability=float(self.liked), correction=self.word)

    def covers(self, family: str, name: str) -> bool:
        """Whether a belief of this family and name is the one; rules also by what they mean."""
        if family != self.family:
            return False
        if belief_key(name) == belief_key(self.name):
            return True
        return family == "rule" and bool(_meaning(name) & _meaning(self.name))

    def is_against(self, rules: Iterable[StyleRule]) -> bool:
        """Whether it is a rule that is followed and cannot be together with one of these."""
        if self.family != "rule" or not self.liked:
            return False
        return any(rule.excludes(own) for rule in rules for own in _meaning(self.name))


@dataclass(frozen=True, slots=True)
class Corrected:
    """The corrections of a user that hold, the newest last."""

    marks: tuple[Mark, ...] = ()

    def observe(self, correction: Correction, time: float) -> Corrected:
        """With a correction in place of earlier ones of the same belief."""
        kept = self._without(correction.family, correction.name)
        if correction.action == "release":
            return Corrected(kept)
        if correction.family == "rule" and correction.action != "forget":
            rules = _meaning(correction.name)
            kept = tuple(mark for mark in kept if not mark.is_against(rules))
        mark = Mark(
            correction.kind,
            correction.name,
            _WORDS[correction.action],
            correction.action != "forget" and correction.value != "disliked",
            time,
        )
        return Corrected((*kept, mark))._bounded()

    def said(self, text: str, rules: Sequence[StyleRule]) -> Corrected:
        """After something was said: it is not forgotten any more, and rules give way to it.

        Args:
            text: What was said.
            rules: What it claims about writing.
        """
        mark = self.of("said", text)
        marks = self.marks
        if mark is not None and mark.word == "forgotten":
            marks = self._without("said", text)
        return Corrected(tuple(mark for mark in marks if not mark.is_against(rules)))

    def of(self, family: str, name: str) -> Mark | None:
        """The correction of a belief, or None."""
        return next((mark for mark in self.marks if mark.covers(family, name)), None)

    def bars(self, family: str, name: str) -> bool:
        """Whether a belief is not to be followed."""
        mark = self.of(family, name)
        return mark is not None and not mark.liked

    def followed(self, family: str) -> tuple[Mark, ...]:
        """What is followed, whatever was learned; the newest last."""
        return tuple(mark for mark in self.marks if mark.liked and mark.family == family)

    def tags_in_words(self, known: Collection[str] = ()) -> Corrected:
        """With tags as rules, for prompts that cannot name them.

        Args:
            known: Keys (`belief_key`) of the tags that the prompt can name; these stay tags.
        """
        marks = (m if belief_key(m.name) in known else _in_words(m) for m in self.marks)
        return Corrected(tuple(marks))

    def on(self, beliefs: Sequence[Belief]) -> tuple[Belief, ...]:
        """Beliefs as they are after the corrections, and those that only the user stated.

        What is locked or set comes first, what is forgotten last.
        """
        if not self.marks:
            return tuple(beliefs)
        met: set[Mark] = set()
        found = []
        for belief in beliefs:
            family = Correction(belief.kind, belief.name, "lock").family
            mark = self.of(family, belief.name)
            if mark is not None:
                met.add(mark)
            found.append(belief if mark is None else mark.on(belief))
        alone = (mark for mark in self.marks if mark not in met and mark.family != "said")
        found += [mark.belief for mark in alone]
        return tuple(sorted(found, key=_place))

    def to_json(self) -> list[Any]:
        """The marks as lists."""
        return [[m.kind, m.name, m.word, m.liked, m.time] for m in self.marks]

    @classmethod
    def of_json(cls, data: Any) -> Corrected:
        """The corrections of `to_json`; raises TypeError or ValueError on anything else."""
        marks = tuple(Mark(*row) for row in data)
        for mark in marks:
            texts = isinstance(mark.kind, str) and isinstance(mark.name, str)
            if not texts or mark.word not in _WORDS.values() or not isinstance(mark.liked, bool):
                raise TypeError("a correction is damaged")
            if isinstance(mark.time, bool) or not isinstance(mark.time, int | float):
                raise TypeError("the time of a correction is missing")
        return cls(marks)

    def _without(self, family: str, name: str) -> tuple[Mark, ...]:
        return tuple(mark for mark in self.marks if not mark.covers(family, name))

    def _bounded(self) -> Corrected:
        """Without the oldest of what does not fit; the newest always stays."""
        sizes = [len(mark.name.encode("utf-8", "replace")) + 60 for mark in self.marks]
        first = 0
        while sum(sizes[first:]) > MAX_BYTES and first < len(sizes) - 1:
            first += 1
        return Corrected(self.marks[first:])


def _in_words(mark: Mark) -> Mark:
    if mark.family != "tag" or mark.word == "forgotten":
        return mark
    wording = (_LIKED if mark.liked else _DISLIKED).format(tag=mark.name)
    return replace(mark, kind="rule", name=wording, liked=True)


def _place(belief: Belief) -> int:
    return {"locked": 0, "set": 0, "forgotten": 2}.get(belief.correction, 1)


@forgettable
@lru_cache(maxsize=4096)
def _meaning(rule: str) -> frozenset[StyleRule]:
    return frozenset(style_rules(rule))
