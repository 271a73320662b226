"""A posterior for users to whom few tags matter: each tag is liked, neutral or disliked.

Model. In Gumbel units a candidate's utility is ``worth * (liked - disliked tags) + weight *
relevance``, and rankings follow Plackett-Luce (see `tailorlm.choice.plackett_luce`). Only
worth / noise is identifiable, so the noise has no parameter of its own. A small share of rankings
is taken to be random slips.

Nothing is told to the learner. Hypotheses about the worth run side by side; each carries its
evidence, and answers are averages weighted by it (Hoeting et al. 1999, Bayesian model averaging).
Each comes in two modes: the user's taste is steady, or it has begun to change. At the moment a
change begins most signs are drawn anew, and as many tags as are lost are expected among the others;
from then on signs may still change now and then. The modes are mixed after every event in the
manner of the interacting multiple model filter (Blom and Bar-Shalom 1988), so that little is
forgotten while the rankings come as foreseen, and much when they do not. Rankings from before a
change count for what was known when it began and are not matched again.
The weight of relevance, and the coupling (how far evidence for one tag informs similar tags), have
discrete posteriors of their own.

Inference is expectation propagation (Minka 2001): the posterior given one ranking is exact for the
tags shown (`tailorlm.choice.lattice`) and is projected on independent tags. A new ranking is
matched when it arrives; the recent ones are then matched again in turn, in the light of what came
after them, which repairs the dependence on the order. Older ones stay as they last were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from tailorlm.choice import plackett_luce
from tailorlm.choice.candidates import check_relevance, check_set, sub_rankings, without_common
from tailorlm.choice.lattice import FloatArray, Match, count_distribution, match
from tailorlm.choice.sparse_beliefs import SparseBeliefs, columns, no_sites, signs_of, softmax
from tailorlm.choice.sparse_state import (
    FixedArray,
    Record,
    SparseState,
    faded,
    from_fixed,
    to_fixed,
)
from tailorlm.errors import InputError

_LOWEST_WEIGHT = -12.0
"""No hypothesis falls further behind, in nats, so that it can come back when the user changes.

