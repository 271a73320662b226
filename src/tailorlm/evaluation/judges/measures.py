"""How far a judge can be trusted: agreement with people and with other judges, and favours.

Intervals resample users, each with all their pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import RESAMPLES, Interval, ratio_interval
from tailorlm.evaluation.judges.base import Verdict
from tailorlm.evaluation.metrics.raters import cohen_kappa
from tailorlm.evaluation.metrics.scored import Unscored


@dataclass(frozen=True, slots=True)
class Draws:
    """How intervals are drawn: anew from the seed for each, so that none depends on another."""

    seed: int = 0
    resamples: int = RESAMPLES

    def mean(self, told: Iterable[tuple[str, float]]) -> Interval:
        """The mean of numbers, each with its user."""
        sums: dict[str, float] = {}
        counts: dict[str, int] = {}
        for user, value in told:
            sums[user] = sums.get(user, 0.0) + value
            counts[user] = counts.get(user, 0) + 1
        rng = np.random.default_rng(self.seed)
        return ratio_interval(
            list(sums.values()), list(counts.values()), rng, resamples=self.resamples
        )


def agreement(
    verdicts: Sequence[Verdict], preferred: Mapping[str, float], draws: Draws
) -> tuple[Interval, int]:
    """How often a judge prefers what the user prefers; chance gives 1/2.

    With h the user's preference of a pair (1 or 0) and v the judge's (1, 0 or 1/2 for a tie) it is
    the mean of ``1 - |h - v|``, so that a tie counts half. Pairs that the user does not decide,
    and those that the judge leaves unscored, are left out.

    Args:
        verdicts: Of the judge.
        preferred: What the user prefers, by pair.
        draws: How the interval is drawn.

    Returns:
        The share, from 0 to 1, and the number of pairs.

    Raises:
        InputError: If there is no verdict, or a preference is not 0, 0.5 or 1.
    """
    _check(verdicts, preferred)
    told = []
    for verdict in verdicts:
        human, said = preferred.get(verdict.pair, 0.5), verdict.preference
        if human != 0.5 and not isinstance(said, Unscored):
            told.append((verdict.user, 1.0 - abs(human - said)))
    return draws.mean(told), len(told)


def part_agreement(
    verdicts: Sequence[Verdict], preferred: Mapping[str, float], part: str, draws: Draws
) -> tuple[Interval, int]:
    """`agreement` of one criterion of a judge that has criteria."""
    _check(verdicts, preferred)
    told = [
        (verdict.user, 1.0 - abs(preferred[verdict.pair] - verdict.parts[part]))
        for verdict in verdicts
        if preferred.get(verdict.pair, 0.5) != 0.5 and part in verdict.parts
    ]
    return draws.mean(told), len(told)


def position_bias(verdicts: Sequence[Verdict], draws: Draws) -> Interval:
    """How much a judge favours the answer that is shown first.

    The mean over both orders of what it prefers, less 1/2: 0 for none, 1/2 where the first always
    wins, -1/2 where the second does. Which answer is better cancels, as each is first once, so
    only pairs of which both orders are scored count.
    """
    told = []
    for verdict in verdicts:
        given, swapped = verdict.given.prefers, verdict.swapped.prefers
        if not isinstance(given, Unscored) and not isinstance(swapped, Unscored):
            told.append((verdict.user, (given + swapped) / 2.0 - 0.5))
    return draws.mean(told)


def consistency(verdicts: Sequence[Verdict], draws: Draws) -> Interval:
    """Share of the scored pairs of which a judge says the same in both orders."""
    said = [(verdict.user, verdict.is_consistent) for verdict in verdicts]
    return draws.mean((user, float(one)) for user, one in said if not isinstance(one, Unscored))


def ties(verdicts: Sequence[Verdict], draws: Draws) -> Interval:
    """Share of the scored pairs that a judge calls a tie, or prefers by their order."""
    said = [(verdict.user, verdict.preference) for verdict in verdicts]
    return draws.mean((u, float(one == 0.5)) for u, one in said if not isinstance(one, Unscored))


def unscored(verdicts: Sequence[Verdict], draws: Draws) -> Interval:
    """Share of the pairs that have no preference, as one of the orders could not be read."""
    return draws.mean(
        (verdict.user, float(isinstance(verdict.preference, Unscored))) for verdict in verdicts
    )


@dataclass(frozen=True, slots=True)
class Between:
    """How far two judges agree.

    Attributes:
        alike: Share of pairs of which both say the same of win, tie and loss.
        kappa: Cohen's kappa of it, for agreement beyond chance. Each pair counts once in either
            order of its answers, so that it does not matter which is called the first.
        pairs: Pairs that both have scored.
    """

    alike: Interval
    kappa: float | Unscored
    pairs: int


def between(ones: Sequence[Verdict], others: Sequence[Verdict], draws: Draws) -> Between:
    """How far two judges agree on the pairs that both have scored."""
    by_pair = {verdict.pair: verdict.preference for verdict in others}
    both = []
    for verdict in ones:
        mine, other = verdict.preference, by_pair.get(verdict.pair, Unscored("not judged"))
        if not isinstance(mine, Unscored) and not isinstance(other, Unscored):
            both.append((verdict.user, mine, other))
    alike = draws.mean((user, float(mine == other)) for user, mine, other in both)
    if not both:
        return Between(alike, Unscored("no pair was scored by both"), 0)
    ours = [said for _, mine, _ in both for said in (mine, 1.0 - mine)]
    theirs = [said for _, _, other in both for said in (other, 1.0 - other)]
    kappa = cohen_kappa(ours, theirs)
    return Between(alike, kappa, len(both))


def _check(verdicts: Sequence[Verdict], preferred: Mapping[str, float]) -> None:
    if not verdicts:
        raise InputError("There is no verdict to hold against people's.")
    wrong = [value for value in preferred.values() if value not in (0.0, 0.5, 1.0)]
    if wrong:
        raise InputError(f"A preference is 0, 0.5 or 1, but got {wrong[0]}.")
