"""EGISES and PerSEval: whether texts written for several people differ as they should.

Each person has a text of their own (what they wrote or wanted) and one that a model wrote for
them, all about one document. A model that writes nearly the same for everybody is as insensitive
as one that writes arbitrary variety; PerSEval also asks that the texts are right.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
import numpy.typing as npt

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics.scored import Unscored, check_not_blank

FloatArray = npt.NDArray[np.float64]
Distance = Callable[[str, str], float]
_EPSILON = 1e-5
"""Added to both deviations before they are divided, as in the authors' program."""
_PENALTY_EPSILON = 1e-7
_ROUNDING = 1e-12
"""Divergence below which two texts have the same words."""


@dataclass(frozen=True, slots=True)
class PersonalTexts:
    """One document with each person's own text and what a model wrote for them.

    Attributes:
        document: What the texts are about.
        wanted: Each person's own text.
        written: The model's text for each of the same people.
    """

    document: str
    wanted: Mapping[str, str]
    written: Mapping[str, str]

    def __post_init__(self) -> None:
        check_not_blank(self.document, "document")
        if set(self.wanted) != set(self.written):
            raise InputError(
                "Everyone has a wanted and a written text, but these have one only: "
                f"{sorted(set(self.wanted) ^ set(self.written))[:10]}."
            )
        for text in (*self.wanted.values(), *self.written.values()):
            check_not_blank(text, "text of a person")


@dataclass(frozen=True, slots=True)
class PenaltyShape:
    """The three S-curves of PerSEval's penalty, ``1 / (1 + 10 ** a exp(-10 ** b x))``.

    The defaults are those of the authors' program.

    Attributes:
        drop: (a, b) of the accuracy drop penalty.
        inconsistency: (a, b) of the accuracy inconsistency penalty.
        effective: (a, b) of the effective DEGRESS penalty.
    """

    drop: tuple[float, float] = (4.0, 1.0)
    inconsistency: tuple[float, float] = (4.0, 1.0)
    effective: tuple[float, float] = (3.0, 1.0)


@dataclass(frozen=True, slots=True)
class Personalization:
    """How personal a model's texts are, each from 0 to 1, averaged over documents.

    Attributes:
        degress: Degree of responsiveness, 1 is best.
        egises: ``1 - degress``: insensitivity, 0 is best.
        penalty_factor: Mean EDP, the share of responsiveness left by accuracy; 1 is best.
        perseval: Mean over documents and people of their product; 1 is best.
        documents: Documents with two people at least, which are those that count.
    """

    degress: float
    egises: float
    penalty_factor: float
    perseval: float
    documents: int


def word_divergence(one: str, other: str) -> float:
    """Jensen-Shannon divergence of the words of two texts, in bits: 0 for the same, 1 for none.

    ``H((p + q) / 2) - (H(p) + H(q)) / 2`` with p and q the share of each word (Lin 1991). Words
    are what blanks separate, case counts, as in the programs of EGISES and PerSEval.

    Raises:
        InputError: If a text is blank.
    """
    return float(_divergences([one, other])[0, 1])


def egises(texts: Sequence[PersonalTexts], *, distance: Distance | None = None) -> float | Unscored:
    """EGISES of texts for several people (Vansh et al. 2023): insensitivity, from 0 to 1.

    With the distance D of two texts, u_j the text that person j wanted of the document d, and s_j
    the one written for them, each person's deviations from the others are weighted and compared::

        X_jk = D(u_j, u_k) e^{w_jk} / sum_l e^{w_jl},   w_jk = D(u_j, u_k) / D(u_j, d)
        Y_jk likewise of s_j and s_k
        DEGRESS_j = mean over k != j of min(X_jk, Y_jk) / max(X_jk, Y_jk)
        EGISES = 1 - mean over documents of the mean over j of DEGRESS_j

    where 1e-5 is added to X and Y, and w is 0 where a text is its document. The constants are
    those of the authors' program.

    Args:
        texts: One entry per document.
        distance: Distance of two texts, from 0 to 1, or None for `word_divergence`.

    Returns:
        0 where the written texts differ as the wanted ones do; `Unscored` where no document has
        two people.

    Raises:
        InputError: If there is no document, or a distance is outside 0 to 1.
    """
    found = perseval(texts, distance=distance)
    return found if isinstance(found, Unscored) else found.egises


