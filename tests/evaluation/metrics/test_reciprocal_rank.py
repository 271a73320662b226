"""The mean reciprocal rank by hand, and against ranx where it is installed."""

from __future__ import annotations

import numpy as np
import pytest

from tailorlm.evaluation.metrics import Ranking, Unscored, mean_scored, reciprocal_rank


def test_by_hand() -> None:
    ranking = Ranking.of_items([["a", "b", "c"], ["x"], [], ["z"]], [{"c", "b"}, ["x"], ["y"], []])
    found = reciprocal_rank(ranking)
    assert found == [1 / 2, 1.0, 0.0, Unscored("nothing is relevant to the query")]
    assert mean_scored(found) == 1 / 2


def test_agrees_with_a_plain_count() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(6, size=(1200, 15)).astype(float)
    relevance = rng.integers(2, size=scores.shape).astype(float)
    relevance[:, 0] = 1.0
    wanted = []
    for row, worth in zip(scores, relevance, strict=True):
        order = sorted(range(len(row)), key=lambda i: -row[i])
        wanted.append(1 / (1 + next(rank for rank, i in enumerate(order) if worth[i])))
    assert reciprocal_rank(Ranking.of_scores(scores, relevance)) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.filterwarnings("ignore:")  # numba's own, when it compiles
def test_agrees_with_ranx() -> None:
    ranx = pytest.importorskip("ranx", reason="ranx brings numba and pandas; see bench/metrics.py")
    rng = np.random.default_rng(1)
    scores = rng.permuted(np.tile(np.arange(15.0), (1000, 1)), axis=1)
    relevance = rng.integers(2, size=scores.shape)
    relevance[:, 3] = 1
    names = [f"i{i:02}" for i in range(15)]
    qrels = ranx.Qrels(
        {
            f"q{q:04}": {n: int(r) for n, r in zip(names, row, strict=True) if r}
            for q, row in enumerate(relevance)
        }
    )
    run = ranx.Run(
        {f"q{q:04}": dict(zip(names, row.tolist(), strict=True)) for q, row in enumerate(scores)}
    )
    theirs = ranx.evaluate(qrels, run, "mrr", return_mean=False)
    ours = reciprocal_rank(Ranking.of_scores(scores, relevance))
    assert ours == pytest.approx(theirs.tolist(), abs=1e-6)
