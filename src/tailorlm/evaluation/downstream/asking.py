"""The tasks with a language model: it says the stars, and puts popular films into an order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tailorlm.datasets.rated_films import Film
from tailorlm.evaluation.downstream.measure import ListScores, list_scores
from tailorlm.evaluation.downstream.methods import Kind
from tailorlm.evaluation.downstream.prompts import (
    Told,
    order_request,
    read_order,
    read_stars,
    stars_request,
)
from tailorlm.evaluation.downstream.ratings import IntArray, Predict, Ratings
from tailorlm.evaluation.downstream.recommending import in_order, scores_of, tested
from tailorlm.evaluation.downstream.similar import Similarity
from tailorlm.evaluation.downstream.splits import Split
from tailorlm.evaluation.judges.asking import Answers, complete_kept
from tailorlm.evaluation.metrics import Unscored
from tailorlm.llms.base import LLM, Request

ASKER = "downstream"
"""What answers are kept under."""
ALONE, CROWD = "LLM", "LLM with others' stars"
LATEST, SIMILAR = "LLM with latest films", "LLM with similar films"
STAR_KINDS: Mapping[str, Kind] = {
    ALONE: "generic",
    CROWD: "pooled",
    LATEST: "personal",
    SIMILAR: "personal",
}
"""What a prompt for stars holds: the film alone, what others gave it, or films of the user."""
LIKED = "LLM with liked films"
LIST_KINDS: Mapping[str, Kind] = {ALONE: "generic", LIKED: "personal"}
"""What a prompt for an order holds: the films alone, or those that the user liked as well."""
HISTORY = 10
"""Films of the user in a prompt."""
SHOWN = 20
"""Most popular films that are put into an order."""


@dataclass(frozen=True, eq=False, slots=True)
class Asking:
    """Whom to ask, and about what.

    Attributes:
        films: By position.
        split: Its test is predicted.
        llm: Answers, at temperature 0.
        answers: What it said before; filled.
        progress: Told how many requests are answered, of all that were not.
    """

    films: Sequence[Film]
    split: Split
    llm: LLM
    answers: Answers
    progress: Callable[[int, int], None] | None = None

    def stars(self, similarity: Similarity) -> dict[str, list[float | Unscored]]:
        """What it says of the test's ratings, by row of `STAR_KINDS`.

        Args:
            similarity: Shape (films, films): which of a user's films are like the one in question.

        Raises:
            InputError: If the writer is no language model.
            LLMError: If a request fails; what was answered before is kept.
        """
        test = self.split.test
        places = list(zip(test.user.tolist(), test.film.tolist(), strict=True))
        requests = [
            stars_request(self.films[film], self._told(row, user, film, similarity))
            for row in STAR_KINDS
            for user, film in places
        ]
        said = [read_stars(text) for text in self._said(requests)]
        n = len(places)
        return {row: said[i * n : (i + 1) * n] for i, row in enumerate(STAR_KINDS)}

    def lists(self, popular: Predict, order: IntArray, seed: int) -> dict[str, ListScores]:
        """Scores of lists whose first films it has put into an order, by row of `LIST_KINDS`.

        The `SHOWN` most popular films that the user has not rated are shown in an order that is
        drawn. Those that it names come first, and then all others by popularity.

        Args:
            popular: The number of ratings.
            order: Of films with equal scores.
            seed: Of the order in which films are shown.

        Raises:
            InputError: As `stars`.
            LLMError: As `stars`.
        """
        users = tested(self.split)
        ordered = [self._by_popularity(popular, user, order) for user in users.tolist()]
        shown = [
            np.random.default_rng([seed, user]).permutation(films[:SHOWN])
            for user, films in zip(users.tolist(), ordered, strict=True)
        ]
        requests = [
            order_request(
                [self.films[film] for film in films.tolist()],
                Told(self._liked(user) if row == LIKED else ()),
            )
            for row in LIST_KINDS
            for user, films in zip(users.tolist(), shown, strict=True)
        ]
        texts = iter(self._said(requests))
        return {
            row: self._scores([next(texts) for _ in users], users, shown, ordered, order)
            for row in LIST_KINDS
        }

    def _scores(
        self,
        texts: Sequence[str],
        users: IntArray,
        shown: Sequence[IntArray],
        ordered: Sequence[IntArray],
        order: IntArray,
    ) -> ListScores:
        """Of the lists that the answers say."""
        scores = np.full((len(users), len(self.films)), np.nan)
        unscored: list[Unscored | None] = []
        for row, text in enumerate(texts):
            said = read_order(text, len(shown[row]))
            unscored.append(said if isinstance(said, Unscored) else None)
            first = shown[row][[] if isinstance(said, Unscored) else list(said)].astype(np.intp)
            films = np.concatenate([first, ordered[row][~np.isin(ordered[row], first)]])
            scores[row, films] = -np.arange(len(films), dtype=np.float64)
        return list_scores(in_order(scores, self.split, users, order), unscored)

    def _by_popularity(self, popular: Predict, user: int, order: IntArray) -> IntArray:
        """Films that a user has not rated, the most popular first."""
        scores = scores_of(popular, self.split.train, np.array([user]))[0][order]
        best = np.argsort(-scores, kind="stable")[: int((~np.isnan(scores)).sum())]
        return order[best]

    def _told(self, row: str, user: int, film: int, similarity: Similarity) -> Told:
        train = self.split.train
        if row == CROWD:
            given = train.stars[train.of_film[film]]
            mean = float(given.mean()) if len(given) else train.mean
            return Told(crowd=(mean, len(given)))
        own = train.of_user[user]
        if row == LATEST:
            return Told(self._rated(train, own[-HISTORY:]))
        if row == SIMILAR:
            nearest = np.argsort(similarity[film, train.film[own]], kind="stable")[-HISTORY:]
            return Told(self._rated(train, own[np.sort(nearest)]))
        return Told()

    def _liked(self, user: int) -> list[tuple[Film, float]]:
        train = self.split.train
        own = train.of_user[user]
        return self._rated(train, own[train.liked[own]][-HISTORY:])

    def _rated(self, train: Ratings, places: IntArray) -> list[tuple[Film, float]]:
        return [(self.films[train.film[i]], float(train.stars[i])) for i in places.tolist()]

    def _said(self, requests: Sequence[Request]) -> list[str]:
        said = complete_kept(ASKER, self.llm, requests, self.answers, progress=self.progress)
        return [one.text for one in said]
