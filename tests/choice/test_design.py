from __future__ import annotations

from itertools import permutations, product

import numpy as np
import pytest

from tailorlm.choice import Gaussian, Sparse, best_set, plackett_luce, propose
from tailorlm.choice.counts import CountProspect
from tailorlm.choice.design import DrawnProspect, information
from tailorlm.errors import InputError
from tailorlm.simulation import TagAnnotator


def entropy(chances: np.ndarray) -> float:
    return float(-(chances * np.log(chances)).sum())


def test_count_information_by_enumeration() -> None:
    chance = np.array([0.3, 0.6, 0.2])
    prospect = CountProspect(chance[:, None], np.ones(1), (2.0,), 2, 2)
    prospect.add(0, 0)
    prospect.add(1, 1)
    gains = prospect.gains(1)
    average, conditional = np.zeros(2), 0.0
    for liked in product((0, 1), repeat=3):
        weight = np.prod(np.where(liked, chance, 1 - chance))
        beats = float(
            plackett_luce.preference(np.array(2.0 * liked[0]), 2.0 * (liked[1] + liked[2]))
        )
        outcome = np.array([beats, 1 - beats])
        average += weight * outcome
        conditional += weight * entropy(outcome)
    assert gains[2] == pytest.approx(entropy(average) - conditional)


def test_drawn_information_agrees_with_counts() -> None:
    rng = np.random.default_rng(0)
    chance = np.array([0.4, 0.1, 0.5, 0.2])
    draws = 2.0 * (rng.random((20_000, 4)) < chance)
    drawn = DrawnProspect(draws, 3)
    counted = CountProspect(chance[:, None], np.ones(1), (2.0,), 3, 2)
    for prospect in (drawn, counted):
        prospect.add(0, 0)
        prospect.add(1, 1)
    # A tag that another set already carries is independent of itself to the counts alone.
    np.testing.assert_allclose(drawn.gains(2)[2:], counted.gains(2)[2:], atol=0.01)


def test_users_that_agree_teach_nothing() -> None:
    rates = [np.full((5, 1), rate) for rate in (1.0, 2.0, 3.0)]
    assert information(rates) == pytest.approx(0.0, abs=1e-12)
    chances = [
        plackett_luce.probability([np.array(r) for r in (1.0, 2.0, 3.0)], [[i] for i in order])
        for order in permutations(range(3))
    ]
    assert sum(chances) == pytest.approx(1.0)


def test_the_best_set_follows_worth_and_relevance() -> None:
    mean = np.array([0.5, 0.0, 0.4, 0.1])
    assert best_set(mean, 2).tolist() == [0, 2]
    relevance = np.array([0.0, 1.0, 0.0, 0.0])
    assert best_set(mean, 2, relevance, weight=4.0).tolist() == [1, 0]
    assert best_set(np.zeros(4), 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize("learner", [Sparse(), Gaussian()])
@pytest.mark.parametrize(
    ("n_tags", "n_sets", "size"), [(50, 3, 3), (20, 4, 2), (4, 3, 3), (30, 5, 3)]
)
def test_sets_are_distinct_and_reproducible(
    learner: Sparse | Gaussian, n_tags: int, n_sets: int, size: int
) -> None:
    state = learner.initial(n_tags)
    state = learner.observe(state, [[0, 1], [2]], [[0], [1]])
    runs = [
        [s.tolist() for s in propose(learner, state, n_sets, size, np.random.default_rng(3))]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert [len(set(tags)) for tags in runs[0]] == [size] * n_sets
    if n_sets * size <= n_tags:
        assert len({tag for tags in runs[0] for tag in tags}) == n_sets * size


def test_what_is_sure_is_shown_and_watched() -> None:
    learner = Sparse()
    rng = np.random.default_rng(4)
    user = TagAnnotator(tags=[3, 4, 5], noise=0.2)
    state = learner.initial(12)
    for _ in range(60):
        sets = propose(learner, state, 3, 3, rng)
        state = learner.observe(state, sets, user.rank(sets, rng=rng))
    best, control, _ = propose(learner, state, 3, 3, rng)
    assert set(best.tolist()) == {3, 4, 5}
    assert len({3, 4, 5} & set(control.tolist())) == 2
    assert (
        propose(learner, state, 1, 3, rng)[0].tolist() == best_set(learner.mean(state), 3).tolist()
    )


def test_sure_tags_are_left_out_of_some_turns_while_tags_are_sought() -> None:
    rng = np.random.default_rng(0)
    learner = Sparse()
    user = TagAnnotator(tags=[0, 1], noise=0.2)
    state = learner.initial(20)
    for _ in range(40):
        sets = propose(learner, state, 3, 2, rng)
        state = learner.observe(state, sets, user.rank(sets, rng=rng))
    grown = learner.grow(state, 60)
    shown = [set(np.concatenate(propose(learner, grown, 3, 3, rng)).tolist()) for _ in range(40)]
    with_sure = [tags for tags in shown if {0, 1} <= tags]
    without = [tags for tags in shown if not {0, 1} & tags]
    assert len(with_sure) + len(without) == 40
    assert 0.45 * 40 <= len(without) <= 0.85 * 40
    assert all(len(tags) == 9 for tags in without)


def test_bad_requests() -> None:
    learner = Sparse()
    state = learner.initial(5)
    rng = np.random.default_rng(5)
    with pytest.raises(InputError, match="0 sets"):
        propose(learner, state, 0, 3, rng)
    assert [len(tags) for tags in propose(learner, state, 2, 9, rng)] == [5, 5]
    assert [len(tags) for tags in propose(learner, state, 2, 0, rng)] == [0, 0]
