"""Linear reward heads at three levels, on people who rated things.

Each level gives the probability of every event before it is learned, and that of every pair that is
asked about after some events. A combination of levels needs nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from tailorlm.choice.comparisons import Comparisons
from tailorlm.choice.levels import FixedShare
from tailorlm.choice.reward_head import HeadPrior, RewardHead
from tailorlm.choice.reward_population import (
    PopulationSettings,
    clustered,
    fit_population,
)
from tailorlm.evaluation.coldstart.people import EVENTS, FloatArray, IntArray, People

COUNTS = (0, 1, 2, 5, 10, 20)
"""Events after which is asked."""
GLOBAL, PERSONA, USER = LEVELS = ("global", "persona", "user")
COMBINED, STARTED = "levels together", "user, started at others"
BOTH = "levels together, user started"
METHODS = (*LEVELS, COMBINED, STARTED, BOTH)
FOLDS = 5
MOST_PAIRS = 100
"""Pairs of one person that a population is learned from, at most."""
_WIDTH = 0.3
"""Assumed standard deviation of a weight across users, for features of spread 1."""
_WIDTHS = (0.1, 0.3, 1.0)
_CENTRES = (3, 10)
_OWN = (0.1, 1 / 3)
_SHARES = (0.0, 0.02, 0.05, 0.1, 0.2)
_LEAST = 1e-12
_SETTINGS = PopulationSettings(rounds=2, spread=0.3, assumed_users=20.0)


@dataclass(frozen=True, slots=True)
class Course:
    """What one level foresaw of one user.

    Attributes:
        events: Shape (EVENTS,): log-probability of each event before it was learned.
        asked: Shape (len(COUNTS), m): probability that each pair asked about is as it is.
    """

    events: FloatArray
    asked: FloatArray


@dataclass(frozen=True, slots=True)
class Mix:
    """How the weights of the levels start and move.

    Attributes:
        own: Weight of the user's own level at the start.
        share: Part of all weight that is spread evenly after each event.
    """

    own: float
    share: float

    @property
    def rule(self) -> FixedShare:
        """The rule for the weights."""
        return FixedShare(((1.0 - self.own) / 2, (1.0 - self.own) / 2, self.own), self.share)


@dataclass(frozen=True, slots=True)
class Chosen:
    """Settings of one fold, chosen on users who are not tested.

    Attributes:
        width: Of the prior of the user's own level.
        centres: Of the persona level.
        mix: Of the levels together.
        started: Of the levels together where the user's own is started at others.
    """

    width: float
    centres: int
    mix: Mix
    started: Mix


@dataclass(frozen=True, slots=True)
class Told:
    """What was found on one set of people.

    Attributes:
        right: By method, shape (users, len(COUNTS)): share of the asked pairs told right.
        loss: By method, the same shape: mean negative log-probability of the asked pairs, nats.
        weights: Shape (users, len(COUNTS), 3): of the levels.
        chosen: Settings of each fold.
    """

    right: Mapping[str, FloatArray]
    loss: Mapping[str, FloatArray]
    weights: FloatArray
    chosen: tuple[Chosen, ...]


def course(head: RewardHead, features: FloatArray, events: IntArray, asked: IntArray) -> Course:
    """Teach a head a user's events one by one, and ask it in between."""
    state = head.initial()
    better, worse = features[asked[:, 0]], features[asked[:, 1]]
    foreseen, answers = [], []
    for number in range(EVENTS + 1):
        if number in COUNTS:
            answers.append(_sure(head.prefer(state, better, worse)))
        if number < EVENTS:
            won, lost = features[events[number]]
            foreseen.append(float(np.log(_sure(head.prefer(state, won, lost)))))
            state = head.observe(state, Comparisons.pairs(won[None], lost[None]))
    return Course(np.array(foreseen), np.array(answers))


def _sure(chances: FloatArray) -> FloatArray:
    """Probabilities that rounding has not made 0, which no event could be foreseen with."""
    return np.clip(chances, _LEAST, 1.0)


def combined(courses: Sequence[Course], mix: FixedShare) -> tuple[FloatArray, FloatArray]:
    """The asked pairs' probabilities (len(COUNTS), m) and the weights (len(COUNTS), levels)."""
    weights = mix.initial()
    at = []
    for number in range(EVENTS + 1):
        if number in COUNTS:
            at.append(weights)
        if number < EVENTS:
            weights = mix.observe(weights, [one.events[number] for one in courses])
    shares = np.array(at)
    asked = np.einsum("cl,lcm->cm", shares, np.array([one.asked for one in courses]))
    return asked, shares


