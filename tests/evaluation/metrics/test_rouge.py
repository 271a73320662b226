"""ROUGE by hand, against rouge-score, and what rouge-score leaves open."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluation.metrics.random_cases import hard_pairs, text_pairs

from tailorlm.errors import InputError, MissingExtraError
from tailorlm.evaluation.metrics import ROUGE_KINDS, Overlap, Unscored, rouge
from tailorlm.evaluation.metrics.stems import porter

CANDIDATE = "The cat sat on the mat."
REFERENCE = "The cat lay on a mat today!"


def words() -> st.SearchStrategy[str]:
    """Texts of few words, so that they repeat."""
    return st.lists(st.sampled_from("abc"), min_size=1, max_size=80).map(" ".join)


def test_by_hand() -> None:
    scores = rouge(CANDIDATE, REFERENCE)
    # the, cat, on and mat are shared, of 6 and 7 words; of pairs only "the cat", of 5 and 6.
    assert scores["rouge1"] == Overlap(4 / 6, 4 / 7, pytest.approx(8 / 13))
    assert scores["rouge2"] == Overlap(1 / 5, 1 / 6, pytest.approx(2 / 11))
    assert scores["rougeL"] == Overlap(4 / 6, 4 / 7, pytest.approx(8 / 13))


def test_order_counts_for_rouge_l_only() -> None:
    scores = rouge("one two three", "three two one")
    assert scores["rouge1"] == Overlap(1.0, 1.0, 1.0)
    assert scores["rougeL"] == Overlap(1 / 3, 1 / 3, pytest.approx(1 / 3))


def test_stems() -> None:
    assert rouge("meetings planned", "meeting plans")["rouge1"] == Overlap(0.0, 0.0, 0.0)
    assert rouge("meetings planned", "meeting plans", stem=True)["rouge1"] == Overlap(1, 1, 1)


def test_unscored_is_not_zero() -> None:
    for kind, score in rouge("Привет", "Привет").items():
        assert isinstance(score, Unscored)
        assert kind in score.reason
    one_word = rouge("Thanks!", "Thanks a lot")
    assert one_word["rouge1"] == Overlap(1.0, 1 / 3, 0.5)
    assert isinstance(one_word["rouge2"], Unscored)
    assert tuple(one_word) == ROUGE_KINDS


@pytest.mark.parametrize("pair", [("", "x"), ("x", " \n")])
def test_blank_texts_are_refused(pair: tuple[str, str]) -> None:
    with pytest.raises(InputError, match="is empty, so there is nothing to compare"):
        rouge(*pair)
    with pytest.raises(InputError, match="must be a text, but is a list"):
        rouge(["x"], "x")  # type: ignore[arg-type]


@pytest.mark.parametrize("stem", [False, True])
def test_agrees_with_rouge_score(stem: bool) -> None:
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer(list(ROUGE_KINDS), use_stemmer=stem)
    scored = 0
    seed = int(stem)
    for candidate, reference in (*text_pairs(1400, seed), *hard_pairs(600, seed)):
        theirs = scorer.score(reference, candidate)
        for kind, ours in rouge(candidate, reference, stem=stem).items():
            oracle = theirs[kind]
            if isinstance(ours, Unscored):
                assert oracle.fmeasure == 0
                continue
            scored += kind == "rouge2"
            expected = (oracle.precision, oracle.recall, oracle.fmeasure)
            assert (ours.precision, ours.recall, ours.f1) == pytest.approx(expected, abs=1e-12)
    assert scored >= 1000


@given(words(), words())
def test_the_longest_common_subsequence_is_that_of_the_table(one: str, other: str) -> None:
    score = rouge(one, other)["rougeL"]
    assert isinstance(score, Overlap)
    assert round(score.recall * len(other.split())) == common(tuple(one.split()), other.split())


def common(one: tuple[str, ...], other: Sequence[str]) -> int:
    row = [0] * (len(other) + 1)
    for word in one:
        above = row[:]
        for place, wanted in enumerate(other, start=1):
            row[place] = (
                above[place - 1] + 1 if word == wanted else max(above[place], row[place - 1])
            )
    return row[-1]


def test_only_stems_need_a_package(monkeypatch: pytest.MonkeyPatch) -> None:
    porter.cache_clear()
    monkeypatch.setitem(sys.modules, "nltk.stem.porter", None)
    assert rouge("x", "x")["rouge1"] == Overlap(1.0, 1.0, 1.0)
    with pytest.raises(MissingExtraError, match=r"ROUGE with stems .*pip install 'tailorlm\[eval"):
        rouge("x", "x", stem=True)
