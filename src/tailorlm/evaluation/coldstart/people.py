"""People with ratings, as pairs of rated things: those to learn from and those to ask about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailorlm.datasets.film_genres import FilmGenres
from tailorlm.datasets.movie_files import MovieRating
from tailorlm.datasets.rated_texts import RatedText
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.prlhf.rated_worlds import offensiveness

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]

EVENTS = 20
"""Pairs that are learned from, at most."""
LEARNED = 0.6
"""Share of what a person rated that pairs to learn from are drawn of."""
MOST_FILMS = 50
"""Films of one person that are looked at: the first ones."""
CROWD = 0.4
"""Share of people whose ratings make the films' averages; nothing else is done with them."""
_ASSUMED_RATINGS = 5.0
"""Ratings at the overall mean that each film's average starts with."""


@dataclass(frozen=True, slots=True)
class People:
    """Users with pairs of things, in each pair the one that was rated higher first.

    Attributes:
        name: Of the data.
        described: What the features of a thing are, in words.
        features: Shape (things, p), each of spread 1 or less.
        events: Of each user shape (EVENTS, 2): positions of things, in the order of learning.
        pool: Of each user shape (n, 2): all pairs of the things that events are drawn of.
        asked: Of each user shape (m, 2): all pairs of the other things.
        left_out: People with too few pairs to be here.
    """

    name: str
    described: str
    features: FloatArray
    events: tuple[IntArray, ...]
    pool: tuple[IntArray, ...]
    asked: tuple[IntArray, ...]
    left_out: int

    def __len__(self) -> int:
        return len(self.events)

    def first(self, users: int) -> People:
        """The same with the first users only."""
        return People(
            self.name,
            self.described,
            self.features,
            self.events[:users],
            self.pool[:users],
            self.asked[:users],
            self.left_out,
        )


def readers(ratings: Sequence[RatedText], encoder: Encoder, rng: np.random.Generator) -> People:
    """Who rated texts for offensiveness; each person's texts are divided at random.

    Raises:
        InputError: If too few people rated enough texts differently.
    """
    world = offensiveness(ratings, encoder)
    learned, asked = [], []
    for pairs in world.pairs:
        texts = np.unique(pairs)
        chosen = rng.permutation(texts)[: int(LEARNED * len(texts))]
        inside = np.isin(pairs, chosen)
        learned.append(pairs[inside.all(axis=1)])
        asked.append(pairs[~inside.any(axis=1)])
    described = f"{world.features.shape[1]} principal components of style and encoder's vector"
    return _people(world.name, described, world.features, learned, asked, rng)


def viewers(
    ratings: Sequence[MovieRating], films: Sequence[FilmGenres], rng: np.random.Generator
) -> People:
    """Who rated films: learned from the earlier ones, asked about the later ones.

    Raises:
        InputError: If a rated film is not among the films, or too few people rated enough films
            differently.
    """
    by_user: dict[str, list[MovieRating]] = defaultdict(list)
    for one in ratings:
        by_user[one.user].append(one)
    users = [by_user[user] for user in sorted(by_user)]
    order = rng.permutation(len(users))
    n_crowd = int(CROWD * len(users))
    crowd = [one for place in order[:n_crowd] for one in users[place]]
    place_of = {film.movie: i for i, film in enumerate(films)}
    unknown = next((one.movie for one in ratings if one.movie not in place_of), None)
    if unknown is not None:
        raise InputError(f"Film {unknown!r} is rated, but not in the list of films. Give both.")
    learned, asked = [], []
    for place in order[n_crowd:]:
        own = sorted(users[place], key=lambda one: one.time)[:MOST_FILMS]
        at = int(LEARNED * len(own))
        learned.append(_pairs(own[:at], place_of))
        asked.append(_pairs(own[at:], place_of))
    features, described = _film_features(films, crowd, place_of)
    return _people("MovieLens, films", described, features, learned, asked, rng)


def _people(
    name: str,
    described: str,
    features: FloatArray,
    learned: Sequence[IntArray],
    asked: Sequence[IntArray],
    rng: np.random.Generator,
) -> People:
    """Those with enough pairs, each with the events drawn."""
    kept = [i for i, own in enumerate(learned) if len(own) >= EVENTS and len(asked[i])]
    if len(kept) < 2:
        raise InputError(
            f"{name}: fewer than two people have {EVENTS} pairs of things rated differently to "
            "learn from, and one to be asked about. Give more ratings of each."
        )
    return People(
        name,
        described,
        features,
        tuple(rng.permutation(learned[i])[:EVENTS] for i in kept),
        tuple(learned[i] for i in kept),
        tuple(asked[i] for i in kept),
        len(learned) - len(kept),
    )


def _pairs(rated: Sequence[MovieRating], place_of: dict[str, int]) -> IntArray:
    return np.array(
        [
            (place_of[a.movie], place_of[b.movie])
            for a in rated
            for b in rated
            if a.rating > b.rating
        ],
        dtype=np.intp,
    ).reshape(-1, 2)


def _film_features(
    films: Sequence[FilmGenres], crowd: Sequence[MovieRating], place_of: dict[str, int]
) -> tuple[FloatArray, str]:
    """Genres, year, and what the crowd thinks of each film; each column of mean 0 and spread 1."""
    names = sorted({genre for film in films for genre in film.genres})
    genres = np.array([[name in film.genres for name in names] for film in films], dtype=np.float64)
    years = np.array([np.nan if film.year is None else film.year for film in films])
    years = np.where(np.isnan(years), np.nanmean(years) if np.isfinite(years).any() else 0.0, years)
    places = np.array([place_of[one.movie] for one in crowd], dtype=np.intp)
    stars = np.array([one.rating for one in crowd])
    counts = np.bincount(places, minlength=len(films))
    total = np.bincount(places, weights=stars, minlength=len(films))
    usual = float(stars.mean()) if len(stars) else 0.0
    average = (total + _ASSUMED_RATINGS * usual) / (counts + _ASSUMED_RATINGS)
    columns = np.column_stack([genres, years, average, np.log1p(counts)])
    spread = columns.std(axis=0)
    described = (
        f"{len(names)} genres, the year, and the average and (logarithm of the) number of the "
        f"ratings of other people, {CROWD:.0%} of all, who are in no other part"
    )
    return (columns - columns.mean(axis=0)) / np.where(spread > 0, spread, 1.0), described
