"""Ratings as arrays, and what stands for a method: something that scores films for users."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tailorlm.datasets.movie_files import MovieRating
from tailorlm.datasets.rated_films import Film
from tailorlm.errors import InputError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
BoolArray = npt.NDArray[np.bool_]

Predict = Callable[[IntArray, IntArray], FloatArray]
"""Scores (n,) of films (n,) for users (n,), both by position; higher is better."""


@dataclass(frozen=True, eq=False)
class Ratings:
    """Who gave which film how many stars, and when.

    Attributes:
        users: Names; `user` counts them.
        films: How many films there are; `film` counts them.
        user: Shape (n,): position of the user.
        film: Shape (n,): position of the film.
        stars: Shape (n,): what was given.
        time: Shape (n,): when, in seconds since 1970.
    """

    users: tuple[str, ...]
    films: int
    user: IntArray
    film: IntArray
    stars: FloatArray
    time: npt.NDArray[np.int64]

    @classmethod
    def of(cls, films: Sequence[Film], ratings: Sequence[MovieRating]) -> Ratings:
        """Ratings of these films.

        Raises:
            InputError: If there are none, or one is of another film.
        """
        if not ratings:
            raise InputError("There are no ratings of films with a plot. Give ratings of some.")
        place = {film.movie: i for i, film in enumerate(films)}
        unknown = next((one.movie for one in ratings if one.movie not in place), None)
        if unknown is not None:
            raise InputError(f"Film {unknown!r} is rated, but not in the list of films. Give both.")
        users = tuple(dict.fromkeys(one.user for one in ratings))
        number = {user: i for i, user in enumerate(users)}
        return cls(
            users=users,
            films=len(films),
            user=np.array([number[one.user] for one in ratings], dtype=np.intp),
            film=np.array([place[one.movie] for one in ratings], dtype=np.intp),
            stars=np.array([one.rating for one in ratings], dtype=np.float64),
            time=np.array([one.time for one in ratings], dtype=np.int64),
        )

    def __len__(self) -> int:
        return len(self.stars)

    def taken(self, which: BoolArray | IntArray) -> Ratings:
        """Some of the ratings, of the same users and films."""
        return Ratings(
            self.users,
            self.films,
            self.user[which],
            self.film[which],
            self.stars[which],
            self.time[which],
        )

    @cached_property
    def mean(self) -> float:
        """Of all stars."""
        return float(self.stars.mean())

    @cached_property
    def of_user(self) -> tuple[IntArray, ...]:
        """Positions of each user's ratings, the oldest first."""
        return self._by(self.user, len(self.users))

    @cached_property
    def of_film(self) -> tuple[IntArray, ...]:
        """Positions of each film's ratings, the oldest first."""
        return self._by(self.film, self.films)

    @cached_property
    def usual(self) -> FloatArray:
        """Shape (users,): mean of each user's stars; that of all where a user has none."""
        counts = np.bincount(self.user, minlength=len(self.users))
        sums = np.bincount(self.user, weights=self.stars, minlength=len(self.users))
        usual: FloatArray = np.where(counts > 0, sums / np.maximum(counts, 1), self.mean)
        return usual

    @cached_property
    def liked(self) -> BoolArray:
        """Shape (n,): whether a film got the user's own mean or more."""
        liked: BoolArray = self.stars >= self.usual[self.user]
        return liked

    def _by(self, keys: IntArray, n: int) -> tuple[IntArray, ...]:
        order = np.lexsort((self.time, keys))
        ends = np.cumsum(np.bincount(keys, minlength=n))
        return tuple(np.split(order, ends[:-1]))
