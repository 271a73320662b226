from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
import pytest
from tests.methods.logs import event_of, parts

from tailorlm.encoders import create_encoder
from tailorlm.errors import InputError, StateError
from tailorlm.llms.base import LLM, Completion, Request
from tailorlm.methods.base import Parts
from tailorlm.methods.best_of_n import BestOfN, BestOfNConfig
from tailorlm.store import open_store
from tailorlm.tags import library_of
from tailorlm.tailor import Tailor
from tailorlm.types import (
    Candidate,
    Context,
    Correction,
    Draft,
    Edit,
    Event,
    Pick,
    Plan,
    Ranking,
    Rating,
    Turn,
    User,
)

SHORT = ("Rest. Walk. Sleep.", "Read a book.", "Bake bread, then eat it.", "Go for a swim.")
LONG = tuple(
    f"{opening} and all of them deserve a thought, so let us go through the most important of "
    "them one after the other, with their advantages, before anything is decided about tonight."
    for opening in (
        "There are many ways in which one could spend the evening,",
        "A quiet evening after a demanding week can restore a person in a number of ways,",
        "Which plan is the best depends to a large degree on weather, season and company,",
    )
)
CONTEXT = Context("Plan my evening")


def turn_of(number: int, texts: Sequence[str], query: str = "Plan my evening") -> Turn:
    plan = Plan(messages=(), method="best_of_n", purpose="explore")
    candidates = tuple(Candidate(plan=plan, text=text, llm="x") for text in texts)
    return Turn(id=f"t{number}", query=query, candidates=candidates)


def ranked_by(method: BestOfN, key: object, turns: int = 12, state: object = None) -> object:
    """A user who ranks a short and two long answers a turn by a key, the highest first."""
    state = method.initial(User("ana")) if state is None else state
    for number, event in enumerate(rankings_by(key, turns)):
        state = method.observe(state, event)
        assert state.evidence == number + 1
    return state


def rankings_by(key: object, turns: int) -> list[Event]:
    events = []
    for number in range(turns):
        texts = (SHORT[number % 4], LONG[number % 3], LONG[(number + 1) % 3])
        turn = turn_of(number, texts)
        order = sorted(range(3), key=lambda i, texts=texts: -key(texts[i]))
        events.append(event_of(number, Ranking(turn.id, tuple((i,) for i in order)), turn))
    return events


def plans_with(method: BestOfN, state: object, answers: Sequence[str], n: int = 1) -> list[Plan]:
    proposal = method.propose(state, CONTEXT, n, np.random.default_rng(0))
    if isinstance(proposal, list):
        return proposal
    requests = next(proposal)
    assert len(requests) == max(method.config.candidates, n)
    texts = [answers[i % len(answers)] for i in range(len(requests))]
    with pytest.raises(StopIteration) as stop:
        proposal.send(tuple(Completion(text=text, llm="x/y") for text in texts))
    return stop.value.value


@pytest.fixture
def method() -> BestOfN:
    return BestOfN(parts())


def test_what_a_user_ranks_first_is_chosen_from_then_on(method: BestOfN) -> None:
    brief, verbose = ranked_by(method, lambda t: -len(t)), ranked_by(method, len)
    answers = [LONG[0], SHORT[1], LONG[2]]
    assert plans_with(method, brief, answers)[0].draft == Draft(SHORT[1], "x/y")
    assert plans_with(method, verbose, answers)[0].draft.text in LONG
    profile = method.explain(brief, "ana")
    long = next(b for b in profile.beliefs if b.name == "long answers")
    assert long.probability < 0.01
    assert long.low < long.effect < long.high < 0
    assert "does not like" in profile.summary


def test_it_grows_surer_and_then_shows_one_answer() -> None:
    method = BestOfN(Parts(encoder=create_encoder("static"), library=library_of(("a", "b"))))
    sure = [
        method.certainty(ranked_by(method, len, turns), CONTEXT, np.random.default_rng(0))
        for turns in (0, 3, 12, 48)
    ]
    assert sure == sorted(sure)
    assert sure[0] == 0.0
    assert sure[-1] > 0.9


