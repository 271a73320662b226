from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
from scipy.stats import kendalltau
from tests.evaluation.recordings import record

from tailorlm.errors import InputError
from tailorlm.evaluation.agreement import pairs_alike, second_annotator_agreement


def test_tau_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    (turn, *_) = record(rng, users=1, turns=1)
    for second in permutations(turn.ranking):
        turns = [replace(turn, second_ranking=second)]
        found = second_annotator_agreement(turns, rng, resamples=10)
        places = np.argsort(turn.ranking), np.argsort(second)
        assert found.tau.value == pytest.approx(kendalltau(*places).statistic)


def test_pairs() -> None:
    assert pairs_alike([2, 0, 1], [2, 1, 0]) == (2, 3)
    for one, other in (([0], [0]), ([0, 1], [0, 2]), ([0, 0], [0, 0]), ([0, 1], [0, 1, 2])):
        with pytest.raises(InputError, match="same candidates"):
            pairs_alike(one, other)


def test_a_second_annotator_over_users() -> None:
    rng = np.random.default_rng(0)
    turns = [
        replace(turn, second_ranking=turn.ranking if number % 4 else turn.ranking[::-1])
        for number, turn in enumerate(record(rng, users=4, turns=10))
    ]
    turns += record(rng, users=1, turns=3)
    found = second_annotator_agreement(turns, rng, resamples=200)
    assert (found.turns, found.pairs) == (40, 120)
    assert found.tau.value == pytest.approx(0.5)
    assert found.pairs_alike.value == pytest.approx(0.75)
    assert found.tau.low <= 0.5 <= found.tau.high
    assert found.tau.users == 4


def test_without_a_second_annotator_nothing_is_claimed() -> None:
    rng = np.random.default_rng(0)
    found = second_annotator_agreement(record(rng), rng, resamples=10)
    assert (found.tau.value, found.turns, found.pairs) == (None, 0, 0)