def measure(
    people: People,
    rng: np.random.Generator,
    n_folds: int = FOLDS,
    tell: Callable[[], None] = lambda: None,
) -> Told:
    """Hold out a fifth of the users in turn; choose settings on another, learn from the rest.

    Args:
        people: The users.
        rng: Divides them, and starts the centres.
        n_folds: How many of the fifths are held out.
        tell: Called after each fold.
    """
    fold_of = rng.permutation(np.arange(len(people)) % min(FOLDS, len(people)))
    last = int(fold_of.max()) + 1
    right: dict[str, list[FloatArray]] = {name: [] for name in METHODS}
    loss: dict[str, list[FloatArray]] = {name: [] for name in METHODS}
    weights, chosen = [], []
    for fold in range(min(n_folds, last)):
        tested = np.flatnonzero(fold_of == fold)
        tuned = np.flatnonzero(fold_of == (fold + 1) % last)
        taught = np.flatnonzero(~np.isin(fold_of, (fold, (fold + 1) % last)))
        heads = _heads(people, taught if len(taught) else tuned, rng)
        settings = _choose(people, heads, tuned)
        chosen.append(settings)
        for user in tested:
            told, moved = _told(people, heads, settings, int(user))
            weights.append(moved)
            for name, asked in told.items():
                right[name].append(told_right(asked))
                loss[name].append(-np.log(asked).mean(axis=1))
        tell()
    return Told(
        {name: np.array(rows) for name, rows in right.items()},
        {name: np.array(rows) for name, rows in loss.items()},
        np.array(weights),
        tuple(chosen),
    )


def told_right(asked: FloatArray) -> FloatArray:
    """Share of pairs with a probability above one half, along the last axis; one half counts so."""
    shares: FloatArray = ((asked > 0.5) + 0.5 * (asked == 0.5)).mean(axis=-1)
    return shares


def _heads(
    people: People, taught: IntArray, rng: np.random.Generator
) -> dict[tuple[str, float], RewardHead]:
    """A head for each level and setting, learned from some of the people."""
    scales = np.full(people.features.shape[1], _WIDTH)
    users = [_comparisons(people, int(user)) for user in taught]
    pooled = fit_population(users, scales, PopulationSettings(model="uniform"))
    individual = fit_population(users, scales, _SETTINGS)
    heads = {(GLOBAL, 0.0): pooled.prior(), (STARTED, 0.0): individual.prior()}
    nothing_known = np.zeros((len(users), 0))
    for centres in _CENTRES:
        settings = replace(_SETTINGS, model="cluster", clusters=centres)
        groups = clustered(individual, users, settings, traits=nothing_known, rng=rng)
        heads[PERSONA, centres] = groups.prior()
    for width in _WIDTHS:
        heads[USER, width] = HeadPrior.independent(np.full(len(scales), width))
    return {key: RewardHead(prior) for key, prior in heads.items()}


def _comparisons(people: People, user: int) -> Comparisons:
    """Pairs of a user, evenly from all, that count as many as there are things in them."""
    pairs = np.concatenate([people.pool[user], people.asked[user]])
    things = len(np.unique(pairs))
    chosen = pairs[np.linspace(0, len(pairs) - 1, min(len(pairs), MOST_PAIRS)).astype(np.intp)]
    weight = min(1.0, things / len(chosen))
    return Comparisons.pairs(people.features[chosen[:, 0]], people.features[chosen[:, 1]], weight)


def _choose(
    people: People, heads: Mapping[tuple[str, float], RewardHead], users: IntArray
) -> Chosen:
    """The settings of least loss on these users: of each level by itself, then of the weights."""
    courses = {key: [_course(people, head, int(user)) for user in users]
               for key, head in heads.items()}  # fmt: skip

    def lost(asked: Sequence[FloatArray]) -> float:
        return float(np.mean([-np.log(one).mean() for one in asked]))

    def best(level: str, values: Sequence[float]) -> float:
        return min(values, key=lambda value: lost([own.asked for own in courses[level, value]]))

    def mixed(own_level: Sequence[Course]) -> Mix:
        levels = (courses[GLOBAL, 0.0], courses[PERSONA, centres], own_level)
        users_courses = list(zip(*levels, strict=True))
        return min(
            (Mix(own, share) for own, share in product(_OWN, _SHARES)),
            key=lambda mix: lost([combined(own, mix.rule)[0] for own in users_courses]),
        )

    width, centres = best(USER, _WIDTHS), best(PERSONA, _CENTRES)
    return Chosen(width, int(centres), mixed(courses[USER, width]), mixed(courses[STARTED, 0.0]))


def _told(
    people: People, heads: Mapping[tuple[str, float], RewardHead], settings: Chosen, user: int
) -> tuple[dict[str, FloatArray], FloatArray]:
    """The asked pairs' probabilities by method, and the weights of the levels."""
    keys = ((GLOBAL, 0.0), (PERSONA, settings.centres), (USER, settings.width), (STARTED, 0.0))
    everybody, persona, own, started = (_course(people, heads[key], user) for key in keys)
    together, weights = combined([everybody, persona, own], settings.mix.rule)
    both, _ = combined([everybody, persona, started], settings.started.rule)
    told = {
        GLOBAL: everybody.asked,
        PERSONA: persona.asked,
        USER: own.asked,
        COMBINED: together,
        STARTED: started.asked,
        BOTH: both,
    }
    return told, weights


def _course(people: People, head: RewardHead, user: int) -> Course:
    return course(head, people.features, people.events[user], people.asked[user])
