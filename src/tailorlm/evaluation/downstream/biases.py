"""Stars without taste: the mean of all, what a film gets, and how generous a user is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tailorlm.evaluation.downstream.ratings import FloatArray, IntArray, Predict, Ratings

_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Damping:
    """Ratings at the usual stars that each mean starts with.

    Attributes:
        film: Of a film's.
        user: Of a user's.
    """

    film: float
    user: float


@dataclass(frozen=True, eq=False, slots=True)
class Biases:
    """``mean + user + film``, the baseline estimate (Koren, Bell and Volinsky 2009, eq. 3).

    Attributes:
        mean: Of all stars.
        user: Shape (users,): how far above it a user usually is; 0 without ratings.
        film: Shape (films,): how far above it a film usually is; 0 without ratings.
    """

    mean: float
    user: FloatArray
    film: FloatArray

    def predict(self, users: IntArray, films: IntArray) -> FloatArray:
        """Stars of films for users."""
        stars: FloatArray = self.mean + self.user[users] + self.film[films]
        return stars


def fit_biases(train: Ratings, damping: Damping, *, users: bool = True) -> Biases:
    """The biases that minimise the squared error and ``damping * bias ** 2``, by turns.

    Args:
        train: What is learned from.
        damping: How much each bias is held back.
        users: Whether users have one; without, a film's is its damped mean.
    """
    user, film = np.zeros(len(train.users)), np.zeros(train.films)
    n_user = np.bincount(train.user, minlength=len(user)) + damping.user
    n_film = np.bincount(train.film, minlength=len(film)) + damping.film
    above = train.stars - train.mean
    for _ in range(_ROUNDS if users else 1):
        left = above - user[train.user]
        film = np.bincount(train.film, weights=left, minlength=len(film)) / n_film
        if users:
            left = above - film[train.film]
            user = np.bincount(train.user, weights=left, minlength=len(user)) / n_user
    return Biases(train.mean, user, film)


def global_mean(train: Ratings) -> Predict:
    """The mean of all stars, whatever the film."""
    return lambda users, films: np.full(len(films), train.mean)
