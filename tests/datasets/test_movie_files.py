"""Ratings and plots of made-up films, in the published forms."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.datasets.published import write_csv

from tailorlm.datasets.movie_files import (
    MoviePlot,
    MovieRating,
    load_movie_plots,
    load_movie_ratings,
)
from tailorlm.errors import InputError

ROW = {"userId": "1", "movieId": "3", "rating": "4.5", "timestamp": "964981247"}


def test_ratings_and_plots_are_read(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "ratings.csv", [ROW])
    assert list(load_movie_ratings(path)) == [
        MovieRating(user="1", movie="3", rating=4.5, time=964981247)
    ]
    plots = write_csv(tmp_path / "p.csv", [{"tmdbId": "7", "title": "Soup", "overview": ""}])
    assert list(load_movie_plots(plots)) == [MoviePlot(tmdb="7", title="Soup", overview="")]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rating": "0"}, "row 2: 'rating' is from 0.5 to 5, but is 0."),
        ({"rating": "good"}, "row 2: 'rating' must be a number, but is 'good'."),
        ({"timestamp": "1.5"}, "row 2: 'timestamp' must be seconds since 1970, but is 1.5."),
        ({"userId": ""}, "row 2: 'userId' is empty."),
    ],
)
def test_errors_name_the_row(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as caught:
        list(load_movie_ratings(write_csv(tmp_path / "ratings.csv", [ROW | change])))
    assert message in str(caught.value)
