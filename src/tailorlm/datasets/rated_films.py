"""MovieLens' ratings of the films whose plot TMDB has: who gave which film what, and when.

The files are those of `movie_files` and `film_genres`, and ``links.csv``, which names the TMDB id
of a film. Films are joined by that id alone: the plots carry no year, so that a title could be that
of a remake.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import read_table
from tailorlm.datasets.card import find_file
from tailorlm.datasets.film_genres import load_film_genres
from tailorlm.datasets.movie_files import MovieRating, load_movie_plots, load_movie_ratings
from tailorlm.errors import InputError

_MOVIELENS = ("ml_latest_small", "ml-latest-small")
_TMDB = ("tmdb5000_overviews",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """One film with a plot.

    Attributes:
        movie: MovieLens' id of the film.
        title: Its title, with the year as listed.
        year: When it came out; None where the title does not say.
        genres: Its genres; empty where none are listed.
        plot: What it is about.
    """

    movie: str
    title: str
    year: int | None
    genres: tuple[str, ...]
    plot: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedFilms:
    """Films and what people gave them.

    Attributes:
        films: All listed films with a plot, rated or not, in their order.
        ratings: Of these films, in their order; one per user and film.
        without_plot: Ratings of other listed films, which are left out.
    """

    films: tuple[Film, ...]
    ratings: tuple[MovieRating, ...]
    without_plot: int = 0


def load_rated_films(folder: str | Path) -> RatedFilms:
    """Read ratings, films, links and plots, and join them.

    Args:
        folder: Holds the folders ``ml_latest_small`` (``ratings.csv``, ``movies.csv``,
            ``links.csv``) and ``tmdb5000_overviews`` (``tmdb5000.csv``); files may be gzip.

    Raises:
        InputError: If a file is missing or malformed, a film that is rated is not listed, a user
            rated a film twice, or no film has a plot.
    """
    movielens, tmdb = _folder(Path(folder), _MOVIELENS), _folder(Path(folder), _TMDB)
    listed = list(load_film_genres(find_file(movielens, "movies.csv")))
    plots = _plots(find_file(tmdb, "tmdb5000.csv"))
    numbers = _tmdb_ids(find_file(movielens, "links.csv"))
    films = tuple(
        Film(movie=one.movie, title=one.title, year=one.year, genres=one.genres, plot=plot)
        for one in listed
        if (plot := plots.get(numbers.get(one.movie, ""), ""))
    )
    if not films:
        raise InputError(
            f"No film in {movielens} has a plot in {tmdb}. links.csv names the TMDB id of a film, "
            "and tmdb5000.csv has the plot under it."
        )
    return _rated(films, {one.movie for one in listed}, find_file(movielens, "ratings.csv"))


def _rated(films: tuple[Film, ...], listed: set[str], path: Path) -> RatedFilms:
    """The ratings of these films."""
    with_plot = {film.movie for film in films}
    seen: set[tuple[str, str]] = set()
    kept, left_out = [], 0
    for rating in load_movie_ratings(path):
        if rating.movie not in listed:
            raise InputError(
                f"{path}: film {rating.movie!r} is rated, but not in movies.csv. Give both files "
                "of one release."
            )
        if (rating.user, rating.movie) in seen:
            raise InputError(
                f"{path}: user {rating.user!r} rated film {rating.movie!r} twice. Keep one."
            )
        seen.add((rating.user, rating.movie))
        if rating.movie in with_plot:
            kept.append(rating)
        else:
            left_out += 1
    return RatedFilms(films=films, ratings=tuple(kept), without_plot=left_out)


def _plots(path: Path) -> dict[str, str]:
    """The plot of each TMDB id; empty where there is none."""
    plots: dict[str, str] = {}
    for one in load_movie_plots(path):
        if one.tmdb in plots:
            raise InputError(f"{path}: the tmdbId {one.tmdb!r} is there twice. Keep one.")
        plots[one.tmdb] = one.overview
    return plots


def _tmdb_ids(path: Path) -> dict[str, str]:
    """The TMDB id of each film; empty where there is none."""
    numbers: dict[str, str] = {}
    for row in read_table(path):
        movie = row.text("movieId")
        if movie in numbers:
            row.fail(f"the movieId {movie!r} is there already.")
        numbers[movie] = row.get("tmdbId", str).strip()
    return numbers


def _folder(data: Path, names: tuple[str, ...]) -> Path:
    """The first of the folders that is there."""
    for name in names:
        if (data / name).is_dir():
            return data / name
    raise InputError(f"{data} holds no folder {' or '.join(names)}. Name the folder that does.")
