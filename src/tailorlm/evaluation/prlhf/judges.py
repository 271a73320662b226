"""Judges that measure: which of two answers is more as a profile wants it, by numbers alone.

They see readability, length and marks of friendliness, and nothing of whether an answer is right or
makes sense. A judge that reads would be needed for that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tailorlm.evaluation.prlhf.worlds import size
from tailorlm.writing.answer_style import ANSWER_STYLES, answer_style

Measure = Callable[[str], float]

_FRIENDLY = (
    "exclamation marks", "contractions", "addressing the reader", "everyday words", "courtesies",
    "emoji and trailing dots",
)  # fmt: skip


def difficulty(text: str) -> float:
    """The grade at school that a reader needs (Kincaid et al., 1975), scaled."""
    return float(answer_style(text)[ANSWER_STYLES.index("demanding reading")])


def friendliness(text: str) -> float:
    """Exclamation marks, contractions, everyday words, courtesies and speaking to the reader."""
    values = answer_style(text)
    return float(sum(values[ANSWER_STYLES.index(name)] for name in _FRIENDLY))


WANTED: Mapping[str, tuple[str, Measure]] = {
    "P1A": ("easier to read", lambda text: -difficulty(text)),
    "P1B": ("harder to read", difficulty),
    "P2A": ("shorter", lambda text: -float(size(text))),
    "P2B": ("longer", lambda text: float(size(text))),
    "P3A": ("more marks of friendliness", friendliness),
    "P3B": ("fewer marks of friendliness", lambda text: -friendliness(text)),
}
"""What is measured for each profile: in words, and as a number of which more is better."""


def verdict(profile: str, text: str, other: str) -> float:
    """1 if a text is more as the profile wants it than another, 0 if less, 0.5 if neither.

    An empty answer loses to one that is not: it answers nothing.
    """
    if not text or not other:
        return 0.5 + 0.5 * (bool(text) - bool(other))
    _, measure = WANTED[profile]
    mine, theirs = measure(text), measure(other)
    return 0.5 if mine == theirs else float(mine > theirs)
