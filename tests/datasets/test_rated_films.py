from __future__ import annotations

from pathlib import Path

import pytest
from tests.evaluation.downstream.made_up_films import films, ratings, write

from tailorlm.datasets.rated_films import load_rated_films
from tailorlm.errors import InputError


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_ratings_and_plots_are_joined(tmp_path: Path) -> None:
    write(tmp_path)
    found = load_rated_films(tmp_path)
    assert found.films == films()[:-1]
    given = ratings()
    assert found.ratings == tuple(one for one in given if one.movie != "m39")
    assert found.without_plot == sum(one.movie == "m39" for one in given) > 0


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder ml_latest_small or ml-latest-small"):
        load_rated_films(tmp_path)
    write(tmp_path)
    (tmp_path / "ml_latest_small" / "links.csv").unlink()
    with pytest.raises(InputError, match=r"holds no links\.csv"):
        load_rated_films(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "match"),
    [
        ("ml_latest_small/movies.csv", "m0,", "x0,", "'m0' is rated, but not in movies.csv"),
        ("ml_latest_small/links.csv", "m1,0", "m0,0", "row 3: the movieId 'm0' is there already"),
        ("tmdb5000_overviews/tmdb5000.csv", "901,", "900,", "the tmdbId '900' is there twice"),
        ("ml_latest_small/ratings.csv", "rating,", "stars,", "there is no field 'rating'"),
    ],
)
def test_what_is_malformed_is_named(
    tmp_path: Path, file: str, old: str, new: str, match: str
) -> None:
    write(tmp_path)
    change(tmp_path / file, old, new)
    with pytest.raises(InputError, match=match):
        load_rated_films(tmp_path)


def test_a_film_is_rated_once_by_a_user(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "ml_latest_small" / "ratings.csv"
    path.write_text("userId,movieId,rating,timestamp\nu,m0,3,1\nu,m0,4,2\n", "utf-8")
    with pytest.raises(InputError, match="'u' rated film 'm0' twice"):
        load_rated_films(tmp_path)


def test_no_film_has_a_plot(tmp_path: Path) -> None:
    write(tmp_path)
    path = tmp_path / "tmdb5000_overviews" / "tmdb5000.csv"
    path.write_text("tmdbId,title,overview\n1,A,\n", "utf-8")
    with pytest.raises(InputError, match="No film in"):
        load_rated_films(tmp_path)
