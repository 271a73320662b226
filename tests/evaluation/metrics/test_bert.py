"""BERTScore's formula by hand, on an encoder whose vectors are known."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest

from tailorlm.encoders import create_encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import (
    Overlap,
    TokenWeights,
    Unscored,
    bert_baseline,
    bert_score,
)

ANGLES = {"hot": 0.0, "warm": 30.0, "cool": 80.0, "cold": 90.0}
"""Each word's direction in the plane, in degrees; other words have no vector."""


class Compass:
    """An encoder of four words."""

    name = "compass"
    version = "1"
    dim = 2

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        vectors = np.zeros((len(texts), 2), np.float32)
        for place, text in enumerate(texts):
            if text in ANGLES:
                angle = math.radians(ANGLES[text])
                vectors[place] = (math.cos(angle), math.sin(angle))
        return vectors


def cos(degrees: float) -> float:
    return math.cos(math.radians(degrees))


def one(candidate: str, reference: str, **options: object) -> Overlap:
    (score,) = bert_score([candidate], [reference], Compass(), **options)  # type: ignore[arg-type]
    assert isinstance(score, Overlap)
    return score


def test_greedy_matching_by_hand() -> None:
    score = one("hot cold", "warm cool cool")
    # Candidate: hot goes to warm, cold to cool. Reference: warm to hot, cool to cold, twice.
    precision, recall = (cos(30) + cos(10)) / 2, (cos(30) + 2 * cos(10)) / 3
    assert score.precision == pytest.approx(precision, abs=1e-6)
    assert score.recall == pytest.approx(recall, abs=1e-6)
    assert score.f1 == pytest.approx(2 * precision * recall / (precision + recall), abs=1e-6)


def test_many_agree_with_the_formula_as_loops() -> None:
    rng = np.random.default_rng(1)
    words = [*ANGLES, "foo"]
    pairs = [
        [" ".join(rng.choice(words, size=rng.integers(1, 9))) for _ in range(2)]
        for _ in range(1000)
    ]
    candidates, references = zip(*pairs, strict=True)
    weights = TokenWeights(references)
    for given in (None, weights):
        found = bert_score(candidates, references, Compass(), weights=given)
        for ours, pair in zip(found, pairs, strict=True):
            written, wanted = ([word for word in text.split() if word in ANGLES] for text in pair)
            if not written or not wanted:
                assert isinstance(ours, Unscored)
                continue
            assert isinstance(ours, Overlap)
            expected = share(written, wanted, given), share(wanted, written, given)
            assert (ours.precision, ours.recall) == pytest.approx(expected, abs=1e-6)


def share(ones: list[str], others: list[str], weights: TokenWeights | None) -> float:
    """Mean over words of the cosine to the nearest one of the others."""
    each = [1.0] * len(ones) if weights is None else weights.of(ones)
    nearest = [max(cos(ANGLES[one] - ANGLES[other]) for other in others) for one in ones]
    return float(np.average(nearest, weights=each))


def test_unknown_tokens_do_not_count() -> None:
    assert one("Hot stuff!", "hot").f1 == pytest.approx(1.0, abs=1e-6)


def test_rare_tokens_count_for_more() -> None:
    weights = TokenWeights(["hot cold", "hot warm", "hot"])
    assert weights.of(["hot", "cold", "new"]) == pytest.approx([0, math.log(2), math.log(4)])
    score = one("hot cold cool", "cold", weights=weights)
    known, new = math.log(2), math.log(4)
    assert score.precision == pytest.approx((known + new * cos(10)) / (known + new), abs=1e-6)
    assert score.recall == pytest.approx(1.0, abs=1e-6)


def test_rescaling_moves_the_baseline_to_zero() -> None:
    plain = one("hot", "cool")
    baseline = Overlap(plain.precision, plain.recall, plain.f1)
    assert one("hot", "cool", baseline=baseline) == Overlap(0.0, 0.0, 0.0)
    assert one("hot", "hot", baseline=baseline).f1 == pytest.approx(1.0, abs=1e-6)
    assert one("hot", "cold", baseline=baseline).f1 < 0


def test_baseline_is_the_mean_of_different_texts() -> None:
    rng = np.random.default_rng(0)
    found = bert_baseline(["hot", "cold", "warm"], Compass(), rng, pairs=3000)
    assert found.f1 == pytest.approx((cos(90) + cos(30) + cos(60)) / 3, abs=0.02)
    again = bert_baseline(["hot", "cold", "warm"], Compass(), np.random.default_rng(0), pairs=3000)
    assert found == again


def test_unscored_is_not_zero() -> None:
    nothing_known, nothing_weighs = bert_score(
        ["stuff", "hot"], ["hot", "hot"], Compass(), weights=TokenWeights(["hot"])
    )
    assert nothing_known == Unscored("a text has no token that the encoder knows")
    assert nothing_weighs == Unscored("every token of a text has weight 0: all texts hold it")


def test_the_encoder_that_ships_finds_the_nearer_text() -> None:
    encoder = create_encoder("static")
    reference = "Could we move the meeting to Friday morning?"
    texts = ["Can we shift our call to Friday?", "The soup needs more salt and a carrot."]
    near, far = bert_score(texts, [reference] * 2, encoder)
    assert isinstance(near, Overlap)
    assert isinstance(far, Overlap)
    assert 1 >= near.f1 > far.f1 + 0.1
    (same,) = bert_score([reference], [reference], encoder)
    assert isinstance(same, Overlap)
    assert same.f1 == pytest.approx(1.0, abs=1e-5)


def test_what_is_refused() -> None:
    encoder = Compass()
    with pytest.raises(InputError, match="two lists of texts"):
        bert_score("hot", ["hot"], encoder)
    with pytest.raises(InputError, match="but got 1 and 2"):
        bert_score(["hot"], ["hot", "cold"], encoder)
    with pytest.raises(InputError, match="one at least, but got 0 and 0"):
        bert_score([], [], encoder)
    with pytest.raises(InputError, match="The reference is empty"):
        bert_score(["hot"], [" "], encoder)
    with pytest.raises(InputError, match="at least one text"):
        TokenWeights([])
    with pytest.raises(InputError, match="must lie below 1"):
        bert_score(["hot"], ["hot"], encoder, baseline=Overlap(1.0, 1.0, 1.0))
    rng = np.random.default_rng(0)
    with pytest.raises(InputError, match="two different texts"):
        bert_baseline(["hot", "hot"], encoder, rng)
    with pytest.raises(InputError, match="No pair of the baseline's texts"):
        bert_baseline(["red", "blue"], encoder, rng, pairs=2)
