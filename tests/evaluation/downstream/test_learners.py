"""Biases, factors, heads and retrieval: known values, oracles, and nothing of what is held out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from tests.evaluation.downstream.made_up_films import films, ratings
from tests.evaluation.recordings import Words

from tailorlm.evaluation.downstream import recommending, stars
from tailorlm.evaluation.downstream.biases import Damping, fit_biases
from tailorlm.evaluation.downstream.factors import fit_stars, fit_watched
from tailorlm.evaluation.downstream.features import DIRECTIONS, Seen, described
from tailorlm.evaluation.downstream.heads import fit_heads, rated_pairs, watched_pairs
from tailorlm.evaluation.downstream.methods import Chosen, Method, choose
from tailorlm.evaluation.downstream.mixing import averaged, averaged_by_user, mixed
from tailorlm.evaluation.downstream.ratings import Ratings
from tailorlm.evaluation.downstream.recommending import Similarities
from tailorlm.evaluation.downstream.similar import like_the_liked, most_popular, plot_similarity
from tailorlm.evaluation.downstream.splits import Split, leave_one_out, time_split
from tailorlm.retrievers import Item, Memory
from tailorlm.retrievers.bm25 import Bm25Retriever
from tailorlm.retrievers.dense import DenseRetriever


@cache
def given() -> Ratings:
    return Ratings.of(films(), ratings())


@cache
def fixed() -> np.ndarray:
    return described(films(), Words())


@cache
def alike() -> Similarities:
    return Similarities(
        plot_similarity(films(), Bm25Retriever(), None),
        plot_similarity(films(), DenseRetriever(Words()), Words()),
    )


def tiny() -> Ratings:
    rng = np.random.default_rng(3)
    rows = [(user, film) for user in range(4) for film in range(5) if rng.random() < 0.6]
    user, film = (np.array(column, dtype=np.intp) for column in zip(*rows, strict=True))
    stars = rng.integers(1, 11, len(rows)) / 2
    return Ratings(("a", "b", "c", "d"), 6, user, film, stars, np.arange(len(rows)))


def test_biases_are_those_of_least_penalised_error() -> None:
    train = tiny()
    found = fit_biases(train, Damping(film=2.0, user=3.0))

    def lost(both: np.ndarray) -> float:
        user, film = np.split(both, [4])
        errors = train.stars - train.mean - user[train.user] - film[train.film]
        return float(errors @ errors + 3 * user @ user + 2 * film @ film)

    best = minimize(lost, np.zeros(10), tol=1e-12).x
    assert np.concatenate([found.user, found.film]) == pytest.approx(best, abs=1e-3)
    assert found.film[5] == 0  # nobody rated it


def test_a_films_mean_is_damped() -> None:
    train = replace(
        tiny(),
        user=np.array([0, 1]),
        film=np.array([0, 1]),
        stars=np.array([5.0, 1.0]),
        time=np.array([0, 1]),
    )
    found = fit_biases(train, Damping(film=1.0, user=0.0), users=False)
    assert found.predict(np.array([2, 2, 2]), np.array([0, 1, 2])).tolist() == [4.0, 2.0, 3.0]


def test_factors_of_stars_are_at_a_minimum_of_the_stated_loss() -> None:
    train, ridge = tiny(), 0.1
    biases = fit_biases(train, Damping(1.0, 1.0))
    found = fit_stars(train, biases, 2, ridge, np.random.default_rng(0), rounds=500)
    n_user, n_film = np.bincount(train.user, minlength=4), np.bincount(train.film, minlength=6)

    def lost(both: np.ndarray) -> float:
        x, y = both[:8].reshape(4, 2), both[8:].reshape(6, 2)
        errors = (
            train.stars
            - biases.predict(train.user, train.film)
            - (x[train.user] * y[train.film]).sum(axis=1)
        )
        held = n_user @ (x**2).sum(axis=1) + n_film @ (y**2).sum(axis=1)
        return float(errors @ errors + ridge * held)

    at = np.concatenate([found.user.ravel(), found.film.ravel()])
    assert lost(at) < lost(np.zeros(20))
    assert minimize(lost, at, tol=1e-12).fun == pytest.approx(lost(at), abs=1e-6)


def test_factors_of_what_is_watched_are_at_a_minimum_of_the_stated_loss() -> None:
    train, ridge, confidence = tiny(), 0.5, 4.0
    found = fit_watched(train, 2, ridge, confidence, np.random.default_rng(0), rounds=500)
    watched = np.zeros((4, 6))
    watched[train.user, train.film] = 1.0

    def lost(both: np.ndarray) -> float:
        x, y = both[:8].reshape(4, 2), both[8:].reshape(6, 2)
        errors = (1 + confidence * watched) * (watched - x @ y.T) ** 2
        return float(errors.sum() + ridge * (both @ both))

    at = np.concatenate([found.user.ravel(), found.film.ravel()])
    assert minimize(lost, at, tol=1e-12).fun == pytest.approx(lost(at), abs=1e-6)
    scores = found.predict(np.repeat(np.arange(4), 6), np.tile(np.arange(6), 4)).reshape(4, 6)
    assert scores[watched == 1].mean() > scores[watched == 0].mean() + 0.3


@pytest.mark.filterwarnings("ignore")  # of the library, on the threads of BLAS
def test_factors_of_what_is_watched_are_those_of_implicit() -> None:
    als = pytest.importorskip("implicit.cpu.als", reason="implicit has no wheel for every system")
    rng = np.random.default_rng(0)
    for case in range(20):
        watched = rng.random((30, 40)) < 0.2
        user, film = np.nonzero(watched)
        train = Ratings(
            tuple(map(str, range(30))), 40, user, film, np.ones(len(user)), np.arange(len(user))
        )
        found = fit_watched(train, 5, 2.0, 4.0, np.random.default_rng(case), rounds=20)
        theirs = als.AlternatingLeastSquares(
            factors=5, regularization=2.0, alpha=1.0, iterations=20, use_cg=False,
            dtype=np.float64, num_threads=1,
        )  # fmt: skip
        start = np.random.default_rng(case).normal(0.0, 0.1, (40, 5))
        theirs.item_factors = start * watched.any(axis=0)[:, None]
        theirs.user_factors = np.zeros((30, 5))
        theirs.fit(csr_matrix(watched * 5.0), show_progress=False)
        scores = theirs.user_factors @ theirs.item_factors.T
        assert found.user @ found.film.T == pytest.approx(scores, abs=1e-9)


def test_similarity_to_all_liked_plots_is_that_of_one_long_query() -> None:
    memory = Memory(limit=len(films())).add((Item(film.plot) for film in films()), None)
    train = given()
    own = train.of_user[0]
    liked = train.film[own[train.liked[own]]]
    whole = Bm25Retriever().scores(memory, " ".join(films()[film].plot for film in liked))
    everything = np.arange(train.films)
    found = like_the_liked(train, alike().words)(np.zeros(train.films, dtype=np.intp), everything)
    assert found * len(liked) == pytest.approx(whole, rel=1e-5)
    assert most_popular(train)(everything, everything).sum() == len(train)


def test_features_of_a_film_leave_the_users_own_rating_out() -> None:
    train = given()
    seen = Seen.of(fixed(), train)
    assert seen.width == fixed().shape[1] + 2 == 2 + 1 + min(DIRECTIONS, Words.dim) + 2
    own = train.of_user[0]
    others = train.taken(train.user != 0)
    counts = np.bincount(others.film, minlength=train.films)[train.film[own]]
    rows = seen.without(train.film[own], train.stars[own] - train.mean)
    assert rows[:, -1] * seen.spread[1] + seen.centre[1] == pytest.approx(np.log1p(counts))
    above = np.bincount(others.film, weights=others.stars - train.mean, minlength=train.films)
    damped = above[train.film[own]] / (counts + 5.0)
    assert rows[:, -2] * seen.spread[0] + seen.centre[0] == pytest.approx(damped)


def test_heads_learn_what_each_kind_of_people_likes() -> None:
    train = given()
    seen = Seen.of(fixed(), train)
    learned = fit_heads(seen, rated_pairs(train, seen))
    kinds = np.arange(train.films) % 2
    for user in (0, 1):
        users = np.full(train.films, user)
        worth = learned.worth(users, np.arange(train.films), pooled=False)
        assert worth[kinds == user].mean() > worth[kinds != user].mean() + 0.5

    pairs = watched_pairs(train, seen, np.random.default_rng(0))
    learned = fit_heads(seen, pairs)
    for user in (0, 1):
        worth = learned.worth(np.full(train.films, user), np.arange(train.films), pooled=False)
        assert worth[kinds == user].mean() > worth[kinds != user].mean() + 0.2
    assert [len(own) for own in pairs] == [2 * int(train.liked[own].sum()) for own in train.of_user]


def test_a_user_without_pairs_is_as_users_are() -> None:
    split = time_split(given())
    seen = Seen.of(fixed(), split.train)
    learned = fit_heads(seen, rated_pairs(split.train, seen))
    new = np.flatnonzero(~split.known)
    assert len(new) > 1
    assert np.allclose(learned.own[new], learned.own[new[0]])


def test_settings_are_chosen_by_what_is_hidden() -> None:
    hidden = leave_one_out(given(), np.random.default_rng(0))
    method = Method(
        name="constant",
        kind="generic",
        learn=lambda train: lambda one: lambda users, films: np.full(len(films), one[0]),
        words=("stars",),
        settings=((1.0,), (4.0,), (5.0,)),
    )
    (chosen,) = choose([method], given(), hidden, stars.star_loss)
    assert chosen.described == "stars 4"


@pytest.mark.parametrize(
    "divide", [lambda rated: leave_one_out(rated, np.random.default_rng(1)), time_split]
)
def test_nothing_that_is_held_out_changes_a_prediction(divide: Callable) -> None:
    """With other stars on the held-out films, every method predicts the same as before."""
    rated = given()
    split = divide(rated)
    held = {*zip(split.test.user.tolist(), split.test.film.tolist(), strict=True)}
    places = zip(rated.user.tolist(), rated.film.tolist(), strict=True)
    which = np.array([place in held for place in places])
    other = divide(replace(rated, stars=np.where(which, 5.5 - rated.stars, rated.stars)))
    assert not np.allclose(split.test.stars, other.test.stars)
    users = np.repeat(np.arange(len(rated.users)), rated.films)
    everything = np.tile(np.arange(rated.films), len(rated.users))
    for before, after in zip(predictions(split), predictions(other), strict=True):
        assert before.setting == after.setting
        assert np.array_equal(before.predict(users, everything), after.predict(users, everything))


def predictions(split: Split) -> list[Chosen]:
    order = np.random.default_rng(0).permutation(split.train.films)
    hidden = leave_one_out(split.train, np.random.default_rng(2))
    return [
        *choose(thinned(stars.star_methods(fixed(), 0)), split.train, hidden, stars.star_loss),
        *choose(
            thinned(recommending.ranking_methods(fixed(), alike(), 0)),
            split.train,
            hidden,
            recommending.ranking_loss(order),
        ),
    ]


def thinned(methods: list[Method]) -> list[Method]:
    return [method.thinned(2) for method in methods]


def test_settings_are_thinned_evenly() -> None:
    settings = tuple((float(i),) for i in range(10))
    method = Method(name="x", kind="pooled", learn=lambda _: None, settings=settings)
    assert method.thinned(3).settings == ((0.0,), (3.0,), (6.0,))
    assert method.thinned(10) is method


def test_what_is_held_out_is_among_the_films_to_rank() -> None:
    split = leave_one_out(given(), np.random.default_rng(0))
    users = recommending.tested(split)
    scores = recommending.scores_of(most_popular(split.train), split.train, users)
    held = split.test.film[np.argsort(split.test.user)]
    assert np.isfinite(scores[np.arange(len(users)), held]).all()
    assert np.isnan(scores).sum() == len(split.train)
    found = recommending.relevant(split, users)
    assert found.sum() == (split.test.stars >= split.train.usual[split.test.user]).sum()


def test_two_methods_are_mixed_by_what_is_hidden() -> None:
    hidden = leave_one_out(given(), np.random.default_rng(0))

    def constant(stars_of_all: float) -> Chosen:
        method = Method(name=f"{stars_of_all:g} stars", kind="generic", learn=lambda _: None)

        def predict(users: np.ndarray, films: np.ndarray) -> np.ndarray:
            return np.full(len(films), stars_of_all)

        return Chosen(method, (), predict, predict)

    parts = constant(1.0), constant(5.0)
    found = mixed("both", parts, averaged, hidden, stars.star_loss)
    assert found.described == "share of 5 stars 0.5"
    assert found.predict(np.zeros(2, dtype=np.intp), np.arange(2)).tolist() == [3.0, 3.0]


def test_scores_are_mixed_in_units_of_their_spread() -> None:
    joined = averaged_by_user(3)
    found = joined(lambda users, wanted: 100.0 * wanted, lambda users, wanted: -1.0 * wanted, 0.5)(
        np.array([0, 1, 0]), np.array([0, 1, 2])
    )
    assert found == pytest.approx([0.0, 0.0, 0.0])
    same = joined(lambda users, wanted: wanted * 0.0, lambda users, wanted: wanted * 2.0, 0.5)
    users = np.zeros(3, dtype=np.intp)
    assert np.diff(same(users, np.arange(3))) == pytest.approx([0.5 / np.std([0, 1, 2])] * 2)