def test_requests_are_generic_and_each_has_its_own_seed(method: BestOfN) -> None:
    state = ranked_by(method, len, 3)
    requests = next(method.propose(state, CONTEXT, 2, np.random.default_rng(1)))
    assert {request.messages for request in requests} == {method.generic_plan(CONTEXT).messages}
    assert len({request.seed for request in requests}) == 8
    assert {request.temperature for request in requests} == {1.0}


def test_while_nothing_is_known_one_answer_is_asked_for_as_ever(method: BestOfN) -> None:
    state = method.initial(User("new"))
    (plan,) = method.propose(state, CONTEXT, 1, np.random.default_rng(0))
    assert (plan.purpose, plan.draft) == ("generic", None)
    plans = plans_with(method, state, [*SHORT, *LONG], 3)
    assert len({plan.draft.text for plan in plans}) == 3
    assert {plan.purpose for plan in plans} == {"generic"}
    assert "No answer has been judged" in method.explain(state, "new").summary


def test_the_others_shown_differ_from_the_best(method: BestOfN) -> None:
    state = ranked_by(method, lambda t: -len(t), 3)
    answers = ["Read a book.", "Read the book.", "Read one book.", *LONG]
    plans = plans_with(method, state, answers, 2)
    assert [plan.purpose for plan in plans] == ["best", "explore"]
    assert plans[0].draft.text.startswith("Read")
    assert plans[1].draft.text in LONG
    notes = dict(plans[0].notes)
    assert (notes["draft_requests"], notes["draft_distinct"]) == (8, 6)


def test_an_llm_that_always_says_the_same_or_nothing_is_no_obstacle(method: BestOfN) -> None:
    state = ranked_by(method, len, 2)
    plans = plans_with(method, state, ["Fine."], 3)
    assert [plan.draft.text for plan in plans] == ["Fine."] * 3
    assert [plan.draft for plan in plans_with(method, state, ["", " "], 2)] == [None, None]
    mixed = plans_with(method, state, [*[""] * 7, "Fine."], 2)
    assert [plan.draft.text for plan in mixed] == ["Fine."] * 2


@pytest.mark.parametrize("kind", ["pick", "edit", "rating", "ranking"])
def test_every_kind_of_judgement_teaches(method: BestOfN, kind: str) -> None:
    state = method.initial(User("ana"))
    for number in range(12):
        turn = turn_of(number, (LONG[number % 3], SHORT[number % 4]))
        payload = {
            "pick": Pick(turn.id, 1),
            "edit": Edit(turn.id, 0, SHORT[(number + 1) % 4]),
            "rating": Rating(turn.id, number % 2, 5.0 if number % 2 else 2.0),
            "ranking": Ranking(turn.id, ((1,), (0,))),
        }[kind]
        state = method.observe(state, event_of(number, payload, turn))
    assert plans_with(method, state, [*LONG, "Sing a song."])[0].draft.text == "Sing a song."


def test_a_usual_rating_says_nothing(method: BestOfN) -> None:
    turn = turn_of(1, LONG[:2])
    state = method.observe(method.initial(User("a")), event_of(1, Rating("t1", 0, 3.0), turn))
    assert (state.evidence, state.ratings) == (0, 1)


def test_a_tie_or_an_empty_ranking_says_nothing(method: BestOfN) -> None:
    turn = turn_of(1, LONG[:2])
    for groups in (((0, 1),), ((0,),)):
        state = method.observe(method.initial(User("a")), event_of(1, Ranking("t1", groups), turn))
        assert state.evidence == 0


def test_corrections_rule_the_choice(method: BestOfN) -> None:
    state = ranked_by(method, len)
    for action, value, chosen in (
        ("lock", "disliked", SHORT[0]),
        ("set", "liked", LONG[0]),
    ):
        correction = Correction("style", "long answers", action, value)
        now = method.observe(state, event_of(50, correction))
        new = method.observe(method.initial(User("ben")), event_of(1, correction))
        assert plans_with(method, new, [LONG[0], SHORT[0]])[0].draft.text == chosen
        belief = next(b for b in method.explain(now, "a").beliefs if b.name == "long answers")
        assert belief.correction in ("locked", "set")
    forgot = method.observe(state, event_of(51, Correction("style", "long answers", "forget")))
    place = method.features.named.index("long answers")
    assert method._weights(state)[place] > 0 == method._weights(forgot)[place]


