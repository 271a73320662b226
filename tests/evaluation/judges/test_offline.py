"""Judges without a language model prefer what is like what was preferred."""

from __future__ import annotations

import pytest
from tests.evaluation.judges.made_up import BAD, GOOD, PEOPLE, pair

from tailorlm.encoders import create_encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.judges import (
    AuthorJudge,
    InterestJudge,
    LengthJudge,
    OfflineJudge,
    Person,
    SimilarityJudge,
    StyleJudge,
)
from tailorlm.evaluation.judges.offline import judge_all
from tailorlm.evaluation.metrics.scored import Unscored

ENCODER = create_encoder("static")
STYLED: tuple[OfflineJudge, ...] = (StyleJudge(PEOPLE), AuthorJudge(PEOPLE))


@pytest.mark.parametrize("judge", STYLED, ids=lambda judge: judge.name)
def test_the_style_that_a_user_preferred_wins(judge: OfflineJudge) -> None:
    ana, ben = judge.judge(pair()), judge.judge(pair(user="ben"))
    assert (ana.preference, ben.preference) == (1.0, 0.0)
    swapped = judge.judge(pair(one=BAD, other=GOOD))
    assert swapped.preference == 0.0
    assert ana.is_consistent is True


def test_the_longer_answer_wins_and_equal_ones_tie() -> None:
    assert LengthJudge().judge(pair()).preference == 1.0
    assert LengthJudge().judge(pair(one="two words", other="words, two")).preference == 0.5


def test_meaning_wins() -> None:
    answers = {"one": "The best boat for a calm river.", "other": "How to fill in a tax form."}
    likes = Person(likes=("rowing", "rivers"), turns=PEOPLE["ana"].turns[:1])
    assert InterestJudge({"ana": likes}, ENCODER).judge(pair(**answers)).preference == 1.0
    judge = SimilarityJudge({"ana": likes}, ENCODER)
    assert judge.judge(pair(**answers, truth="I would take my tax papers.")).preference == 0.0
    turned = {"one": answers["other"], "other": answers["one"]}
    assert judge.judge(pair(**turned, truth="We rowed down the river.")).preference == 0.0


def test_a_truth_is_what_style_is_held_against() -> None:
    judge = StyleJudge(PEOPLE)
    assert judge.judge(pair(truth="Oh, pie! Let's eat, it's great!!", user="ben")).preference == 1.0


@pytest.mark.parametrize(
    "judge",
    [
        StyleJudge(PEOPLE | {"new": Person()}),
        AuthorJudge({"new": Person(turns=PEOPLE["ana"].turns[:1])}),
        SimilarityJudge({"new": Person()}, ENCODER),
        InterestJudge({"new": Person()}, ENCODER),
    ],
    ids=lambda judge: judge.name,
)
def test_of_whom_too_little_is_known_has_no_preference(judge: OfflineJudge) -> None:
    assert isinstance(judge.judge(pair(user="new")).preference, Unscored)
    with pytest.raises(InputError, match="told nothing of the user 'eve'"):
        judge.judge(pair(user="eve"))


def test_there_is_something_to_judge() -> None:
    with pytest.raises(InputError, match="nothing to judge"):
        judge_all(LengthJudge(), [])
