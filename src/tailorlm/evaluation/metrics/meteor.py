"""METEOR: words of two texts matched one to one, with a penalty for matches out of order.

Two stages match words: equal ones, then those of the same Porter stem. The third stage of the
original, synonyms by WordNet, is left out: it needs a data file of its own. Scores are therefore
those of other programs run without synonyms, and lower than those with them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics.scored import check_not_blank
from tailorlm.evaluation.metrics.stems import porter
from tailorlm.evaluation.metrics.tokens import tokens

ALPHA, BETA, GAMMA = 0.9, 3.0, 0.5
_Placed = list[tuple[int, str]]


def meteor(
    candidate: str | Sequence[str],
    reference: str | Sequence[str],
    *,
    alpha: float = ALPHA,
    beta: float = BETA,
    gamma: float = GAMMA,
) -> float:
    """METEOR without WordNet (Banerjee and Lavie 2005; Lavie and Agarwal 2007, section 2).

    With m matched words, P = m / words of the candidate and R = m / words of the reference::

        F = P R / (alpha P + (1 - alpha) R)
        score = (1 - gamma (chunks / m) ** beta) F

    where a chunk is a run of matches that are neighbours in both texts. A word that stands several
    times is matched from the end: the last one to the last one, as nltk does. The original looks
    for the alignment with the fewest crossings, which can give a slightly higher score.

    Args:
        candidate: The text that was written, or its tokens.
        reference: The text it should resemble, or its tokens.
        alpha: Weight of recall, from 0 to 1.
        beta: Shape of the penalty, at least 0.
        gamma: Largest penalty, from 0 to 1.

    Returns:
        From 0, where no word is matched, to nearly 1.

    Raises:
        InputError: If a text is blank, there are no tokens, or a parameter is out of its range.
        MissingExtraError: If nltk, whose Porter stemmer is used, is not installed.
    """
    if not (0 <= alpha <= 1 and beta >= 0 and 0 <= gamma <= 1):
        raise InputError(
            "METEOR's alpha and gamma lie between 0 and 1 and beta is at least 0, but got "
            f"{alpha}, {gamma} and {beta}."
        )
    written, wanted = _tokens(candidate, "candidate"), _tokens(reference, "reference")
    matches = _align(written, wanted)
    if not matches:
        return 0.0
    precision, recall = len(matches) / len(written), len(matches) / len(wanted)
    below = alpha * precision + (1.0 - alpha) * recall
    penalty: float = gamma * (_chunks(matches) / len(matches)) ** beta
    return (1.0 - penalty) * precision * recall / below


def _tokens(text: str | Sequence[str], name: str) -> list[str]:
    if isinstance(text, str):
        return tokens(check_not_blank(text, name))
    if not text:
        raise InputError(f"The {name} has no tokens, so there is nothing to compare. Leave it out.")
    return [token.lower() for token in text]


def _align(candidate: Sequence[str], reference: Sequence[str]) -> list[tuple[int, int]]:
    """Places of matched words in both, in the order of the candidate."""
    matches, left, right = _match(list(enumerate(candidate)), list(enumerate(reference)))
    if left and right:
        stem = porter("METEOR")
        more, _, _ = _match(
            [(place, stem(word)) for place, word in left],
            [(place, stem(word)) for place, word in right],
        )
        matches += more
    return sorted(matches)


def _match(
    candidate: _Placed, reference: _Placed
) -> tuple[list[tuple[int, int]], _Placed, _Placed]:
    """Equal words matched from the end, and what is left of both sides."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, word in reference:
        places[word].append(place)
    matches, left = [], []
    for place, word in reversed(candidate):
        if places[word]:
            matches.append((place, places[word].pop()))
        else:
            left.append((place, word))
    taken = {there for _, there in matches}
    return matches, left[::-1], [item for item in reference if item[0] not in taken]


def _chunks(matches: Sequence[tuple[int, int]]) -> int:
    breaks = sum(
        (here + 1, there + 1) != following for (here, there), following in pairwise(matches)
    )
    return breaks + 1
