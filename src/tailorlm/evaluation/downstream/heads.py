"""The linear head of `best_of_n` on films: one taste for all, or each user's own drawn towards it.

The head learns from pairs of films. To tell how a user will like a film, from those that the user
gave more and fewer stars; to tell what the user will watch and like, from films that the user liked
and others that the user has not rated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tailorlm.choice.comparisons import Comparisons
from tailorlm.choice.reward_head import RewardHead
from tailorlm.choice.reward_population import PopulationSettings, fit_population
from tailorlm.evaluation.downstream.features import Seen
from tailorlm.evaluation.downstream.ratings import FloatArray, IntArray, Ratings

MOST_PAIRS = 100
"""Pairs of one user that are learned from, at most."""
_MOST_LIKED = 50
"""Liked films of one user that stand in pairs: the latest."""
_OTHERS = 2
"""Films that each of them is put beside."""
_WIDTH = 0.3
"""Assumed standard deviation of a weight, for features of spread 1."""
_SETTINGS = PopulationSettings(rounds=2, spread=0.3, assumed_users=20.0)


@dataclass(frozen=True, eq=False, slots=True)
class Heads:
    """What films are worth to users, in units of the noise of a choice.

    Attributes:
        seen: Features of films.
        pooled: Shape (p,): weights of all users together.
        own: Shape (users, p): each user's; those of a user without pairs are what users start
            with.
    """

    seen: Seen
    pooled: FloatArray
    own: FloatArray

    def weights(self, users: IntArray, *, pooled: bool) -> FloatArray:
        """Shape (n, p): the users' own weights, or everybody's for each."""
        if pooled:
            return np.broadcast_to(self.pooled, (len(users), self.seen.width))
        return self.own[users]

    def worth(self, users: IntArray, films: IntArray, *, pooled: bool) -> FloatArray:
        """Shape (n,): of films that the users have not rated."""
        return _dots(self.seen.rows(films), self.weights(users, pooled=pooled))

    def usual_worth(self, train: Ratings, *, pooled: bool) -> FloatArray:
        """Shape (users,): mean of what a user rated; that of all films rated for other users."""
        rows = self.seen.without(train.film, train.stars - train.mean)
        worth = _dots(rows, self.weights(train.user, pooled=pooled))
        counts = np.bincount(train.user, minlength=len(train.users))
        sums = np.bincount(train.user, weights=worth, minlength=len(train.users))
        return np.where(counts > 0, sums / np.maximum(counts, 1), float(worth.mean()))


def rated_pairs(train: Ratings, seen: Seen) -> list[Comparisons]:
    """Each user's pairs of films that got more stars and fewer, as many as there are films.

    A film's features leave the user's own rating out: with it they would tell what is asked.
    """
    found = []
    for own in train.of_user:
        rows = seen.without(train.film[own], train.stars[own] - train.mean)
        stars = train.stars[own]
        better, worse = np.nonzero(stars[:, None] > stars[None, :])
        if len(better) > MOST_PAIRS:
            chosen = np.linspace(0, len(better) - 1, MOST_PAIRS).astype(np.intp)
            better, worse = better[chosen], worse[chosen]
        things = len(np.union1d(better, worse))
        weight = min(1.0, things / max(len(better), 1))
        found.append(Comparisons.pairs(rows[better], rows[worse], weight))
    return found


def watched_pairs(train: Ratings, seen: Seen, rng: np.random.Generator) -> list[Comparisons]:
    """Each user's latest liked films, each over films drawn of those that the user has not rated.

    What is held out counts as not rated, as every film of which nothing is known.
    """
    found = []
    for own in train.of_user:
        liked = own[train.liked[own]][-_MOST_LIKED:]
        rated = np.zeros(train.films, dtype=np.bool_)
        rated[train.film[own]] = True
        unrated = np.flatnonzero(~rated)
        liked = liked if len(unrated) else liked[:0]
        better = seen.without(train.film[liked], train.stars[liked] - train.mean)
        drawn = rng.choice(unrated, len(liked) * _OTHERS) if len(liked) else unrated[:0]
        found.append(Comparisons.pairs(np.repeat(better, _OTHERS, axis=0), seen.rows(drawn)))
    return found


def fit_heads(seen: Seen, pairs: list[Comparisons]) -> Heads:
    """Everybody's weights, and each user's with the users' spread as prior.

    Args:
        seen: Features of the films.
        pairs: Of each user; empty for users of whom nothing is known.

    Raises:
        InputError: If no user has a pair.
    """
    scales = np.full(seen.width, _WIDTH)
    users = [own for own in pairs if len(own)]
    pooled = fit_population(users, scales, PopulationSettings(model="uniform")).mean
    head = RewardHead(fit_population(users, scales, _SETTINGS).prior())
    start = head.initial()
    own = [head.weights(head.observe(start, one) if len(one) else start) for one in pairs]
    return Heads(seen, pooled, np.array(own))


def _dots(rows: FloatArray, weights: FloatArray) -> FloatArray:
    products: FloatArray = np.einsum("np,np->n", rows, weights)
    return products