At -7 a changed taste was often taken for a noisier user for a while, and learned more slowly.
"""
_LEAST_SHARE = 1e-3
_SITE_LIMIT = 6.0
_MOST_SHARED = 1
"""Kinds of rankings of sets that share tags that are matched again at once; each takes its own
time, for only rankings that share tags alike can be matched together."""
_BEGINS = np.array([[0.0, 0.0], [1.0, 0.0]])
"""From which mode to which a change begins: rows are where to, steady first."""
_RISE = 0.2
_FALL = 0.02


@dataclass(frozen=True, eq=False)
class Sparse(SparseBeliefs):
    """The learner; what it has learned is read by the methods of `SparseBeliefs`."""

    def initial(self, n_tags: int) -> SparseState:
        """The state before any feedback.

        Raises:
            InputError: If there is no tag, or if the kernel has another size.
        """
        if n_tags < 1:
            raise InputError("A tag posterior needs at least one tag.")
        hypotheses = self.grid.shape[1]
        nodes, couplings = len(self.settings.relevance_weights), len(self.settings.couplings)
        state = SparseState(
            odds=self.prior(n_tags, hypotheses, n_tags),
            weights=np.zeros(hypotheses, dtype=np.int16),
            relevance=np.tile(to_fixed(_favouring_none(nodes)), (hypotheses, 1)),
            coupling=to_fixed(_favouring_none(couplings)),
            usual=np.zeros(hypotheses, dtype=np.int16),
            events=0,
            records=(),
        )
        self.check_kernel(state)
        return state

    def grow(self, state: SparseState, n_new: int) -> SparseState:
        """The state after `n_new` tags joined at the end of the library."""
        new = self.prior(state.n_tags + n_new, len(state.weights), n_new)
        return replace(state, odds=np.concatenate([state.odds, new], axis=2))

    def leaning(self, state: SparseState, towards: ArrayLike) -> SparseState:
        """The state with prior odds that follow what is known of others.

        Args:
            state: What is known.
            towards: Shape (n,): log-odds that are added to each tag's being liked, and taken from
                its being disliked; 0 for tags of which others tell nothing.

        Raises:
            InputError: If there is not one finite number for each tag.
        """
        shift = np.asarray(towards, dtype=np.float64)
        if shift.shape != (state.n_tags,) or not np.isfinite(shift).all():
            raise InputError(
                f"One finite number is needed for each of {state.n_tags} tags, but got an array of "
                f"shape {shift.shape}."
            )
        return replace(state, odds=to_fixed(from_fixed(state.odds) + np.stack([-shift, shift])))

    def observe(
        self,
        state: SparseState,
        sets: Sequence[ArrayLike],
        groups: plackett_luce.Groups,
        relevance: ArrayLike | None = None,
    ) -> SparseState:
        """Learns from one ranking.

        Args:
            state: What was known.
            sets: Tag indices of each candidate shown; empty for a generic answer.
            groups: Candidate positions, best group first; see `plackett_luce`.
            relevance: Shape (m,): relevance of each candidate to the query; None for unknown.

        Returns:
            The new state; the old one is untouched.

        Raises:
            InputError: If a tag, a candidate or the relevance does not fit.
        """
        self.check_kernel(state)
        checked = plackett_luce.check_groups(groups, len(sets))
        tags = [check_set(tags_of, state.n_tags) for tags_of in sets]
        features = check_relevance(relevance, len(sets))
        for part in sub_rankings(tags, checked, self.settings.lattice_limit):
            order = [i for group in part for i in group]
            state = self._absorb(
                state,
                Record(
                    without_common([tags[i] for i in order]),
                    tuple(len(group) for group in part),
                    None if features is None else to_fixed(features[order]),
                    *no_sites(state),
                ),
            )
        for turn in range(self.settings.rounds):
            state = self._rematch(state, turn)
        return self._drift(replace(state, events=state.events + 1))

    def _absorb(self, state: SparseState, record: Record) -> SparseState:
        """Matches a new ranking and weighs the hypotheses by how well they foresaw it."""
        tags = record.tags
        odds = from_fixed(state.odds[:, :, tags])
        nodes = softmax(from_fixed(state.relevance))
        tables = self.tables(record)
        table = tables[..., 0] if tables.shape[2] == 1 else np.einsum("ncr,cr->nc", tables, nodes)
        coupling = state.coupling
        lent: FloatArray = np.zeros(())
        if self.links is not None:
            loan = self.loan(state, tags)
            coupling = self._weigh_couplings(state, record, odds, loan, table)
            lent = loan * self.coupling(state)
        prior = columns(signs_of(odds + lent))
        found = match(record.sets, prior, table)
        gain = _gain(found, prior)
        new_odds = state.odds.copy()
        new_odds[:, :, tags] = to_fixed(odds + gain)
        relevance = state.relevance
        if tables.shape[2] > 1:
            counts = count_distribution(record.sets, prior)
            per_node = np.einsum("nc,ncr->cr", counts, tables)
            relevance = to_fixed(np.log(nodes * per_node / found.chance[:, None] + _LEAST_SHARE))
        weights = from_fixed(state.weights) + np.log(found.chance)
        weights = np.maximum(weights - weights.max(), _LOWEST_WEIGHT)
        learned = replace(
            state,
            odds=new_odds,
            weights=to_fixed(weights),
            relevance=relevance,
            coupling=coupling,
        )
        return self._remember(learned, replace(record, sites=_clipped(gain)))

    def _remember(self, state: SparseState, record: Record) -> SparseState:
        """Adds a record; the oldest leave when there is no room."""
        records = [*state.records, record][-max(self.settings.window, 1) :]
        room = self.settings.state_bytes - replace(state, records=()).n_bytes
        while len(records) > 1 and sum(kept.n_bytes for kept in records) > room:
            del records[0]
        return replace(state, records=tuple(records))

    def _rematch(self, state: SparseState, turn: int) -> SparseState:
        """Matches some of the recent rankings again, in turn."""
        older = len(state.records) - 1
        count = min(self.settings.rematched, older)
        if count < 1:
            return state
        start = (state.events * self.settings.rounds + turn) * count
        chosen = [(start + i) % older for i in range(count)]
        alike: dict[tuple[object, ...], list[int]] = {}
        shared: set[tuple[object, ...]] = set()
        for index in chosen:
            record = state.records[index]
            key = (record.pattern, record.sizes, record.relevance is None)
            if sum(map(len, record.sets)) > len(record.tags):
                shared.add(key)
                if len(shared) > _MOST_SHARED and key not in alike:
                    continue
            alike.setdefault(key, []).append(index)
        for indices in alike.values():
            state = self._rematch_alike(state, indices)
        return state

    def _rematch_alike(self, state: SparseState, indices: list[int]) -> SparseState:
        """Matches rankings again whose candidates share tags alike, all at once."""
        records = [state.records[i] for i in indices]
        fade = from_fixed(np.stack([record.fade for record in records]))[:, :, None, None]
        sites = from_fixed(np.stack([record.sites for record in records]))
        tags = np.stack([record.tags for record in records])
        odds = from_fixed(state.odds[:, :, tags]).transpose(2, 0, 1, 3)
        cavity = odds - sites
        lent: FloatArray = np.zeros(())
        if self.links is not None:
            loan = self.loan(state, tags.ravel()) * self.coupling(state)
            lent = loan.reshape(*loan.shape[:2], *tags.shape).transpose(2, 0, 1, 3)
        events, hypotheses, _, n_shown = cavity.shape
        signs = signs_of((cavity + lent).reshape(events * hypotheses, 2, n_shown))
        table = self.mean_tables(state, records)
        prior = columns(signs)
        gain = _gain(match(records[0].sets, prior, table), prior).reshape(cavity.shape)
        target = fade * gain.clip(-_SITE_LIMIT, _SITE_LIMIT)
        fixed = to_fixed(sites + self.settings.damping * (target - sites))
        change = to_fixed(from_fixed(fixed) - sites)
        new_odds = state.odds.astype(np.int32)
        kept = list(state.records)
        for i, record, own, shift in zip(indices, records, fixed, change, strict=True):
            new_odds[:, :, record.tags] += shift
            kept[i] = replace(record, sites=own)
        clipped = np.clip(new_odds, -30000, 30000).astype(np.int16)
        return replace(state, odds=clipped, records=tuple(kept))

    def _weigh_couplings(
        self,
        state: SparseState,
        record: Record,
        odds: FloatArray,
        loan: FloatArray,
        table: FloatArray,
    ) -> FixedArray:
        """Log-probabilities of the couplings after seeing how each foresaw the ranking."""
        evidence = self.evidence(state)
        chances = []
        for strength in self.settings.couplings:
            counts = count_distribution(record.sets, columns(signs_of(odds + loan * strength)))
            chances.append(float(np.einsum("nc,nc,c->", counts, table, evidence)))
        posterior = softmax(from_fixed(state.coupling)) * np.array(chances)
        return to_fixed(np.log(posterior / posterior.sum() + _LEAST_SHARE))

    def _drift(self, state: SparseState) -> SparseState:
        """Lets tags change by each mode's hazard, then lets the user switch modes."""
        hazard = self.grid[1]
        prior = signs_of(self.prior_odds(state.n_tags)[None, :, None])
        own = hazard[:, None, None]
        signs = signs_of(from_fixed(state.odds)) * (1.0 - own) + prior * own
        signs, usual = self._replaced(signs, from_fixed(state.usual))
        mix, weights = self._mode_mix(state)
        begins = np.kron(np.eye(len(self.settings.worths)), _BEGINS) * mix
        stays = mix - begins
        signs = np.einsum("gh,hsn->gsn", stays, signs) + np.einsum(
            "gh,hsn->gsn", begins, self._upheaval(signs)
        )
        return replace(
            state,
            odds=to_fixed(np.log(signs[:, ::2] / signs[:, 1:2])),
            weights=to_fixed(np.maximum(np.log(weights / weights.max()), _LOWEST_WEIGHT)),
            relevance=to_fixed(np.log(mix @ softmax(from_fixed(state.relevance)))),
            usual=to_fixed(mix @ usual),
            records=faded(state.records, stays * (1.0 - hazard)),
        )

    def _upheaval(self, signs: FloatArray) -> FloatArray:
        """Signs at the moment a change begins.

        Each tag may lose its sign, and as many others as are lost are expected to be liked instead.

        Args:
            signs: Shape (g, 3, n).

        Returns:
            The same shape.
        """
        share = self.settings.upheaval
        prior = signs_of(self.prior_odds(signs.shape[2])[None, :, None])
        moved = signs * (1.0 - share) + prior * share
        lost = np.maximum((signs[:, 2] - moved[:, 2]).sum(axis=1), 0.0)
        gained = moved[:, 1] * np.minimum(lost / moved[:, 1].sum(axis=1), 0.3)[:, None]
        moved[:, 1] -= gained
        moved[:, 2] += gained
        return moved

    def _replaced(self, signs: FloatArray, usual: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Expects liked tags that went missing to have been replaced by others.

        Args:
            signs: Shape (g, 3, n).
            usual: Shape (g,): how many liked tags used to be known; it rises fast, falls slowly.

        Returns:
            Both, updated.
        """
        liked = signs[:, 2]
        missing = np.maximum(usual - liked.sum(axis=1), 0.0)
        share = np.minimum(self.settings.replacement * missing / liked.shape[1], 0.2)
        moved = signs[:, 1] * share[:, None]
        known = np.where(liked > 0.5, liked, 0.0).sum(axis=1)
        speed = np.where(known > usual, _RISE, _FALL)
        shifted = np.stack([signs[:, 0], signs[:, 1] - moved, liked + moved], axis=1)
        return shifted, usual + speed * (known - usual)

    def _mode_mix(self, state: SparseState) -> tuple[FloatArray, FloatArray]:
        """How hypotheses mix when the user may switch modes.

        Returns:
            Shape (g, g), rows summing to 1: where each hypothesis comes from; and shape (g,):
            probability of each hypothesis afterwards.
        """
        start, settle = self.settings.switches
        switch = np.array([[1.0 - start, settle], [start, 1.0 - settle]])
        flow = np.kron(np.eye(len(self.settings.worths)), switch) * self.evidence(state)
        weights = flow.sum(axis=1)
        return flow / weights[:, None], weights


def _favouring_none(count: int) -> FloatArray:
    """Log-probabilities of a grid whose first entry, no effect, has half of the mass."""
    shares = np.full(count, 0.5 / max(count - 1, 1))
    shares[0] = 0.5 if count > 1 else 1.0
    logarithms: FloatArray = np.log(shares)
    return logarithms


def _gain(found: Match, prior: FloatArray) -> FloatArray:
    """Shape (c, 2, u): log-odds that a ranking adds to its tags."""
    ratio = np.log((found.joint + 1e-300) / prior)
    gain: FloatArray = (ratio[:, ::2] - ratio[:, 1:2]).transpose(2, 1, 0)
    return gain


def _clipped(sites: FloatArray) -> FixedArray:
    return to_fixed(sites.clip(-_SITE_LIMIT, _SITE_LIMIT))