def perseval(
    texts: Sequence[PersonalTexts],
    *,
    distance: Distance | None = None,
    penalty: PenaltyShape | None = None,
) -> Personalization | Unscored:
    """PerSEval of texts for several people (Dasgupta et al. 2024): responsive and right.

    With e_j = D(s_j, u_j), their least e* and their mean over the people of the document, and
    ``S(x; a, b) = 1 / (1 + 10 ** a exp(-10 ** b x))``::

        ADP   = S(e* / (1 - e*); 4, 1)                    all texts are far off
        ACP_j = S((e_j - e*) / (mean - e*); 4, 1)         this one is farther off than the best
        EDP_j = 1 - S(ADP + ACP_j; 3, 1)
        PerSEval = mean over documents of the mean over j of DEGRESS_j EDP_j

    with 1e-7 added below each fraction and to EDP, and DEGRESS as in `egises`.

    Args:
        texts: One entry per document.
        distance: Distance of two texts, from 0 to 1, or None for `word_divergence`.
        penalty: Constants of the three curves, or None for those above.

    Returns:
        All four numbers; `Unscored` where no document has two people.

    Raises:
        InputError: If there is no document, or a distance is outside 0 to 1.
    """
    if not texts:
        raise InputError("EGISES and PerSEval need one document at least, but got none.")
    shape = penalty or PenaltyShape()
    means = []
    for case in texts:
        if len(case.wanted) < 2:
            continue
        people = sorted(case.wanted)
        wanted, written = [case.wanted[p] for p in people], [case.written[p] for p in people]
        n = len(people)
        far = _distances([*wanted, *written, case.document], n, distance)
        own, theirs = far[:n, :n], far[n : 2 * n, n : 2 * n]
        responsive = _degress(own, far[:n, -1], theirs, far[n : 2 * n, -1])
        factor = _penalty_factor(far[np.arange(n, 2 * n), np.arange(n)], shape)
        means.append([responsive.mean(), factor.mean(), (responsive * factor).mean()])
    if not means:
        return Unscored("no document has texts of two people")
    degress, factor_mean, product = np.mean(means, axis=0).tolist()
    return Personalization(degress, 1.0 - degress, factor_mean, product, len(means))


def _degress(
    wanted: FloatArray, wanted_far: FloatArray, written: FloatArray, written_far: FloatArray
) -> FloatArray:
    """Responsiveness to each person, shape (people,), from distances to each other and to d."""
    due, done = _deviations(wanted, wanted_far), _deviations(written, written_far)
    alike = (np.minimum(due, done) + _EPSILON) / (np.maximum(due, done) + _EPSILON)
    np.fill_diagonal(alike, 0.0)
    return np.asarray(alike.sum(axis=1) / (len(alike) - 1))


def _deviations(apart: FloatArray, far: FloatArray) -> FloatArray:
    """Shape (people, people): each one's distance to each other one, weighted by the softmax."""
    below = np.where(far > 0, far, np.inf)[:, None]
    weights = np.exp(apart / below - (apart / below).max(axis=1, keepdims=True))
    np.fill_diagonal(weights, 0.0)
    return np.asarray(apart * weights / weights.sum(axis=1, keepdims=True))


def _penalty_factor(errors: FloatArray, shape: PenaltyShape) -> FloatArray:
    """EDP of each person, shape (people,)."""
    best, mean = errors.min(), errors.mean()
    drop = _curve(best / (1.0 - best + _PENALTY_EPSILON), shape.drop)
    inconsistency = _curve((errors - best) / (mean - best + _PENALTY_EPSILON), shape.inconsistency)
    return 1.0 - _curve(drop + inconsistency, shape.effective) + _PENALTY_EPSILON


def _curve(at: FloatArray, shape: tuple[float, float]) -> FloatArray:
    steep, rise = shape
    return np.asarray(1.0 / (1.0 + 10.0**steep * np.exp(-(10.0**rise) * at)))


def _distances(texts: Sequence[str], people: int, distance: Distance | None) -> FloatArray:
    """Shape (texts, texts), of wanted and written texts and the document, where it is needed."""
    if distance is None:
        return _divergences(texts)
    own = list(permutations(range(people), 2))
    theirs = [(people + one, people + other) for one, other in own]
    errors = [(people + person, person) for person in range(people)]
    far = [(place, 2 * people) for place in range(2 * people)]
    apart = np.zeros((len(texts), len(texts)))
    for one, other in (*own, *theirs, *errors, *far):
        apart[one, other] = distance(texts[one], texts[other])
    if not ((apart >= 0) & (apart <= 1)).all():
        raise InputError("A distance of texts lies between 0 and 1, but the one given does not.")
    return apart


def _divergences(texts: Sequence[str]) -> FloatArray:
    """Shape (texts, texts): Jensen-Shannon divergences of the words, in bits."""
    counts = [Counter(check_not_blank(text, "text").split()) for text in texts]
    place = {word: number for number, word in enumerate({word for text in counts for word in text})}
    shares = np.zeros((len(texts), len(place)))
    for row, count in zip(shares, counts, strict=True):
        row[[place[word] for word in count]] = np.array([*count.values()]) / count.total()
    own = _entropy(shares)
    mixed = np.stack([_entropy((shares + row) / 2.0) for row in shares])
    apart = mixed - (own[:, None] + own) / 2.0
    return np.where(apart < _ROUNDING, 0.0, np.minimum(apart, 1.0))


def _entropy(shares: FloatArray) -> FloatArray:
    """Entropy of each row, in bits."""
    logs = np.log2(shares, out=np.zeros_like(shares), where=shares > 0)
    return np.asarray(-(shares * logs).sum(axis=-1))
