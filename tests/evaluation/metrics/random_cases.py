"""Random cases on which metrics are compared with other programs."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

WORDS = [
    *("the", "a", "on", "of", "cat", "cats", "Sat", "sitting", "mat", "plan", "plans", "planned"),
    *("planning", "Meeting", "meetings", "runs", "running", "quickly", "report", "reported"),
    *("don't", "Ana's", "e-mail", "well-known", "12", "1,000", "3.5", "10-20", "2nd", "$4.99"),
    *("&amp;", "&quot;yes&quot;", "(no)", "[1]", "a.,b", "...", "!?", ",", ".", "-", "%", "a/b"),
    *("naïve", "café", "İstanbul", "straße", "日本語", "Привет", "😀", "ﬁne", "x\u00a0y", "\u200b"),
]
ENDS = ["", "", ".", "!", " \n", "-\nend", "\n\nThanks,\nAna", "\t"]
HARD = [
    *("&amp;lt;b&gt;", "<skipped>", "U.S.A.", "1.", "-5", "5-", "$5", "--", "http://a.b/c?d=1"),
    *("x@y.z", "ẞ", "ǅ", "\u0131", "ſ", "\u212a", "e\u0301", "\ufeff", "\u00ad", "１２", "٣", "𝐀"),
    *("dying", "flies", "agreed", "s", "ied", "generalizations", "-\n", "\r\n", "\n", "\t", "\x0b"),
    *("\x1c", "\x85", "\u2028", "\u3000"),
]
"""What programs that cut texts are apt to disagree on."""


def text(rng: Random) -> str:
    """A text of one to forty words: varied, of one word, repeated, or nearly blank."""
    kind = rng.random()
    if kind < 0.1:
        return rng.choice(WORDS)
    if kind < 0.2:
        return " ".join([rng.choice(WORDS)] * rng.randint(2, 12))
    if kind < 0.25:
        return rng.choice([" . ", "\u200b", " -\n- ", "\n?\n", " , 1", "é", "&"])
    few = rng.sample(WORDS, rng.randint(2, len(WORDS)))
    return " ".join(rng.choices(few, k=rng.randint(1, 40))) + rng.choice(ENDS)


def hard_pairs(n: int, seed: int) -> Iterator[tuple[str, str]]:
    """Candidates with references of marks, entities, numbers, odd letters and odd blanks.

    Some are long, some of one token repeated, some without any blank; none is blank.
    """
    rng = Random(seed)
    for case in range(n):
        few = rng.sample(HARD + WORDS, rng.choice([1, 2, 5, 20]))
        between, longest = rng.choice(["", " ", "  ", "\n"]), 400 if case % 50 == 0 else 30
        pair = [between.join(rng.choices(few, k=rng.randint(1, longest))) for _ in range(2)]
        candidate, reference = (side if side.strip() else "cat" for side in pair)
        yield candidate, reference


def text_pairs(n: int, seed: int) -> Iterator[tuple[str, str]]:
    """Candidates with references, every other one an edited copy of its reference."""
    rng = Random(seed)
    for case in range(n):
        reference = text(rng)
        candidate = text(rng)
        if case % 2:
            kept = [word for word in reference.split(" ") if rng.random() < 0.8]
            candidate = " ".join([*kept, candidate][: rng.randint(1, 40)])
        yield candidate if candidate.strip() else "cat", reference
