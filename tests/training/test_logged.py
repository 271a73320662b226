"""Comparisons from a log: what each kind of feedback says, and what was corrected."""

from __future__ import annotations

from collections import Counter
from contextlib import closing

import pytest

from tailorlm.datasets.comparisons import Comparison
from tailorlm.store import open_store
from tailorlm.training.logged import logged_comparisons
from tailorlm.types import (
    Candidate,
    Edit,
    Message,
    Payload,
    Pick,
    Plan,
    Ranking,
    Rating,
    Statement,
    Turn,
)

ASKED = (Message("user", "Hi"), Message("assistant", "Hello"), Message("user", "Plan my day"))


def turn(*texts: str, name: str = "t1") -> Turn:
    plan = Plan(messages=(Message("user", "Plan my day"),), method="none")
    return Turn(
        id=name,
        query="Plan my day",
        history=ASKED[:2],
        candidates=tuple(Candidate(plan=plan, text=text, llm="x") for text in texts),
    )


def found(*payloads: Payload) -> tuple[list[tuple[str, ...]], Counter[str]]:
    """What a log with these events gives, each comparison as its texts."""
    with closing(open_store("sqlite://")) as store:
        for payload in payloads:
            store.append("ana", payload)
        counts: Counter[str] = Counter()
        comparisons = list(logged_comparisons(list(store.events("ana")), counts))
    assert all(c.messages == ASKED and c.user == "ana" for c in comparisons)
    return [comparison.responses for comparison in comparisons], counts


def test_a_ranking_is_one_comparison_of_what_it_orders() -> None:
    shown = turn("a", "b", "c", "d")
    texts, counts = found(shown, Ranking("t1", ((2,), (0,), (3,))))
    assert texts == [("c", "a", "d")]
    assert counts == {"ranking": 1}


def test_ties_are_not_compared() -> None:
    texts, _ = found(turn("a", "b", "c"), Ranking("t1", ((1,), (0, 2))))
    assert texts == [("b", "a"), ("b", "c")]


def test_a_pick_an_edit_and_ratings() -> None:
    shown = turn("a", "b", "c")
    assert found(shown, Pick("t1", 1))[0] == [("b", "a"), ("b", "c")]
    assert found(shown, Edit("t1", 0, "A!"), Statement("Be brief."))[0] == [("A!", "a")]
    texts, counts = found(shown, Rating("t1", 0, 2), Rating("t1", 2, 5))
    assert (texts, counts) == ([("c", "a")], {"rating": 2, "alone": 0})
    texts, counts = found(shown, Rating("t1", 0, 2))
    assert (texts, counts["alone"], counts["rating"]) == ([], 1, 0)
    assert found(shown, Rating("t1", 0, 5), Rating("t1", 2, 1), Pick("t1", 2))[0] == [
        ("c", "a"),
        ("c", "b"),
    ]


def test_only_the_newest_counts() -> None:
    shown = turn("a", "b")
    texts, counts = found(
        shown,
        Ranking("t1", ((0,), (1,))),
        Edit("t1", 0, "old"),
        Edit("t1", 0, "new"),
        Pick("t1", 1),
    )
    assert texts == [("new", "a"), ("b", "a")]
    assert counts == {"edit": 1, "pick": 1}


def test_equal_texts_are_left_out_and_counted() -> None:
    shown = turn("a", "a ", "b")
    texts, counts = found(shown, Pick("t1", 0), Edit("t1", 2, "b"))
    assert texts == [("a", "b")]
    assert counts["equal"] == 2
    assert found(shown, Ranking("t1", ((0,), (1,), (2,))))[0] == [("a", "b"), ("a ", "b")]


def test_other_events_say_nothing() -> None:
    assert found(turn("a", "b"), Statement("Be brief.")) == ([], Counter())
    assert list(logged_comparisons([])) == []


@pytest.mark.parametrize("groups", [((0,), (1,)), ((1,), (0,))])
def test_the_order_is_that_of_the_ranking(groups: tuple[tuple[int, ...], ...]) -> None:
    texts = ("a", "b")
    assert found(turn(*texts), Ranking("t1", groups))[0] == [tuple(texts[g[0]] for g in groups)]


def test_the_form_is_the_one_that_training_reads() -> None:
    with closing(open_store("sqlite://")) as store:
        store.append("ana", turn("a", "b"))
        store.append("ana", Pick("t1", 1))
        (comparison,) = logged_comparisons(list(store.events("ana")))
    assert comparison == Comparison(user="ana", messages=ASKED, responses=("b", "a"))
