from __future__ import annotations

import struct

import numpy as np
import pytest
from tests.methods.logs import TAGS, accepted, event_of, parts, random_log, turn_of

from tailorlm.errors import InputError, StateError
from tailorlm.methods.bayes_tags import BayesTags
from tailorlm.methods.hierarchy import Hierarchy, HierarchyConfig, HierarchyState
from tailorlm.simulation import TagAnnotator
from tailorlm.tags import library_of
from tailorlm.tailor import Tailor
from tailorlm.types import Context, Event, Ranking, User

HI = Context("Hi")
COOKS, PLAYERS = ("Baking", "Pastry"), ("Chess", "Jazz")


def log_of(user: str, likes: tuple[str, ...], turns: int, seed: int = 0) -> list[Event]:
    """A user's rankings of random answers."""
    rng = np.random.default_rng([seed, *user.encode()])
    annotator = TagAnnotator(tags=tuple(TAGS.index(tag) for tag in likes), noise=0.3)
    events: list[Event] = []
    for number in range(turns):
        sets = [rng.choice(len(TAGS), 3, replace=False) for _ in range(3)]
        turn = turn_of(number, [tuple(TAGS[i] for i in members) for members in sets], "Hi")
        groups = tuple(tuple(group) for group in annotator.rank(sets, None, rng))
        events.append(event_of(2 * number + 1, turn, user=user))
        events.append(event_of(2 * number + 2, Ranking(turn.id, groups), turn, user=user))
    return events


def fold(method: Hierarchy, events: list[Event], population: bytes | None) -> HierarchyState:
    state = method.initial(User("ana"), population)
    for event in events:
        state = method.observe(state, event)
    return state


@pytest.fixture(scope="module")
def fitted() -> tuple[Hierarchy, bytes]:
    """Four cooks and four players, each with fifteen rankings, in two groups."""
    method = Hierarchy(parts(), HierarchyConfig(groups=2))
    logs = {f"u{i}": log_of(f"u{i}", COOKS if i % 2 else PLAYERS, 15) for i in range(8)}
    return method, method.fit(logs, np.random.default_rng(0))


def test_it_finds_the_groups(fitted: tuple[Hierarchy, bytes]) -> None:
    method, population = fitted
    shared = method.initial(User("new"), population).shared
    assert shared.sizes.tolist() == [4, 4]
    best = {tuple(sorted(TAGS[i] for i in np.argsort(-row)[:2])) for row in shared.worths[1:]}
    assert best == {COOKS, PLAYERS}


def test_a_new_user_is_answered_by_the_population(fitted: tuple[Hierarchy, bytes]) -> None:
    method, population = fitted
    state = method.initial(User("new"), population)
    (plan,) = method.propose(state, HI, 1, np.random.default_rng(0))
    assert set(plan.tags) <= {*COOKS, *PLAYERS}
    assert state.levels == pytest.approx([1 / 3, 1 / 3, 1 / 3])
    alone = Hierarchy(parts())
    (plan,) = alone.propose(alone.initial(User("new")), HI, 1, np.random.default_rng(0))
    assert plan.purpose == "generic"


def test_a_few_rankings_find_the_users_group(fitted: tuple[Hierarchy, bytes]) -> None:
    method, population = fitted
    state = fold(method, log_of("ana", COOKS, 4), population)
    (plan,) = method.propose(state, HI, 1, np.random.default_rng(0))
    assert set(COOKS) <= set(plan.tags)
    assert not set(PLAYERS) & set(plan.tags)
    assert state.groups.max() > 0.9
    assert state.levels[1] > max(state.levels[0], state.levels[2])
    assert "group" in method.explain(state, "ana").summary


def test_weight_goes_to_a_user_who_is_like_nobody(fitted: tuple[Hierarchy, bytes]) -> None:
    method, population = fitted
    state = fold(method, log_of("ana", ("Poetry", "Astronomy"), 25), population)
    assert state.levels[2] > 0.8
    (plan,) = method.propose(state, HI, 1, np.random.default_rng(0))
    assert {"Poetry", "Astronomy"} <= set(plan.tags)


def test_the_users_own_level_starts_from_what_others_like(
    fitted: tuple[Hierarchy, bytes],
) -> None:
    method, population = fitted
    own = method.own_level
    started = method.initial(User("new"), population).own
    liked = own.learner.probability(started.posterior)
    nothing = own.learner.probability(method.initial(User("new")).own.posterior)
    shared = {TAGS.index(tag) for tag in (*COOKS, *PLAYERS)}
    others = [i for i in range(len(TAGS)) if i not in shared]
    assert min(liked[i] for i in shared) > max(liked[others])
    assert all(liked[i] > nothing[i] for i in shared)
    # A user who is like nobody learns as far as one who starts from nothing.
    log = log_of("eva", (TAGS[others[0]], TAGS[others[1]]), 25, seed=3)
    for state in (fold(method, log, population), fold(method, log, None)):
        best = np.argsort(-own.learner.probability(state.own.posterior))[:2]
        assert set(best.tolist()) == set(others[:2])


