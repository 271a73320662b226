"""Both orders make one preference, and what was said is read strictly."""

from __future__ import annotations

import json

import pytest
from tests.evaluation.judges.made_up import pair

from tailorlm.errors import InputError
from tailorlm.evaluation.judges import Reading, Verdict
from tailorlm.evaluation.judges.reading import read_object
from tailorlm.evaluation.metrics.scored import Unscored

NOTHING = Unscored("not read")
FIELDS = {"notes": (), "pick": ("1", "2", "tie")}


def verdict(given: float | Unscored, swapped: float | Unscored) -> Verdict:
    return Verdict("p", "u", Reading(given), Reading(swapped))


@pytest.mark.parametrize(
    ("given", "swapped", "preference", "consistent"),
    [
        (1.0, 0.0, 1.0, True),
        (0.0, 1.0, 0.0, True),
        (0.5, 0.5, 0.5, True),
        (1.0, 1.0, 0.5, False),
        (0.0, 0.0, 0.5, False),
        (1.0, 0.5, 0.5, False),
        (0.5, 1.0, 0.5, False),
        (NOTHING, 1.0, NOTHING, NOTHING),
        (1.0, NOTHING, NOTHING, NOTHING),
    ],
)
def test_an_answer_wins_if_it_does_in_both_orders(given, swapped, preference, consistent) -> None:
    found = verdict(given, swapped)
    assert found.preference == preference
    assert found.is_consistent == consistent


def test_criteria_count_where_both_orders_apply_them() -> None:
    found = Verdict(
        "p", "u", Reading(1.0, {"tone": 1.0, "facts": 1.0}), Reading(0.0, {"tone": 0.0, "style": 1})
    )
    assert found.parts == {"tone": 1.0}


@pytest.mark.parametrize("which", ["one", "other"])
def test_an_answer_has_words(which: str) -> None:
    with pytest.raises(InputError, match="empty"):
        pair(**{which: "  "})


def test_one_object_is_read_alone_and_as_code() -> None:
    said = {"notes": "the first is warmer", "pick": "1"}
    text = json.dumps(said)
    assert read_object(text, FIELDS) == said
    assert read_object(f"```json\n{text}\n```\n", FIELDS) == said
    assert read_object('{"notes": "a", "pick": 1}', FIELDS) == {"notes": "a", "pick": "1"}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "not one JSON object"),
        ("1", "no object"),
        ('["1"]', "no object"),
        ('{"notes": "a", "pick": "1"} I hope this helps', "nothing else"),
        ('Sure: {"notes": "a", "pick": "1"}', "nothing else"),
        ('{"notes": "a", "pick": "1"', "not one JSON object"),
        ('{"notes": "a"}', "'pick' is missing"),
        ('{"notes": "a", "pick": "1", "sure": "yes"}', "'sure' is unasked for"),
        ('{"notes": "a", "pick": "1", "pick": "2"}', "'pick' stands there twice"),
        ('{"notes": "a", "pick": "3"}', "'pick' says '3'"),
        ('{"notes": "a", "pick": "Tie"}', "'pick' says 'Tie'"),
        ('{"notes": "a", "pick": true}', "'pick' says"),
        ('{"notes": "a", "pick": null}', "'pick' says"),
        ('{"notes": ["a"], "pick": "1"}', "'notes' says"),
        ("[" * 100_000, "not one JSON object"),
    ],
)
def test_anything_else_is_unscored(text: str, reason: str) -> None:
    found = read_object(text, FIELDS)
    assert isinstance(found, Unscored)
    assert reason in found.reason
