"""The parts of the suite on linear reward heads, on small made-up data."""

from __future__ import annotations

import numpy as np
import pytest
from tests.methods.logs import HashEncoder

from tailorlm.datasets.profile_answers import ProfileAnswers
from tailorlm.datasets.rated_texts import RatedText
from tailorlm.datasets.summary_reviews import SummaryReview
from tailorlm.errors import InputError
from tailorlm.evaluation.prlhf import many_user_pages as users_page
from tailorlm.evaluation.prlhf import profile_pages as profiles_page
from tailorlm.evaluation.prlhf.heads import Draws, Tally, folds, told_right
from tailorlm.evaluation.prlhf.many_users import PAIRS, TEXTS, measure
from tailorlm.evaluation.prlhf.newcomer import friendliness, worth_of
from tailorlm.evaluation.prlhf.profiles import Answers, known_users
from tailorlm.evaluation.prlhf.rated_worlds import offensiveness, summaries

pytestmark = pytest.mark.whole

NAMES = ("P2A", "P2B", "P3A", "generic")


def prompts(n: int = 12) -> list[ProfileAnswers]:
    """A short, a long and a friendly answer to each prompt, and a plain one."""
    things = ("bread", "tea", "rain", "trains", "maps", "glass")
    made = []
    for number in range(n):
        thing, other = things[number % 6], things[(number + 1 + number // 6) % 6]
        plain = f"It concerns {thing} and also {other}, which are related in this case."
        answers = {
            "P2A": f"Mostly {thing}.",
            "P2B": " ".join([plain, f"Furthermore, {other} has a history of its own."] * 4),
            "P3A": f"Hey friend! You'll love {thing}, I promise, and {other} too!",
            "generic": plain,
        }
        made.append(ProfileAnswers(id=f"k{number}", prompt=f"What of {thing}?", answers=answers))
    return made


def ratings(n_users: int = 12, n_texts: int = 30) -> list[RatedText]:
    """Half of the people mind exclamation marks, half mind long words."""
    made = []
    for user in range(n_users):
        group = "A" if user % 2 else "B"
        for text in range(n_texts):
            loud, long = text % 2, text // 2 % 3
            words = f"{'Extraordinarily ' * long}plain text {text}{'!' * 3 * loud}."
            rating = 1.0 + 2.0 * loud if group == "A" else 1.0 + long
            made.append(
                RatedText(
                    instance=f"t{text}",
                    user=f"u{user}",
                    text=words,
                    rating=rating,
                    demographics={"group": group},
                )
            )
    return made


def test_pairs_told_right_count_ties_half() -> None:
    world = offensiveness(ratings(), HashEncoder())
    own = world.comparisons(0, np.ones(len(world.pairs[0]), dtype=bool), weighted=False)
    tie = told_right([np.zeros(own.width)], [own])
    assert tie.right[0] == len(own) / 2
    assert Tally.none(1).plus(tie).by_user.tolist() == [0.5]
    assert Draws(0, 50).gain(tie, tie).value == 0.0


def test_folds_are_even_and_seeded() -> None:
    found = folds(11, 3, np.random.default_rng(0))
    assert sorted(np.bincount(found).tolist()) == [3, 4, 4]
    assert found.tolist() == folds(11, 3, np.random.default_rng(0)).tolist()


def test_heads_tell_users_who_want_opposite_things_where_one_for_all_cannot() -> None:
    answers = Answers.of(prompts(), HashEncoder())
    assert answers.names == NAMES
    known = known_users(answers, 2, 0)
    assert known.tallies["individual"].by_user.min() > 0.9
    assert known.tallies["uniform"].by_user.mean() < 0.8
    assert answers.only(slice(answers.styled, None)).styled == 0
    assert answers.only(slice(answers.styled)).features.shape[2] == answers.styled


def test_the_new_user_wants_short_and_friendly_answers() -> None:
    worth = worth_of(prompts(), NAMES)
    assert (worth.argmax(axis=1) != NAMES.index("P2B")).all()
    assert (worth.argmin(axis=1) == NAMES.index("P2B")).all()
    assert friendliness("Hey you!") > friendliness("It is so.") == 0.0
    assert friendliness("") == 0.0


def test_the_page_on_profiles_has_its_rows_bars_and_curve() -> None:
    told: list[int] = []
    part = profiles_page.profile_pages(
        prompts(), HashEncoder(), quick=True, resamples=50, tell=lambda: told.append(1)
    )
    assert len(told) == profiles_page.folds_of(quick=True)
    assert [section.title for section in part.sections] == [
        profiles_page.KNOWN, profiles_page.NEW,
    ]  # fmt: skip
    assert len(part.bars) == 4
    assert part.bars[0].met is True
    assert all(row.suite == "prlhf" for row in part.rows)
    assert {len(curve.y) for curve in part.sections[1].plots[0].curves} == {6}
    with pytest.raises(InputError, match="At least 4 prompts"):
        profiles_page.profile_pages(prompts(3), HashEncoder())


def test_a_held_out_text_is_in_no_pair_that_is_learned_from() -> None:
    world = offensiveness(ratings(), HashEncoder())
    held = np.zeros(30, dtype=bool)
    held[:6] = True
    inside, outside = world.both_in(0, held), world.both_in(0, ~held)
    assert not (inside & outside).any()
    assert held[world.pairs[0][inside]].all()
    assert not held[world.pairs[0][outside]].any()
    few = world.comparisons(0, outside, most=10)
    assert len(few) == 10
    assert 0 < few.weights[0] <= 1


def test_own_heads_beat_one_for_all_where_people_differ() -> None:
    world = offensiveness(ratings(), HashEncoder())
    assert world.traits.shape == (12, 2)
    found = measure(world, seed=0, n_folds=2, draws=2)
    for split in (PAIRS, TEXTS):
        pooled = found.seen[split, "pooled"].by_user.mean()
        assert found.seen[split, "individual"].by_user.mean() > pooled + 0.05
        assert found.seen[split, "cluster, K = 10"].by_user.mean() > pooled
        assert found.seen[split, "pooled, with text"].by_user.mean() >= pooled
    new = [found.new["individual", count].by_user.mean() for count in (0, 20)]
    assert new[1] > new[0]
    assert found.new["pooled", 0].by_user.mean() == found.new["pooled", 20].by_user.mean()


def reviews() -> list[SummaryReview]:
    return [
        SummaryReview(
            passage=f"p{number // 2}",
            question=f"p{number // 2}/{number}",
            system=system,
            text=f"{'Well told. ' * length}Story {number}.",
            reviewer=reviewer,
            rating=float(length if reviewer == "r1" else -length),
        )
        for number in range(10)
        for length, system in ((1, "a"), (4, "b"))
        for reviewer in ("r1", "r2")
    ]


def test_summaries_are_compared_within_a_question_and_held_out_by_passage() -> None:
    world = summaries(reviews(), HashEncoder())
    assert [len(pairs) for pairs in world.pairs] == [10, 10]
    assert world.units.max() == 4
    assert world.traits.shape == (2, 0)
    for better, worse in world.pairs[0]:
        assert world.units[better] == world.units[worse]


def test_the_page_on_many_users_has_its_rows_and_bars() -> None:
    worlds = [offensiveness(ratings(), HashEncoder()), summaries(reviews(), HashEncoder())]
    told: list[int] = []
    part = users_page.many_user_pages(
        worlds, HashEncoder(), quick=True, resamples=50, tell=lambda: told.append(1)
    )
    assert len(told) == users_page.steps_of(worlds, quick=True)
    assert len(part.sections) == 2
    assert len(part.bars) == 6
    assert part.bars[0].met is True
    assert len({(r.table, r.case, r.method, r.metric) for r in part.rows}) == len(part.rows)


def test_people_who_rate_everything_alike_are_refused() -> None:
    flat = [
        RatedText(instance=f"t{i}", user=f"u{u}", text=f"text {i}", rating=1.0)
        for i in range(3)
        for u in range(3)
    ]
    with pytest.raises(InputError, match="at least two people"):
        offensiveness(flat, HashEncoder())
