"""How far a text is from the way an author writes, after Burrows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics.features import (
    FloatArray,
    common_grams,
    function_word_rates,
    grams,
    mark_rates,
    trait_values,
)
from tailorlm.evaluation.metrics.scored import check_not_blank

_LEAST_TEXTS = 10
_GRAMS = 200
_LARGEST = 3.0
_LEAST_VARIED = 0.02


@dataclass(frozen=True, slots=True, eq=False)
class StyleScale:
    """What is usual among reference texts, and how much they differ: the scale of distances.

    Four families of features are counted: uses of function words per word, of the 200 most
    widespread runs of three characters per run, and of punctuation marks per character, and the
    measured traits. A z-score is cut at 3 on either side, since one odd mark in a short text would
    outweigh the rest. A feature that is the same in more than 98% of the texts is left out.

    Attributes:
        grams: The character runs that are counted.
        means: Shape (features,), of the reference texts.
        deviations: Shape (features,), standard deviations, above 0.
        weights: Shape (features,), summing to 1: each family has a quarter, shared evenly by its
            features; 0 for those left out.
    """

    grams: tuple[str, ...]
    means: FloatArray
    deviations: FloatArray
    weights: FloatArray

    @classmethod
    def fit(cls, texts: Sequence[str]) -> StyleScale:
        """The scale of reference texts: of several authors, and none that is to be measured.

        Raises:
            InputError: If there are fewer than 10 texts, one is blank, or all are alike.
        """
        if isinstance(texts, str) or len(texts) < _LEAST_TEXTS:
            raise InputError(
                f"A scale of style needs a list of at least {_LEAST_TEXTS} texts, of several "
                "authors. Give more."
            )
        for text in texts:
            check_not_blank(text, "reference text")
        common = tuple(common_grams([grams(text) for text in texts], _GRAMS))
        families = [_families(text, common) for text in texts]
        features = np.stack([np.concatenate(parts) for parts in families])
        usual = np.median(features, axis=0)
        varied = (features != usual).mean(axis=0) >= _LEAST_VARIED
        sizes = [len(part) for part in families[0]]
        kept = np.split(varied.astype(np.float64), np.cumsum(sizes)[:-1])
        weights = np.concatenate([part / max(part.sum(), 1.0) for part in kept])
        if not weights.any():
            raise InputError("The reference texts are alike in every feature. Give different ones.")
        deviations = np.where(varied, features.std(axis=0), 1.0)
        return cls(common, features.mean(axis=0), deviations, weights / weights.sum())

    def profile(self, texts: Sequence[str]) -> StyleProfile:
        """How an author writes, by texts of that author.

        Raises:
            InputError: If there is no text, or one is blank.
        """
        return StyleProfile(self, self.scores(texts))

    def scores(self, texts: Sequence[str]) -> FloatArray:
        """The z-scores of texts, shape (texts, features), from -3 to 3.

        Raises:
            InputError: If there is no text, or one is blank.
        """
        if isinstance(texts, str) or not texts:
            raise InputError("Style is taken from a list of at least one text.")
        found = [
            np.concatenate(_families(check_not_blank(text, "text"), self.grams)) for text in texts
        ]
        scores = (np.stack(found) - self.means) / self.deviations
        return np.clip(scores, -_LARGEST, _LARGEST)


class StyleProfile:
    """How one author writes, on a scale; made by `StyleScale.profile`.

    Args:
        scale: The scale.
        own: z-scores of the author's texts, shape (texts, features).
    """

    def __init__(self, scale: StyleScale, own: FloatArray) -> None:
        self._scale = scale
        self._own = own
        self._spread = _spread(own, scale.weights)

    def distance(self, texts: str | Sequence[str]) -> float:
        """How far a text, or several, are from the author's, at least 0; less is more alike.

        With z_f(t) the z-score of feature f in a text, w_f the weights of the scale, A the texts
        given and T the author's::

            delta(a, b) = sum_f w_f | z_f(a) - z_f(b) |
            distance = mean of delta(a, t) - mean of delta(a, a') / 2 - mean of delta(t, t') / 2

        The first is Burrows's delta of two texts (Burrows 2002, "'Delta': a measure of stylistic
        difference and a guide to likely authorship"), which has function words alone. The second
        takes it to sets, as half the energy distance does (Szekely and Rizzo 2013, "Energy
        statistics", section 2): each mean is over all pairs, and the distance is 0 if A and T are
        spread alike, and delta itself if both are one text. The distance to an average of T, which
        is commonly taken, is least to whichever author is the most ordinary.

        Short texts are noisier, and noise counts as distance. Where texts of different lengths are
        compared, give all of each writer at once: their noise is then subtracted. What is left of
        it shrinks with the number of texts, so give as many of each writer.

        Raises:
            InputError: If there is no text, or one is blank.
        """
        given = self._scale.scores([texts] if isinstance(texts, str) else texts)
        apart = np.mean([np.abs(self._own - scores).mean(axis=0) for scores in given], axis=0)
        own_spread = _spread(given, self._scale.weights)
        return max(float(self._scale.weights @ apart) - own_spread - self._spread, 0.0)


def style_distance(texts: str | Sequence[str], others: Sequence[str], scale: StyleScale) -> float:
    """`StyleProfile.distance` of texts to the texts of an author.

    To measure often against one author, make the profile once.

    Raises:
        InputError: If there are no texts, or one is blank.
    """
    return scale.profile(others).distance(texts)


def _spread(scores: FloatArray, weights: FloatArray) -> float:
    """Half the mean delta of two texts, drawn with replacement from scores (n, features)."""
    n = len(scores)
    # In n * n pairs the k-th smallest is 2 k - 1 - n times more often the larger than the smaller.
    signs = 2 * np.arange(1, n + 1) - 1 - n
    return float(weights @ (signs @ np.sort(scores, axis=0))) / n**2


def _families(text: str, common: Sequence[str]) -> tuple[FloatArray, ...]:
    """The features of a text, one array per family."""
    counts = grams(text)
    runs = np.array([counts[gram] for gram in common]) / max(counts.total(), 1)
    return function_word_rates(text), runs, mark_rates(text), trait_values(text)
