"""Retrieval as recommendation: films whose plots are like those of the films that a user liked."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from tailorlm.datasets.rated_films import Film
from tailorlm.encoders.base import Encoder
from tailorlm.evaluation.downstream.ratings import FloatArray, IntArray, Predict, Ratings
from tailorlm.retrievers import Item, Memory
from tailorlm.retrievers.base import Retriever

Similarity = npt.NDArray[np.float32]


def plot_similarity(
    films: Sequence[Film], retriever: Retriever, encoder: Encoder | None
) -> Similarity:
    """How well each film's plot answers each other's as a query, shape (queries, films).

    What the retriever weighs words by are the plots of all films, which no rating tells of.

    Args:
        films: In the order of their positions.
        retriever: Finds plots.
        encoder: For a retriever that needs vectors.
    """
    memory = Memory(limit=len(films)).add((Item(film.plot) for film in films), encoder)
    found = np.empty((len(films), len(films)), dtype=np.float32)
    for place, film in enumerate(films):
        found[place] = retriever.scores(memory, film.plot)
    return found


def like_the_liked(train: Ratings, similarity: Similarity) -> Predict:
    """The mean similarity to the films that the user liked; 0 where there is none.

    A score of BM25 is a sum over the words of the query, so that this is the score of one query
    with all liked plots, divided by their number. Cosines are those with the plots' mean vector,
    but for its length.
    """
    by_user: dict[int, FloatArray] = {}

    def of(user: int) -> FloatArray:
        if user not in by_user:
            own = train.of_user[user]
            liked = train.film[own[train.liked[own]]]
            total = similarity[liked].sum(axis=0, dtype=np.float64)
            by_user[user] = total / max(len(liked), 1)
        return by_user[user]

    def predict(users: IntArray, wanted: IntArray) -> FloatArray:
        scores = np.empty(len(wanted))
        for user in np.unique(users):
            own = users == user
            scores[own] = of(int(user))[wanted[own]]
        return scores

    return predict


def most_popular(train: Ratings) -> Predict:
    """The number of ratings of each film."""
    counts = np.bincount(train.film, minlength=train.films).astype(np.float64)
    return lambda users, films: counts[films]
