from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.choice.levels import FixedShare, posterior_weights
from tailorlm.errors import InputError

LOGS = st.lists(st.floats(-30, 0), min_size=3, max_size=3)


def test_known_values() -> None:
    mix = FixedShare((1.0, 1.0), share=0.1)
    after = mix.observe(mix.initial(), np.log([0.75, 0.25]))
    assert after == pytest.approx([0.9 * 0.75 + 0.05, 0.9 * 0.25 + 0.05])
    assert FixedShare((3.0, 1.0)).initial() == pytest.approx([0.75, 0.25])


@given(st.lists(LOGS, min_size=1, max_size=8))
def test_without_a_share_it_is_bayes_rule_over_all_events_at_once(events: list) -> None:
    mix = FixedShare((0.5, 0.3, 0.2), share=0.0)
    weights = mix.initial()
    for event in events:
        weights = mix.observe(weights, event)
    whole = posterior_weights(mix.initial(), np.sum(events, axis=0))
    assert weights == pytest.approx(whole, abs=1e-9)


@given(st.lists(LOGS, min_size=1, max_size=8))
def test_weights_sum_to_one_and_keep_their_share(events: list) -> None:
    mix = FixedShare((1.0, 0.0, 0.0), share=0.06)
    weights = mix.initial()
    for event in events:
        weights = mix.observe(weights, event)
        assert weights.sum() == pytest.approx(1.0)
        assert (weights >= 0.02 - 1e-12).all()


def test_a_late_learner_takes_over_sooner_with_a_share() -> None:
    """One is right at 0.6 throughout; the other misses at first and is right at 0.9 later."""
    events = [np.log([0.6, 0.2])] * 10 + [np.log([0.6, 0.9])] * 12

    def after(share: float) -> float:
        mix = FixedShare((0.5, 0.5), share)
        weights = mix.initial()
        for event in events:
            weights = mix.observe(weights, event)
        return float(weights[1])

    assert after(0.0) < 0.1
    assert after(0.05) > 0.8


@pytest.mark.parametrize(
    "call",
    [
        lambda: FixedShare(()),
        lambda: FixedShare((0.0, 0.0)),
        lambda: FixedShare((1.0, -1.0)),
        lambda: FixedShare((1.0,), share=1.5),
        lambda: FixedShare((1.0, 1.0)).observe(np.array([0.5, 0.5]), [0.0]),
        lambda: FixedShare((1.0, 1.0)).observe(np.array([0.5, 0.5]), [0.0, np.nan]),
    ],
)
def test_bad_input(call: object) -> None:
    with pytest.raises(InputError):
        call()
