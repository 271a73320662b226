from __future__ import annotations

import numpy as np
import pytest
from tests.evaluation.downstream.made_up_films import films, ratings

from tailorlm.datasets.movie_files import MovieRating
from tailorlm.errors import InputError
from tailorlm.evaluation.downstream.ratings import Ratings
from tailorlm.evaluation.downstream.splits import leave_one_out, time_split


def rated(*rows: tuple[str, int, float, int]) -> Ratings:
    given = [
        MovieRating(user=user, movie=f"m{film}", rating=stars, time=time)
        for user, film, stars, time in rows
    ]
    return Ratings.of(films(), given)


def test_the_last_rating_of_each_user_is_held_out() -> None:
    given = Ratings.of(films(), ratings())
    split = leave_one_out(given, np.random.default_rng(0))
    assert len(split.test) == len(given.users)
    assert len(split.train) + len(split.test) == len(given)
    for user in range(len(given.users)):
        last = split.test.time[split.test.user == user]
        assert (split.train.time[split.train.user == user] < last).all()


def test_ties_in_time_are_drawn() -> None:
    given = rated(*(("u", film, 3.0, 7) for film in range(10)), ("u", 11, 4.0, 1))
    held = {
        int(leave_one_out(given, np.random.default_rng(seed)).test.film[0]) for seed in range(60)
    }
    assert held == set(range(10))
    split = leave_one_out(given, np.random.default_rng(0))
    assert split.notes == (
        "1 user gave several ratings in the last second, of which one was drawn.",
    )
    again = leave_one_out(given, np.random.default_rng(0))
    assert split.test.film == again.test.film


def test_a_user_with_one_rating_is_not_tested() -> None:
    split = leave_one_out(
        rated(("a", 0, 3.0, 1), ("a", 1, 4.0, 2), ("b", 2, 5.0, 3)), np.random.default_rng(0)
    )
    assert [split.test.users[user] for user in split.test.user] == ["a"]
    assert set(split.train.film.tolist()) == {0, 2}
    assert split.notes == ("1 user gave a single rating, which is learned from.",)
    with pytest.raises(InputError, match="No user rated two films"):
        leave_one_out(rated(("a", 0, 3.0, 1), ("b", 2, 5.0, 3)), np.random.default_rng(0))


def test_one_moment_divides_all_users() -> None:
    given = Ratings.of(films(), ratings())
    split = time_split(given)
    assert split.train.time.max() < split.test.time.min()
    assert len(split.train) == pytest.approx(0.8 * len(given), abs=1)
    assert not split.known.all()
    new = split.only(~split.known)
    assert not np.isin(new.test.user, split.train.user).any()
    assert len(new.test) + len(split.only(split.known).test) == len(split.test)


def test_what_was_rated_in_one_second_stays_together() -> None:
    split = time_split(rated(("a", 0, 3.0, 1), *(("b", film, 3.0, 5) for film in range(9))))
    assert split.train.time.tolist() == [1]
    assert split.test.time.tolist() == [5] * 9
    with pytest.raises(InputError, match="Nothing was rated before"):
        time_split(rated(*(("b", film, 3.0, 5) for film in range(9))))
    with pytest.raises(InputError, match="between 0 and 1"):
        time_split(rated(("a", 0, 3.0, 1)), 1.0)


def test_what_a_user_likes_is_measured_by_the_users_own_mean() -> None:
    given = rated(("a", 0, 5.0, 1), ("a", 1, 4.0, 2), ("b", 0, 2.0, 1), ("b", 1, 2.0, 2))
    assert given.usual.tolist() == [4.5, 2.0]
    assert given.liked.tolist() == [True, False, True, True]


def test_ratings_of_unknown_films_and_no_ratings_are_refused() -> None:
    with pytest.raises(InputError, match="'m40' is rated, but not in the list"):
        rated(("a", 40, 3.0, 1))
    with pytest.raises(InputError, match="There are no ratings"):
        Ratings.of(films(), [])
