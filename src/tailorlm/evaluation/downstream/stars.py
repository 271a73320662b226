"""Rating prediction and classification: how many stars, and whether the user will like a film."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from itertools import product

import numpy as np

from tailorlm.datasets.movie_files import HIGHEST, LOWEST
from tailorlm.evaluation.downstream import heads
from tailorlm.evaluation.downstream.biases import Damping, fit_biases, global_mean
from tailorlm.evaluation.downstream.factors import fit_stars
from tailorlm.evaluation.downstream.features import Seen
from tailorlm.evaluation.downstream.methods import Fitted, Method, Setting
from tailorlm.evaluation.downstream.ratings import FloatArray, IntArray, Predict, Ratings
from tailorlm.evaluation.downstream.splits import Split
from tailorlm.evaluation.metrics import rmse

GENERIC, FILM, BOTH = "global mean", "film means", "user and film means"
FACTORS = "matrix factorisation"
POOLED, OWN = "pooled reward head", "own reward head"
BOTH_PERSONAL = "factors and own head"
_DAMPINGS = (1.0, 2.0, 5.0, 10.0, 25.0)
_RANKS, _RIDGES = (4.0, 16.0, 32.0), (0.1, 0.2, 0.4)
_USUAL = Damping(film=5.0, user=5.0)
_SLOPES = (0.2, 0.4, 0.6, 0.8, 1.0)


def star_methods(fixed: FloatArray, seed: int) -> list[Method]:
    """What predicts stars, baselines first.

    Args:
        fixed: Features of the films, as `features.described`.
        seed: Of where the factors start.
    """
    learned = lru_cache(maxsize=2)(lambda train: _heads(train, fixed))
    return [
        Method(name=GENERIC, kind="generic", learn=lambda train: lambda _: global_mean(train)),
        Method(
            name=FILM,
            kind="pooled",
            learn=lambda train: (
                lambda one: fit_biases(train, Damping(one[0], 0.0), users=False).predict
            ),
            words=("damping",),
            settings=tuple((damping,) for damping in _DAMPINGS),
        ),
        Method(
            name=BOTH,
            kind="personal",
            learn=lambda train: lambda one: fit_biases(train, Damping(*one)).predict,
            words=("damping of films", "of users"),
            settings=tuple(product(_DAMPINGS, _DAMPINGS)),
        ),
        Method(
            name=FACTORS,
            kind="personal",
            learn=lambda train: lambda one: _factors(train, one, seed),
            words=("rank", "ridge"),
            settings=tuple(product(_RANKS, _RIDGES)),
        ),
        *(
            Method(
                name=name,
                kind="pooled" if pooled else "personal",
                learn=_learner(learned, pooled),
                words=("damping of users", "slope"),
                settings=tuple(product(_DAMPINGS, _SLOPES)),
            )
            for name, pooled in ((POOLED, True), (OWN, False))
        ),
    ]


def star_loss(predict: Predict, split: Split) -> float:
    """Root of the mean squared error on the test of a split, in stars."""
    return rmse(split.test.stars, on_scale(predict(split.test.user, split.test.film)))


def on_scale(stars: FloatArray) -> FloatArray:
    """Stars that can be given: what lies beyond an end of the scale is put there."""
    return np.clip(stars, LOWEST, HIGHEST)


def _heads(train: Ratings, fixed: FloatArray) -> heads.Heads:
    seen = Seen.of(fixed, train)
    return heads.fit_heads(seen, heads.rated_pairs(train, seen))


def _factors(train: Ratings, setting: Setting, seed: int) -> Predict:
    rank, ridge = setting
    biases = fit_biases(train, _USUAL)
    factors = fit_stars(train, biases, int(rank), ridge, np.random.default_rng(seed))
    return lambda users, films: biases.predict(users, films) + factors.predict(users, films)


def _learner(
    learned: Callable[[Ratings], heads.Heads], pooled: bool
) -> Callable[[Ratings], Fitted]:
    return lambda train: _head(train, learned(train), pooled)


def _head(train: Ratings, learned: heads.Heads, pooled: bool) -> Fitted:
    """Stars from worth: the user's damped mean, and more for what is worth more than usual."""
    usual = learned.usual_worth(train, pooled=pooled)
    counts = np.bincount(train.user, minlength=len(train.users))
    above = (train.usual - train.mean) * counts

    def fitted(setting: Setting) -> Predict:
        damping, slope = setting
        base = train.mean + above / (counts + damping)

        def predict(users: IntArray, films: IntArray) -> FloatArray:
            worth = learned.worth(users, films, pooled=pooled)
            stars: FloatArray = base[users] + slope * (worth - usual[users])
            return stars

        return predict

    return fitted
