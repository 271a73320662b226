"""Whether a user's earlier rewrites tell what the later ones are like, beyond what all users do."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tailorlm.errors import InputError
from tailorlm.evaluation.edits.learners import Made, by_user, learn
from tailorlm.methods.edit_rules import EditRules, EditState, Expected
from tailorlm.types import User
from tailorlm.writing.differences import Form, form_of

FIRST = 5
"""Rewrites of each user that are learned from; of fewer than ten, half of them."""
FOLDS = 5
"""Parts of the users; the pool that a user starts from is of the other parts."""
MODELS = ("user", "pooled", "last value")
_STAYS = 0.7
"""Probability that "last value" gives the last value; the rest is as in the pool."""
_PROPERTIES: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    "has a greeting": ("greeting", lambda value: value != "none"),
    "has a sign-off": ("sign-off", lambda value: value != "none"),
    "has a signature": ("signature", lambda value: value != "none"),
    "says please": ("please", lambda value: value == "yes"),
    "says thanks": ("thanks", lambda value: value == "yes"),
    "has pleasantries": ("pleasantries", lambda value: value == "yes"),
    "hedges": ("hedging", lambda value: value == "yes"),
    "contracts": ("contractions", lambda value: value == "yes"),
    "exclaims": ("exclamation marks", lambda value: value == "yes"),
    "has several paragraphs": ("paragraphs", lambda value: value == "several"),
    "has commas": ("commas", lambda value: value == "yes"),
    "is formal": ("register", lambda value: value == "formal"),
    "has short sentences": ("sentence length", lambda value: value == "short"),
    "starts in lower case": ("case", lambda value: value == "lower"),
}
"""Property of a rewrite to the facet it is told by and the values that have it."""
_LEAST = 1e-4


@dataclass(frozen=True, slots=True)
class Predicted:
    """One property of one rewrite, predicted by one model.

    Attributes:
        user: Whose rewrite.
        target: The property, or "length" and "sentence length" for the logarithm of an amount.
        model: One of `MODELS`.
        loss: Log loss in nats; for amounts negative log density.
        error: Brier score; for amounts the absolute error of the logarithm.
    """

    user: str
    target: str
    model: str
    loss: float
    error: float


def predict_rewrites(
    method: EditRules,
    edits: Sequence[Made],
    rng: np.random.Generator,
    progress: Callable[[int, int], None] | None = None,
) -> list[Predicted]:
    """Predict every user's later rewrites from the earlier ones, and from the pool.

    Args:
        method: The learner.
        edits: Rewrites of several users, each user's in order.
        rng: Divides the users into folds.
        progress: Told how many users are done, of all.

    Raises:
        InputError: If there are fewer users than folds.
    """
    grouped = {user: own for user, own in by_user(edits).items() if len(own) > 1}
    users = sorted(grouped)
    if len(users) < FOLDS:
        raise InputError(
            f"Rewrites of at least {FOLDS} users with two each are needed, but there are "
            f"{len(users)}."
        )
    early: dict[str, EditState] = {}
    whole: dict[str, EditState] = {}
    for done, user in enumerate(users):
        whole[user] = _folded(method, user, grouped[user], early)
        if progress is not None:
            progress(done + 1, len(users))
    fold = {users[i]: place % FOLDS for place, i in enumerate(rng.permutation(len(users)))}
    found: list[Predicted] = []
    for number in range(FOLDS):
        pool = method.pool({user: whole[user] for user in users if fold[user] != number})
        for user in users:
            if fold[user] == number:
                later = grouped[user][_first(grouped[user]) :]
                found += _of_user(method, replace(early[user], population=pool), later)
    return found


def _folded(
    method: EditRules, user: str, edits: Sequence[Made], early: dict[str, EditState]
) -> EditState:
    """What all rewrites of a user show; what the first ones show goes into `early`."""
    early[user] = method.initial(User(user))

    def keep(number: int, state: EditState) -> None:
        if number == _first(edits):
            early[user] = state

    return learn(method, edits, keep)


def _of_user(method: EditRules, state: EditState, later: Sequence[Made]) -> list[Predicted]:
    user = later[0].user
    nobody = method.initial(User(user), state.population)
    last = state.entries[-1].after if state.entries else None
    found: list[Predicted] = []
    for edit in later:
        try:
            true = form_of(edit.edited)
            pooled, own = (method.expected(one, edit.draft) for one in (nobody, state))
        except InputError:
            continue  # nothing in one of the texts is its writer's own
        for target in _PROPERTIES:
            found += _of_property(user, target, true, pooled, own, last)
        found += _of_amounts(user, true, pooled, own, last)
    return found


def _of_property(
    user: str, target: str, true: Form, pooled: Expected, own: Expected, last: Form | None
) -> list[Predicted]:
    facet, holds = _PROPERTIES[target]
    if facet not in true.values or facet not in pooled.values:
        return []
    outcome = holds(true.values[facet])
    usual = _chance(pooled, facet, holds)
    repeated = usual
    if last is not None and facet in last.values:
        repeated = _STAYS * holds(last.values[facet]) + (1.0 - _STAYS) * usual
    chances = (_chance(own, facet, holds), usual, repeated)
    return [
        Predicted(
            user,
            target,
            model,
            float(-np.log(max(chance if outcome else 1.0 - chance, _LEAST))),
            (chance - outcome) ** 2,
        )
        for model, chance in zip(MODELS, chances, strict=True)
    ]


def _chance(expected: Expected, facet: str, holds: Callable[[str], bool]) -> float:
    return sum(share for value, share in expected.values[facet].items() if value and holds(value))


def _of_amounts(
    user: str, true: Form, pooled: Expected, own: Expected, last: Form | None
) -> list[Predicted]:
    found = []
    for target, name in (("length", "words"), ("sentence length", "sentence_words")):
        amount = _log(true, name)
        guesses = [own.amounts[name], pooled.amounts[name]]
        guesses.append(guesses[1] if last is None else (_log(last, name), guesses[1][1]))
        for model, (mean, spread) in zip(MODELS, guesses, strict=True):
            standard = (amount - mean) / spread
            loss = 0.5 * standard**2 + np.log(spread) + 0.5 * np.log(2 * np.pi)
            found.append(Predicted(user, target, model, float(loss), abs(amount - mean)))
    return found


def _log(form: Form, name: str) -> float:
    return float(np.log(max(float(getattr(form, name)), 1.0)))


def _first(edits: Sequence[Made]) -> int:
    return min(FIRST, len(edits) // 2)
