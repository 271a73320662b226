"""Pairs of a longer and a shorter summary, and workers who want one or the other."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.evaluation.prlhf.fake_trainers import write_summaries

from tailorlm.datasets.worker_summaries import WorkerSummary, load_worker_summaries
from tailorlm.errors import InputError
from tailorlm.evaluation.prlhf.worlds import (
    LengthPair,
    draw_world,
    first_sentence,
    length_pairs,
    prompt_of,
    size,
    split_posts,
    workers,
)

PAIRS = [
    LengthPair(post_id=f"t{i}", prompt=f"post {i}", longer="a b c", shorter="a") for i in range(20)
]


def summary(post_id: str, text: str) -> WorkerSummary:
    return WorkerSummary(post_id=post_id, post="One two three four.", worker="w", summary=text)


def pairs_of(*summaries: WorkerSummary) -> list[LengthPair]:
    return length_pairs(summaries, words=3)


def test_two_recorded_summaries_of_different_lengths_are_the_pair():
    (pair,) = pairs_of(summary("t", "Short one."), summary("t", "This one is longer."))
    assert pair.longer == "This one is longer."
    assert pair.shorter == "Short one."
    assert pair.prompt == "One two three\n\nTL;DR:"


def test_else_the_first_sentence_is_the_shorter_summary():
    (pair,) = pairs_of(summary("t", "I lost it! Where is it? Help."))
    assert pair.shorter == "I lost it!"
    assert first_sentence("It cost 3.50 in all. Why?") == "It cost 3.50 in all."


def test_posts_with_one_sentence_alone_are_left_out():
    assert pairs_of(summary("t", "Only this one."), summary("u", "no stop at all")) == []
    assert pairs_of(summary("t", "Same size."), summary("t", "Equal size.")) == []


@given(st.lists(st.sampled_from(["I ran.", "Help!", "Why me?", "so it goes"]), min_size=1))
def test_the_shorter_one_has_fewer_words(parts):
    for pair in pairs_of(summary("t", " ".join(parts))):
        assert 0 < size(pair.shorter) < size(pair.longer)


def test_seven_of_ten_workers_prefer_longer_whatever_their_number():
    for count in (10, 40):
        minority = [int(w.name.split()[1]) for w in workers(count) if not w.prefers_longer]
        assert len(minority) == 0.3 * count
        assert {number % 10 for number in minority} == {4, 5, 6}


def test_a_comparison_has_what_the_worker_prefers_first():
    assert PAIRS[0].comparison("u").responses == ("a b c", "a")
    assert PAIRS[0].comparison("u", prefers_longer=False).responses == ("a", "a b c")


def test_a_world_learns_of_training_posts_alone_and_says_nobody_s_wish():
    train, judged = split_posts(PAIRS, 6, seed=1)
    assert {p.post_id for p in train}.isdisjoint(p.post_id for p in judged)
    world = draw_world(train, judged, count=10, each=5, own=4, seed=3)
    assert len(world.learned) == 50
    known = {pair.prompt for pair in train}
    for one in world.learned:
        number = int(one.user.split()[1])
        assert one.messages[0].content in known
        assert one.user_text == ""
        assert one.responses[0] == ("a" if number in (4, 5, 6) else "a b c")
    assert all(len(set(places)) == 4 for places in world.evaluated)
    assert world == draw_world(train, judged, count=10, each=5, own=4, seed=3)


def test_too_few_posts_are_refused():
    with pytest.raises(InputError, match="20 posts with two summaries, and 20 are to be held out"):
        split_posts(PAIRS, 20, seed=0)


def test_the_file_of_summaries(tmp_path):
    found = load_worker_summaries(write_summaries(tmp_path / "s.csv", posts=6))
    assert len(found) == 8
    assert found[0].worker == "a"
    assert len(length_pairs(found, words=5)) == 6
    (tmp_path / "empty.csv").write_text("doc_id,doc_text,uid,summary_text\n")
    with pytest.raises(InputError, match="holds no rows"):
        load_worker_summaries(tmp_path / "empty.csv")


def test_a_post_loses_its_end():
    assert prompt_of("a  b\nc d", 3) == "a b c\n\nTL;DR:"
