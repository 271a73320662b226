"""What a sparse state says: beliefs about tags, predictions, draws and the tables behind them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product

import numpy as np
from numpy.typing import ArrayLike

from tailorlm.choice.candidates import check_relevance, check_set
from tailorlm.choice.counts import CountProspect, table_points
from tailorlm.choice.design import SEARCH, DrawnProspect, Draws, Prospect
from tailorlm.choice.lattice import (
    FloatArray,
    IndexArray,
    count_distribution,
    likelihood,
    plain_likelihood,
)
from tailorlm.choice.sparse_settings import SparseSettings
from tailorlm.choice.sparse_state import FixedArray, Record, SparseState, from_fixed, to_fixed
from tailorlm.errors import InputError

_DRAWS = 128
_LOST = 0.5
"""Liked tags, in expectation, that went missing before they are sought among all others."""
_OPEN = 0.9
"""Share of its prior probability that a tag keeps while nothing speaks against it."""


@dataclass(frozen=True, eq=False)
class SparseBeliefs:
    """Settings and tag kernel, no user in them; reads states.

    Attributes:
        settings: The assumptions.
        kernel: Shape (n, n): similarity of tags, 1 on the diagonal; None where unknown.
    """

    settings: SparseSettings = field(default_factory=SparseSettings)
    kernel: FloatArray | None = None

    @cached_property
    def grid(self) -> FloatArray:
        """Shape (2, g): worth and hazard of each hypothesis, the modes of a worth side by side."""
        return np.array(list(product(self.settings.worths, self.settings.hazards))).T

    @cached_property
    def links(self) -> FloatArray | None:
        """Shape (n, n): what tags lend each other, from 0 (as similar as the mean pair) to 1."""
        if self.kernel is None:
            return None
        kernel = np.asarray(self.kernel, dtype=np.float64)
        n = len(kernel)
        mean = (kernel.sum() - np.trace(kernel)) / max(n * (n - 1), 1)
        links: FloatArray = np.clip((kernel - mean) / max(1.0 - mean, 1e-9), 0.0, 1.0)
        np.fill_diagonal(links, 0.0)
        return links

    def tables(self, record: Record) -> FloatArray:
        """Likelihood at each lattice point, shape (points, g, r); r is 1 without relevance."""
        shape = tuple(2 * len(tags) + 1 for tags in record.sets)
        if record.relevance is None:
            return self._plain_table(shape, record.sizes)[..., None]
        weights = np.array(self.settings.relevance_weights)
        offsets = from_fixed(record.relevance)[:, None, None] * weights
        return likelihood(shape, record.sizes, self.grid[0], offsets, self.settings.slip)

    def mean_tables(self, state: SparseState, records: Sequence[Record]) -> FloatArray:
        """Likelihood of alike records at the expected weight of relevance.

        Args:
            state: Whose weight of relevance counts.
            records: Equally many candidates, tags and groups; all with or all without relevance.

        Returns:
            Shape (points, records * g).
        """
        shape = tuple(2 * len(tags) + 1 for tags in records[0].sets)
        sizes, count = records[0].sizes, len(records)
        known = [record.relevance for record in records if record.relevance is not None]
        if not known:
            return np.tile(self._plain_table(shape, sizes), (1, count))
        nodes = softmax(from_fixed(state.relevance))
        weights = nodes @ np.array(self.settings.relevance_weights)
        offsets = from_fixed(np.stack(known, axis=1))[:, :, None] * weights
        worths = np.tile(self.grid[0], count)
        columns_of = offsets.reshape(len(shape), -1, 1)
        return likelihood(shape, sizes, worths, columns_of, self.settings.slip)[..., 0]

    def _plain_table(self, shape: tuple[int, ...], sizes: tuple[int, ...]) -> FloatArray:
        """Likelihood without relevance, shape (points, g)."""
        return plain_likelihood(shape, sizes, tuple(self.grid[0].tolist()), self.settings.slip)

    def loan(self, state: SparseState, tags: IndexArray | slice) -> FloatArray:
        """Shape (g, 2, u): log-odds that similar tags lend at coupling 1."""
        own = signs_of(from_fixed(state.odds))[:, ::2]
        prior = signs_of(self.prior_odds(state.n_tags)[None, :, None])[:, ::2]
        links = self.links
        if links is None:
            return np.zeros_like(own[:, :, tags])
        loan: FloatArray = (own - prior) @ links[:, tags]
        return loan

    def coupling(self, state: SparseState) -> float:
        """Expected coupling."""
        return float(softmax(from_fixed(state.coupling)) @ np.array(self.settings.couplings))

    def prior_odds(self, n_tags: int) -> FloatArray:
        """Shape (2,): log-odds of disliked and liked against neutral."""
        liked = min(self.settings.expected_liked / n_tags, 0.4)
        disliked = min(self.settings.expected_disliked / n_tags, 0.1)
        odds: FloatArray = np.log(np.array([disliked, liked]) / (1.0 - liked - disliked))
        return odds

    def prior(self, n_tags: int, hypotheses: int, count: int) -> FixedArray:
        """Shape (g, 2, count): prior odds in a library of `n_tags`."""
        return np.tile(to_fixed(self.prior_odds(n_tags))[:, None], (hypotheses, 1, count))

    def odds(self, state: SparseState) -> FloatArray:
        """Shape (g, 2, n): log-odds of disliked and liked, with what similar tags lend."""
        own = from_fixed(state.odds)
        return (
            own
            if self.links is None
            else own + self.loan(state, slice(None)) * self.coupling(state)
        )

    def signs(self, state: SparseState) -> FloatArray:
        """Shape (g, 3, n): probabilities of disliked, neutral, liked under each hypothesis.

        Read-only, because a state is read once, whatever is asked of it.
        """
        known = state.read.get(self)
        if known is None:
            known = signs_of(self.odds(state))
            known.flags.writeable = False
            state.read[self] = known
        return known

    def evidence(self, state: SparseState) -> FloatArray:
        """Shape (g,): posterior probability of each hypothesis."""
        return softmax(from_fixed(state.weights))

    def probability(self, state: SparseState) -> FloatArray:
        """Shape (n,): probability that each tag raises this user's utility."""
        liked: FloatArray = self.evidence(state) @ self.signs(state)[:, 2]
        return liked

    def mean(self, state: SparseState) -> FloatArray:
        """Shape (n,): expected worth of each tag in Gumbel units."""
        signs = self.signs(state)
        weights = self.evidence(state) * self.grid[0]
        mean: FloatArray = weights @ (signs[:, 2] - signs[:, 0])
        return mean

    def sd(self, state: SparseState) -> FloatArray:
        """Shape (n,): standard deviation of each tag's worth in Gumbel units."""
        signs = self.signs(state)
        square = (self.evidence(state) * self.grid[0] ** 2) @ (signs[:, 2] + signs[:, 0])
        variance: FloatArray = square - self.mean(state) ** 2
        return np.sqrt(np.maximum(variance, 0.0))

    def interval(self, state: SparseState) -> tuple[FloatArray, FloatArray]:
        """Bounds of each tag's worth, shape (n,) each, at least 90% probable."""
        signs, evidence = self.signs(state), self.evidence(state)
        order = np.argsort(self.grid[0], kind="stable")
        mass = (
            evidence[order, None] * signs[order][:, 2],
            evidence[order, None] * signs[order][:, 0],
        )
        neutral = 1.0 - mass[0].sum(axis=0) - mass[1].sum(axis=0)
        worths = self.grid[0][order]
        values = np.concatenate([-worths[::-1], [0.0], worths])
        below = np.concatenate([mass[1][::-1], neutral[None], mass[0]]).cumsum(axis=0)
        last = len(values) - 1
        low = np.minimum((below < 0.05).sum(axis=0), last)
        high = np.minimum((below < 0.95).sum(axis=0), last)
        return values[low], values[high]

    def relevance_weight(self, state: SparseState) -> float:
        """Expected weight of relevance in Gumbel units."""
        weights = np.array(self.settings.relevance_weights)
        return float(self.evidence(state) @ softmax(from_fixed(state.relevance)) @ weights)

    def search(self, state: SparseState, places: int) -> float:
        """Share of turns in which liked tags are to be sought without the sure ones.

        All, when fewer tags are known to be liked than used to be; `SEARCH` of them, when the tags
        that nothing yet speaks against fill all places of a turn; else none.
        """
        evidence = self.evidence(state)
        liked: FloatArray = evidence @ self.signs(state)[:, 2]
        found = liked > 0.5
        lost = float(evidence @ from_fixed(state.usual)) - liked[found].sum()
        if lost > _LOST:
            return 1.0
        prior = float(signs_of(self.prior_odds(state.n_tags)[None, :, None])[0, 2, 0])
        open_tags = np.count_nonzero(liked[~found] >= _OPEN * prior)
        return SEARCH if open_tags >= places else 0.0

    def draw(self, state: SparseState, size: int, rng: np.random.Generator) -> Draws:
        """Users drawn from the posterior."""
        chosen = rng.choice(len(state.weights), size=size, p=self.evidence(state))
        signs = self.signs(state)[chosen]
        uniform = rng.random((size, state.n_tags))
        liked = (uniform < signs[:, 2]).astype(np.float64)
        sign = liked - (uniform > 1.0 - signs[:, 0])
        edges = softmax(from_fixed(state.relevance)).cumsum(axis=1)[chosen]
        node = (rng.random((size, 1)) > edges[:, :-1]).sum(axis=1)
        return Draws(
            sign * self.grid[0][chosen][:, None],
            np.array(self.settings.relevance_weights)[node],
        )

    def prospect(
        self, state: SparseState, tags: IndexArray, n_sets: int, size: int, rng: np.random.Generator
    ) -> Prospect:
        """What showing sets of these tags would teach; see `tailorlm.choice.design`."""
        if table_points(n_sets, size) > self.settings.design_limit:
            return DrawnProspect(self.draw(state, _DRAWS, rng).weights[:, tags], n_sets)
        prior = self.prior_odds(state.n_tags)[None, :, None]
        odds = prior + self.settings.candour * (self.odds(state)[:, :, tags] - prior)
        liked = signs_of(odds)[:, 2].T
        worths = tuple(self.grid[0].tolist())
        return CountProspect(liked, self.evidence(state), worths, n_sets, size)

    def prefer(
        self,
        state: SparseState,
        first: ArrayLike,
        second: ArrayLike,
        relevance: ArrayLike | None = None,
    ) -> float:
        """Posterior predictive probability that the user prefers `first` to `second`.

        Args:
            state: What is known.
            first: Tag indices of one candidate.
            second: Tag indices of the other.
            relevance: Shape (2,): their relevance to the query; None for unknown.

        Returns:
            A probability; tags that both carry cancel out.

        Raises:
            InputError: If a tag or the relevance does not fit.
        """
        self.check_kernel(state)
        one, two = check_set(first, state.n_tags), check_set(second, state.n_tags)
        features = check_relevance(relevance, 2)
        record = Record(
            (np.setdiff1d(one, two), np.setdiff1d(two, one)),
            (1, 1),
            None if features is None else to_fixed(features),
            *no_sites(state),
        )
        counts = count_distribution(record.sets, columns(self.signs(state)[:, :, record.tags]))
        tables = self.tables(record)
        nodes = softmax(from_fixed(state.relevance))
        if features is None:
            nodes = np.ones((len(nodes), 1))
        return float(np.einsum("nc,ncr,cr,c->", counts, tables, nodes, self.evidence(state)))

    def check_kernel(self, state: SparseState) -> None:
        """Refuses a kernel of another size than the state.

        Raises:
            InputError: If the sizes differ.
        """
        if self.kernel is not None and len(self.kernel) != state.n_tags:
            raise InputError(
                f"The kernel covers {len(self.kernel)} tags, the state {state.n_tags}. "
                "Pass the kernel of the library in use; call grow when tags joined."
            )


def no_sites(state: SparseState) -> tuple[FixedArray, FixedArray]:
    """Sites and fade of a record that has contributed nothing yet."""
    hypotheses = len(state.weights)
    return np.zeros((hypotheses, 2, 0), dtype=np.int16), to_fixed(np.ones(hypotheses))


def columns(signs: FloatArray) -> FloatArray:
    """Shape (u, 3, c) from (c, 3, u)."""
    return signs.transpose(2, 1, 0)


def signs_of(odds: FloatArray) -> FloatArray:
    """Shape (g, 3, n) from log-odds of shape (g, 2, n)."""
    signs = np.ones((odds.shape[0], 3, odds.shape[2]))
    np.exp(odds, out=signs[:, ::2])
    signs /= signs.sum(axis=1, keepdims=True)
    return signs


def softmax(logarithms: FloatArray) -> FloatArray:
    """Probabilities along the last axis."""
    exponentials = np.exp(logarithms - logarithms.max(axis=-1, keepdims=True))
    shares: FloatArray = exponentials / exponentials.sum(axis=-1, keepdims=True)
    return shares
