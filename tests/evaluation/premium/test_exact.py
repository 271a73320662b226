"""The exact limit against brute force on problems small enough to write out."""

from __future__ import annotations

from itertools import combinations, permutations, product

import numpy as np
import pytest

from tailorlm.errors import InputError
from tailorlm.evaluation.premium.exact import SetPosterior, most_uncertain
from tailorlm.evaluation.premium.exact_design import most_telling


def chance_of_order(utilities, order):
    """Plackett-Luce, written out."""
    left, chance = list(order), 1.0
    for position in order:
        chance *= np.exp(utilities[position]) / sum(np.exp(utilities[i]) for i in left)
        left.remove(position)
    return chance


def test_marginals_are_those_of_bayes_rule():
    rng = np.random.default_rng(0)
    n, k, noise, worth = 6, 2, 0.7, 1.3
    state = SetPosterior.even(n, k)
    turns = []
    for _ in range(4):
        sets = [rng.choice(n, size=2, replace=False) for _ in range(3)]
        offsets = rng.normal(size=3)
        order = rng.permutation(3).tolist()
        turns.append((sets, offsets, order))
        groups = [[i] for i in order]
        state = state.learn(sets, groups, noise=noise, worth=worth, offsets=offsets)
    weights = {}
    for liked in combinations(range(n), k):
        weights[liked] = 1.0
        for sets, offsets, order in turns:
            utilities = [
                (worth * len(set(tags.tolist()) & set(liked)) + offsets[i]) / noise
                for i, tags in enumerate(sets)
            ]
            weights[liked] *= chance_of_order(utilities, order)
    total = sum(weights.values())
    expected = [sum(w for s, w in weights.items() if tag in s) / total for tag in range(n)]
    assert state.rankings == 4
    assert state.marginals() == pytest.approx(expected)
    assert state.marginals().sum() == pytest.approx(k)


def test_styles_are_liked_one_of_each_pair():
    n, pairs = 4, 2
    state = SetPosterior.even(n, 1, pairs)
    # Positions 4, 5 and 6, 7 are the pairs.
    turns = [([[0, 4, 6], [1, 5, 7]], [1, 0]), ([[2, 5, 6], [3, 4, 7]], [0, 1])]
    for sets, order in turns:
        arrays = [np.array(tags) for tags in sets]
        state = state.learn(arrays, [[i] for i in order], noise=0.5)
    weights = {}
    for tag, first, second in product(range(n), (4, 5), (6, 7)):
        liked = {tag, first, second}
        weight = 1.0
        for sets, order in turns:
            weight *= chance_of_order([len(liked & set(tags)) / 0.5 for tags in sets], order)
        weights[tag, first, second] = weight
    total = sum(weights.values())
    expected = [sum(w for liked, w in weights.items() if i in liked) / total for i in range(8)]
    assert state.marginals() == pytest.approx(expected)


def test_a_change_keeps_one_tag_of_three_and_flips_styles():
    rng = np.random.default_rng(1)
    n, pairs = 7, 2
    state = SetPosterior.even(n, 3, pairs)
    state = SetPosterior(n, state.members, rng.normal(size=state.log.shape))
    sets = [frozenset(own.tolist()) for own in state.members.T]
    before = np.exp(state.log) / np.exp(state.log).sum()
    after = np.zeros_like(before)
    for old, new in permutations(range(len(sets)), 2):
        if len(sets[old] & sets[new]) == 1:
            for column in range(4):
                after[new, column ^ 1] += before[old, column]
                after[new, column ^ 2] += before[old, column]
    after /= after.sum()
    log = state.changed(tags=True, styles=1).log
    assert np.exp(log) / np.exp(log).sum() == pytest.approx(after)


def test_a_change_that_may_have_come_is_weighed_by_its_chance():
    state = SetPosterior.even(7, 3)
    state = state.learn([np.array([0, 1]), np.array([2, 3])], [[0], [1]], noise=0.5)
    changed, mixed = state.changed(), state.maybe_changed(0.2)
    expected = 0.8 * state.marginals() + 0.2 * changed.marginals()
    np.testing.assert_allclose(mixed.marginals(), expected)


def test_growth_adds_one_of_the_new_tags():
    state = SetPosterior.even(4, 2).learn([np.array([0]), np.array([1])], [[0], [1]], noise=0.3)
    grown = state.grown(7)
    assert grown.k == 3
    assert grown.marginals()[:4] == pytest.approx(state.marginals())
    assert grown.marginals()[4:] == pytest.approx(np.full(3, 1 / 3))


def test_what_cannot_be_enumerated_is_refused():
    with pytest.raises(InputError, match="cannot be enumerated"):
        SetPosterior.even(500, 3)
    with pytest.raises(InputError, match="sets of 3 tags, not of 2"):
        SetPosterior.even(6, 2).changed()


def test_the_least_certain_tags_are_shown_in_disjoint_sets():
    chance = np.array([1.0, 0.5, 0.02, 0.4, 0.0, 0.3])
    sets = most_uncertain(chance, 2, 2, np.random.default_rng(0))
    assert sorted(np.concatenate(sets).tolist()) == [1, 2, 3, 5]


def test_users_are_drawn_as_the_marginals_say():
    state = SetPosterior.even(4, 2, 1).learn(
        [np.array([0, 4]), np.array([1, 5])], [[0], [1]], noise=0.5
    )
    liked = state.draw(20_000, np.random.default_rng(0))
    assert liked[:, :4].sum(axis=1).tolist() == [2] * 20_000
    assert (liked[:, 4] ^ liked[:, 5]).all()
    assert liked.mean(axis=0) == pytest.approx(state.marginals(), abs=0.02)


def test_the_design_sets_rival_tags_against_each_other():
    # The user likes 0 and 1, or 2 and 3: sets that mix the two would end in a draw.
    members = np.array([[0, 2], [1, 3]], dtype=np.int16)
    state = SetPosterior(12, members, np.zeros((2, 1)))
    for seed in range(5):
        rng = np.random.default_rng(seed)
        one, other = most_telling(state, 2, 2, rng, noise=0.3)
        matches = [
            [len({a, b} & set(tags.tolist())) for tags in (one, other)] for a, b in members.T
        ]
        assert {tuple(np.sign(np.diff(found))) for found in matches} == {(1,), (-1,)}


def test_a_design_with_styles_has_one_of_each_pair():
    state = SetPosterior.even(8, 2, 2)
    for tags in most_telling(state, 2, 2, np.random.default_rng(0), noise=0.3):
        assert len(tags) == 4
        assert tags[2] in (8, 9)
        assert tags[3] in (10, 11)
