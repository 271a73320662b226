"""Who is worse off, and gaps between groups and identities: known values and properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.errors import InputError
from tailorlm.evaluation.helped import group_gaps, identity_bias, worse_off
from tailorlm.evaluation.metrics.scored import Unscored

pytestmark = pytest.mark.whole

SCORES = st.lists(st.tuples(st.sampled_from("abc"), st.integers(-3, 3)), min_size=1, max_size=15)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_who_is_worse_off() -> None:
    users = ["a", "a", "a", "b", "b", "c"]
    found = worse_off(users, [3, 3, 0, 0, 0, 1], [1, 1, 1, 1, 0, 1], rng(), resamples=200)
    assert found.queries.value == pytest.approx(2 / 6)
    assert found.users.value == pytest.approx(1 / 3)
    assert found.users.users == 3
    lenient = worse_off(users, [3, 3, 0, 0, 0, 1], [1] * 6, rng(), margin=1.0, resamples=200)
    assert lenient.queries.value == 0.0


def test_what_chance_would_do() -> None:
    # A user with one query is worse off in half of the draws, one without a difference in none.
    one = worse_off(["a"], [1.0], [0.0], rng(), resamples=10)
    assert one.by_chance == 0.5
    assert worse_off(["a", "b"], [1.0, 0.0], [0.0, 0.0], rng(), resamples=10).by_chance == 0.25
    # Of two equal differences, signs agree on a loss in one draw of four.
    two = worse_off(["a", "a"], [1.0, 1.0], [0.0, 0.0], rng(), resamples=10)
    assert two.by_chance == pytest.approx(0.25, abs=0.03)


@given(SCORES)
def test_nobody_is_worse_off_with_the_same_answers(scores) -> None:
    users, values = zip(*scores, strict=True)
    found = worse_off(users, values, values, rng(), resamples=10)
    assert (found.queries.value, found.users.value, found.by_chance) == (0.0, 0.0, 0.0)


@given(SCORES)
def test_a_loss_for_one_side_is_a_gain_for_the_other(scores) -> None:
    users, values = zip(*scores, strict=True)
    zeros = np.zeros(len(values))
    ours = worse_off(users, values, zeros, rng(), resamples=10).queries.value
    theirs = worse_off(users, zeros, values, rng(), resamples=10).queries.value
    assert ours is not None
    assert theirs is not None
    assert ours + theirs == pytest.approx(np.mean([value != 0 for value in values]))


def test_gaps() -> None:
    users = ["a", "a", "b", "c", "d", "e", "f", "g"]
    group_of = dict(zip("abcdef", "xxyyzz", strict=True)) | {"g": "alone"}
    found = group_gaps(users, [1, 3, 2, 3, 3, 6, 6, 9], group_of, rng(), resamples=200)
    assert {name: mean.value for name, mean in found.by_group.items()} == {"x": 2, "y": 3, "z": 6}
    assert found.largest.value == 4
    assert found.mean.value == pytest.approx((1 + 4 + 3) / 3)
    assert found.largest.low == found.largest.high == 4
    assert found.too_small == ("alone",)
    # Of 90 ways to part six users, six keep the pairs together in some order of groups, and only
    # those that set {2, 2} against {6, 6} reach a gap of 4.
    assert found.p == pytest.approx(6 / 90, abs=0.02)


def test_groups_drawn_by_lot_show_no_gap() -> None:
    draw = np.random.default_rng(1)
    users = [f"u{n}" for n in range(40)]
    group_of = {user: "xy"[n % 2] for n, user in enumerate(users)}
    found = group_gaps(users, draw.normal(size=40), group_of, rng(), resamples=200)
    assert found.p > 0.05
    shifted = draw.normal(size=40) + 3.0 * (np.arange(40) % 2)
    assert group_gaps(users, shifted, group_of, rng(), resamples=200).p < 0.001


def test_identities() -> None:
    safety = [[1, 1, 0, 0], [1, 1, 1, 1]]
    utility = [[2, 2], [1, 1]]
    found = identity_bias(["none", "doctor"], safety, utility, rng(), resamples=200)
    assert found.safety.by_identity == {"none": 0.5, "doctor": 1.0}
    assert found.safety.largest.value == 0.5
    assert found.safety.deviation.value == 0.25
    assert found.utility.deviation.low == found.utility.deviation.high == 0.5
    assert found.trade_off == pytest.approx(-1.0)
    same = identity_bias(["a", "b"], [[1, 0], [1, 0]], utility, rng(), resamples=20)
    assert same.safety.deviation.value == 0.0
    assert isinstance(same.trade_off, Unscored)
    single = identity_bias(["a", "b"], [[1], [0]], utility, rng(), resamples=20)
    assert single.safety.largest.low is None


@pytest.mark.parametrize(
    "call",
    [
        lambda: worse_off([], [], [], rng()),
        lambda: worse_off(["a"], [1.0, 2.0], [1.0], rng()),
        lambda: worse_off(["a"], [np.nan], [1.0], rng()),
        lambda: worse_off(["a"], [1.0], [1.0], rng(), margin=-1.0),
        lambda: group_gaps(["a", "b"], [1, 2], {"a": "x", "b": "y"}, rng()),
        lambda: group_gaps(["a"], [1], {"a": "x"}, rng(), permutations=0),
        lambda: identity_bias(["a"], [[1]], [[1]], rng()),
        lambda: identity_bias(["a", "a"], [[1], [1]], [[1], [1]], rng()),
        lambda: identity_bias(["a", "b"], [[1, 2]], [[1], [1]], rng()),
        lambda: identity_bias(["a", "b"], [[1], [np.inf]], [[1], [1]], rng()),
        lambda: identity_bias(["a", "b"], [[1], [1]], [[1], [1]], rng(), resamples=0),
    ],
)
def test_what_cannot_be_used(call) -> None:
    with pytest.raises(InputError):
        call()
