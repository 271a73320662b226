"""Hidden preferences: the haystacks, what counts as carried, and a whole run on made-up data."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.evaluation.made_up_preferences import write_prefeval
from tests.methods.logs import HashEncoder

from tailorlm.datasets.prefeval import load_prefeval
from tailorlm.errors import InputError
from tailorlm.evaluation.preferences import Settings, run_preferences
from tailorlm.evaluation.preferences.composers import BUDGET, COMPOSED, PLAIN, composers
from tailorlm.evaluation.preferences.haystacks import (
    HAYSTACKS,
    distractors,
    make_world,
    needles,
    within,
)
from tailorlm.evaluation.preferences.measures import Carried, bearing, carried, telling_words
from tailorlm.evaluation.preferences.suite import judge
from tailorlm.evaluation.report import Row
from tailorlm.methods.base import count_tokens
from tailorlm.retrievers import Hit, Item
from tailorlm.retrievers.prompts import Fitted

ENCODER = HashEncoder()
HELD = "I avoid diesel cars because they smell awful."


def prompt(*wordings: str, joined: tuple[str, ...] = ()) -> Fitted:
    """A prompt with items at positions 0, 1, ..., then those that are joined."""
    hits = [Hit(i, 1.0, Item(text, position=i)) for i, text in enumerate((*wordings, *joined))]
    kept, rest = hits[: len(wordings)], hits[len(wordings) :]
    return Fitted("\n".join(wordings), tuple(kept), (), tuple(rest))


def test_telling_words_leave_out_what_any_preference_says() -> None:
    assert telling_words(HELD, reason=False) == {"diesel", "car"}
    assert telling_words(HELD, reason=True) == {"diesel", "car", "smell", "awful"}
    assert telling_words("I avoid it.", reason=False) == {"i", "avoid", "it"}


@pytest.mark.parametrize(
    ("wording", "expected"),
    [
        (HELD, Carried(there=True, carried=True, with_reason=True, verbatim=True)),
        ("no diesel cars", Carried(there=True, carried=True)),
        ("no diesel cars; smell", Carried(there=True, carried=True, with_reason=True)),
        ("diesel cars", Carried(there=True)),
        ("no diesel", Carried(there=True)),
    ],
)
def test_what_counts_as_carried(wording: str, expected: Carried) -> None:
    assert carried(prompt("no tea", wording), 1, HELD, HELD) == expected


def test_what_is_not_in_the_prompt_is_not_carried() -> None:
    assert carried(prompt("no diesel cars"), 7, HELD, HELD) == Carried()


def test_an_item_that_another_speaks_for_in_the_same_words_is_carried() -> None:
    said = prompt("no diesel cars", joined=("no diesel cars", "no motors"))
    assert carried(said, 1, HELD, HELD).carried
    assert not carried(said, 2, HELD, HELD).there


def test_the_bearing_message_says_most_of_the_preference() -> None:
    texts = ["I drive a lot.", "Diesel cars are not for me.", "Cars!", "No diesel cars, please."]
    assert bearing(texts, HELD) == 3
    assert bearing(texts[:3], HELD) == 1


def test_haystacks_hold_the_needle_and_nothing_alike(tmp_path: Path) -> None:
    rows = load_prefeval(write_prefeval(tmp_path), "persona")
    world = make_world(rows, "persona", ENCODER, np.random.default_rng(0))
    assert len(world.verbatim) == 60
    assert len(world.short) == 30
    hidden = needles(world, 4)
    assert {world.messages[place].text for place in hidden} == set(rows[4].messages)
    others = distractors(world, rows, 4, np.random.default_rng(1))
    assert len(others) == 58
    assert not set(others.tolist()) & set(hidden)
    small = within(world.verbatim, [*hidden, *others[:10].tolist()])
    assert len(small) == 12


def test_questions_distract_and_are_not_hidden(tmp_path: Path) -> None:
    rows = load_prefeval(write_prefeval(tmp_path), "explicit")
    world = make_world(rows, "explicit, with questions", ENCODER, np.random.default_rng(0))
    assert len(world.verbatim) == 60
    assert len(world.short) == 30
    assert [world.messages[place].text for place in needles(world, 3)] == [rows[3].preference]


def test_too_few_others_are_refused(tmp_path: Path) -> None:
    rows = load_prefeval(write_prefeval(tmp_path), "explicit")[:5]
    world = make_world(rows, "explicit", ENCODER, np.random.default_rng(0))
    with pytest.raises(InputError, match="at least 10 messages of others, but there are 4"):
        distractors(world, rows, 0, np.random.default_rng(0))


def test_every_way_keeps_the_budget(tmp_path: Path) -> None:
    rows = load_prefeval(write_prefeval(tmp_path), "explicit")
    world = make_world(rows, "explicit, with questions", ENCODER, np.random.default_rng(0))
    for way in composers(ENCODER):
        fitted = way.compose(way.memory(world), rows[0].question)
        assert count_tokens(fitted.text) <= BUDGET
        assert fitted.kept


def test_a_run_measures_every_haystack_and_judges_the_bar(tmp_path: Path) -> None:
    settings = Settings(data=write_prefeval(tmp_path / "prefeval").parent, quick=True)
    calls: list[tuple[int, int]] = []
    report = run_preferences(ENCODER, settings, progress=lambda *call: calls.append(call))
    assert calls == [(place, 12) for place in range(1, 13)]
    assert {row.case for row in report.rows} == {f"{kind}, 300 turns" for kind in HAYSTACKS}
    assert {*PLAIN, COMPOSED} <= {row.method for row in report.rows}
    assert all(0 <= row.value <= 1 and row.n == 3 for row in report.rows)
    # Sixty turns at most, of a few words: all that states a wish fits.
    met = [r.value for r in report.rows if r.method == COMPOSED and r.metric == "carried"]
    assert met == [1.0] * len(HAYSTACKS)
    assert report.bars[0].met is True
    assert "90%" in report.bars[0].name
    again = run_preferences(ENCODER, settings)
    assert again.rows == report.rows


@pytest.mark.parametrize(
    ("encoder", "value", "met"),
    [("static", 0.75, True), ("static", 0.74, False), ("sentence", 0.89, False)],
)
def test_the_bar_depends_on_the_encoder(encoder: str, value: float, met: bool) -> None:
    row = Row(
        suite="preferences", table="t", case="explicit, 300 turns", method=COMPOSED,
        metric="carried", value=value, n=1000,
    )  # fmt: skip
    assert judge([row], encoder).met is met


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no folder"):
        run_preferences(ENCODER, Settings(data=tmp_path / "none"))
