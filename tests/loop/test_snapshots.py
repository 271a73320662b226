"""Corrections are learned from a state before what they correct, and come to what a replay does."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest
from tests.methods.logs import parts

from tailorlm.forgetting import forget_texts
from tailorlm.llms.scripted import Scripted
from tailorlm.loop.snapshots import MOST, NEWEST, Snapshots
from tailorlm.methods.bayes_tags import BayesTags
from tailorlm.store.base import StoredState
from tailorlm.tailor import Tailor
from tailorlm.types import Event


def state(position: int, data: bytes = b"....") -> StoredState:
    return StoredState(method="m", fingerprint="f", position=position, data=data)


class Counting(BayesTags):
    """Counts the events that it learns from."""

    observed = 0

    def observe(self, state, event: Event):  # type: ignore[no-untyped-def]
        self.observed += 1
        return super().observe(state, event)


@pytest.fixture
def tailor(tmp_path: Path) -> Tailor:
    return Tailor(tmp_path / "t.db", method=Counting(parts()), llm=Scripted(["An answer."] * 200))


def replayed(tailor: Tailor, path: Path, user: str = "ana") -> StoredState | None:
    with Tailor(path, method=BayesTags(parts())) as other:
        other.store.restore(tailor.store.export(user))
        other.run(other.loop.learner.rebuild(user))
        return other.store.load_state(user, "bayes_tags")


def test_ranking_the_newest_turn_again_learns_only_from_it(tailor: Tailor, tmp_path: Path) -> None:
    assert isinstance(tailor.method, Counting)
    for _ in range(12):
        tailor.ask("ana", "Plan my evening", n=2).rank([1, 0])
    tailor.method.observed = 0
    tailor.turn("ana").rank([0, 1])
    assert tailor.method.observed <= 3
    assert tailor.store.load_state("ana", "bayes_tags") == replayed(tailor, tmp_path / "r.db")


def test_once_all_was_read_corrections_are_cheap_again(tailor: Tailor, tmp_path: Path) -> None:
    assert isinstance(tailor.method, Counting)
    for _ in range(12):
        tailor.ask("ana", "Plan my evening", n=2).rank([1, 0])
    forget_texts()
    tailor.turn("ana").rank([0, 1])
    tailor.method.observed = 0
    tailor.turn("ana").rank([1, 0])
    assert tailor.method.observed <= 6
    assert tailor.store.load_state("ana", "bayes_tags") == replayed(tailor, tmp_path / "r.db")


@pytest.mark.parametrize("seed", range(4))
def test_any_corrections_come_to_what_a_replay_does(
    tailor: Tailor, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    turns: list[str] = []
    for step in range(30):
        if step % 3 == 0 or not turns:
            turns.append(tailor.ask("ana", f"Plan day {step}", n=2).id)
        if step == 17:
            forget_texts()
        again = tailor.turn("ana", rng.choice(turns[-4:] if rng.random() < 0.8 else turns))
        what = rng.choice(["rank", "pick", "rate", "say", "correct"])
        if what == "rank":
            again.rank(rng.sample(range(2), 2))
        elif what == "pick":
            again.pick(rng.randrange(2))
        elif what == "rate":
            again.rate(rng.randrange(2), rng.randrange(1, 6))
        elif what == "say":
            tailor.say("ana", f"I like number {step}.")
        else:
            tailor.correct("ana", "tag", "Baking", rng.choice(["lock", "forget"]))
    assert tailor.store.load_state("ana", "bayes_tags") == replayed(tailor, tmp_path / "r.db")


def test_what_another_learned_or_an_erasure_leaves_nothing_to_start_from(
    tailor: Tailor, tmp_path: Path
) -> None:
    with Tailor(tmp_path / "t.db", method=BayesTags(parts()), llm=tailor.llm) as other:
        for each in (tailor, other, tailor, tailor, other, other):
            each.ask("ana", "Plan my evening", n=2).rank([1, 0])
            each.turn("ana").rank([0, 1])
            found = each.store.load_state("ana", "bayes_tags")
            assert found == replayed(each, tmp_path / f"r{found and found.position}.db")
        other.erase("ana")
        for _ in range(3):
            tailor.ask("ana", "And now?", n=2).rank([0, 1])
        tailor.turn("ana").rank([1, 0])
        found = tailor.store.load_state("ana", "bayes_tags")
        assert found == replayed(tailor, tmp_path / "erased.db")


def test_what_is_kept_reaches_far_back_and_is_bounded() -> None:
    snapshots = Snapshots()
    for position in range(2, 2000, 2):
        snapshots.add("ana", [state(position - 2)] if position > 2 else [], state(position))
    newest, found = state(1998), []
    position = 1999
    while (before := snapshots.before("ana", newest, position)) is not None:
        found.append(before.position)
        newest, position = before, before.position
    assert len(found) == MOST
    assert found[:NEWEST] == [1998, 1996, 1994]
    ages = [1998 - position for position in found]
    assert ages[-1] > 1000
    assert all(later <= 8 * max(earlier, 2) for earlier, later in pairwise(ages))


def test_states_of_another_line_are_dropped() -> None:
    snapshots = Snapshots()
    snapshots.add("ana", [], state(2))
    snapshots.add("ana", [state(2)], state(4))
    assert snapshots.before("ana", state(4, b"else"), 4) is None
    assert snapshots.before("ana", state(4), 4) is None
    snapshots.add("ana", [state(4)], state(6))
    assert snapshots.before("ana", state(6), 6) == state(4)
    assert snapshots.before("ben", state(6), 6) is None


def test_users_seen_longest_ago_leave_first() -> None:
    snapshots = Snapshots(most_bytes=3000)
    for user in ("ana", "ben", "cleo"):
        snapshots.add(user, [state(2, b"2" * 500)], state(4, b"4" * 500))
    snapshots.add("ana", [state(4, b"4" * 500)], state(6, b"6" * 500))
    assert snapshots.before("ben", state(4, b"4" * 500), 4) is None
    assert snapshots.before("ana", state(6, b"6" * 500), 6) == state(4, b"4" * 500)
    snapshots.cache_clear()
    assert snapshots.before("cleo", state(4, b"4" * 500), 4) is None
