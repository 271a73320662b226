"""Phrases that a user adds or takes out again and again.

A phrase is worth following once two edits added it, or two took it out. Until then it stands only
in the words of the newest edits, which are kept for that; from then on its fate in every edit is
noted.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from tailorlm.writing.differences import Difference

Fate = Literal["added", "removed", "kept"]
FATES: tuple[Fate, ...] = ("added", "removed", "kept")
RECENT = 16
"""Newest edits whose phrases are compared with those of the next."""
FOLLOWED = 120
"""Most phrases that are followed."""


_FUNCTION_WORDS = frozenset(
    (  # noqa: SIM905 - a list of this length does not read
        "a about all also am an and any are as at be been but by can could did do does for from get"
        " had has have he her his i i'd i'll i'm i've if in is it it's its just let like make me"
        " more much my need not of on or our out so some than that the their them there they this"
        " to up us very want was we were what when which who will with would you your"
    ).split()
)


@dataclass(frozen=True, slots=True)
class Recent:
    """The words of one edit.

    Attributes:
        position: Of the edit in the user's log.
        given: Words of the text that was given, as `writing.differences.plain_words` gives them.
        left: Words of what the user left.
    """

    position: int
    given: str
    left: str

    def fate(self, phrase: str) -> Fate | None:
        """What became of a phrase in the edit; None if it was in neither text."""
        was, remains = (f" {phrase} " in text for text in (self.given, self.left))
        if was:
            return "kept" if remains else "removed"
        return "added" if remains else None


@dataclass(frozen=True, slots=True)
class Phrases:
    """The fate of phrases in a user's edits.

    Attributes:
        recent: The newest edits, oldest first.
        followed: Phrase to position of an edit to fate there.
    """

    recent: tuple[Recent, ...] = ()
    followed: Mapping[str, Mapping[int, Fate]] = field(default_factory=dict)

    def observe(self, position: int, difference: Difference, oldest: int) -> Phrases:
        """The phrases after an edit.

        Args:
            position: Of the edit.
            difference: What it changed.
            oldest: Position before which edits no longer count.
        """
        new = Recent(position, difference.given, difference.left)
        followed = {
            phrase: {at: fate for at, fate in fates.items() if at >= oldest}
            for phrase, fates in self.followed.items()
        }
        for phrase, fates in followed.items():
            if fate := new.fate(phrase):
                fates[position] = fate
        moved: dict[Fate, frozenset[str]] = {
            "added": difference.added, "removed": difference.removed
        }  # fmt: skip
        for fate_now, phrases in moved.items():
            for phrase in sorted(filter(_tells, phrases - followed.keys())):
                seen = {at.position: told for at in self.recent if (told := at.fate(phrase))}
                if fate_now in seen.values():
                    seen[position] = fate_now
                    followed[phrase] = {at: told for at, told in seen.items() if at >= oldest}
        return Phrases((*self.recent, new)[-RECENT:], _worth_following(followed))

    def as_json(self) -> Any:
        """For a state."""
        return [
            [[edit.position, edit.given, edit.left] for edit in self.recent],
            {
                phrase: {str(at): FATES.index(fate) for at, fate in fates.items()}
                for phrase, fates in self.followed.items()
            },
        ]

    @classmethod
    def from_json(cls, data: Any) -> Phrases:
        """The phrases of `as_json`; raises what reading anything else raises."""
        recent, followed = data
        return cls(
            tuple(Recent(int(at), str(given), str(left)) for at, given, left in recent),
            {
                str(phrase): {int(at): FATES[fate] for at, fate in fates.items()}
                for phrase, fates in followed.items()
            },
        )


def _tells(phrase: str) -> bool:
    """Whether a phrase is more than the small change of the language."""
    words = phrase.split()
    telling = sum(word not in _FUNCTION_WORDS for word in words)
    return telling >= 2 or (telling == 1 and len(words) == 3) or phrase == "thank you"


def _worth_following(followed: dict[str, dict[int, Fate]]) -> Mapping[str, Mapping[int, Fate]]:
    """The phrases that came or went most; a part of a longer one with the same fate is left out."""
    by_fates: dict[tuple[tuple[int, Fate], ...], list[str]] = {}
    for phrase, fates in followed.items():
        by_fates.setdefault(tuple(sorted(fates.items())), []).append(phrase)
    whole = [
        phrase
        for alike in by_fates.values()
        for phrase in alike
        if not any(phrase != other and f" {phrase} " in f" {other} " for other in alike)
    ]

    def worth(phrase: str) -> tuple[int, int, str]:
        told = [at for at, fate in followed[phrase].items() if fate != "kept"]
        return (-len(told), -max(told, default=0), phrase)

    return {phrase: followed[phrase] for phrase in sorted(whole, key=worth)[:FOLLOWED]}


def is_part(one: str, others: Iterable[str]) -> bool:
    """Whether a phrase shares more than half of its words, in a row, with one of the others."""
    words = one.split()
    least = len(words) // 2 + 1
    parts = [" ".join(words[i : i + least]) for i in range(len(words) - least + 1)]
    return any(
        f" {other} " in f" {one} " or any(f" {part} " in f" {other} " for part in parts)
        for other in others
    )
