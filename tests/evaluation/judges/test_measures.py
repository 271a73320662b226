"""Agreement, favour of a place, ties and what two judges share: known values and properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.errors import InputError
from tailorlm.evaluation.judges import Reading, Verdict
from tailorlm.evaluation.judges.measures import (
    Draws,
    agreement,
    between,
    consistency,
    part_agreement,
    position_bias,
    ties,
    unscored,
)
from tailorlm.evaluation.metrics.scored import Unscored

DRAWS = Draws(resamples=200)
NOTHING = Unscored("not read")
SAID = st.sampled_from([0.0, 0.5, 1.0])


def verdicts(*orders: tuple[float | Unscored, float | Unscored]) -> list[Verdict]:
    """Pairs p0, p1, ... of users u0, u1, u0, ..."""
    return [
        Verdict(f"p{n}", f"u{n % 2}", Reading(one), Reading(other))
        for n, (one, other) in enumerate(orders)
    ]


def test_known_values() -> None:
    # Right, wrong, tie by order, unscored, and one that the user does not decide.
    found = verdicts((1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (NOTHING, 0.0), (1.0, 0.0))
    preferred = {"p0": 1.0, "p1": 1.0, "p2": 0.0, "p3": 1.0, "p4": 0.5}
    agrees, pairs = agreement(found, preferred, DRAWS)
    assert (agrees.value, pairs, agrees.users) == (0.5, 3, 2)
    assert position_bias(found, DRAWS).value == pytest.approx(0.5 / 4)
    assert consistency(found, DRAWS).value == 0.75
    assert ties(found, DRAWS).value == 0.25
    assert unscored(found, DRAWS).value == 0.2


def test_criteria_have_an_agreement_of_their_own() -> None:
    found = [Verdict("p0", "u", Reading(1.0, {"tone": 0.0}), Reading(0.0, {"tone": 1.0}))]
    assert part_agreement(found, {"p0": 1.0}, "tone", DRAWS)[0].value == 0.0
    assert part_agreement(found, {"p0": 1.0}, "style", DRAWS)[1] == 0


def test_two_judges() -> None:
    one = verdicts((1.0, 0.0), (1.0, 0.0), (0.0, 1.0), (0.0, 1.0), (NOTHING, 0.0))
    other = verdicts((1.0, 0.0), (0.0, 1.0), (0.0, 1.0), (1.0, 0.0), (1.0, 0.0))
    found = between(one, other, DRAWS)
    assert (found.alike.value, found.pairs) == (0.5, 4)
    assert found.kappa == pytest.approx(0.0)
    assert isinstance(between(one, [], DRAWS).kappa, Unscored)


@given(st.lists(st.tuples(SAID, SAID), min_size=1, max_size=12), st.data())
def test_renaming_the_answers_changes_nothing(orders, data) -> None:
    n = len(orders)
    preferred = {f"p{i}": data.draw(SAID) for i in range(n)}
    ours = verdicts(*orders)
    theirs = verdicts(*((other, one) for one, other in orders))
    turned = {name: 1.0 - value for name, value in preferred.items()}
    draws = Draws(resamples=20)
    assert agreement(ours, preferred, draws) == agreement(theirs, turned, draws)
    assert position_bias(ours, draws) == position_bias(theirs, draws)
    assert consistency(ours, draws) == consistency(theirs, draws)


def test_kappa_does_not_mind_which_answer_is_called_the_first() -> None:
    one = verdicts(*((1.0, 0.0),) * 3, (0.0, 1.0))
    other = verdicts(*((1.0, 0.0),) * 4)
    turned = [verdicts(*((0.0, 1.0),) * 3, (1.0, 0.0)), verdicts(*((0.0, 1.0),) * 4)]
    # Three of four pairs alike, where judges that toss a coin have two.
    assert between(one, other, DRAWS).kappa == pytest.approx(0.5)
    assert between(*turned, DRAWS) == between(one, other, DRAWS)


@given(st.lists(SAID, min_size=1, max_size=12))
def test_a_judge_that_minds_the_text_alone_favours_no_place(said) -> None:
    found = verdicts(*((one, 1.0 - one) for one in said))
    assert position_bias(found, Draws(resamples=20)).value == 0.0
    assert consistency(found, Draws(resamples=20)).value == 1.0


def test_a_judge_that_minds_the_place_alone() -> None:
    found = verdicts(*((1.0, 1.0),) * 6)
    assert position_bias(found, DRAWS).value == 0.5
    assert agreement(found, {f"p{n}": 1.0 for n in range(6)}, DRAWS)[0].value == 0.5


def test_what_cannot_be_used() -> None:
    with pytest.raises(InputError, match="no verdict"):
        agreement([], {}, DRAWS)
    with pytest.raises(InputError, match=r"0, 0\.5 or 1"):
        agreement(verdicts((1.0, 0.0)), {"p0": 2.0}, DRAWS)
