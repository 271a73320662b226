from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from tailorlm.choice import plackett_luce
from tailorlm.choice.comparisons import Comparisons, log_likelihood
from tailorlm.choice.reward_design import most_informative
from tailorlm.choice.reward_head import HeadPrior, HeadState, RewardHead
from tailorlm.errors import InputError


def ranked(
    rng: np.random.Generator, truth: np.ndarray, n: int, m: int = 3, scale: float = 1.0
) -> list[Comparisons]:
    """Rankings of answers with random features, drawn from the model."""
    made = []
    for _ in range(n):
        features = scale * rng.normal(size=(m, len(truth)))
        order = plackett_luce.sample(features @ truth, rng)
        made.append(Comparisons.ranking(features, [[int(i)] for i in order]))
    return made


def learned(head: RewardHead, rankings: list[Comparisons]) -> HeadState:
    """From all rankings at once."""
    return head.observe(head.initial(), Comparisons.joined(rankings))


def covariance(head: RewardHead, state: HeadState) -> np.ndarray:
    return head.covariance(state, np.eye(len(head.prior.mean)))


def correlated_prior(p: int, k: int, seed: int = 0) -> HeadPrior:
    rng = np.random.default_rng(seed)
    return HeadPrior(rng.normal(size=p), rng.normal(size=(p, k)))


@pytest.mark.parametrize(("p", "k", "n"), [(3, 3, 40), (12, 12, 2), (6, 2, 30), (4, 9, 3)])
def test_the_mode_is_that_of_a_general_optimizer(p: int, k: int, n: int) -> None:
    rng = np.random.default_rng(p * k)
    prior = correlated_prior(p, k)
    head, data = RewardHead(prior), ranked(rng, rng.normal(size=p), n)
    together = Comparisons.joined(data)

    def loss(a: np.ndarray) -> float:
        w = prior.mean + prior.basis @ a
        return 0.5 * float(a @ a) - log_likelihood(together, together.gaps @ w)

    best = minimize(loss, np.zeros(k), method="BFGS", options={"gtol": 1e-7}).x
    state = learned(head, data)
    assert state.mean == pytest.approx(best, abs=2e-5)
    hessian = np.array(
        [
            [
                (loss(best + a + b) - loss(best + a - b) - loss(best - a + b) + loss(best - a - b))
                / 4e-6
                for b in np.eye(k) * 1e-3
            ]
            for a in np.eye(k) * 1e-3
        ]
    )
    known = np.eye(k) - state.known @ state.known.T
    assert known == pytest.approx(np.linalg.inv(hessian), abs=2e-4)


def test_a_single_pair_has_the_mode_that_paper_and_pencil_give() -> None:
    head = RewardHead(HeadPrior.independent([1.0]))
    state = head.observe(head.initial(), Comparisons.pairs([[1.0]], [[0.0]]))
    # w = 1 / (1 + e^w) has the root 0.401058.
    assert state.mean[0] == pytest.approx(0.401058, abs=1e-6)
    slope = 0.401058 * (1 - 0.401058)
    assert head.sd(state)[0] == pytest.approx((1 + slope) ** -0.5, abs=1e-5)


def test_evidence_prefers_the_spread_that_made_the_users() -> None:
    rng = np.random.default_rng(5)
    told = dict.fromkeys((0.1, 1.0, 10.0), 0.0)
    for _ in range(30):
        data = Comparisons.joined(ranked(rng, rng.normal(size=2), 20))
        for scale in told:
            head = RewardHead(HeadPrior.independent([scale, scale]))
            told[scale] += head.absorb(head.initial(), data)[1]
    assert max(told, key=told.__getitem__) == 1.0


def test_one_ranking_after_the_other_comes_close_to_all_at_once() -> None:
    rng = np.random.default_rng(1)
    truth = np.array([1.0, -0.5, 0.0, 0.3])
    head, data = RewardHead(HeadPrior.independent(np.ones(4))), ranked(rng, truth, 60)
    online = head.initial()
    for one in data:
        online = head.observe(online, one)
    batch = learned(head, data)
    assert online.events == 60
    assert head.weights(online) == pytest.approx(head.weights(batch), abs=0.08)
    assert head.sd(online) == pytest.approx(head.sd(batch), rel=0.1)
    assert (np.abs(head.weights(batch) - truth) < 3 * head.sd(batch)).all()


def test_a_user_without_comparisons_is_the_population() -> None:
    head = RewardHead(correlated_prior(4, 2))
    nobody = head.initial()
    assert head.weights(nobody).tolist() == head.prior.mean.tolist()
    assert head.sd(nobody) ** 2 == pytest.approx(np.diag(head.prior.covariance))
    same = head.observe(nobody, Comparisons.none(4))
    assert (same.mean.tolist(), same.known.shape, same.events) == ([0.0, 0.0], (2, 0), 1)


def test_the_uniform_model_learns_nothing_of_a_user() -> None:
    head = RewardHead(HeadPrior(np.array([1.0, 2.0]), np.zeros((2, 0))))
    state = head.observe(head.initial(), Comparisons.pairs([[1.0, 0.0]], [[0.0, 1.0]]))
    assert head.weights(state).tolist() == [1.0, 2.0]
    assert head.sd(state).tolist() == [0.0, 0.0]
    assert head.positive(state).tolist() == [1.0, 1.0]


