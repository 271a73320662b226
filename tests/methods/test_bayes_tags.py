from __future__ import annotations

import numpy as np
import pytest
from tests.methods.logs import TAGS, event_of, parts, turn_of

from tailorlm.choice.design import SURETY
from tailorlm.errors import InputError
from tailorlm.methods.bayes_tags import BayesTags, BayesTagsConfig, BayesTagsState
from tailorlm.tags import Area, BinaryPair, TagLibrary, premium_library
from tailorlm.types import (
    Candidate,
    Context,
    Edit,
    Event,
    Pick,
    Plan,
    Ranking,
    Rating,
    Statement,
    TurnFeedback,
    User,
)

QUERY = "Plan my evening"
SETS = [("Baking", "Jazz"), ("Chess", "Robotics"), ("Running", "Poetry")]


def make(**config: object) -> BayesTags:
    return BayesTags(parts(), BayesTagsConfig(**config))


def judged(feedback: TurnFeedback, position: int = 1) -> Event:
    return event_of(position, feedback, turn_of(1, SETS, QUERY))


def beliefs(method: BayesTags, state: BayesTagsState) -> dict[str, float]:
    return {b.name: b.probability for b in method.explain(state, "ana").beliefs}


def learn(method: BayesTags, *feedback: TurnFeedback | Statement) -> BayesTagsState:
    state = method.initial(User("ana"))
    for position, item in enumerate(feedback):
        about_turn = not isinstance(item, Statement)
        event = judged(item, position) if about_turn else event_of(position, item)
        state = method.observe(state, event)
    return state


@pytest.mark.parametrize("prior", ["sparse", "gaussian"])
@pytest.mark.parametrize(
    "feedback",
    [
        Ranking("t1", ((1,), (0,), (2,))),
        Ranking("t1", ((1,), (0, 2))),
        Ranking("t1", ((1,), (2,))),
        Pick("t1", 1),
        Edit("t1", 1, "my own words"),
        Rating("t1", 1, 5),
    ],
)
def test_the_tags_of_what_was_preferred_gain(prior: str, feedback: TurnFeedback) -> None:
    method = make(prior=prior)
    before, after = beliefs(method, learn(method)), beliefs(method, learn(method, feedback))
    assert after["Chess"] > before["Chess"]
    assert after["Robotics"] > before["Robotics"]
    assert min(after["Chess"], after["Robotics"]) > max(after["Running"], after["Poetry"])


def test_a_low_rating_lowers_and_a_usual_one_says_nothing() -> None:
    method = make()
    start = beliefs(method, learn(method))
    assert beliefs(method, learn(method, Rating("t1", 1, 1)))["Chess"] < start["Chess"]
    assert beliefs(method, learn(method, Rating("t1", 1, 3))) == start
    always_five = learn(method, *[Rating("t1", 0, 5)] * 12)
    assert always_five.usual_score > 4.5
    again = method.observe(always_five, judged(Rating("t1", 0, 5), 99))
    assert beliefs(method, again) == beliefs(method, always_five)


def test_an_answer_shown_alone_draws_only_on_what_is_probably_liked() -> None:
    method = make()
    rng = np.random.default_rng(0)
    (cold,) = method.propose(learn(method), Context(QUERY), 1, rng)
    assert (cold.purpose, cold.tags) == ("generic", ())
    sure = learn(method, *[Pick("t1", 1)] * 8)
    (warm,) = method.propose(sure, Context(QUERY), 1, rng)
    assert warm.purpose == "best"
    assert set(warm.tags) == {tag for tag, p in beliefs(method, sure).items() if p >= 0.5}


def test_several_answers_hold_what_is_known_to_be_liked_first_and_differ() -> None:
    method = make()
    others = [tag for tag in TAGS if tag not in ("Chess", "Robotics")]
    state = method.initial(User("ana"))
    for number in range(20):
        alone = ("Chess",) if number % 2 else ("Robotics",)
        sets = [alone, tuple(others[number % 5 : number % 5 + 3])]
        turn = turn_of(number, sets, QUERY)
        state = method.observe(state, event_of(number, Pick(turn.id, 0), turn))
    sure = {tag for tag, p in beliefs(method, state).items() if p >= SURETY}
    assert sure == {"Chess", "Robotics"}
    plans = method.propose(state, Context(QUERY), 3, np.random.default_rng(0))
    assert [plan.purpose for plan in plans] == ["best", "explore", "explore"]
    assert sure <= set(plans[0].tags)
    assert len({plan.tags for plan in plans}) == 3
    assert method.utility(state, Context(QUERY), plans).argmax() == 0


def test_the_utility_of_a_generic_plan_is_zero() -> None:
    method = make()
    state = learn(method, *[Pick("t1", 1)] * 8)
    generic = method.generic_plan(Context(QUERY))
    assert method.utility(state, Context(QUERY), [generic]) == pytest.approx([0.0])


