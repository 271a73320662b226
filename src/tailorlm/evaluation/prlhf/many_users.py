"""Many real users: does a reward head of one's own tell more than one for all?

Section 5.3 of P-RLHF, with the linear reward head of its appendix F.2.

Three questions, each with pairs held out differently:

- unseen pairs: a fifth of each user's pairs is held out; their texts stand in other pairs;
- unseen texts: a fifth of the texts is held out from everybody, and with them all their pairs;
- new users: a fifth of the users and a fifth of the texts are held out from the population; a new
  user gives some comparisons of other texts, and is asked about the held-out ones.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from tailorlm.choice.comparisons import Comparisons
from tailorlm.choice.reward_head import RewardHead
from tailorlm.choice.reward_population import (
    Population,
    PopulationSettings,
    clustered,
    fit_population,
    posteriors,
)
from tailorlm.evaluation.prlhf.heads import FloatArray, Tally, folds, told_right
from tailorlm.evaluation.prlhf.rated_worlds import BoolArray, IntArray, RatedWorld

PAIRS, TEXTS = "unseen pairs", "unseen texts"
COUNTS = (0, 2, 5, 10, 20)
"""Comparisons that are given of a new user."""
MOST_PAIRS = 300
"""Pairs of a user that are learned from, at most."""
WEIGHT_SCALE = 0.3
"""Assumed standard deviation of a weight, for features of spread 1."""
SETTINGS = PopulationSettings(rounds=2, spread=0.2, assumed_users=50.0)
"""Of the individual model: users differ little, and the data has to say where they do.

Chosen after several dozen settings had been tried on POPQUORN itself (spreads, components, rounds,
weights of pairs, both encoders): on unseen texts nearly all of them were within 0.002 of pooled.
"""
CLUSTERS = (10, 100)
UNIFORM, INDIVIDUAL = "pooled", "individual"
MODELS = (UNIFORM, INDIVIDUAL, *(f"cluster, K = {k}" for k in CLUSTERS))
WITH_TEXT = ", with text"
_FOLDS = 5


@dataclass(frozen=True, slots=True)
class Measured:
    """What was found on one set of data.

    Attributes:
        seen: By split and model, of users that were seen.
        new: By model and number of comparisons, of new users.
        draws: How often comparisons of a new user were drawn.
    """

    seen: dict[tuple[str, str], Tally]
    new: dict[tuple[str, int], Tally]
    draws: int


def models_of(world: RatedWorld) -> tuple[str, ...]:
    """The models and, where anything is known of users, the same with explicit text."""
    with_text = tuple(name + WITH_TEXT for name in MODELS) if world.traits.shape[1] else ()
    return (*MODELS, *with_text)


def measure(
    world: RatedWorld,
    *,
    seed: int,
    n_folds: int = _FOLDS,
    draws: int = 5,
    tell: Callable[[], None] = lambda: None,
) -> Measured:
    """Measure all models on held-out pairs, texts and users.

    Args:
        world: The users and their pairs.
        seed: Of folds and draws.
        n_folds: How many of the five fifths are held out in turn.
        draws: How often comparisons of a new user are drawn.
        tell: Called after each fold of each question, ``3 * n_folds`` times.
    """
    rng = np.random.default_rng(seed)
    units = folds(int(world.units.max()) + 1, _FOLDS, rng)
    pairs = [folds(len(own), _FOLDS, rng) for own in world.pairs]
    users = folds(len(world.users), min(_FOLDS, len(world.users)), rng)
    seen: dict[tuple[str, str], Tally] = {}
    new: dict[tuple[str, int], Tally] = {}
    for fold in range(n_folds):
        _seen(world, PAIRS, [own != fold for own in pairs], [own == fold for own in pairs], seen)
        tell()
        inside, outside = _by_texts(world, units == fold)
        _seen(world, TEXTS, outside, inside, seen)
        tell()
        held = users == fold % (int(users.max()) + 1)
        _new(world, held, outside, inside, draws, rng, new)
        tell()
    return Measured(seen, new, draws)


def _by_texts(world: RatedWorld, held: BoolArray) -> tuple[list[BoolArray], list[BoolArray]]:
    """Each user's pairs with both texts held out, and with neither."""
    everyone = range(len(world.users))
    return (
        [world.both_in(user, held) for user in everyone],
        [world.both_in(user, ~held) for user in everyone],
    )