@given(st.integers(0, 10_000))
def test_learning_never_makes_anything_less_sure(seed: int) -> None:
    rng = np.random.default_rng(seed)
    head = RewardHead(correlated_prior(5, 4, seed))
    state, x = head.initial(), rng.normal(size=(3, 5))
    for one in ranked(rng, rng.normal(size=5), 4, scale=5.0):
        before = head.spread(state, x)
        state = head.observe(state, one)
        assert (head.spread(state, x) <= before + 1e-9).all()
        assert np.linalg.eigvalsh(covariance(head, state)).min() > -1e-9
    likely = head.prefer(state, x[0], x[1])
    assert likely + head.prefer(state, x[1], x[0]) == pytest.approx(1.0)
    chance = head.positive(state)
    assert ((chance >= 0) & (chance <= 1)).all()


def test_a_bounded_state_is_less_sure_and_nearly_as_right() -> None:
    rng = np.random.default_rng(2)
    truth = rng.normal(size=30)
    prior = HeadPrior.independent(np.ones(30))
    whole, bounded = RewardHead(prior), RewardHead(prior, rank=8)
    a, b = whole.initial(), bounded.initial()
    for one in ranked(rng, truth, 40):
        a, b = whole.observe(a, one), bounded.observe(b, one)
    assert b.known.shape == (30, 8)
    assert (bounded.sd(b) >= whole.sd(a) - 1e-6).mean() > 0.9
    assert np.corrcoef(whole.weights(a), bounded.weights(b))[0, 1] > 0.9


def test_forgetting_goes_back_to_the_prior() -> None:
    head = RewardHead(HeadPrior.independent([1.0]), forget=0.2)
    state = head.observe(head.initial(), Comparisons.pairs([[2.0]], [[0.0]]))
    first = head.weights(state)[0]
    for _ in range(40):
        state = head.observe(state, Comparisons.none(1))
    assert abs(head.weights(state)[0]) < 1e-3 < first
    assert head.sd(state)[0] == pytest.approx(1.0, abs=1e-3)


def test_draws_have_the_posterior_s_mean_and_covariance() -> None:
    rng = np.random.default_rng(3)
    head = RewardHead(correlated_prior(3, 3))
    state = learned(head, ranked(rng, np.ones(3), 5))
    draws = head.draw(state, 20_000, rng)
    assert draws.mean(axis=0) == pytest.approx(head.weights(state), abs=0.05)
    assert np.cov(draws.T) == pytest.approx(covariance(head, state), abs=0.1)


def test_extreme_features_do_not_break_the_search() -> None:
    head = RewardHead(HeadPrior.independent([100.0, 0.01]))
    state = head.initial()
    for _ in range(5):
        state = head.observe(state, Comparisons.pairs([[1e4, 1e-4]], [[-1e4, 0.0]]))
        state = head.observe(state, Comparisons.pairs([[-1e4, 1e-4]], [[1e4, 0.0]]))
    assert np.isfinite(state.mean).all()
    assert np.isfinite(state.known).all()


def test_answers_with_equal_features_teach_nothing() -> None:
    head = RewardHead(HeadPrior.independent(np.ones(9)))
    same = Comparisons.ranking(np.ones((3, 9)), [[0], [1], [2]])
    state, evidence = head.absorb(head.initial(), same)
    assert (state.mean.any(), state.known.shape) == (False, (9, 0))
    assert evidence == pytest.approx(-np.log(6))


def test_what_does_not_fit_is_refused() -> None:
    head = RewardHead(HeadPrior.independent([1.0]))
    with pytest.raises(InputError, match="knows 1 features"):
        head.observe(head.initial(), Comparisons.pairs([[1.0, 2.0]], [[0.0, 0.0]]))
    with pytest.raises(InputError, match="a row for each"):
        HeadPrior(np.zeros(3), np.zeros((2, 2)))
    with pytest.raises(InputError, match="finite"):
        HeadPrior(np.array([np.nan]), np.zeros((1, 0)))


def test_the_most_informative_answers_are_those_least_known_and_unlike() -> None:
    head = RewardHead(HeadPrior.independent([3.0, 3.0, 0.1]))
    x = np.array([[0, 0, 0], [0, 0, 9], [2, 0, 0], [2.1, 0, 0], [0, 2, 0]], dtype=float)
    assert most_informative(head, head.initial(), x, 0, 3) == [0, 3, 4]
    assert sorted(most_informative(head, head.initial(), x, 1, 9)) == [0, 1, 2, 3, 4]
    known = learned(head, ranked(np.random.default_rng(0), np.array([1.0, 0, 0]), 200))
    assert most_informative(head, known, x, 0, 1) == [0]


@pytest.mark.parametrize("p", [300])
def test_an_update_is_cheap(p: int) -> None:
    rng = np.random.default_rng(4)
    head = RewardHead(HeadPrior.independent(np.ones(p)), rank=24)
    data = ranked(rng, rng.normal(size=p), 40)
    state = head.initial()
    times = []
    for one in data:
        start = time.perf_counter()
        state = head.observe(state, one)
        times.append(time.perf_counter() - start)
    assert np.median(times) < 0.02
