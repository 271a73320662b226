"""What MovieLens says of its films: ``movies.csv`` with ``movieId``, ``title`` and ``genres``.

The year stands in parentheses at the end of a title; genres are separated by "|".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import read_table

_YEAR = re.compile(r"\((\d{4})\)\s*$")
_NONE = "(no genres listed)"


@dataclass(frozen=True, slots=True, kw_only=True)
class FilmGenres:
    """One film.

    Attributes:
        movie: MovieLens' id of the film.
        title: Its title, with the year as listed.
        year: When it came out; None where the title does not say.
        genres: Its genres; empty where none are listed.
    """

    movie: str
    title: str
    year: int | None
    genres: tuple[str, ...]


def load_film_genres(path: str | Path) -> Iterator[FilmGenres]:
    """Read ``movies.csv``, plain or gzip, in its order.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with the line it ends
            on.
    """
    for row in read_table(path):
        title, listed = row.text("title").strip(), row.text("genres")
        year = _YEAR.search(title)
        genres = () if listed == _NONE else tuple(part.strip() for part in listed.split("|"))
        if not all(genres):
            row.fail(f"'genres' are names with '|' between them, but are {listed[:40]!r}.")
        yield FilmGenres(
            movie=row.text("movieId"),
            title=title,
            year=int(year[1]) if year else None,
            genres=genres,
        )
