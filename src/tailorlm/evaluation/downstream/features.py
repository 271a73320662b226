"""What a reward head sees of a film: what it is, and what other people think of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tailorlm.datasets.rated_films import Film
from tailorlm.encoders.base import Encoder
from tailorlm.evaluation.downstream.ratings import FloatArray, IntArray, Ratings

DIRECTIONS = 32
"""Principal components of the plots' vectors."""
_DAMPING = 5.0
"""Ratings at the usual stars that each film's average starts with."""


def described(films: Sequence[Film], encoder: Encoder) -> FloatArray:
    """What is known of films before anybody rates them.

    Args:
        films: In the order of their positions.
        encoder: Of the plots.

    Returns:
        Shape (films, p): genres, year and the first principal components of the plots' vectors,
        each of mean 0. Genres and year have a spread of 1, and so has the first component, in
        whose unit the others are.
    """
    names = sorted({genre for film in films for genre in film.genres})
    genres = np.array([[name in film.genres for name in names] for film in films], dtype=np.float64)
    years = np.array([np.nan if film.year is None else film.year for film in films])
    usual = np.nanmean(years) if np.isfinite(years).any() else 0.0
    years = np.where(np.isnan(years), usual, years)
    vectors = encoder.encode([film.plot for film in films]).astype(np.float64)
    vectors -= vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(vectors, full_matrices=False)
    plots = vectors @ axes[:DIRECTIONS].T
    first = plots[:, 0].std()
    return np.column_stack(
        [standard(np.column_stack([genres, years])), plots / (first if first > 0 else 1.0)]
    )


def standard(columns: FloatArray) -> FloatArray:
    """Columns of mean 0 and spread 1; one that does not vary is 0."""
    spread = columns.std(axis=0)
    scaled: FloatArray = (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    return scaled


@dataclass(frozen=True, eq=False, slots=True)
class Seen:
    """Features of films: what they are, and the average and number of their ratings.

    Attributes:
        fixed: Shape (films, p): as `described`.
        above: Shape (films,): sum of a film's stars above the mean of all.
        counts: Shape (films,): how many ratings there are.
        centre: Shape (2,): means of average and logarithm of the number, over the films.
        spread: Shape (2,): their standard deviations.
    """

    fixed: FloatArray
    above: FloatArray
    counts: FloatArray
    centre: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, fixed: FloatArray, train: Ratings) -> Seen:
        """With what these ratings say."""
        size = len(fixed)
        own = train.stars - train.mean
        above = np.asarray(np.bincount(train.film, weights=own, minlength=size), dtype=np.float64)
        counts = np.asarray(np.bincount(train.film, minlength=size), dtype=np.float64)
        crowd = _crowd(above, counts)
        spread = crowd.std(axis=0)
        return cls(
            fixed,
            np.asarray(above, np.float64),
            counts,
            crowd.mean(axis=0),
            np.where(spread > 0, spread, 1.0),
        )

    @property
    def width(self) -> int:
        """Number of features."""
        return int(self.fixed.shape[1]) + 2

    def rows(self, films: IntArray) -> FloatArray:
        """Shape (n, width): features of films that the user has not rated."""
        return self._rows(films, self.above[films], self.counts[films])

    def without(self, films: IntArray, above: FloatArray) -> FloatArray:
        """The same of films that the user has rated, as if the user had not.

        Args:
            films: Shape (n,).
            above: Shape (n,): the user's own stars above the mean of all.
        """
        return self._rows(films, self.above[films] - above, self.counts[films] - 1.0)

    def _rows(self, films: IntArray, above: FloatArray, counts: FloatArray) -> FloatArray:
        crowd = (_crowd(above, counts) - self.centre) / self.spread
        return np.column_stack([self.fixed[films], crowd])


def _crowd(above: FloatArray, counts: FloatArray) -> FloatArray:
    """Damped average and logarithm of the number of ratings, shape (n, 2)."""
    return np.column_stack([above / (counts + _DAMPING), np.log1p(counts)])
