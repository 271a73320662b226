"""Rankings by hand, against scikit-learn and, where it is installed, against ranx."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from sklearn import config_context
from sklearn.metrics import ndcg_score, top_k_accuracy_score

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import (
    Ranking,
    Unscored,
    hit_ratio_at_k,
    hits_at_k,
    mean_scored,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
)

QUERIES, ITEMS = 1200, 15
NOTHING = Unscored("nothing is relevant to the query")


def tables(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Scores with many ties, and relevance from 0 to 3, for every query something."""
    rng = np.random.default_rng(seed)
    relevance = rng.choice([0, 0, 0, 1, 2, 3], size=(QUERIES, ITEMS))
    relevance[np.arange(QUERIES), rng.integers(ITEMS, size=QUERIES)] = 1
    return rng.integers(6, size=(QUERIES, ITEMS)).astype(float), relevance.astype(float)


def test_by_hand() -> None:
    ranking = Ranking.of_items([["a", "b", "c"], ["x"], []], [{"b", "d"}, {"x": 3.0}, ["y"]])
    assert recall_at_k(ranking, 2) == [1 / 2, 1.0, 0.0]
    assert precision_at_k(ranking, 2) == [1 / 2, 1 / 2, 0.0]
    assert hit_ratio_at_k(ranking, 1) == [0.0, 1.0, 0.0]
    log = np.log2([2, 3])
    assert ndcg_at_k(ranking, 3) == pytest.approx([(1 / log[1]) / (1 + 1 / log[1]), 1.0, 0.0])


def test_the_two_gains() -> None:
    ranking = Ranking.of_items([["a", "b"]], [{"a": 1.0, "b": 3.0}])
    second = 1 / np.log2(3)
    assert ndcg_at_k(ranking, 2) == pytest.approx([(1 + 3 * second) / (3 + second)])
    found = ndcg_at_k(ranking, 2, gain="exponential")
    assert found == pytest.approx([(1 + 7 * second) / (7 + second)])


def test_a_query_without_relevant_items_is_unscored() -> None:
    ranking = Ranking.of_items([["a"], ["a"]], [[], {"a": 1}])
    for metric in (recall_at_k, precision_at_k, hit_ratio_at_k, ndcg_at_k):
        assert metric(ranking, 1) == [NOTHING, 1.0]
    assert mean_scored(recall_at_k(ranking, 1)) == 1.0
    assert mean_scored([NOTHING]) == Unscored("none of 1 is scored")
    with pytest.raises(InputError, match="one score at least"):
        mean_scored([])


@pytest.mark.parametrize("k", [1, 3, 10, 40])
def test_agrees_with_definitions_written_as_loops(k: int) -> None:
    scores, relevance = tables(k)
    ranking = Ranking.of_scores(scores, relevance)
    found = zip(
        recall_at_k(ranking, k),
        precision_at_k(ranking, k),
        hit_ratio_at_k(ranking, k),
        strict=True,
    )
    for given, graded, ours in zip(scores, relevance, found, strict=True):
        first = sorted(range(ITEMS), key=lambda item: -given[item])[:k]
        hits = sum(graded[item] > 0 for item in first)
        assert ours == (hits / (graded > 0).sum(), hits / k, float(hits > 0))


def test_ndcg_agrees_with_scikit_learn() -> None:
    scores, relevance = tables(9)
    # Items keep their order where scores are equal; scikit-learn is given the same order.
    scores -= np.arange(ITEMS) / 1000
    for k in (3, 10):
        ranking = Ranking.of_scores(scores, relevance)
        linear, exponential = ndcg_at_k(ranking, k), ndcg_at_k(ranking, k, gain="exponential")
        with config_context(assume_finite=True, skip_parameter_validation=True):
            for row in range(0, QUERIES, 1 if k == 3 else 10):
                graded, given = relevance[row : row + 1], scores[row : row + 1]
                theirs = ndcg_score(graded, given, k=k, ignore_ties=True)
                assert linear[row] == pytest.approx(theirs, abs=1e-12)
                theirs = ndcg_score(2**graded - 1, given, k=k, ignore_ties=True)
                assert exponential[row] == pytest.approx(theirs, abs=1e-12)


