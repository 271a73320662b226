"""METEOR by hand, and against nltk with a WordNet that knows no word."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluation.metrics.random_cases import WORDS, hard_pairs

from tailorlm.errors import InputError, MissingExtraError
from tailorlm.evaluation.metrics import meteor
from tailorlm.evaluation.metrics.stems import porter

VOCABULARY = [
    *("the", "a", "on", "cat", "cats", "sat", "sitting", "sits", "mat", "mats", "plan", "plans"),
    *("planned", "planning", "Meeting", "meetings", "run", "runs", "running", "quickly", "quick"),
    *(",", ".", "!", "report", "reports", "reported", "Ana's", "12"),
    *WORDS,
]


class NoSynonyms:
    """Stands for nltk's WordNet."""

    def synsets(self, word: str) -> list[Any]:
        return []


def test_by_hand() -> None:
    # Exact: the, on, the; by stem: cats-cat, mat-mats. All of 5 words match in 1 chunk.
    score = meteor("the cats on the mat", "the cat on the mats")
    assert score == pytest.approx(1 - 0.5 * (1 / 5) ** 3)
    # Two of three and of four words match, apart from each other: P = 2/3, R = 1/2.
    score = meteor("red sky blue", "red sea is blue")
    mean = (2 / 3) * (1 / 2) / (0.9 * 2 / 3 + 0.1 * 1 / 2)
    assert score == pytest.approx((1 - 0.5) * mean)


def test_no_match_scores_zero() -> None:
    assert meteor("red", "blue") == 0.0


def test_agrees_with_nltk() -> None:
    from nltk.translate.meteor_score import meteor_score

    rng = np.random.default_rng(5)
    hard = list(hard_pairs(600, seed=5))
    for case in range(1600):
        sizes = rng.integers(1, 25, size=2)
        candidate, reference = ([str(w) for w in rng.choice(VOCABULARY, size=n)] for n in sizes)
        if case >= 1000:
            candidate, reference = (side.split() for side in hard[case - 1000])
        alpha, beta, gamma = (
            (0.9, 3.0, 0.5) if case % 2 else rng.uniform([0, 0, 0], [1, 4, 1]).tolist()
        )
        found = meteor(candidate, reference, alpha=alpha, beta=beta, gamma=gamma)
        oracle = meteor_score(
            [reference], candidate, wordnet=NoSynonyms(), alpha=alpha, beta=beta, gamma=gamma
        )
        assert found == pytest.approx(oracle, abs=1e-12)


@given(st.text(min_size=1), st.text(min_size=1))
def test_any_text_scores_between_zero_and_one(candidate: str, reference: str) -> None:
    if candidate.strip() and reference.strip():
        assert 0 <= meteor(candidate, reference) <= 1
        assert meteor(reference, reference) >= 0.5


def test_a_text_is_cut_into_words_and_marks() -> None:
    tokens = ["don't", "stop", ",", "ana", "!"]
    assert meteor("Don't stop, Ana!", tokens) == pytest.approx(1 - 0.5 / 5**3)


def test_what_is_refused() -> None:
    for empty in ("", " ", []):
        with pytest.raises(InputError, match="The candidate"):
            meteor(empty, "x")
    with pytest.raises(InputError, match="alpha and gamma lie between 0 and 1"):
        meteor("x", "x", alpha=2)
    with pytest.raises(InputError, match="beta is at least 0"):
        meteor("x", "x", beta=-1)


def test_a_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    porter.cache_clear()
    monkeypatch.setitem(sys.modules, "nltk.stem.porter", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tailorlm\[evaluation\]'"):
        meteor("x", "y")
