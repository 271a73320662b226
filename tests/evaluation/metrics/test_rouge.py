"""ROUGE by hand, and what rouge-score itself leaves open."""

from __future__ import annotations

import sys

import pytest

from tailorlm.errors import InputError, MissingExtraError
from tailorlm.evaluation.metrics import ROUGE_KINDS, Overlap, Unscored, rouge

CANDIDATE = "The cat sat on the mat."
REFERENCE = "The cat lay on a mat today!"


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


def test_a_missing_package_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules["tailorlm.evaluation.metrics.rouge"]
    module._scorer.cache_clear()
    monkeypatch.setitem(sys.modules, "rouge_score.rouge_scorer", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tailorlm\[evaluation\]'"):
        rouge("x", "x")
