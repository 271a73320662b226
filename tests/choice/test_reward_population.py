from __future__ import annotations

import numpy as np
import pytest
from tests.choice.test_reward_head import ranked

from tailorlm.choice.comparisons import Comparisons
from tailorlm.choice.reward_head import RewardHead
from tailorlm.choice.reward_population import (
    Population,
    PopulationSettings,
    fit_population,
    posteriors,
)
from tailorlm.errors import InputError

P = 6


def users_of(truths: np.ndarray, rankings: int, seed: int = 0) -> list[Comparisons]:
    rng = np.random.default_rng(seed)
    return [Comparisons.joined(ranked(rng, w, rankings)) for w in truths]


def drawn_users(n: int, seed: int = 0) -> np.ndarray:
    """Users who agree on the first weights and differ along one direction."""
    rng = np.random.default_rng(seed)
    mean = np.array([1.0, -1.0, 0.5, 0, 0, 0])
    along = np.array([0, 0, 0, 1.5, 1.5, 0])
    return mean + rng.normal(size=(n, 1)) * along + 0.05 * rng.normal(size=(n, P))


def error(population: Population, truths: np.ndarray, data: list[Comparisons]) -> float:
    found = posteriors(population, data, np.zeros((len(data), population.traits.shape[1])))
    gaps = [h.weights(s) - w for (h, s), w in zip(found, truths, strict=True)]
    return float(np.linalg.norm(gaps, axis=1).mean())


def test_mean_and_covariance_across_users_are_found() -> None:
    truths = drawn_users(60)
    settings = PopulationSettings(rounds=15, assumed_users=3.0)
    population = fit_population(users_of(truths, 40), np.ones(P), settings)
    assert population.mean == pytest.approx(truths.mean(axis=0), abs=0.25)
    assert np.abs(population.prior().covariance - np.cov(truths.T)).max() < 0.5
    values, vectors = np.linalg.eigh(population.prior().covariance)
    assert values[-1] > 5 * values[-2]
    assert abs(vectors[:, -1] @ [0, 0, 0, 0.7071, 0.7071, 0]) > 0.97


def test_a_new_user_gains_from_the_population_and_from_each_comparison() -> None:
    population = fit_population(users_of(drawn_users(50), 30), np.ones(P))
    new = drawn_users(20, seed=9)
    blank = Population(np.zeros(P), np.eye(P), np.zeros((P, 0)))
    errors = [error(population, new, users_of(new, n, seed=8)) for n in (1, 5, 30)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[1] < 0.6 * error(blank, new, users_of(new, 5, seed=8))


def test_one_weight_vector_for_all_is_the_pooled_fit() -> None:
    data = users_of(drawn_users(10), 20)
    population = fit_population(data, np.full(P, 3.0), PopulationSettings(model="uniform"))
    assert population.basis.shape == (P, 0)
    assert population.mean == pytest.approx([1.0, -1.0, 0.5, 0, 0, 0], abs=0.6)


def test_clusters_are_found() -> None:
    centres = np.array([[2.0, 0, 0, 0, 0, 0], [0, 2.0, 0, 0, 0, 0], [-2.0, -2.0, 0, 0, 0, 0]])
    truths = np.repeat(centres, 15, axis=0)
    data = users_of(truths, 20)
    settings = PopulationSettings(model="cluster", clusters=3)
    population = fit_population(data, np.ones(P), settings)
    assert population.basis.shape == (P, 3)
    inside = np.linalg.svd(population.basis)[0][:, :2]
    assert np.linalg.norm(inside[:2]) > 0.95 * np.linalg.norm(inside)
    uniform = fit_population(data, np.ones(P), PopulationSettings(model="uniform"))
    assert error(population, truths, data) < 0.5 * error(uniform, truths, data)


@pytest.mark.parametrize("clusters", [1, 100])
def test_any_number_of_clusters_can_be_asked_for(clusters: int) -> None:
    data = users_of(drawn_users(8), 5)
    settings = PopulationSettings(model="cluster", clusters=clusters)
    population = fit_population(data, np.ones(P), settings)
    assert population.basis.shape == (P, min(clusters, 8))
    assert np.isfinite(population.basis).all()


def test_users_who_say_the_same_are_one_centre() -> None:
    same = users_of(drawn_users(1), 5) * 6
    settings = PopulationSettings(model="cluster", clusters=4)
    population = fit_population(same, np.ones(P), settings)
    assert population.basis.shape == (P, 1)
    assert np.isfinite(population.basis).all()


def test_explicit_traits_tell_of_a_user_before_the_first_comparison() -> None:
    rng = np.random.default_rng(3)
    traits = rng.integers(0, 2, size=(60, 1)).astype(float)
    truths = np.array([1.0, 0, 0, 0, 0, 0]) + traits * np.array([0, 0, 2.0, 0, 0, 0])
    for model in ("individual", "uniform", "cluster"):
        population = fit_population(
            users_of(truths, 20), np.ones(P), PopulationSettings(model=model), traits=traits
        )
        assert population.traits[2, 0] > 1.0
        assert population.prior([1.0]).mean[2] - population.prior([0.0]).mean[2] > 1.0
    assert population.prior().mean.tolist() == population.mean.tolist()
    with pytest.raises(InputError, match="knows 1 traits"):
        population.prior([1.0, 2.0])


def test_a_compact_prior_keeps_what_matters() -> None:
    population = fit_population(users_of(drawn_users(60), 40), np.ones(P))
    compact = population.compact(np.ones(P), 1)
    assert compact.basis.shape == (P, P + 1)
    assert np.linalg.norm(
        compact.covariance - population.prior().covariance
    ) < 0.2 * np.linalg.norm(population.prior().covariance)
    same = RewardHead(compact)
    assert same.weights(same.initial()).tolist() == population.mean.tolist()


def test_users_with_one_pair_or_none_are_no_obstacle() -> None:
    data = [*users_of(drawn_users(5), 10), Comparisons.none(P), users_of(drawn_users(1), 1)[0]]
    population = fit_population(data, np.ones(P))
    assert np.isfinite(population.mean).all()


@pytest.mark.parametrize(
    ("users", "scales", "traits", "says"),
    [
        ([], np.ones(P), None, "no comparisons"),
        ([Comparisons.none(P)], np.ones(P), None, "no comparisons"),
        ("made", np.zeros(P), None, "above 0"),
        ("made", np.ones(P), np.ones((1, 2)), "each of the 3 users"),
        ("made", np.ones(P - 1), None, "features"),
    ],
)
def test_what_cannot_be_learned_from_is_refused(
    users: object, scales: np.ndarray, traits: np.ndarray | None, says: str
) -> None:
    data = users_of(drawn_users(3), 2) if users == "made" else users
    with pytest.raises(InputError, match=says):
        fit_population(data, scales, traits=traits)


@pytest.mark.parametrize(
    "wrong",
    [{"model": "x"}, {"clusters": 0}, {"rounds": 0}, {"assumed_users": 0}, {"spread": 0}],
)
def test_settings_are_checked(wrong: dict) -> None:
    with pytest.raises(InputError):
        PopulationSettings(**wrong)
