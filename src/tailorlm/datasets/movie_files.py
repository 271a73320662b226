"""Ratings of films by people, and what the films are about: MovieLens and the TMDB 5000.

MovieLens "latest small" (Harper and Konstan 2015, "The MovieLens Datasets") has ``ratings.csv``
with ``userId``, ``movieId``, ``rating`` (0.5 to 5) and ``timestamp``. ``tmdb5000.csv`` has
``tmdbId``, ``title`` and ``overview``; MovieLens' ``links.csv`` names the TMDB id of a film.
`movielens.load_movielens` joins the two to a task of movie tagging.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import read_table
from tailorlm.datasets.card import Card, find_file

MOVIELENS_LICENCE = (
    "MovieLens (grouplens.org/datasets/movielens): for research, not commercial. Not part of this "
    "package."
)
TMDB_LICENCE = (
    "TMDB 5000 (kaggle.com/datasets/tmdb/tmdb-movie-metadata): TMDB's terms, non-commercial, with "
    "attribution; this product is not endorsed or certified by TMDB. Not part of this package."
)
LOWEST, HIGHEST = 0.5, 5.0
"""The ends of the scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MovieRating:
    """One film as one person rated it.

    Attributes:
        user: Who rated.
        movie: MovieLens' id of the film.
        rating: Stars, 0.5 to 5.
        time: Seconds since 1970.
    """

    user: str
    movie: str
    rating: float
    time: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MoviePlot:
    """What one film is about.

    Attributes:
        tmdb: TMDB's id of the film.
        title: Its title.
        overview: Its plot; "" where there is none.
    """

    tmdb: str
    title: str
    overview: str


def load_movie_ratings(path: str | Path) -> Iterator[MovieRating]:
    """Read ``ratings.csv``, plain or gzip, in its order.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with the line it ends
            on.
    """
    for row in read_table(path):
        rating, time = row.numeric("rating"), row.numeric("timestamp")
        if not LOWEST <= rating <= HIGHEST:
            row.fail(f"'rating' is from 0.5 to 5, but is {rating:g}.")
        if time < 0 or time != int(time):
            row.fail(f"'timestamp' must be seconds since 1970, but is {time:g}.")
        yield MovieRating(
            user=row.text("userId"), movie=row.text("movieId"), rating=rating, time=int(time)
        )


def load_movie_plots(path: str | Path) -> Iterator[MoviePlot]:
    """Read ``tmdb5000.csv``, plain or gzip, in its order.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with the line it ends
            on.
    """
    for row in read_table(path):
        yield MoviePlot(
            tmdb=row.text("tmdbId"),
            title=row.text("title").strip(),
            overview=row.get("overview", str).strip(),
        )


def _ratings(folder: Path, split: str) -> Iterator[MovieRating]:
    return load_movie_ratings(find_file(folder, "ratings.csv"))


def _plots(folder: Path, split: str) -> Iterator[MoviePlot]:
    return load_movie_plots(find_file(folder, "tmdb5000.csv"))


CARDS = (
    Card(
        name="ml_latest_small",
        title="MovieLens latest small, ratings",
        use="rating prediction and recommendation by user",
        terms="research, not commercial",
        licence=MOVIELENS_LICENCE,
        source="https://grouplens.org/datasets/movielens/latest/",
        citation="Harper and Konstan 2015, The MovieLens Datasets: History and Context",
        fields={
            "userId": "who rated",
            "movieId": "which film",
            "rating": "stars, 0.5 to 5",
            "timestamp": "when, in seconds since 1970",
        },
        files=("ratings.csv",),
        open=_ratings,
        folders=("ml-latest-small",),
    ),
    Card(
        name="tmdb5000_overviews",
        title="TMDB 5000, plots",
        use="what films are about, joined to MovieLens by links.csv",
        terms="TMDB's terms, not commercial",
        licence=TMDB_LICENCE,
        source="https://www.kaggle.com/datasets/tmdb/tmdb-movie-metadata",
        citation="The Movie Database (TMDB), 5000 movies",
        fields={"tmdbId": "which film", "title": "its title", "overview": "its plot"},
        files=("tmdb5000.csv",),
        open=_plots,
        note="The published file calls the id 'id'; rename that column 'tmdbId'.",
    ),
)
