from __future__ import annotations

from dataclasses import replace
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tailorlm.choice import Sparse, SparseSettings, SparseState, plackett_luce, propose
from tailorlm.choice.design import SEARCH
from tailorlm.errors import InputError, StateError
from tailorlm.simulation import TagAnnotator

TOLD = SparseSettings(
    worths=(2.0,),
    hazards=(0.0, 0.0),
    replacement=0.0,
    expected_liked=2.4,
    expected_disliked=0.12,
    slip=0.0,
    window=40,
    rematched=40,
)


def learned(
    learner: Sparse, user: TagAnnotator, n_tags: int, turns: int, seed: int
) -> tuple[SparseState, np.random.Generator]:
    """The state after some turns of proposing and ranking."""
    rng = np.random.default_rng(seed)
    state = learner.initial(n_tags)
    return taught(learner, state, user, turns, rng), rng


def taught(
    learner: Sparse,
    state: SparseState,
    user: TagAnnotator,
    turns: int,
    rng: np.random.Generator,
    n_sets: int = 3,
) -> SparseState:
    """The state after more turns."""
    for _ in range(turns):
        sets = propose(learner, state, n_sets, 3, rng)
        state = learner.observe(state, sets, user.rank(sets, rng=rng))
    return state


def random_event(rng: np.random.Generator, n: int) -> tuple[list[np.ndarray], list[list[int]]]:
    """Three sets of any size, overlapping, in some order."""
    sets = [rng.permutation(n)[: rng.integers(0, 4)] for _ in range(3)]
    return sets, [[int(i)] for i in rng.permutation(3)]


def enumerated(
    n: int, events: list[tuple[list[np.ndarray], list[list[int]]]], worth: float, size: int
) -> np.ndarray:
    """Exact marginals of liked tags for independent tags with at most `size` liked ones."""
    prior = 2.4 / n
    subsets = [s for k in range(size + 1) for s in combinations(range(n), k)]
    liked = np.zeros((len(subsets), n))
    for row, subset in zip(liked, subsets, strict=True):
        row[list(subset)] = 1.0
    log_posterior = liked.sum(axis=1) * np.log(prior / (1 - prior))
    for sets, groups in events:
        counts = np.stack([liked[:, tags].sum(axis=1) for tags in sets], axis=1)
        log_posterior += plackett_luce.log_likelihood(worth * counts, groups)
    weights = np.exp(log_posterior - log_posterior.max())
    return weights @ liked / weights.sum()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("disjoint", [True, False])
def test_marginals_agree_with_enumeration(seed: int, disjoint: bool) -> None:
    rng = np.random.default_rng(seed)
    n = 12
    user = TagAnnotator(tags=[0, 5], noise=0.5)
    learner = Sparse(replace(TOLD, expected_disliked=1e-4))
    state = learner.initial(n)
    events = []
    for _ in range(12):
        tags = rng.permutation(n)
        sets = [tags[i : i + 2] for i in ((0, 2, 4) if disjoint else (0, 1, 3))]
        events.append((sets, user.rank(sets, rng=rng)))
        state = learner.observe(state, *events[-1])
    exact = enumerated(n, events, 2.0, 6)
    error = np.abs(learner.probability(state) - exact)
    # Rankings of sets that share tags are matched again less often.
    assert error.max() < (0.12 if disjoint else 0.25)
    assert error.mean() < (0.03 if disjoint else 0.05)


def test_one_ranking_is_exact() -> None:
    n = 6
    learner = Sparse(replace(TOLD, expected_liked=1.5, expected_disliked=0.6))
    state = learner.initial(n)
    sets, groups = [[0, 1], [1, 2], []], [[1], [0], [2]]
    prior = np.exp(state.odds[0, :, 0] / 1024)
    total, liked = 0.0, np.zeros(n)
    for signs in product((-1, 0, 1), repeat=n):
        s = np.array(signs)
        u = 2.0 * np.array([s[tags].sum() for tags in sets])
        weight = np.exp(plackett_luce.log_likelihood(u, groups))
        weight *= prior[0] ** (s < 0).sum() * prior[1] ** (s > 0).sum()
        total += weight
        liked += weight * (s > 0)
    state = learner.observe(state, sets, groups)
    np.testing.assert_allclose(learner.probability(state), liked / total, atol=2e-3)