def test_a_population_helps_a_new_user() -> None:
    method = BestOfN(Parts(encoder=create_encoder("static"), library=library_of(("a", "b"))))
    logs = {f"u{i}": rankings_by(lambda t: -len(t), 6 + i) for i in range(4)}
    population = method.fit(logs, np.random.default_rng(0))
    assert len(population) < 16_000
    state = method.initial(User("new"), population)
    assert plans_with(method, state, [*LONG, SHORT[0]])[0].draft.text == SHORT[0]
    assert method.load(method.dump(state)).prior.mean.tolist() == state.prior.mean.tolist()
    assert "as users on average" in method.explain(state, "new").summary
    assert method.fit({"u0": logs["u0"]}, np.random.default_rng(0)) is None
    with pytest.raises(StateError, match="damaged"):
        method.initial(User("new"), population[:-3])


def test_a_population_of_another_encoder_is_not_used(method: BestOfN) -> None:
    other = BestOfN(Parts(encoder=create_encoder("static"), library=library_of(("a", "b"))))
    logs = {f"u{i}": rankings_by(len, 5) for i in range(2)}
    population = other.fit(logs, np.random.default_rng(0))
    assert not method.initial(User("new"), population).prior.mean.any()
    with pytest.raises(StateError, match="features"):
        method.load(other.dump(other.initial(User("new"), population)))


def test_a_new_user_is_learned_in_a_second_and_the_state_is_small() -> None:
    method = BestOfN(Parts(encoder=create_encoder("static"), library=library_of(("a", "b"))))
    start = time.perf_counter()
    state = ranked_by(method, len, 20)
    assert time.perf_counter() - start < 1.0
    assert len(method.dump(state)) < 24_000


def test_utility_is_the_reward_of_the_drafts(method: BestOfN) -> None:
    state = ranked_by(method, len)
    base = method.generic_plan(CONTEXT)
    drafted = [
        Plan(messages=base.messages, method="best_of_n", draft=Draft(text, "x"))
        for text in (LONG[0], SHORT[0])
    ]
    first, second = method.utility(state, CONTEXT, drafted)
    assert first > second
    assert method.utility(state, CONTEXT, [base, drafted[0]]) is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"candidates": 1},
        {"temperature": 3},
        {"style_scale": 0},
        {"rank": 0},
        {"forget": 1},
        {"user_model": "x"},
    ],
)
def test_settings_are_checked(wrong: dict) -> None:
    with pytest.raises(InputError):
        BestOfNConfig(**wrong)


class Varied(LLM):
    """Answers by seed, and counts what it is asked."""

    name = "varied"

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[Request] = []

    def complete(self, request: Request) -> Completion:
        self.asked.append(request)
        texts = (*SHORT, *LONG)
        return Completion(text=texts[(request.seed or 0) % len(texts)], llm="varied")


def test_in_the_loop_a_drafted_answer_is_shown_without_asking_again(tmp_path: object) -> None:
    llm = Varied()
    store = open_store(str(tmp_path / "t.db"))
    with Tailor(store, llm=llm, method="best_of_n", encoder="static") as tailor:
        for _ in range(12):
            turn = tailor.ask("ana", "Plan my evening", n=3)
            turn.rank(sorted(range(3), key=lambda i: len(turn.texts[i])))
        shown = turn.turn
        assert all(candidate.plan.draft is None for candidate in shown.candidates)
        before = len(llm.asked)
        turn = tailor.ask("ana", "Plan my evening", n=1)
        assert turn.text in SHORT
        assert len(llm.asked) == before + 8
        assert tailor.turn("ana").texts == turn.texts
        profile = tailor.profile("ana")
        tailor.store.drop_states("ana")
        assert tailor.profile("ana") == profile
