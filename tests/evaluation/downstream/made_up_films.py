"""Forty films of two kinds, and people each of whom likes one kind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tailorlm.datasets.movie_files import MovieRating
from tailorlm.datasets.rated_films import Film, RatedFilms
from tailorlm.llms.base import Request

N_FILMS = 40
PLOTS = (
    "A crew of {} flies a rocket to a planet of aliens.",
    "After {} letters two lovers kiss at the harbour.",
)
GENRES = ("Sci-Fi", "Romance")


def films(n: int = N_FILMS) -> tuple[Film, ...]:
    return tuple(
        Film(
            movie=f"m{i}",
            title=f"Film {i} ({1980 + i % 30})",
            year=1980 + i % 30,
            genres=(GENRES[i % 2],),
            plot=PLOTS[i % 2].format(i + 2),
        )
        for i in range(n)
    )


def ratings(people: int = 24, each: int = 20, seed: int = 0) -> tuple[MovieRating, ...]:
    """Even people like films of even number, odd ones the others; low numbers are seen by most.

    A person's films are rated a second apart, and each person starts an hour after the one before.
    """
    rng = np.random.default_rng(seed)
    fame = np.exp(-np.arange(N_FILMS) / 15)
    rated = []
    for person in range(people):
        seen = rng.choice(N_FILMS, each, replace=False, p=fame / fame.sum())
        for time, film in enumerate(seen):
            stars = 3.0 + (1.5 if film % 2 == person % 2 else -1.0) + rng.normal(0, 0.3)
            rated.append(
                MovieRating(
                    user=f"u{person}",
                    movie=f"m{film}",
                    rating=float(np.clip(np.round(2 * stars) / 2, 0.5, 5.0)),
                    time=3600 * person + time,
                )
            )
    return tuple(rated)


def rated_films(people: int = 24) -> RatedFilms:
    return RatedFilms(films=films(), ratings=ratings(people))


def data_of(request: Request) -> list[dict[str, Any]]:
    """The lines of a prompt that are data."""
    lines = request.messages[-1].content.splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def write(folder: Path, *, people: int = 24) -> None:
    """The files of the two data sets; the last film has no plot."""
    movielens, tmdb = folder / "ml_latest_small", folder / "tmdb5000_overviews"
    movielens.mkdir(parents=True)
    tmdb.mkdir()
    given = films()
    lines = {
        movielens / "movies.csv": [
            "movieId,title,genres",
            *(f"{film.movie},{film.title},{'|'.join(film.genres)}" for film in given),
        ],
        movielens / "links.csv": [
            "movieId,imdbId,tmdbId",
            *(f"{film.movie},0,{900 + i}" for i, film in enumerate(given)),
        ],
        tmdb / "tmdb5000.csv": [
            "tmdbId,title,genres,keywords,overview",
            *(f"{900 + i},{film.title},,,{film.plot}" for i, film in enumerate(given[:-1])),
            f"{900 + len(given) - 1},No plot,,,",
        ],
        movielens / "ratings.csv": [
            "userId,movieId,rating,timestamp",
            *(f"{one.user},{one.movie},{one.rating},{one.time}" for one in ratings(people)),
        ],
    }
    for path, rows in lines.items():
        path.write_text("\n".join(rows) + "\n", "utf-8")