def _populations(
    world: RatedWorld, users: list[Comparisons], among: BoolArray
) -> dict[str, tuple[Population, FloatArray]]:
    """Every model learned from some of the users, each with the traits that it knows of all."""
    scales = np.full(world.features.shape[1], WEIGHT_SCALE)
    chosen = [own for own, kept in zip(users, among, strict=True) if kept]
    found = {}
    for name in models_of(world):
        if not name.startswith(UNIFORM):
            continue
        ending = name.removeprefix(UNIFORM)
        traits = world.traits if ending else np.zeros((len(world.users), 0))
        individual = fit_population(chosen, scales, SETTINGS, traits=traits[among])
        none = np.zeros((len(scales), 0))
        pooled = Population(individual.mean, none, individual.traits)
        if not ending:
            pooled = fit_population(chosen, scales, PopulationSettings(model="uniform"))
        found[name] = (pooled, traits)
        found[INDIVIDUAL + ending] = (individual, traits)
        for k in CLUSTERS:
            settings = replace(SETTINGS, model="cluster", clusters=k)
            mixed = clustered(individual, chosen, settings, traits=traits[among])
            found[f"cluster, K = {k}{ending}"] = (mixed, traits)
    return found


def _seen(
    world: RatedWorld,
    split: str,
    train: list[BoolArray],
    test: list[BoolArray],
    into: dict[tuple[str, str], Tally],
) -> None:
    """Learn of all users, and ask them about what was held out."""
    everyone = range(len(world.users))
    given = [world.comparisons(user, train[user], most=MOST_PAIRS) for user in everyone]
    asked = [world.comparisons(user, test[user]) for user in everyone]
    among = np.ones(len(world.users), dtype=np.bool_)
    for name, (population, traits) in _populations(world, given, among).items():
        weights = [head.weights(s) for head, s in posteriors(population, given, traits)]
        before = into.get((split, name), Tally.none(len(world.users)))
        into[split, name] = before.plus(told_right(weights, asked))


def _new(
    world: RatedWorld,
    held: BoolArray,
    train: list[BoolArray],
    test: list[BoolArray],
    draws: int,
    rng: np.random.Generator,
    into: dict[tuple[str, int], Tally],
) -> None:
    """Learn of the other users, then of each new one from a few comparisons."""
    everyone = range(len(world.users))
    given = [world.comparisons(user, train[user], most=MOST_PAIRS) for user in everyone]
    newcomers = [user for user in everyone if held[user] and train[user].any()]
    asked = {user: world.comparisons(user, test[user]) for user in newcomers}
    orders = {
        user: [rng.permutation(np.flatnonzero(train[user]))[: COUNTS[-1]] for _ in range(draws)]
        for user in newcomers
    }
    for name, (population, traits) in _populations(world, given, ~held).items():
        for user in newcomers:
            head = RewardHead(population.prior(traits[user]))
            for count in COUNTS:
                told = _told(world, head, user, [o[:count] for o in orders[user]], asked[user])
                before = into.get((name, count), Tally.none(len(world.users)))
                into[name, count] = before.plus(told)


def _told(
    world: RatedWorld, head: RewardHead, user: int, drawn: list[IntArray], asked: Comparisons
) -> Tally:
    """How a new user's pairs are told after some comparisons, in the mean over the draws."""
    told = Tally.none(len(world.users))
    draws = drawn[:1] if not len(drawn[0]) else drawn
    for chosen in draws:
        some = world.comparisons(user, chosen, weighted=False)
        found = told_right([head.weights(head.observe(head.initial(), some))], [asked])
        told.right[user] += found.right[0] / len(draws)
        told.pairs[user] += found.pairs[0] / len(draws)
    return told