def test_it_tells_how_much_each_level_counts(fitted: tuple[Hierarchy, bytes]) -> None:
    method, population = fitted
    state = fold(method, log_of("ana", COOKS, 4), population)
    profile = method.explain(state, "ana")
    for weight in state.levels:
        assert f"{weight:.0%}" in profile.summary
    assert "of 2" in profile.summary
    assert [b.name for b in profile.beliefs[:2]] in ([*COOKS], [*COOKS[::-1]])
    assert all(b.low <= b.effect <= b.high for b in profile.beliefs)


def test_without_a_population_it_is_bayes_tags() -> None:
    method, alone = Hierarchy(parts()), BayesTags(parts())
    state, own = method.initial(User("ana")), alone.initial(User("ana"))
    for event in accepted(method, random_log(1)):
        state, own = method.observe(state, event), alone.observe(own, event)
    plans = method.propose(state, HI, 3, np.random.default_rng(0))
    theirs = alone.propose(own, HI, 3, np.random.default_rng(0))
    assert [plan.messages for plan in plans] == [plan.messages for plan in theirs]
    assert (method.utility(state, HI, plans) == alone.utility(own, HI, theirs)).all()
    assert "No population" in method.explain(state, "ana").summary


def test_where_users_have_nothing_in_common_it_answers_as_bayes_tags_does() -> None:
    """Six users, each with a taste of its own: others tell nothing, and the scale says so."""
    method, alone = Hierarchy(parts()), BayesTags(parts())
    tastes = [(TAGS[2 * i], TAGS[2 * i + 1]) for i in range(6)]
    logs = {f"u{i}": log_of(f"u{i}", taste, 15) for i, taste in enumerate(tastes[:5])}
    population = method.fit(logs, np.random.default_rng(0))
    shared = method.initial(User("new"), population).shared
    assert np.abs(shared.worths[0].astype(float)).max() < 0.2
    log = log_of("ana", tastes[5], 10)
    state, own = fold(method, log, population), alone.initial(User("ana"))
    for event in log:
        own = alone.observe(own, event)
    (plan,) = method.propose(state, HI, 1, np.random.default_rng(0))
    (theirs,) = alone.propose(own, HI, 1, np.random.default_rng(0))
    assert set(theirs.tags) <= set(plan.tags)


def test_nothing_to_fit_is_no_population() -> None:
    method = Hierarchy(parts())
    population = method.fit({"ana": []}, np.random.default_rng(0))
    assert method.initial(User("ben"), population).shared is None


def test_one_user_makes_one_group() -> None:
    method = Hierarchy(parts())
    population = method.fit({"ana": log_of("ana", COOKS, 5)}, np.random.default_rng(0))
    assert method.initial(User("ben"), population).shared.sizes.tolist() == [1]


def test_with_a_population_states_go_through_storage_and_damage_is_refused(
    fitted: tuple[Hierarchy, bytes],
) -> None:
    method, population = fitted
    events = log_of("ana", COOKS, 4)
    state = method.initial(User("ana"), population)
    for event in events:
        state = method.observe(method.load(method.dump(state)), event)
    data = method.dump(state)
    assert data == method.dump(fold(method, events, population))
    assert len(data) < 8000
    for bad in (data[:200], data + b"more", b"THIE" + data[4:30]):
        with pytest.raises(StateError):
            method.load(bad)
    at = len(population)
    with pytest.raises(StateError, match="weights"):
        method.load(data[:at] + struct.pack("<d", float("nan")) + data[at + 8 :])


def test_a_population_of_another_library_is_not_used(fitted: tuple[Hierarchy, bytes]) -> None:
    method, population = fitted
    other = Hierarchy(parts(library_of(TAGS[::-1])))
    for wrong in (population, b"damaged", population[:-1]):
        assert other.initial(User("ana"), wrong).shared is None
    assert method.initial(User("ana"), population[:-1]).shared is None
    with pytest.raises(StateError, match="another tag library"):
        other.load(method.dump(method.initial(User("ana"), population)))


def test_the_facade_fits_it(tmp_path: object) -> None:
    with Tailor(tmp_path / "t.db", llm="builtin", method=Hierarchy(parts())) as tailor:
        for user in ("ana", "ben"):
            for _ in range(3):
                tailor.ask(user, "Plan my evening", n=3).rank([2, 0, 1])
        assert tailor.fit()
        assert "Everybody's taste counts" in tailor.profile("ana").summary


@pytest.mark.parametrize(
    "wrong", [{"tags_per_answer": 0}, {"groups": 0}, {"own": 1.5}, {"share": -0.1}]
)
def test_settings_are_checked(wrong: dict) -> None:
    with pytest.raises(InputError):
        HierarchyConfig(**wrong)