@pytest.mark.filterwarnings("ignore:")  # numba's own, when it compiles
def test_agrees_with_ranx() -> None:
    ranx = pytest.importorskip("ranx", reason="ranx brings numba and pandas; see bench/metrics.py")
    scores, relevance = tables(4)
    scores -= np.arange(ITEMS) / 1000
    qrels = ranx.Qrels(
        {
            f"q{query:04}": {f"d{item}": int(grade) for item, grade in enumerate(row) if grade}
            for query, row in enumerate(relevance)
        }
    )
    run = ranx.Run(
        {
            f"q{query:04}": {f"d{item}": score for item, score in enumerate(row)}
            for query, row in enumerate(scores)
        }
    )
    ranking = Ranking.of_scores(scores, relevance)
    for k in (1, 5, 10):
        names = [f"{name}@{k}" for name in ("recall", "precision", "hit_rate", "ndcg")]
        theirs = ranx.evaluate(qrels, run, [*names, f"ndcg_burges@{k}"], return_mean=False)
        ours = [metric(ranking, k) for metric in (recall_at_k, precision_at_k, hit_ratio_at_k)]
        ours += [ndcg_at_k(ranking, k), ndcg_at_k(ranking, k, gain="exponential")]
        for mine, name in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(mine, theirs[name], atol=1e-9)


def test_lists_and_scores_give_the_same() -> None:
    scores, relevance = tables(5)
    scores[:, 12:] = np.nan
    ranked = [[int(item) for item in np.argsort(-row, kind="stable")[:12]] for row in scores]
    graded = [dict(enumerate(row.tolist())) for row in relevance]
    lists, arrays = Ranking.of_items(ranked, graded), Ranking.of_scores(scores, relevance)
    for k in (2, 12, 15):
        assert ndcg_at_k(lists, k) == pytest.approx(ndcg_at_k(arrays, k))
        assert recall_at_k(lists, k) == recall_at_k(arrays, k)


def test_hits_at_k_agrees_with_scikit_learn_without_ties() -> None:
    rng = np.random.default_rng(6)
    scores, right = rng.normal(size=(1500, 8)), rng.integers(8, size=1500)
    for k in (1, 3, 5):
        theirs = top_k_accuracy_score(right, scores, k=k, labels=np.arange(8), normalize=False)
        assert hits_at_k(scores, right, k).sum() == theirs


def test_ties_are_broken_at_random() -> None:
    rng = np.random.default_rng(7)
    scores, right = rng.integers(3, size=(200, 4)), rng.integers(4, size=200)
    found = hits_at_k(scores, right, 2)
    for row, place, ours in zip(scores, right, found, strict=True):
        firsts = [
            sorted(order, key=lambda item: -row[item])[:2] for order in permutations(range(4))
        ]
        assert ours == pytest.approx(np.mean([place in first for first in firsts]))


def test_what_is_refused() -> None:
    ranking = Ranking.of_items([["a"]], [["a"]])
    with pytest.raises(InputError, match="from 1, but got 0"):
        recall_at_k(ranking, 0)
    with pytest.raises(InputError, match='"linear" or "exponential", but got \'log\''):
        ndcg_at_k(ranking, 1, gain="log")  # type: ignore[arg-type]
    for lists in (([], []), ([["a"]], []), ("a", ["a"])):
        with pytest.raises(InputError, match="one query at least"):
            Ranking.of_items(*lists)
    for lists in ((["abc"], [["a"]]), ([["abc"]], ["abc"])):
        with pytest.raises(InputError, match="Wrap it in a list"):
            Ranking.of_items(*lists)
    with pytest.raises(InputError, match="ranks an item twice"):
        Ranking.of_items([["a", "a"]], [["a"]])
    for grade in (-1, float("nan")):
        with pytest.raises(InputError, match="below 0 or no number"):
            Ranking.of_items([["a"]], [{"a": grade}])
        with pytest.raises(InputError, match="below 0 or no number"):
            Ranking.of_scores([[1.0]], [[grade]])
    for shapes in (([], []), ([[1.0]], [[1.0, 2.0]]), ([1.0], [1.0])):
        with pytest.raises(InputError, match="same shape"):
            Ranking.of_scores(*shapes)


def test_hits_at_k_refuses() -> None:
    with pytest.raises(InputError, match="shape"):
        hits_at_k([], [], 1)
    with pytest.raises(InputError, match="positions from 0 to 1"):
        hits_at_k([[1.0, 2.0]], [2], 1)
    with pytest.raises(InputError, match="A score is no number"):
        hits_at_k([[1.0, float("nan")]], [0], 1)
    with pytest.raises(InputError, match="from 1, but got 0"):
        hits_at_k([[1.0]], [0], 0)
