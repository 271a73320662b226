"""Two methods as one: what a user's own head adds to what other users with the same taste say."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tailorlm.evaluation.downstream.methods import Chosen, Loss, Method
from tailorlm.evaluation.downstream.ratings import FloatArray, IntArray, Predict
from tailorlm.evaluation.downstream.splits import Split

Joined = Callable[[Predict, Predict, float], Predict]
"""Makes one prediction of two, with the share of the second."""
SHARES = (0.0, 0.25, 0.5, 0.75, 1.0)
"""Of the second method; 0 and 1 leave one of them."""


def mixed(
    name: str, parts: tuple[Chosen, Chosen], joined: Joined, hidden: Split, loss: Loss
) -> Chosen:
    """Both together, with the share that predicts hidden ratings best.

    Args:
        name: What reports call it.
        parts: The methods, fitted.
        joined: How they are put together.
        hidden: As for `methods.choose`.
        loss: Likewise.
    """
    one, other = parts
    share = min(SHARES, key=lambda share: loss(joined(one.early, other.early, share), hidden))
    method = Method(
        name=name,
        kind="personal",
        learn=lambda train: lambda _: joined(one.predict, other.predict, share),
        words=(f"share of {other.method.name}",),
        settings=tuple((share,) for share in SHARES),
    )
    return Chosen(
        method,
        (share,),
        joined(one.predict, other.predict, share),
        joined(one.early, other.early, share),
    )


def averaged(one: Predict, other: Predict, share: float) -> Predict:
    """The weighted mean of two predictions."""

    def predict(users: IntArray, films: IntArray) -> FloatArray:
        return (1.0 - share) * one(users, films) + share * other(users, films)

    return predict


def averaged_by_user(films: int) -> Joined:
    """The same of scores in units of their spread over a user's films, as scales differ.

    Args:
        films: How many there are.
    """

    def joined(one: Predict, other: Predict, share: float) -> Predict:
        def predict(users: IntArray, wanted: IntArray) -> FloatArray:
            found = np.empty(len(wanted))
            for user in np.unique(users):
                whose = np.full(films, user)
                both = [_standard(part(whose, np.arange(films))) for part in (one, other)]
                own = users == user
                found[own] = ((1.0 - share) * both[0] + share * both[1])[wanted[own]]
            return found

        return predict

    return joined


def chosen_of(found: Sequence[Chosen], name: str) -> Chosen:
    """The method of this name."""
    return next(one for one in found if one.method.name == name)


def _standard(scores: FloatArray) -> FloatArray:
    spread = float(scores.std())
    scaled: FloatArray = (scores - scores.mean()) / (spread if spread > 0 else 1.0)
    return scaled