def test_certainty_grows_with_consistent_feedback() -> None:
    method = make()
    rng = np.random.default_rng(0)
    context = Context(QUERY)
    values = [
        method.certainty(learn(method, *[Ranking("t1", ((1,), (0,), (2,)))] * n), context, rng)
        for n in (0, 3, 30)
    ]
    assert values[0] < values[1] < values[2]


def test_evidence_is_counted_and_dated() -> None:
    method = make()
    profile = method.explain(learn(method, Pick("t1", 1), Ranking("t1", ((1,), (0,)))), "ana")
    found = {belief.name: belief for belief in profile.beliefs}
    assert [found[tag].evidence for tag in ("Chess", "Baking", "Poetry", "Tax law")] == [2, 2, 1, 0]
    day = 1_700_000_000 // 86400 * 86400
    assert found["Chess"].last_seen == day
    assert found["Tax law"].last_seen is None


def test_statements_reach_the_prompt_newest_kept_longest() -> None:
    method = make()
    said = [Statement(f"wish {number}: " + "x" * 200) for number in range(8)]
    state = learn(method, *said)
    assert state.said.in_force()[-1] == said[-1].text
    (plan,) = method.propose(state, Context(QUERY), 1, np.random.default_rng(0))
    assert said[-1].text in plan.messages[0].content
    assert plan.rules[-1] == said[-1].text
    (huge,) = learn(method, Statement("\N{CROISSANT}" * 5000)).said.in_force()
    assert 0 < len(huge.encode()) <= 1000


def test_a_small_budget_leaves_out_and_says_so() -> None:
    state = learn(make(), *[Pick("t1", 1)] * 8, Statement("I live in Lisbon now, by the sea"))
    tight = make(budget=70)
    (plan,) = tight.propose(state, Context(QUERY), 1, np.random.default_rng(0))
    assert plan.left_out
    assert set(plan.left_out).isdisjoint({*plan.tags, *plan.rules})


def test_opposite_styles_never_meet_in_one_answer() -> None:
    library = TagLibrary(
        (Area("Food", ("Baking", "Pastry")),),
        (BinaryPair("Depth", "Thorough", "Brief"), BinaryPair("Mood", "Humorous", "Serious")),
    )
    method = BayesTags(parts(library), BayesTagsConfig(tags_per_answer=4))
    state = method.initial(User("ana"))
    for seed in range(10):
        for plan in method.propose(state, Context(QUERY), 3, np.random.default_rng(seed)):
            assert not {"Thorough", "Brief"} <= set(plan.tags)
            assert not {"Humorous", "Serious"} <= set(plan.tags)


def test_a_style_is_learned_and_asked_for_as_a_manner() -> None:
    library = TagLibrary(
        (Area("Food", ("Baking", "Pastry")),), (BinaryPair("Depth", "Thorough", "Brief"),)
    )
    method = BayesTags(parts(library))
    state = method.initial(User("ana"))
    turn = turn_of(1, [("Brief",), ("Thorough",)], QUERY)
    for position in range(10):
        state = method.observe(state, event_of(position, Pick("t1", 0), turn))
    (plan,) = method.propose(state, Context(QUERY), 1, np.random.default_rng(0))
    assert plan.tags == ("Brief",)
    assert "Write in this manner: Brief." in plan.messages[0].content


@pytest.mark.parametrize("prior", ["sparse", "gaussian"])
def test_the_state_of_200_tags_fits_in_16_kilobytes(prior: str) -> None:
    library = premium_library()
    method = BayesTags(parts(library), BayesTagsConfig(prior=prior))
    state = method.initial(User("ana"))
    rng = np.random.default_rng(0)
    for number in range(40):
        plans = method.propose(state, Context(QUERY), 3, rng)
        turn = turn_of(number, [plan.tags for plan in plans], QUERY)
        state = method.observe(state, event_of(2 * number, Pick(turn.id, number % 3), turn))
        state = method.observe(state, event_of(2 * number + 1, Statement("word " * 60)))
    assert len(method.dump(state)) <= 16 * 1024


@pytest.mark.parametrize(
    "bad", [{"tags_per_answer": 0}, {"prior": "flat"}, {"confident": 1.5}, {"budget": -1}]
)
def test_settings_are_checked(bad: dict[str, object]) -> None:
    with pytest.raises(InputError):
        make(**bad)


def test_a_plan_made_by_another_method_teaches_too() -> None:
    method = make()
    foreign = Plan(messages=(), method="other", tags=("Chess",))
    turn = turn_of(1, [("Chess",), ("Baking",)], QUERY)
    candidates = (Candidate(plan=foreign, text="x", llm="x"), turn.candidates[1])
    turn = type(turn)(id="t1", query=QUERY, candidates=candidates)
    state = method.observe(method.initial(User("ana")), event_of(1, Pick("t1", 0), turn))
    assert beliefs(method, state)["Chess"] > beliefs(method, state)["Baking"]
    assert set(beliefs(method, state)) == set(TAGS)
