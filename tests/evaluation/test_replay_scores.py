"""The replay predicts before it learns, keeps users apart, and counts as it says."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.evaluation.recordings import Counting, counting, record

from tailorlm.datasets import RankedCandidate, RankedTurn, load_ranked_turns
from tailorlm.errors import InputError
from tailorlm.evaluation import replay
from tailorlm.evaluation.replay import agreement, recorded
from tailorlm.methods import create_method
from tailorlm.methods.base import Method
from tailorlm.tags import TagLibrary
from tailorlm.types import Event, Ranking, Turn

pytestmark = pytest.mark.whole

KEYS = ["method", "half", "pairwise_accuracy", "low", "high", "users", "pairs"]


@pytest.fixture(scope="module")
def turns() -> list[RankedTurn]:
    return record(np.random.default_rng(3), users=6, turns=20)


def test_method_beats_pooled_and_none_is_half(turns: list[RankedTurn]) -> None:
    report = replay(turns, counting)
    for half in ("first", "second"):
        none = report.score("none", half).accuracy
        assert (none.value, none.low, none.high, none.users) == (0.5, 0.5, 0.5, 6)
    own = report.score("counting", "second").accuracy.value
    pooled = report.score("pooled", "second").accuracy.value
    assert own is not None
    assert pooled is not None
    assert own > 0.7 > 0.6 > pooled
    assert report.difference.value == pytest.approx(own - pooled)
    assert report.difference.low is not None
    assert report.difference.low > 0
    assert report.hidden_tags == (12, 12)


def test_rows(turns: list[RankedTurn]) -> None:
    rows = replay(turns, counting).rows()
    assert [list(row) for row in rows] == [KEYS] * 6
    expected = [(m, h) for m in ("none", "pooled", "counting") for h in ("first", "second")]
    assert [(row["method"], row["half"]) for row in rows] == expected
    assert {(row["users"], row["pairs"]) for row in rows} == {(6, 180)}


def test_shown_order_and_ranking_are_translated() -> None:
    turn = RankedTurn(
        id="t",
        user="u",
        query="Why?",
        tag_library=("a", "b", "c"),
        candidates=tuple(RankedCandidate((tag,), f"text {tag}") for tag in "abc"),
        shown_order=(2, 0, 1),
        ranking=(1, 2, 0),
    )
    shown, ranking = recorded(turn, "counting")
    assert [candidate.text for candidate in shown.candidates] == ["text c", "text a", "text b"]
    best_first = [shown.candidates[position].plan.tags[0] for (position,) in ranking.groups]
    assert best_first == ["b", "c", "a"]
    assert ranking.turn == shown.id == "t"


@given(data=st.data(), seed=st.integers(0, 1000), n=st.integers(2, 6))
def test_translation_keeps_the_order_of_texts(data: st.DataObject, seed: int, n: int) -> None:
    shown_order = tuple(data.draw(st.permutations(range(n))))
    order = tuple(data.draw(st.permutations(range(n))))
    base = record(np.random.default_rng(seed), users=1, turns=1)[0]
    candidates = tuple(RankedCandidate((), f"text {i}") for i in range(n))
    turn = replace(base, candidates=candidates, shown_order=shown_order, ranking=order)
    shown, ranking = recorded(turn, "counting")
    assert [c.text for c in shown.candidates] == [f"text {i}" for i in shown_order]
    ranked = [shown.candidates[position].text for (position,) in ranking.groups]
    assert ranked == [f"text {i}" for i in order]


def test_agreement_by_hand() -> None:
    ranking = Ranking("t", ((1,), (2,), (0,)))
    assert agreement(None, ranking) == (1.5, 3)
    assert agreement(np.array([0.0, 2.0, 1.0]), ranking) == (3.0, 3)
    assert agreement(np.array([2.0, 0.0, 1.0]), ranking) == (0.0, 3)
    assert agreement(np.array([1.0, 1.0, 1.0 + 1e-12]), ranking) == (1.5, 3)
    assert agreement(np.array([0.0, 5.0, 5.0]), ranking) == (2.5, 3)


class Watched(Counting):
    """Notes what it predicted, in order, and what it had observed by then."""

    seen: list[tuple[str, list[float]]]
    order: list[tuple[str, str]]

    def utility(self, state, context, plans):
        utility = super().utility(state, context, plans)
        self.seen.append((context.query, utility.tolist()))
        self.order.append(("predict", context.query))
        return utility

    def observe(self, state, event: Event):
        turn = event.payload if isinstance(event.payload, Turn) else event.turn
        assert turn is not None
        self.order.append((type(event.payload).__name__, turn.query))
        return super().observe(state, event)


def watch(turns: list[RankedTurn]) -> list[list[tuple[str, list[float]]]]:
    """What every method instance predicted: one per user, then the pooled one."""
    made: list[Watched] = []

    def factory(library: TagLibrary) -> Method:
        method = Watched(counting(library).parts)
        method.seen, method.order = [], []
        made.append(method)
        return method

    replay(turns, factory, resamples=10)
    for method in made:
        queries = dict.fromkeys(query for _, query in method.order)
        steps = ("predict", "Turn", "Ranking")
        assert method.order == [(step, query) for query in queries for step in steps]
    return [method.seen for method in made]


@settings(max_examples=25, deadline=None)
@given(at=st.integers(0, 17), seed=st.integers(0, 2**32 - 1))
def test_no_leakage(at: int, seed: int) -> None:
    """What is predicted up to a turn does not depend on its ranking or on anything after it."""
    turns = record(np.random.default_rng(4), users=3, turns=6)
    rng = np.random.default_rng(seed)
    other = record(rng, users=3, turns=6)
    altered = [
        *turns[:at],
        replace(turns[at], ranking=other[at].ranking),
        *(
            replace(new, id=old.id)
            for old, new in zip(turns[at + 1 :], other[at + 1 :], strict=True)
        ),
    ]
    for before, after in zip(watch(turns), watch(altered), strict=True):
        known = [i for i, (query, _) in enumerate(before) if int(query[9:-1]) <= at]
        assert [before[i] for i in known] == [after[i] for i in known]


def test_pooled_learns_from_everybody() -> None:
    """A user's first turn is predicted from what others have ranked before, by pooled alone."""
    tags = ("a", "b")
    candidates = tuple(RankedCandidate((tag,), tag) for tag in tags)
    turns = [
        RankedTurn(
            id=user,
            user=user,
            query="Why?",
            tag_library=tags,
            candidates=candidates,
            shown_order=(0, 1),
            ranking=(1, 0),
        )
        for user in ("u1", "u2", "u3")
    ]
    report = replay(turns, counting)
    # One turn per user is in the second half; the first of the three cannot be known.
    assert report.score("pooled", "second").accuracy.value == pytest.approx(2.5 / 3)
    assert report.score("counting", "second").accuracy.value == 0.5
    first = report.score("counting", "first").accuracy
    assert (first.value, first.users, report.score("counting", "first").pairs) == (None, 0, 0)


