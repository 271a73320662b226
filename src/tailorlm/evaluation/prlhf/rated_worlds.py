"""Ratings of real people as pairs within each person, and how pairs are held out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tailorlm.choice.comparisons import Comparisons
from tailorlm.datasets.rated_texts import RatedText
from tailorlm.datasets.summary_reviews import SummaryReview
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.prlhf.heads import FloatArray
from tailorlm.writing.answer_features import AnswerFeatures

BoolArray = npt.NDArray[np.bool_]
IntArray = npt.NDArray[np.intp]

DIRECTIONS = 32
"""Features that a reward sees of a text: principal components of style and encoder's vector."""


@dataclass(frozen=True, slots=True)
class RatedWorld:
    """People with the pairs that their ratings imply.

    Attributes:
        name: Of the data.
        features: Shape (texts, p), each direction in units of the first one's spread.
        units: Shape (texts,): what a text is held out with, such as the passage it summarises.
        users: The people.
        pairs: Of each user shape (n, 2): positions of the text that was rated higher and of the
            other.
        traits: Shape (users, d): explicit text on each user; d is 0 where there is none.
    """

    name: str
    features: FloatArray
    units: IntArray
    users: tuple[str, ...]
    pairs: tuple[IntArray, ...]
    traits: FloatArray

    def comparisons(
        self,
        user: int,
        chosen: BoolArray | IntArray,
        *,
        weighted: bool = True,
        most: int | None = None,
    ) -> Comparisons:
        """Some of a user's pairs.

        Args:
            user: Position of the user.
            chosen: Which: shape (pairs of the user,), or positions.
            weighted: Whether the pairs count as many as there are texts in them, since one rating
                stands in many pairs; otherwise each counts once.
            most: Pairs that are taken at most, evenly from all.
        """
        own = self.pairs[user][chosen]
        if not len(own):
            return Comparisons.none(self.features.shape[1])
        texts = len(np.unique(own))
        if most is not None and len(own) > most:
            own = own[np.linspace(0, len(own) - 1, most).astype(np.intp)]
        weight = min(1.0, texts / len(own)) if weighted else 1.0
        return Comparisons.pairs(self.features[own[:, 0]], self.features[own[:, 1]], weight)

    def first(self, users: int) -> RatedWorld:
        """The same with the first people only."""
        return replace(
            self,
            users=self.users[:users],
            pairs=self.pairs[:users],
            traits=self.traits[:users],
        )

    def both_in(self, user: int, units: BoolArray) -> BoolArray:
        """Which of a user's pairs have both texts in these units, shape (pairs of the user,)."""
        better, worse = self.units[self.pairs[user]].T
        inside: BoolArray = units[better] & units[worse]
        return inside


def offensiveness(ratings: Sequence[RatedText], encoder: Encoder) -> RatedWorld:
    """Pairs of texts that one person rated differently; the more offensive one is put first.

    Raises:
        InputError: If nobody rated two texts differently.
    """
    texts = {one.instance: one.text for one in ratings}
    place = {instance: i for i, instance in enumerate(texts)}
    by_user: dict[str, list[tuple[int, float]]] = defaultdict(list)
    for one in ratings:
        by_user[one.user].append((place[one.instance], one.rating))
    demographics = {one.user: one.demographics for one in ratings}
    return _world(
        "POPQUORN, offensiveness",
        list(texts.values()),
        np.arange(len(texts)),
        {user: [own] for user, own in by_user.items()},
        demographics,
        encoder,
    )


def summaries(reviews: Sequence[SummaryReview], encoder: Encoder) -> RatedWorld:
    """Pairs of summaries of one question that one reviewer rated differently.

    Raises:
        InputError: If nobody did.
    """
    texts = {(one.question, one.system): one.text for one in reviews}
    place = {key: i for i, key in enumerate(texts)}
    passages = {one.question: one.passage for one in reviews}
    number = {passage: i for i, passage in enumerate(dict.fromkeys(passages.values()))}
    units = np.array([number[passages[question]] for question, _ in texts])
    by_user: dict[str, dict[str, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    for one in reviews:
        by_user[one.reviewer][one.question].append((place[one.question, one.system], one.rating))
    groups = {user: list(own.values()) for user, own in by_user.items()}
    return _world("SQuALITY, summaries", list(texts.values()), units, groups, {}, encoder)


def _world(
    name: str,
    texts: Sequence[str],
    units: IntArray,
    groups: Mapping[str, Sequence[Sequence[tuple[int, float]]]],
    demographics: Mapping[str, Mapping[str, str]],
    encoder: Encoder,
) -> RatedWorld:
    pairs = {
        user: np.array(
            [(i, j) for group in own for i, a in group for j, b in group if a > b], dtype=np.intp
        ).reshape(-1, 2)
        for user, own in groups.items()
    }
    kept = [user for user, own in pairs.items() if len(own)]
    if len(kept) < 2:
        raise InputError(f"{name}: at least two people must have rated two texts differently.")
    return RatedWorld(
        name,
        _reduced(AnswerFeatures(encoder), texts),
        units,
        tuple(kept),
        tuple(pairs[user] for user in kept),
        _traits([demographics.get(user, {}) for user in kept]),
    )


def _reduced(measure: AnswerFeatures, texts: Sequence[str]) -> FloatArray:
    """Principal components of the features as far as each is expected to matter."""
    rows = np.concatenate([measure.of("", texts[i : i + 64]) for i in range(0, len(texts), 64)])
    scaled = (rows - rows.mean(axis=0)) * measure.scales
    vectors = np.linalg.svd(scaled, full_matrices=False)[2][:DIRECTIONS]
    found = scaled @ vectors.T
    reduced: FloatArray = found / max(float(found.std()), 1e-9)
    return reduced


def _traits(known: Sequence[Mapping[str, str]]) -> FloatArray:
    """One column for each value of each demographic that at least two people share."""
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for one in known:
        for item in one.items():
            counts[item] += 1
    columns = [item for item, count in counts.items() if count > 1]
    rows = [[float(one.get(name) == value) for name, value in columns] for one in known]
    return np.array(rows).reshape(len(known), len(columns))
