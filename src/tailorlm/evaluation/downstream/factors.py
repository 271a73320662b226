"""Matrix factorisation by alternating least squares, for stars and for what is watched at all.

Each user and each film is a vector, and with one side fixed the other is a ridge regression per
row, solved exactly. Users and films without ratings keep a vector of 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tailorlm.evaluation.downstream.biases import Biases
from tailorlm.evaluation.downstream.ratings import FloatArray, IntArray, Ratings

ROUNDS = 10
_START = 0.1
"""Standard deviation of the numbers that films start with."""


@dataclass(frozen=True, eq=False, slots=True)
class Factors:
    """Vectors whose dot product is the score.

    Attributes:
        user: Shape (users, rank).
        film: Shape (films, rank).
    """

    user: FloatArray
    film: FloatArray

    def predict(self, users: IntArray, films: IntArray) -> FloatArray:
        """Scores of films for users."""
        scores: FloatArray = np.einsum("nr,nr->n", self.user[users], self.film[films])
        return scores


def fit_stars(
    train: Ratings,
    biases: Biases,
    rank: int,
    ridge: float,
    rng: np.random.Generator,
    rounds: int = ROUNDS,
) -> Factors:
    """Factors of what the biases leave of the stars.

    Minimises ``sum (e_ui - x_u . y_i)^2 + ridge (sum_u n_u |x_u|^2 + sum_i n_i |y_i|^2)`` over the
    ratings (u, i), of which a user has n_u and a film n_i (Zhou et al. 2008, "Large-scale Parallel
    Collaborative Filtering for the Netflix Prize", eq. 3).

    Args:
        train: What is learned from.
        biases: Of the same ratings.
        rank: Length of the vectors, from 1.
        ridge: How much they are held back, above 0.
        rng: Where films start.
        rounds: Turns of users and films.
    """
    errors = train.stars - biases.predict(train.user, train.film)
    user = np.zeros((len(train.users), rank))
    film = _start(train, rank, rng)
    for _ in range(rounds):
        for vectors, others, groups, of in (
            (user, film, train.of_user, train.film),
            (film, user, train.of_film, train.user),
        ):
            for place, own in enumerate(groups):
                if len(own):
                    known = others[of[own]]
                    curve = known.T @ known + ridge * len(own) * np.eye(rank)
                    vectors[place] = np.linalg.solve(curve, known.T @ errors[own])
    return Factors(user, film)


def fit_watched(
    train: Ratings,
    rank: int,
    ridge: float,
    confidence: float,
    rng: np.random.Generator,
    rounds: int = ROUNDS,
) -> Factors:
    """Factors of whether a film was rated, whatever the stars.

    Minimises ``sum_ui c_ui (p_ui - x_u . y_i)^2 + ridge (|X|^2 + |Y|^2)`` over all users and films,
    where p is 1 and c is ``1 + confidence`` if u rated i, and else 0 and 1 (Hu, Koren and Volinsky
    2008, "Collaborative Filtering for Implicit Feedback Datasets", eqs. 3 to 5).

    Args:
        train: What is learned from.
        rank: Length of the vectors, from 1.
        ridge: How much they are held back, above 0.
        confidence: How much surer what was rated is than what was not, above 0.
        rng: Where films start.
        rounds: Turns of users and films.
    """
    user = np.zeros((len(train.users), rank))
    film = _start(train, rank, rng)
    for _ in range(rounds):
        for vectors, others, groups, of in (
            (user, film, train.of_user, train.film),
            (film, user, train.of_film, train.user),
        ):
            everywhere = others.T @ others + ridge * np.eye(rank)
            for place, own in enumerate(groups):
                if len(own):
                    known = others[of[own]]
                    curve = everywhere + confidence * (known.T @ known)
                    vectors[place] = np.linalg.solve(curve, (1 + confidence) * known.sum(axis=0))
    return Factors(user, film)


def _start(train: Ratings, rank: int, rng: np.random.Generator) -> FloatArray:
    """Films that somebody rated at random, the others at 0."""
    rated = np.bincount(train.film, minlength=train.films) > 0
    start: FloatArray = rng.normal(0.0, _START, (train.films, rank)) * rated[:, None]
    return start