@given(st.integers(0, 10_000))
@settings(max_examples=15, deadline=None)
def test_what_holds_for_any_history(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 8
    learner = Sparse()
    order = rng.permutation(n)
    state, renamed, reread = learner.initial(n), learner.initial(n), learner.initial(n)
    for _ in range(6):
        sets, groups = random_event(rng, n)
        relevance = rng.random(3) if rng.random() < 0.3 else None
        state = learner.observe(state, sets, groups, relevance)
        renamed = learner.observe(renamed, [order[tags] for tags in sets], groups, relevance)
        reread = SparseState.from_bytes(reread.to_bytes())
        reread = learner.observe(reread, sets, groups, relevance)
    assert reread.to_bytes() == state.to_bytes()
    assert len(state.to_bytes()) == state.n_bytes
    chance = learner.probability(state)
    assert ((chance >= 0) & (chance <= 1)).all()
    assert (learner.sd(state) >= 0).all()
    np.testing.assert_allclose(learner.probability(renamed)[order], chance, atol=0.02)
    first, second = rng.permutation(n)[:3], rng.permutation(n)[:2]
    forth, back = learner.prefer(state, first, second), learner.prefer(state, second, first)
    assert 0 <= forth <= 1
    assert forth + back == pytest.approx(1.0)


def test_winning_raises_and_losing_lowers() -> None:
    learner = Sparse()
    start = learner.initial(10)
    state = learner.observe(start, [[0, 1], [2, 3]], [[0], [1]])
    change = learner.probability(state) - learner.probability(start)
    assert (change[:2] > 0).all()
    assert (change[2:4] < 0).all()
    assert learner.prefer(state, [0], [2]) > 0.5
    assert learner.prefer(state, [0], [0]) == pytest.approx(0.5)
    low, high = learner.interval(state)
    assert (low <= learner.mean(state)).all()
    assert (learner.mean(state) <= high).all()


def test_a_candidate_left_out_says_nothing() -> None:
    learner = Sparse()
    start = learner.initial(6)
    with_it = learner.observe(start, [[0], [1], [2]], [[0], [1]])
    without = learner.observe(start, [[0], [1]], [[0], [1]])
    assert with_it.to_bytes() == without.to_bytes()
    silent = learner.observe(start, [[0], [1]], [[0, 1]])
    np.testing.assert_allclose(learner.probability(silent), learner.probability(start), atol=1e-3)


def test_more_evidence_leaves_less_entropy() -> None:
    learner = Sparse()
    entropies = []
    for seed in range(4):
        user = TagAnnotator(tags=[1, 2, 3], noise=0.5)
        rng = np.random.default_rng(seed)
        state = learner.initial(20)
        for _ in range(3):
            p = learner.probability(state)
            entropies.append(-(p * np.log(p) + (1 - p) * np.log(1 - p)).sum())
            state = taught(learner, state, user, 12, rng)
    first, second, third = np.reshape(entropies, (4, 3)).mean(axis=0)
    assert first > second > third


@pytest.mark.parametrize("liked", [[4], [1, 2, 3], [0, 2, 4, 6, 8]])
def test_finds_the_tags_without_being_told_how_many(liked: list[int]) -> None:
    learner = Sparse()
    state, _ = learned(learner, TagAnnotator(tags=liked, noise=0.36), 20, 60, 0)
    found = np.flatnonzero(learner.probability(state) > 0.5)
    assert found.tolist() == liked


def test_finds_a_disliked_tag() -> None:
    learner = Sparse()
    rng = np.random.default_rng(1)
    user = TagAnnotator(tags=[0], disliked=[1], noise=0.36)
    state = learner.initial(16)
    for _ in range(60):
        tags = rng.permutation(16)
        sets = [tags[:3], tags[3:6], tags[6:9]]
        state = learner.observe(state, sets, user.rank(sets, rng=rng))
    mean = learner.mean(state)
    assert mean.argmin() == 1
    assert learner.interval(state)[1][1] < 0
    assert learner.probability(state)[0] > 0.9


def test_a_random_user_leaves_it_unsure() -> None:
    learner = Sparse()
    rng = np.random.default_rng(2)
    state = learner.initial(20)
    for _ in range(40):
        sets = propose(learner, state, 3, 3, rng)
        state = learner.observe(state, sets, [[int(i)] for i in rng.permutation(3)])
    assert learner.probability(state).max() < 0.9
    assert learner.evidence(state)[learner.grid[0] >= 2].sum() < 0.1


def test_a_changed_taste_is_followed() -> None:
    learner = Sparse()
    state, rng = learned(learner, TagAnnotator(tags=[0, 1, 2], noise=0.36), 30, 40, 3)
    assert set(np.argsort(-learner.probability(state))[:3]) == {0, 1, 2}
    state = taught(learner, state, TagAnnotator(tags=[0, 8, 9], noise=0.36), 30, rng)
    assert set(np.argsort(-learner.probability(state))[:3]) == {0, 8, 9}


def test_two_upsets_put_known_tags_in_doubt_and_expect_others_instead() -> None:
    learner = Sparse()
    before, _ = learned(learner, TagAnnotator(tags=[0, 1, 2], noise=0.2), 30, 40, 2)
    assert learner.probability(before)[:3].min() > 0.95
    state = before
    for others in ([10, 11, 12], [13, 14, 15]):
        sets = [np.array([0, 1, 2]), np.array(others), np.array([20, 21, 22])]
        state = learner.observe(state, sets, [[1], [2], [0]])
    assert learner.probability(state)[:3].max() < 0.6
    never_shown_since = [23, 24, 25]
    risen = learner.probability(state)[never_shown_since]
    assert (risen > 2 * learner.probability(before)[never_shown_since]).all()


def test_tags_are_sought_when_they_join_or_were_lost_and_not_once_known() -> None:
    learner = Sparse()
    known, _ = learned(learner, TagAnnotator(tags=[0, 1, 2], noise=0.2), 30, 60, 2)
    assert learner.search(known, 9) == 0.0
    assert learner.search(learner.grow(known, 30), 9) == SEARCH
    lost = known
    for _ in range(4):
        sets = [np.array([0, 1, 2]), np.array([10, 11, 12]), np.array([13, 14, 15])]
        lost = learner.observe(lost, sets, [[1], [2], [0]])
    assert learner.search(lost, 9) == 1.0


def test_leaning_moves_what_is_liked_by_the_log_odds() -> None:
    learner = Sparse()
    start = learner.initial(6)
    towards = np.array([2.0, -2.0, 0.0, 0.0, 0.0, 0.0])
    before, after = (learner.signs(state)[0] for state in (start, learner.leaning(start, towards)))
    # Against neutral, liked gains what disliked loses.
    for place, shift in ((2, towards), (0, -towards)):
        moved = np.log(after[place] / after[1]) - np.log(before[place] / before[1])
        assert moved == pytest.approx(shift, abs=0.01)
    same = learner.leaning(start, np.zeros(6))
    assert same.odds.tolist() == start.odds.tolist()
    for wrong in (np.zeros(5), np.full(6, np.inf)):
        with pytest.raises(InputError, match="One finite number"):
            learner.leaning(start, wrong)


def test_growing_keeps_what_was_learned_and_finds_a_new_tag() -> None:
    learner = Sparse()
    state, rng = learned(learner, TagAnnotator(tags=[0, 1], noise=0.36), 20, 30, 4)
    before = learner.probability(state)
    state = learner.grow(state, 20)
    np.testing.assert_array_equal(learner.probability(state)[:20], before)
    assert (learner.probability(state)[20:] < 0.3).all()
    state = taught(learner, state, TagAnnotator(tags=[0, 1, 33], noise=0.36), 30, rng)
    assert set(np.argsort(-learner.probability(state))[:3]) == {0, 1, 33}


@pytest.mark.parametrize("clustered", [True, False])
def test_coupling_is_learned_from_evidence(clustered: bool) -> None:
    n = 24
    kernel = np.kron(np.eye(6), np.full((4, 4), 0.9)) + 0.1 * np.eye(n)
    liked = [[4 * c, 4 * c + 1, 4 * c + 2, 4 * c + 3] for c in range(5)]
    strengths = []
    learner = Sparse(kernel=kernel)
    for seed in range(5):
        tags = liked[seed] if clustered else [seed, seed + 5, seed + 10, seed + 15]
        state, _ = learned(learner, TagAnnotator(tags=tags, noise=0.5), n, 20, seed)
        strengths.append(np.exp(state.coupling[1] / 1024))
    assert (np.mean(strengths) > 0.5) == clustered


def test_evidence_for_a_tag_informs_its_neighbour() -> None:
    kernel = np.eye(6)
    kernel[0, 1] = kernel[1, 0] = 0.8
    learner = Sparse(kernel=kernel)
    state = learner.initial(6)
    for _ in range(3):
        state = learner.observe(state, [[0], [2]], [[0], [1]])
    chance = learner.probability(state)
    assert chance[1] > chance[3:].max() + 0.02


def test_the_weight_of_relevance_is_learned() -> None:
    weights = []
    for weight in (0.0, 2.0):
        user = TagAnnotator(tags=[0], noise=0.5, relevance=weight)
        learner = Sparse()
        rng = np.random.default_rng(5)
        state = learner.initial(12)
        for _ in range(30):
            sets, relevance = propose(learner, state, 3, 2, rng), rng.random(3)
            state = learner.observe(state, sets, user.rank(sets, relevance, rng), relevance)
        weights.append(learner.relevance_weight(state))
    assert weights[0] < 1.0 < 2.0 < weights[1]


@pytest.mark.parametrize("n_sets", [2, 4, 6])
def test_other_numbers_of_candidates_and_picks(n_sets: int) -> None:
    user = TagAnnotator(tags=[1, 7], noise=0.36)
    learner = Sparse()
    found = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        state = learner.initial(20)
        for _ in range(50):
            sets = propose(learner, state, n_sets, 2, rng)
            state = learner.observe(state, sets, user.pick(sets, rng=rng))
        top = np.argsort(-learner.probability(state))[:2].tolist()
        found.append(len(set(top) & {1, 7}))
    assert sum(found) >= 7


def test_the_state_stays_small() -> None:
    learner = Sparse()
    rng = np.random.default_rng(7)
    state = learner.initial(200)
    for _ in range(30):
        sets = [rng.permutation(200)[:3] for _ in range(4)]
        state = learner.observe(state, sets, [[0], [1], [2], [3]], rng.random(4))
    assert len(state.to_bytes()) <= 13_000


def test_bytes_of_something_else_are_refused() -> None:
    data = Sparse().initial(5).to_bytes()
    for wrong, message in (
        (b"nonsense", "no sparse tag state"),
        (data[:-1], "cut short"),
        (data + b"x", "a tail"),
        (data[:4] + b"\x63\x00" + data[6:], "version 99"),
    ):
        with pytest.raises(StateError, match=message):
            SparseState.from_bytes(wrong)


def test_bad_input() -> None:
    learner = Sparse()
    state = learner.initial(5)
    with pytest.raises(InputError, match="the library has 5"):
        learner.observe(state, [[5], [0]], [[0], [1]])
    with pytest.raises(InputError, match="one finite number"):
        learner.observe(state, [[1], [0]], [[0], [1]], [np.nan, 1.0])
    with pytest.raises(InputError, match="at least one tag"):
        learner.initial(0)
    with pytest.raises(InputError, match="kernel covers 4 tags"):
        Sparse(kernel=np.eye(4)).observe(state, [[1], [0]], [[0], [1]])
    big = learner.initial(40)
    with pytest.raises(InputError, match="at most 32"):
        learner.observe(big, [range(33), [0]], [[0], [1]])
