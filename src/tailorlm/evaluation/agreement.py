"""How far two annotators agree on the order of the same candidates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from tailorlm.datasets.ranking_tager import RankedTurn
from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import RESAMPLES, Interval, ratio_interval
from tailorlm.evaluation.metrics.correlation import kendall_tau_b
from tailorlm.evaluation.metrics.scored import Unscored


@dataclass(frozen=True, slots=True)
class Agreement:
    """Agreement of two annotators over the turns that both ranked.

    Attributes:
        tau: Mean Kendall tau over turns (`kendall_tau_b`), from -1 to 1, clustered by user.
        pairs_alike: Share of pairs of candidates that both put in the same order, clustered by
            user.
        turns: Turns that both ranked.
        pairs: Pairs of candidates in them.
    """

    tau: Interval
    pairs_alike: Interval
    turns: int
    pairs: int


def pairs_alike(one: Sequence[int], other: Sequence[int]) -> tuple[int, int]:
    """Pairs that two rankings put in the same order, and all pairs.

    Args:
        one: Candidate positions, best first.
        other: The same positions, in another annotator's order.

    Raises:
        InputError: If the two do not rank the same candidates, each once, two at least.
    """
    if len(one) < 2 or len(set(one)) < len(one) or sorted(one) != sorted(other):
        raise InputError(
            f"Two rankings of the same candidates are needed, but got {list(one)} and "
            f"{list(other)}."
        )
    place = {position: rank for rank, position in enumerate(other)}
    pairs = list(combinations(one, 2))
    return sum(place[better] < place[worse] for better, worse in pairs), len(pairs)


def second_annotator_agreement(
    turns: Iterable[RankedTurn], rng: np.random.Generator, *, resamples: int = RESAMPLES
) -> Agreement:
    """How far the second annotator of a file agrees with the first.

    Args:
        turns: Recorded turns; those without a second ranking are passed over.
        rng: Source of the resamples.
        resamples: Rounds of the bootstrap over users.
    """
    tau: dict[str, list[float]] = defaultdict(list)
    counted: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for turn in turns:
        if turn.second_ranking is not None:
            counted[turn.user].append(pairs_alike(turn.ranking, turn.second_ranking))
            places = np.argsort(turn.ranking), np.argsort(turn.second_ranking)
            found = kendall_tau_b(*places)
            if not isinstance(found, Unscored):
                tau[turn.user].append(found)
    alike = [sum(pair[0] for pair in pairs) for pairs in counted.values()]
    pairs = [sum(pair[1] for pair in pairs) for pairs in counted.values()]
    return Agreement(
        tau=ratio_interval(
            [sum(values) for values in tau.values()],
            [len(values) for values in tau.values()],
            rng,
            resamples=resamples,
        ),
        pairs_alike=ratio_interval(alike, pairs, rng, resamples=resamples),
        turns=sum(len(values) for values in tau.values()),
        pairs=sum(pairs),
    )
