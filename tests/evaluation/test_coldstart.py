"""The suite on made-up people, of whom it is known what others tell of them."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from tests.evaluation.recordings import Words, record

from tailorlm.choice.levels import FixedShare
from tailorlm.choice.reward_head import HeadPrior, RewardHead
from tailorlm.datasets.film_genres import FilmGenres
from tailorlm.datasets.movie_files import MovieRating
from tailorlm.datasets.rated_texts import RatedText
from tailorlm.errors import InputError
from tailorlm.evaluation.coldstart import Data, Settings, heads, rankings, run_coldstart
from tailorlm.evaluation.coldstart.heads import COMBINED, COUNTS, GLOBAL, LEVELS, PERSONA, USER
from tailorlm.evaluation.coldstart.people import EVENTS, People, readers, viewers
from tailorlm.evaluation.coldstart.tables import RIGHT, Draws, Found, part

pytestmark = pytest.mark.whole

GENRES = ("Comedy", "Drama", "Horror", "War")
N_FILMS = 60


def films() -> list[FilmGenres]:
    return [
        FilmGenres(movie=f"m{i}", title=f"Film {i}", year=1990 + i % 20, genres=(GENRES[i % 4],))
        for i in range(N_FILMS)
    ]


def film_ratings(people: int = 30) -> list[MovieRating]:
    """Half of the people like comedies best, the others war; all dislike horror."""
    rng = np.random.default_rng(0)
    rated = []
    for person in range(people):
        likes = "Comedy" if person % 2 else "War"
        for time, film in enumerate(rng.permutation(N_FILMS)[:40]):
            genre = GENRES[film % 4]
            stars = 3.0 + 1.5 * (genre == likes) - 1.5 * (genre == "Horror")
            stars = float(np.clip(np.round(2 * (stars + rng.normal(0, 0.4))) / 2, 0.5, 5.0))
            rated.append(MovieRating(user=f"u{person}", movie=f"m{film}", rating=stars, time=time))
    return rated


def rated_texts(people: int = 12) -> list[RatedText]:
    """Long texts are rated high by all."""
    rng = np.random.default_rng(1)
    return [
        RatedText(
            instance=f"t{text}",
            user=f"u{person}",
            text="word " * (1 + text),
            rating=float(1 + 4 * (text + rng.normal(0, 4) > 15)),
        )
        for person in range(people)
        for text in range(30)
    ]


@cache
def people() -> People:
    return viewers(film_ratings(), films(), np.random.default_rng(0))


def test_people_are_asked_about_films_that_nothing_is_learned_of() -> None:
    found = people()
    assert len(found) == 18  # the other twelve make the films' averages
    assert np.allclose(found.features.mean(axis=0), 0)
    for events, pool, asked in zip(found.events, found.pool, found.asked, strict=True):
        assert events.shape == (EVENTS, 2)
        assert not set(pool.ravel().tolist()) & set(asked.ravel().tolist())
        assert {*map(tuple, events.tolist())} <= {*map(tuple, pool.tolist())}
    told = readers(rated_texts(), Words(), np.random.default_rng(0))
    assert len(told) == 12
    for pool, asked in zip(told.pool, told.asked, strict=True):
        assert not set(pool.ravel().tolist()) & set(asked.ravel().tolist())


def test_people_with_too_little_are_left_out_and_counted() -> None:
    few = [one for one in film_ratings() if one.user not in ("u1", "u2", "u3") or one.time < 4]
    found = viewers(few, films(), np.random.default_rng(0))
    assert len(found) + found.left_out == 18
    with pytest.raises(InputError, match="fewer than two people"):
        viewers(film_ratings(1), films(), np.random.default_rng(0))
    with pytest.raises(InputError, match="'m7' is rated"):
        viewers(film_ratings(), [f for f in films() if f.movie != "m7"], np.random.default_rng(0))


def test_a_course_foresees_before_it_learns() -> None:
    found = people()
    head = RewardHead(HeadPrior.independent(np.full(found.features.shape[1], 0.3)))
    told = heads.course(head, found.features, found.events[0], found.asked[0])
    assert told.events[0] == pytest.approx(np.log(0.5))
    assert told.asked.shape == (len(COUNTS), len(found.asked[0]))
    assert np.allclose(told.asked[0], 0.5)
    assert told.asked[-1].mean() > 0.6
    state = head.initial()
    assert heads.told_right(told.asked)[0] == 0.5
    assert state.events == 0


def test_what_a_head_is_wholly_wrong_about_is_still_a_number() -> None:
    head = RewardHead(HeadPrior(np.array([1000.0]), np.zeros((1, 0))))
    events = np.tile([0, 1], (EVENTS, 1))
    told = heads.course(head, np.array([[-1.0], [1.0]]), events, events[:1])
    assert np.isfinite(told.events).all()
    assert (told.asked > 0).all()
    assert (heads.told_right(told.asked) == 0).all()


def test_levels_are_mixed_by_what_they_foresaw() -> None:
    even = np.log(np.full(EVENTS, 0.5))
    sure = np.log(np.full(EVENTS, 0.9))
    one = heads.Course(even, np.full((len(COUNTS), 2), 0.5))
    other = heads.Course(sure, np.full((len(COUNTS), 2), 0.9))
    asked, weights = heads.combined([one, other], FixedShare((0.5, 0.5), share=0.0))
    assert weights[0] == pytest.approx([0.5, 0.5])
    assert weights[1] == pytest.approx([5 / 14, 9 / 14])
    assert asked[0] == pytest.approx([0.7, 0.7])
    assert asked[-1] == pytest.approx([0.9, 0.9], abs=1e-4)


def test_groups_tell_more_than_everybody_and_the_user_learns() -> None:
    told = heads.measure(people(), np.random.default_rng(0))
    assert told.weights.shape == (18, len(COUNTS), 3)
    assert told.weights.sum(axis=2) == pytest.approx(1.0)
    right = {name: values.mean(axis=0) for name, values in told.right.items()}
    assert right[USER][0] == 0.5
    assert right[USER][-1] > 0.7
    assert len(set(right[GLOBAL])) == 1
    assert right[GLOBAL][0] > 0.6
    assert right[PERSONA][-1] > right[GLOBAL][-1] + 0.05
    assert right[COMBINED][-1] > right[GLOBAL][-1] + 0.05
    assert told.loss[COMBINED].mean() < told.loss[USER].mean()


def test_rankings_of_users_with_nothing_in_common_are_told_by_themselves() -> None:
    turns = record(np.random.default_rng(2), users=4, turns=15)
    told = rankings.measure(turns, Words(), seed=0, n_folds=2)
    assert told.counts == (0, 1, 2, 5, 10, 12)
    assert told.weights.shape == (4, 6, 3)
    assert told.right[USER][:, -1].mean() > 0.65
    assert told.right[COMBINED][:, -1].mean() > 0.6
    assert told.loss[USER][:, 0].mean() == pytest.approx(np.log(6), abs=0.05)
    with pytest.raises(InputError, match="three users"):
        rankings.measure(turns[:2], Words(), seed=0)


def test_bars_say_what_was_measured() -> None:
    flat = {name: np.full((5, 2), 0.6) for name in (*LEVELS, COMBINED)}
    better = {**flat, COMBINED: np.full((5, 2), 0.7)}
    worse = {**flat, COMBINED: np.full((5, 2), 0.5)}
    weights = np.full((5, 2, 3), 1 / 3)

    def bars(right: dict) -> list[bool | None]:
        found = Found("Made up", "-", (0, 1), right, flat, weights)
        return [bar.met for bar in part(found, Draws(0, 100)).bars]

    assert bars(better) == [True, True]
    assert bars(worse) == [False, False]
    assert bars(flat) == [True, False]


def test_the_suite() -> None:
    data = Data(
        texts=rated_texts(),
        ratings=film_ratings(),
        films=films(),
        turns=record(np.random.default_rng(2), users=3, turns=6),
    )
    calls: list[int] = []
    report = run_coldstart(data, Words(), Settings(quick=True), lambda: calls.append(1))
    assert [section.title for section in report.sections] == [
        "POPQUORN, offensiveness",
        "MovieLens, films",
        "Recorded rankings",
    ]
    assert len(report.bars) == 6
    assert len(calls) == 5
    again = run_coldstart(data, Words(), Settings(quick=True))
    assert report.rows == again.rows
    right = [row for row in report.rows if row.metric == RIGHT]
    assert all(0 <= row.value <= 1 for row in right)
    with pytest.raises(InputError, match="nothing to measure"):
        run_coldstart(Data(), Words(), Settings())