def test_libraries_differ_by_user() -> None:
    rng = np.random.default_rng(0)
    one = record(rng, users=1, turns=4, tags=[f"x {i}" for i in range(6)])
    two = [
        replace(turn, user="other", id=f"o{turn.id}")
        for turn in record(rng, users=1, turns=4, tags=[f"y {i}" for i in range(8)])
    ]
    sizes: list[int] = []

    def factory(library: TagLibrary) -> Method:
        sizes.append(len(library.tags))
        return counting(library)

    report = replay([*one, *two], factory)
    assert sizes == [6, 8, 14]
    assert "y 1" not in str(report.tags[0])


def test_one_user_is_said_to_have_no_interval() -> None:
    report = replay(record(np.random.default_rng(0), users=1, turns=6), counting)
    assert report.rows()[-1]["low"] is None
    assert "Only one user" in str(report)


def test_report_prints(turns: list[RankedTurn]) -> None:
    report = replay([replace(turn, second_ranking=turn.ranking) for turn in turns], counting)
    text = str(report)
    assert max(map(len, text.splitlines())) <= 80
    assert "counting minus pooled, second half: +" in text
    assert "agrees with the first on 100.0% of 360 pairs" in text
    assert "12 of 12 hidden tags" in text
    assert "\x1b" not in text
    hidden = replay([replace(turn, user_tags=()) for turn in turns], counting)
    assert "hidden" not in str(hidden)


def test_method_without_rankings(turns: list[RankedTurn]) -> None:
    with pytest.raises(InputError, match="'none' does not learn from rankings"):
        replay(turns, lambda library: create_method("none", counting(library).parts))


def test_method_without_opinion(turns: list[RankedTurn]) -> None:
    class Silent(Counting):
        def utility(self, state, context, plans):
            return None

    report = replay(turns, lambda library: Silent(counting(library).parts))
    assert {row["pairwise_accuracy"] for row in report.rows()} == {0.5}


@pytest.mark.parametrize("value", [np.zeros(2), np.full(3, np.nan)])
def test_method_that_predicts_nonsense(turns: list[RankedTurn], value: np.ndarray) -> None:
    class Odd(Counting):
        def utility(self, state, context, plans):
            return value

    with pytest.raises(InputError, match="one finite number for each of 3 candidates"):
        replay(turns, lambda library: Odd(counting(library).parts))


def test_no_turns() -> None:
    with pytest.raises(InputError, match="no turns"):
        replay([], counting)


def test_the_recordings() -> None:
    """Second half on recorded rankings of a language model: 0.95 of the exact posterior's 0.83."""
    given_path = os.environ.get("RECORDINGS_DIR")
    folder = Path(given_path) if given_path else Path(__file__).parents[3] / "shared/recordings"
    path = folder / "rankings.jsonl"
    if not path.is_file():
        pytest.skip("no recorded rankings here; name their folder in RECORDINGS_DIR")
    from tailorlm.encoders import create_encoder
    from tailorlm.methods.base import Parts

    encoder = create_encoder("static")
    report = replay(
        load_ranked_turns(path),
        lambda library: create_method("bayes_tags", Parts(encoder=encoder, library=library)),
    )
    accuracy = report.score("bayes_tags", "second").accuracy.value
    assert accuracy is not None
    assert accuracy >= 0.79
