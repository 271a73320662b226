"""The stylometric distance: its formula, that it is fair, and that it tells writers apart."""

from __future__ import annotations

import numpy as np
import pytest
from tests.evaluation.metrics.writers import mails

from tailorlm.errors import InputError
from tailorlm.evaluation.metrics import StyleScale, style_distance
from tailorlm.evaluation.metrics.features import (
    FUNCTION_WORDS,
    MARKS,
    function_word_rates,
    grams,
    mark_rates,
)
from tailorlm.writing.traits import trait_names

FORMAL, BRIEF = mails(30, seed=1)
SCALE = StyleScale.fit(FORMAL + BRIEF)


def test_features_by_hand() -> None:
    rates = dict(zip(FUNCTION_WORDS, function_word_rates("The cat DON’T the"), strict=True))
    assert rates["the"] == 2 / 4
    assert rates["don't"] == 1 / 4
    assert sum(rates.values()) == 3 / 4
    assert dict(zip(MARKS, mark_rates("a!b!"), strict=True))["!"] == 2 / 4
    assert grams("a\n\nb") == {" a ": 1, "a b": 1, " b ": 1}


def test_one_text_gives_burrows_delta() -> None:
    one, other = SCALE.scores([FORMAL[0], BRIEF[0]])
    delta = float(SCALE.weights @ np.abs(one - other))
    assert style_distance(FORMAL[0], [BRIEF[0]], SCALE) == pytest.approx(delta)
    assert style_distance(FORMAL[0], [FORMAL[0]], SCALE) == pytest.approx(0.0)


def delta(one: str, other: str) -> float:
    return style_distance(one, [other], SCALE)


@pytest.mark.parametrize("n_given", [1, 3])
def test_several_texts_by_the_formula(n_given: int) -> None:
    given, own = BRIEF[5 : 5 + n_given], [*FORMAL[:4], BRIEF[0]]
    across, among, within = (
        np.mean([delta(one, other) for one in left for other in right])
        for left, right in ((given, own), (given, given), (own, own))
    )
    expected = across - among / 2 - within / 2
    assert style_distance(given, own, SCALE) == pytest.approx(expected)
    assert style_distance(given, given[::-1], SCALE) == pytest.approx(0.0, abs=1e-12)


def test_own_texts_are_nearest_on_average_to_their_own_kind() -> None:
    profiles = [SCALE.profile(FORMAL[:20]), SCALE.profile(BRIEF[:20])]
    for own, texts in enumerate((FORMAL[20:], BRIEF[20:])):
        for text in texts:
            distances = [profile.distance(text) for profile in profiles]
            assert distances[own] < distances[1 - own]


def test_a_varied_author_is_not_farther_for_being_varied() -> None:
    rng = np.random.default_rng(2)
    mixed = [FORMAL[i] if rng.random() < 0.5 else BRIEF[i] for i in range(30)]
    to_mixed = np.mean([SCALE.profile(mixed).distance(text) for text in mixed])
    to_formal = np.mean([SCALE.profile(FORMAL).distance(text) for text in mixed])
    assert to_mixed < to_formal


@pytest.mark.parametrize("texts", [FORMAL, BRIEF])
def test_noise_of_single_texts_is_subtracted_where_sets_are_compared(texts: list[str]) -> None:
    profile = SCALE.profile(texts[:15])
    one_by_one = np.mean([profile.distance(text) for text in texts[15:]])
    assert profile.distance(texts[15:]) < 0.3 * one_by_one


def test_families_count_the_same_and_constant_features_do_not() -> None:
    sizes = (len(FUNCTION_WORDS), len(SCALE.grams), len(MARKS), len(trait_names()))
    parts = np.split(SCALE.weights, np.cumsum(sizes)[:-1])
    assert [part.sum() for part in parts] == pytest.approx([0.25] * 4)
    assert SCALE.weights[FUNCTION_WORDS.index("myself")] == 0


def test_what_is_refused() -> None:
    with pytest.raises(InputError, match="at least 10 texts"):
        StyleScale.fit(FORMAL[:9])
    with pytest.raises(InputError, match="alike in every feature"):
        StyleScale.fit(["the same"] * 10)
    with pytest.raises(InputError, match="The reference text is empty"):
        StyleScale.fit([*FORMAL, ""])
    with pytest.raises(InputError, match="list of at least one text"):
        SCALE.profile([])
    with pytest.raises(InputError, match="list of at least one text"):
        SCALE.profile("text")
    with pytest.raises(InputError, match="list of at least one text"):
        SCALE.profile(FORMAL).distance([])
    with pytest.raises(InputError, match="The text is empty"):
        style_distance(" ", FORMAL, SCALE)
