"""The exact limit: what the rankings say about a user whose every parameter but the tags is told.

The posterior over all sets of k tags (and one style of each pair) is enumerated. Nobody who sees
the same rankings can know more. `exact_design` decides which candidates are ranked, and
`exact_tags` makes a method of both.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from math import comb

import numpy as np
import numpy.typing as npt
from scipy.special import logsumexp

from tailorlm.choice import plackett_luce
from tailorlm.errors import InputError

FloatArray = npt.NDArray[np.float64]
Groups = Sequence[Sequence[int]]
Sets = Sequence[npt.NDArray[np.intp]]

_MOST_SETS = 2_000_000


@dataclass(frozen=True)
class SetPosterior:
    """A distribution over what a user likes: k of n tags and one style of each pair.

    Attributes:
        n: Number of tags; styles follow them, first, second, first, ...
        members: Shape (k, sets): the tags of each possible set.
        log: Shape (sets, 2 ** pairs): log probability up to a constant; bit p of a column's
            number says that the second style of pair p is liked.
        rankings: Rankings learned from.
    """

    n: int
    members: npt.NDArray[np.int16]
    log: FloatArray
    rankings: int = 0

    @classmethod
    def even(cls, n: int, k: int, pairs: int = 0) -> SetPosterior:
        """Every set as likely as any other.

        Raises:
            InputError: If there are no such sets, or too many to go through.
        """
        if not 1 <= k <= n or comb(n, k) * 2**pairs > _MOST_SETS:
            raise InputError(f"The sets of {k} of {n} tags and {pairs} pairs cannot be enumerated.")
        members = np.array(list(combinations(range(n), k)), dtype=np.int16)
        return cls(n, np.ascontiguousarray(members.T), np.zeros((len(members), 2**pairs)))

    @property
    def k(self) -> int:
        """Tags that the user likes."""
        return len(self.members)

    @property
    def pairs(self) -> int:
        """Pairs of styles."""
        return int(self.log.shape[1]).bit_length() - 1

    def learn(
        self,
        sets: Sets,
        groups: Groups,
        *,
        noise: float,
        worth: float = 1.0,
        offsets: Sequence[float] | FloatArray | None = None,
    ) -> SetPosterior:
        """Bayes' rule, by a table over the candidates' counts of matching tags.

        Args:
            sets: Positions of each candidate's tags and styles.
            groups: The ranking, best group first.
            noise: Gumbel scale of the ranking, above 0.
            worth: Of one match.
            offsets: What each candidate is worth besides its matches; None for nothing.
        """
        base = self.k + self.pairs + 1
        code = np.zeros(self.n + 2 * self.pairs, dtype=np.int64)
        for place, tags in enumerate(sets):
            code[tags] += base**place
        codes = np.arange(base ** len(sets))
        counts = np.stack([codes // base**place % base for place in range(len(sets))], axis=1)
        extra = np.zeros(len(sets)) if offsets is None else np.asarray(offsets, dtype=np.float64)
        utilities = (worth * counts + extra) / noise
        table = plackett_luce.log_likelihood(utilities, [list(group) for group in groups])
        of_tags = code[self.members].sum(axis=0)
        of_styles = code[self._styles].sum(axis=0)
        log = self.log + table[of_tags[:, None] + of_styles[None, :]]
        return replace(self, log=log - log.max(), rankings=self.rankings + 1)

    def marginals(self) -> FloatArray:
        """Shape (n + 2 * pairs,): probability that each tag, then each style, is liked."""
        chance = self._chance()
        of_sets = chance.sum(axis=1)
        rows = [np.bincount(own, weights=of_sets, minlength=self.n) for own in self.members]
        second = [
            float(chance[:, (np.arange(chance.shape[1]) >> pair) & 1 == 1].sum())
            for pair in range(self.pairs)
        ]
        styles = [value for share in second for value in (1.0 - share, share)]
        return np.concatenate([np.sum(rows, axis=0), styles])

    def draw(self, size: int, rng: np.random.Generator) -> npt.NDArray[np.bool_]:
        """Users drawn from the distribution.

        Returns:
            Shape (size, n + 2 * pairs): whether each likes each tag and style.
        """
        total = self._chance().ravel().cumsum()
        places = np.searchsorted(total, rng.random(size) * total[-1], side="right")
        sets, columns = np.divmod(places, self.log.shape[1])
        liked = np.zeros((size, self.n + 2 * self.pairs), dtype=np.bool_)
        liked[np.arange(size)[:, None], self.members.T[sets]] = True
        if self.pairs:
            liked[np.arange(size)[:, None], self._styles.T[columns]] = True
        return liked

    def changed(self, tags: bool = True, styles: int = 0) -> SetPosterior:
        """What is known after all liked tags but one, and some styles, have changed.

        The tag that stays, the new tags and the styles that flip are each drawn uniformly, and the
        new tags were not liked before.

        Args:
            tags: Whether tags change.
            styles: How many styles flip.

        Raises:
            InputError: If tags change and k is not 3, the only case worked out.
        """
        chance = self._chance()
        if tags:
            chance = np.stack([self._one_kept(column) for column in chance.T], axis=1)
        if styles:
            masks = [sum(1 << p for p in own) for own in combinations(range(self.pairs), styles)]
            columns = np.arange(chance.shape[1])
            chance = np.mean([chance[:, columns ^ mask] for mask in masks], axis=0)
        return replace(self, log=np.log(chance.clip(1e-300)))

    def maybe_changed(self, hazard: float) -> SetPosterior:
        """What is known when, with this probability, all liked tags but one have just changed."""
        stayed, moved = self._chance(), self.changed()._chance()
        chance = (1.0 - hazard) * stayed + hazard * moved
        return replace(self, log=np.log(chance.clip(1e-300)))

    def grown(self, n: int) -> SetPosterior:
        """What is known after tags have joined, exactly one of which the user likes too."""
        new = np.arange(self.n, n, dtype=np.int16)
        members = np.concatenate(
            [np.repeat(self.members, len(new), axis=1), np.tile(new, self.members.shape[1])[None]]
        )
        return replace(self, n=n, members=members, log=np.repeat(self.log, len(new), axis=0))

    def _chance(self) -> FloatArray:
        """Shape (sets, 2 ** pairs), adding up to 1."""
        return np.asarray(np.exp(self.log - logsumexp(self.log)), dtype=np.float64)

    def _one_kept(self, chance: FloatArray) -> FloatArray:
        """Shape (sets,): probability of each set of 3 when one tag of the old set stayed."""
        if self.k != 3:
            raise InputError(f"A change is worked out for sets of 3 tags, not of {self.k}.")
        n = self.n
        single = np.zeros(n)
        double = np.zeros((n, n))
        for own in self.members:
            single += np.bincount(own, weights=chance, minlength=n)
        for one, other in ((0, 1), (0, 2), (1, 2)):
            np.add.at(double, (self.members[one], self.members[other]), chance)
        double += double.T
        a, b, c = self.members
        # Old sets that hold one tag of the new set and neither of the two others.
        kept = sum(
            single[x] - double[x, y] - double[x, z] + chance
            for x, y, z in ((a, b, c), (b, a, c), (c, a, b))
        )
        return np.asarray(kept, dtype=np.float64) / (3 * comb(n - 3, 2))

    @property
    def _styles(self) -> npt.NDArray[np.intp]:
        """Shape (pairs, 2 ** pairs): the position of each pair's liked style, by column."""
        columns = np.arange(self.log.shape[1])
        rows = [self.n + 2 * pair + ((columns >> pair) & 1) for pair in range(self.pairs)]
        return np.array(rows, dtype=np.intp).reshape(self.pairs, len(columns))


def uncertainty(chance: FloatArray) -> FloatArray:
    """Entropy of each marginal probability, in nats; shape as given."""
    sure = chance.clip(1e-12, 1.0 - 1e-12)
    return np.asarray(-sure * np.log(sure) - (1.0 - sure) * np.log1p(-sure), dtype=np.float64)


def most_uncertain(
    chance: FloatArray, n_sets: int, size: int, rng: np.random.Generator
) -> list[npt.NDArray[np.intp]]:
    """Disjoint sets of the tags of highest marginal entropy, ties at random.

    Args:
        chance: Shape (n,): probability of each tag.
        n_sets: How many sets.
        size: Tags in each.
        rng: Source of randomness.
    """
    tags = np.argsort(-uncertainty(chance) - 1e-9 * rng.random(len(chance)))
    return [tags[i : n_sets * size : n_sets] for i in range(n_sets)]
