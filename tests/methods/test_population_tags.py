from __future__ import annotations

import numpy as np
import pytest
from tests.methods.logs import TAGS, accepted, event_of, parts, random_log, turn_of

from tailorlm.errors import StateError
from tailorlm.methods.population_tags import PopulationTags
from tailorlm.simulation import TagAnnotator
from tailorlm.tags import library_of
from tailorlm.tailor import Tailor
from tailorlm.types import Context, Event, Ranking, Statement, User

HI = Context("Hi")


def logs(users: int, turns: int = 20) -> dict[str, list[Event]]:
    """Ten users or so with tags of their own: all like Baking, each another second tag."""
    rng, found = np.random.default_rng(0), {}
    for user in range(users):
        annotator = TagAnnotator(tags=(0, 1 + user % (len(TAGS) - 1)), noise=0.4)
        events = []
        for number in range(turns):
            sets = [rng.choice(len(TAGS), 3, replace=False) for _ in range(3)]
            names = [tuple(TAGS[i] for i in members) for members in sets]
            turn = turn_of(number, names, "Hi")
            groups = tuple(tuple(group) for group in annotator.rank(sets, None, rng))
            events.append(event_of(2 * number + 1, turn, user=f"u{user}"))
            ranking = Ranking(turn.id, groups)
            events.append(event_of(2 * number + 2, ranking, turn, user=f"u{user}"))
        found[f"u{user}"] = events
    return found


@pytest.fixture(scope="module")
def fitted() -> tuple[PopulationTags, bytes]:
    method = PopulationTags(parts())
    return method, method.fit(logs(10), np.random.default_rng(0))


def test_it_finds_what_users_have_in_common(fitted: tuple[PopulationTags, bytes]) -> None:
    method, population = fitted
    state = method.initial(User("new"), population)
    assert method.explain(state, "new").beliefs[0].name == "Baking"
    assert "200 comparisons of all users" in method.explain(state, "new").summary
    plans = method.propose(state, HI, 3, np.random.default_rng(0))
    assert plans[0].tags[0] == "Baking"
    assert len({plan.tags for plan in plans}) == 3
    worth = method.utility(state, HI, plans)
    assert worth[0] == max(worth)


def test_everybody_gets_the_same_tags_whatever_they_prefer(
    fitted: tuple[PopulationTags, bytes],
) -> None:
    method, population = fitted
    start = method.initial(User("ana"), population)
    state = start
    for event in accepted(method, random_log(1)):
        state = method.observe(state, event)
    assert (state.table == start.table).all()
    assert method.dump(start).startswith(population)


def test_what_is_said_is_followed_at_once_and_fits_nobody_else(
    fitted: tuple[PopulationTags, bytes],
) -> None:
    method, population = fitted
    statement = event_of(1, Statement("Call me Dr. Reyes"))
    state = method.observe(method.initial(User("ana"), population), statement)
    (plan,) = method.propose(state, HI, 1, np.random.default_rng(0))
    assert "Call me Dr. Reyes" in plan.messages[0].content
    assert method.unlearned_plan(state, HI).rules == ("Call me Dr. Reyes",)
    assert b"Reyes" not in method.fit({"ana": [statement]}, np.random.default_rng(0))


def test_before_it_is_fitted_it_has_no_opinion() -> None:
    method = PopulationTags(parts())
    state = method.initial(User("ana"))
    assert method.utility(state, HI, [method.generic_plan(HI)]) is None
    assert method.propose(state, HI, 1, np.random.default_rng(0))[0].purpose == "generic"
    assert "run fit" in method.explain(state, "ana").summary
    assert {belief.probability for belief in method.explain(state, "ana").beliefs} == {0.5}


def test_a_population_of_another_library_is_not_used(fitted: tuple[PopulationTags, bytes]) -> None:
    other = PopulationTags(parts(library_of(TAGS[::-1])))
    assert other.initial(User("ana"), fitted[1]).comparisons == 0
    with pytest.raises(StateError, match="another tag library"):
        other.load(fitted[1])
    with pytest.raises(StateError, match="damaged"):
        fitted[0].load(fitted[1] + b"more")


def test_the_facade_fits_it(tmp_path: object) -> None:
    with Tailor(tmp_path / "t.db", llm="builtin", method=PopulationTags(parts())) as tailor:
        for user in ("ana", "ben"):
            for _ in range(3):
                turn = tailor.ask(user, "Plan my evening", n=3)
                turn.rank([2, 0, 1])
        assert tailor.fit()
        assert "by 6 comparisons" in tailor.profile("ana").summary
