"""Judges that need no language model: they score each answer by itself and compare the scores.

The order in which answers are shown does not matter to them, so both orders agree.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

import numpy as np

from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.judges.base import Pair, Person, Reading, Verdict, person_of
from tailorlm.evaluation.metrics.author import AuthorClassifier
from tailorlm.evaluation.metrics.scored import Unscored
from tailorlm.evaluation.metrics.style import StyleScale
from tailorlm.evaluation.metrics.tokens import words

PREFERRED, REJECTED = "preferred", "rejected"


class OfflineJudge(ABC):
    """Prefers the answer with the higher score; equal scores tie.

    Attributes:
        name: What reports call it.
        margin: Difference of scores up to which two answers tie.
    """

    name: ClassVar[str]
    margin: float = 0.0

    @abstractmethod
    def score(self, pair: Pair, text: str) -> float | Unscored:
        """How good an answer is for the user of a pair; higher is better.

        Raises:
            InputError: If nothing is known of the user.
        """

    def judge(self, pair: Pair) -> Verdict:
        """The preference; `Unscored` in both orders where an answer has no score."""
        one, other = self.score(pair, pair.one), self.score(pair, pair.other)
        if isinstance(one, Unscored) or isinstance(other, Unscored):
            why = Reading(one if isinstance(one, Unscored) else other)
            return Verdict(pair.id, pair.user, why, why)
        prefers = 0.5 if abs(one - other) <= self.margin else float(one > other)
        return Verdict(pair.id, pair.user, Reading(prefers), Reading(1.0 - prefers))


class LengthJudge(OfflineJudge):
    """Prefers the longer answer, in words: what every judge has to be better than."""

    name = "length"

    def score(self, pair: Pair, text: str) -> float | Unscored:
        """The number of words."""
        return float(len(words(text)))


class StyleJudge(OfflineJudge):
    """Prefers the answer whose style is nearer to what the user preferred before.

    The distance is `StyleProfile.distance`, a generalised Burrows's delta.

    Args:
        people: Their preferred answers are the user's style; where a pair has a truth, that is.
        scale: What is usual; None to fit it to all answers of all people.

    Raises:
        InputError: If no scale is given and the people have fewer than 10 answers.
    """

    name = "stylometric"
    LEAST = 10
    """Different answers that a scale is fitted to."""

    def __init__(self, people: Mapping[str, Person], scale: StyleScale | None = None) -> None:
        self._people = people
        self._scale = scale or StyleScale.fit(known_answers(people))
        self._profiles = {
            user: self._scale.profile(list(person.preferred))
            for user, person in people.items()
            if person.preferred
        }

    def score(self, pair: Pair, text: str) -> float | Unscored:
        """Minus the distance; `Unscored` where no text of the user is known."""
        if pair.truth.strip():
            return -self._scale.profile([pair.truth]).distance(text)
        person_of(self._people, pair.user, self.name)
        if pair.user not in self._profiles:
            return Unscored("no answer is known that the user preferred")
        return -self._profiles[pair.user].distance(text)


class AuthorJudge(OfflineJudge):
    """Prefers the answer that a classifier takes more surely for one the user preferred.

    Each user has a classifier of two "authors": the answers preferred before, and those rejected.

    Args:
        people: Users with their earlier turns; two different answers of either kind are needed.
        seed: Assigns the texts to the parts of the cross-validation.
    """

    name = "author classifier"
    LEAST = 2

    def __init__(self, people: Mapping[str, Person], seed: int = 0) -> None:
        self._people = people
        self._seed = seed
        self._known: dict[str, AuthorClassifier] = {}

    def score(self, pair: Pair, text: str) -> float | Unscored:
        """The log odds of being a preferred one; `Unscored` for users with too few turns."""
        person = person_of(self._people, pair.user, self.name)
        ours = [one for one in person.preferred if one not in person.rejected]
        theirs = [one for one in person.rejected if one not in person.preferred]
        if min(len(ours), len(theirs)) < self.LEAST:
            return Unscored("fewer than two preferred and two rejected answers are known")
        if pair.user not in self._known:
            labels = [PREFERRED] * len(ours) + [REJECTED] * len(theirs)
            rng = np.random.default_rng(self._seed)
            self._known[pair.user] = AuthorClassifier.fit([*ours, *theirs], labels, rng)
        chance = self._known[pair.user].probability(text)[PREFERRED]
        return float(np.log(max(chance, 1e-12)) - np.log(max(1.0 - chance, 1e-12)))


class SimilarityJudge(OfflineJudge):
    """Prefers the answer whose meaning is nearer to what the user preferred before.

    The score is the cosine similarity to the truth where the pair has one; otherwise the mean of
    it over the preferred answers, less the mean over the rejected ones.

    Args:
        people: Users with their earlier turns.
        encoder: Gives the vectors.
    """

    name = "encoder similarity"

    def __init__(self, people: Mapping[str, Person], encoder: Encoder) -> None:
        self._people = people
        self._encoder = encoder
        self._directions: dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]] = {}

    def score(self, pair: Pair, text: str) -> float | Unscored:
        """The similarity, from -2 to 2; `Unscored` where no text of the user is known."""
        (vector,) = np.asarray(self._encoder.encode([text]), np.float64)
        if pair.truth.strip():
            return float(vector @ self._encoder.encode([pair.truth])[0])
        person = person_of(self._people, pair.user, self.name)
        if not person.preferred:
            return Unscored("no answer is known that the user preferred")
        if pair.user not in self._directions:
            means = [
                np.asarray(self._encoder.encode(list(texts)), np.float64).mean(axis=0)
                for texts in (person.preferred, person.rejected)
                if texts
            ]
            self._directions[pair.user] = means[0] - means[1] if len(means) > 1 else means[0]
        return float(vector @ self._directions[pair.user])


class InterestJudge(OfflineJudge):
    """Prefers the answer that has more to do with what the user is known to like.

    The score is the sum over the user's tags of the highest cosine similarity of the tag and a
    sentence of the answer, if above 0. It is told the tags, as the annotator of PREMIUM is.

    Args:
        people: Users with the tags that they like.
        encoder: Gives the vectors.
    """

    name = "interests"

    def __init__(self, people: Mapping[str, Person], encoder: Encoder) -> None:
        self._people = people
        self._encoder = encoder

    def score(self, pair: Pair, text: str) -> float | Unscored:
        """From 0 to the number of tags; `Unscored` where no tag is known."""
        likes = person_of(self._people, pair.user, self.name).likes
        if not likes:
            return Unscored("no tag is known that the user likes")
        near = self._encoder.encode(_sentences(text)) @ self._encoder.encode(list(likes)).T
        return float(near.max(axis=0).clip(0.0, 1.0).sum())


def known_answers(people: Mapping[str, Person]) -> list[str]:
    """All answers of the users' earlier turns, each once."""
    given = [text for one in people.values() for text in (*one.preferred, *one.rejected)]
    return list(dict.fromkeys(given))


def judge_all(judge: OfflineJudge, pairs: Sequence[Pair]) -> list[Verdict]:
    """A verdict for each pair.

    Raises:
        InputError: If there is no pair, or nothing is known of a user.
    """
    if not pairs:
        raise InputError("There is nothing to judge. Give a pair of answers at least.")
    return [judge.judge(pair) for pair in pairs]


def _sentences(text: str) -> list[str]:
    """The parts of a text between marks that end sentences, lines among them; the text if none."""
    ended = text
    for mark in "!?:\n":
        ended = ended.replace(mark, ".")
    parts = [part.strip() for part in ended.split(".")]
    return [part for part in parts if part] or [text]
