"""Recorded rankings: the method `hierarchy`, and each of its levels alone, on users it is new to.

The population is learned from all other users. A fifth of the user's turns is held out in turn; the
others are learned from in their order. The user's own level is measured twice: from nothing, and
started at what others believe, which is how the method has it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from tailorlm.choice.plackett_luce import log_likelihood
from tailorlm.datasets.ranking_tager import RankedTurn
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.coldstart.heads import (
    COMBINED,
    COUNTS,
    FOLDS,
    GLOBAL,
    LEVELS,
    PERSONA,
    STARTED,
    USER,
)
from tailorlm.evaluation.coldstart.people import FloatArray
from tailorlm.evaluation.replay import agreement, recorded
from tailorlm.methods.base import Parts
from tailorlm.methods.hierarchy import Hierarchy, HierarchyState
from tailorlm.tags import library_of
from tailorlm.types import Event, Ranking, User

_HOUR = 3600.0
_ALONE = dict(zip((GLOBAL, PERSONA, STARTED), np.eye(len(LEVELS)), strict=True))
_NAMES = (*LEVELS, COMBINED, STARTED)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What was found on recorded rankings.

    Attributes:
        counts: Rankings after which was asked.
        right: By method, shape (users, len(counts)): share of the held-out pairs told right.
        loss: By method, the same shape: mean negative log-probability of a held-out ranking, nats.
        weights: Shape (users, len(counts), 3): of the levels.
    """

    counts: tuple[int, ...]
    right: dict[str, FloatArray]
    loss: dict[str, FloatArray]
    weights: FloatArray


def measure(
    turns: Sequence[RankedTurn],
    encoder: Encoder,
    *,
    seed: int,
    n_folds: int = FOLDS,
    n_users: int | None = None,
    tell: Callable[[], None] = lambda: None,
) -> Replayed:
    """Hold users out in turn, each from the population of all others.

    Args:
        turns: Recorded turns; those of one user in their order.
        encoder: Of tags and queries.
        seed: Of what `fit` draws.
        n_folds: How many of the fifths of a user's turns are held out.
        n_users: How many users are held out, the first ones; None for all.
        tell: Called after each user.

    Raises:
        InputError: If there are fewer than three users, or one has fewer turns than fifths.
    """
    tags = tuple(dict.fromkeys(tag for turn in turns for tag in turn.tag_library))
    logs: dict[str, list[Event]] = defaultdict(list)
    for turn in turns:
        logs[turn.user].append(_event(turn, len(logs[turn.user])))
    least = min(map(len, logs.values()), default=0)
    if len(logs) < 3 or least < FOLDS:
        raise InputError(
            f"Rankings of three users with {FOLDS} turns each are needed, but there are "
            f"{len(logs)} users, one with {least} turns."
        )
    method = Hierarchy(Parts(encoder=encoder, library=library_of(tags)))
    counts = _counts(least - -(-least // FOLDS))
    found = []
    for user, log in list(logs.items())[:n_users]:
        others = {name: own for name, own in logs.items() if name != user}
        population = method.fit(others, np.random.default_rng(seed))
        start = method.initial(User(user), population)
        found.append(_user(method, start, log, counts, n_folds))
        tell()
    return Replayed(
        counts,
        {name: np.array([one.right[name] for one in found]) for name in _NAMES},
        {name: np.array([one.loss[name] for one in found]) for name in _NAMES},
        np.array([one.weights for one in found]),
    )


@dataclass(frozen=True, slots=True)
class _One:
    """What was found on one user; shapes as in `Replayed` without the users."""

    right: dict[str, FloatArray]
    loss: dict[str, FloatArray]
    weights: FloatArray


def _user(
    method: Hierarchy,
    start: HierarchyState,
    log: Sequence[Event],
    counts: Sequence[int],
    n_folds: int,
) -> _One:
    sums = {name: np.zeros((4, len(counts))) for name in _NAMES}
    weights = np.zeros((len(counts), len(LEVELS)))
    for fold in range(n_folds):
        held = [event for number, event in enumerate(log) if number % FOLDS == fold]
        learned = [event for number, event in enumerate(log) if number % FOLDS != fold]
        # Without a population there is the user's own level alone, and it starts from nothing.
        state, alone = start, method.initial(User(log[0].user))
        for number in range(counts[-1] + 1):
            if number in counts:
                place = counts.index(number)
                weights[place] += state.levels / n_folds
                for name, total in sums.items():
                    one = replace(state, levels=_ALONE.get(name, state.levels))
                    one = alone if name == USER else one
                    total[:, place] += _asked(method, one, held)
            if number < counts[-1]:
                state = method.observe(state, learned[number])
                alone = method.observe(alone, learned[number])
    return _One(
        {name: total[0] / total[1] for name, total in sums.items()},
        {name: total[2] / total[3] for name, total in sums.items()},
        weights,
    )


def _asked(method: Hierarchy, state: HierarchyState, held: Sequence[Event]) -> FloatArray:
    """Pairs told right, all pairs, the loss and the turns, summed over the held-out turns."""
    total = np.zeros(4)
    for event in held:
        turn, ranking = event.turn, event.payload
        if turn is None or not isinstance(ranking, Ranking):
            continue
        utility = method.utility(state, turn.context, [one.plan for one in turn.candidates])
        lost = -float(log_likelihood(utility, ranking.groups))
        total += np.array([*agreement(utility, ranking), lost, 1.0])
    return total


def _counts(most: int) -> tuple[int, ...]:
    """The numbers of events up to what there is; that itself where it is less than asked for."""
    within = [count for count in COUNTS if count <= most]
    return tuple(within) if most >= COUNTS[-1] else tuple(dict.fromkeys((*within, most)))


def _event(turn: RankedTurn, number: int) -> Event:
    """A recorded ranking as the log has it, an hour after the one before."""
    shown, ranking = recorded(turn, Hierarchy.name)
    return Event(
        id=turn.id,
        user=turn.user,
        position=number + 1,
        time=_HOUR * (number + 1),
        key=turn.id,
        payload=ranking,
        turn=shown,
    )
