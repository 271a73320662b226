"""Who wrote a text, as far as its style tells: a classifier trained on authors' texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.special import log_softmax

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics._softmax import HeldOut, Rows, fit_softmax
from tailorlm.evaluation.metrics.features import (
    FloatArray,
    common_grams,
    function_word_rates,
    grams,
    trait_values,
    without_content,
)
from tailorlm.evaluation.metrics.scored import check_not_blank

_GRAMS = 3000
_LEAST_TEXTS = 2
"""Texts that a character run must stand in."""
_LARGEST = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class _Features:
    """Texts to rows: tf-idf of character runs, and standardised function words and traits.

    Attributes:
        places: Column of each character run.
        idf: ``ln((n + 1) / (n_g + 1)) + 1`` for n texts, n_g of which hold the run g.
        means: Of function words and traits in the training texts.
        deviations: Their standard deviations; infinite where they do not vary.
        masked: Whether words that tell the topic are masked first.
    """

    places: Mapping[str, int]
    idf: FloatArray
    means: FloatArray
    deviations: FloatArray
    masked: bool

    @classmethod
    def fit(cls, texts: Sequence[str], masked: bool) -> _Features:
        counts = [grams(without_content(text) if masked else text) for text in texts]
        common = common_grams(counts, _GRAMS, least_texts=_LEAST_TEXTS)
        spread: Counter[str] = Counter()
        for count in counts:
            spread.update(count.keys())
        idf = [np.log((len(texts) + 1) / (spread[gram] + 1)) + 1 for gram in common]
        dense = np.stack([_dense(text) for text in texts])
        deviations = dense.std(axis=0)
        return cls(
            places={gram: place for place, gram in enumerate(common)},
            idf=np.array(idf),
            means=dense.mean(axis=0),
            deviations=np.where(deviations > 0, deviations, np.inf),
            masked=masked,
        )

    def rows(self, texts: Sequence[str]) -> Rows:
        """Each text's features; both halves have a length of about 1."""
        data, columns, ends = [np.zeros(0)], [np.zeros(0, np.intp)], [0]
        for text in texts:
            counts = grams(without_content(text) if self.masked else text)
            found = {self.places[gram]: n for gram, n in counts.items() if gram in self.places}
            where = np.fromiter(found.keys(), np.intp, len(found))
            times = np.fromiter(found.values(), np.float64, len(found))
            values = (1.0 + np.log(times)) * self.idf[where]
            data.append(values / max(float(np.linalg.norm(values)), 1e-12))
            columns.append(where)
            ends.append(ends[-1] + len(where))
        shape = (len(texts), len(self.places))
        sparse_half = sparse.csr_array(
            (np.concatenate(data), np.concatenate(columns), ends), shape=shape
        )
        dense = (np.stack([_dense(text) for text in texts]) - self.means) / self.deviations
        dense = np.clip(dense, -_LARGEST, _LARGEST) / np.sqrt(dense.shape[1])
        return Rows(sparse_half, dense)


class AuthorClassifier:
    """Gives the probability that each of several authors wrote a text; made by `fit`.

    Multinomial logistic regression with a squared penalty on tf-idf of runs of three characters,
    uses of function words, and measured traits. Every author counts the same, however many texts
    there are of each, so that without any evidence all are equally likely. The strength of the
    penalty is the one with the least held-out loss in cross-validation, and the log odds are
    divided by the temperature that makes held-out probabilities right (Guo et al. 2017, "On
    Calibration of Modern Neural Networks", section 4.2). Few texts never make it quite certain.

    Train it on texts that are not measured, and ask it about texts of the same authors, or meant
    to pass for theirs: about anybody else's it still names one of them.

    Attributes:
        authors: Whom it tells apart, in order of spelling.
        held_out: The penalty and the temperature that were chosen, and how well the authors of
            held-out training texts are told with them: `accuracy`, and `loss`, which is
            ln(number of authors) for guessing.
    """

    def __init__(
        self,
        authors: tuple[str, ...],
        features: _Features,
        weights: FloatArray,
        held_out: HeldOut,
    ) -> None:
        self.authors = authors
        self.held_out = held_out
        self._features = features
        self._weights = weights

    @classmethod
    def fit(
        cls,
        texts: Sequence[str],
        authors: Sequence[str],
        rng: np.random.Generator,
        *,
        masked: bool = False,
    ) -> AuthorClassifier:
        """Learn from texts; the same texts, authors and generator give the same classifier.

        Args:
            texts: Texts to learn from, at least two of every author.
            authors: Who wrote each.
            rng: Assigns the texts to the parts of the cross-validation.
            masked: Whether the letters of words that are no function words are masked before
                character runs are taken, so that topics and names do not tell the author.

        Raises:
            InputError: If the two differ in length, there are fewer than two authors, one has
                fewer than two texts, or a text is blank.
        """
        names, labels = _check(texts, authors)
        features = _Features.fit(texts, masked)
        weights, held_out = fit_softmax(features.rows(texts), labels, rng)
        return cls(names, features, weights, held_out)

    def probability(self, text: str) -> dict[str, float]:
        """The probability of each author, summing to 1.

        Raises:
            InputError: If the text is blank.
        """
        rows = self._features.rows([check_not_blank(text, "text")])
        chances = np.exp(
            log_softmax(rows.logits(self._weights) / self.held_out.temperature, axis=1)
        )[0]
        return {name: float(p) for name, p in zip(self.authors, chances, strict=True)}


def _dense(text: str) -> FloatArray:
    return np.concatenate([function_word_rates(text), trait_values(text)])


def _check(
    texts: Sequence[str], authors: Sequence[str]
) -> tuple[tuple[str, ...], npt.NDArray[np.intp]]:
    """The authors, and each text's author as a number."""
    if isinstance(texts, str) or isinstance(authors, str) or len(texts) != len(authors):
        raise InputError("A classifier needs a list of texts and one of authors, equally long.")
    for text in texts:
        check_not_blank(text, "text")
    counts = Counter(authors)
    least = min(counts.values(), default=0)
    if len(counts) < 2 or least < 2:
        raise InputError(
            "A classifier needs two authors with two texts each at least, but got "
            f"{len(counts)}, one with only {least}. Give more texts or leave that author out."
        )
    names = tuple(sorted(counts))
    place = {name: number for number, name in enumerate(names)}
    return names, np.array([place[author] for author in authors], dtype=np.intp)
