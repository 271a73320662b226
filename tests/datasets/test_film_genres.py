from __future__ import annotations

from pathlib import Path

import pytest

from tailorlm.datasets.film_genres import load_film_genres
from tailorlm.errors import InputError


def write(path: Path, *rows: str) -> Path:
    path.write_text("\n".join(("movieId,title,genres", *rows)) + "\n", "utf-8")
    return path


def test_films(tmp_path: Path) -> None:
    path = write(
        tmp_path / "movies.csv",
        '1,"Loud Barn, The (1994)",Comedy|Drama',
        "2,Unnamed,(no genres listed)",
        "3,Sequel 2 (2001) ,Drama",
    )
    films = list(load_film_genres(path))
    assert [(film.movie, film.year, film.genres) for film in films] == [
        ("1", 1994, ("Comedy", "Drama")),
        ("2", None, ()),
        ("3", 2001, ("Drama",)),
    ]


def test_what_is_malformed_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "movies.csv", "1,A (1990),Comedy||Drama")
    with pytest.raises(InputError, match=r"row 2: 'genres' are names"):
        list(load_film_genres(path))
    path.write_text("movieId,title\n1,A\n", "utf-8")
    with pytest.raises(InputError, match="genres"):
        list(load_film_genres(path))
