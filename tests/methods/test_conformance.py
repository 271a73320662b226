"""Every method in the registry keeps the contract of `tailorlm.methods.base`."""

from __future__ import annotations

import copy
import dataclasses
import functools
import inspect
import time
from pathlib import Path

import numpy as np
import pytest
from tests.methods.logs import (
    HashEncoder,
    accepted,
    event_of,
    large_log,
    parts,
    random_feedback,
    random_log,
    turn_of,
)

from tailorlm import registry
from tailorlm.errors import FeedbackError, InputError, StateError
from tailorlm.llms.base import Completion
from tailorlm.methods._said import SAID
from tailorlm.methods.base import Method, MethodConfig, count_tokens
from tailorlm.store import open_store
from tailorlm.tailor import Tailor
from tailorlm.types import (
    FEEDBACK_KINDS,
    Attribute,
    Context,
    Correction,
    Document,
    Message,
    Plan,
    Statement,
    User,
)

NAMES = registry.names(registry.METHODS)
CONTEXT = Context(
    "What should I cook tonight?", (Message("user", "Hi"), Message("assistant", "Hello"))
)


@pytest.fixture(params=NAMES)
def method(request: pytest.FixtureRequest) -> Method:
    return registry.find(registry.METHODS, request.param)(parts())


def fold(method: Method, events: list, state: object = None) -> object:
    state = method.initial(User("ana")) if state is None else state
    for event in accepted(method, events):
        state = method.observe(state, event)
    return state


def plans_of(method: Method, state: object, context: Context, n: int, seed: int = 0) -> list[Plan]:
    """A method's plans; a language model it asks on the way answers the same thing always."""
    proposal = method.propose(state, context, n, np.random.default_rng(seed))
    if isinstance(proposal, list):
        return proposal
    answers = None
    while True:
        try:
            requests = proposal.send(answers)
        except StopIteration as stop:
            return stop.value
        answers = tuple(Completion(text="Fine.", llm="test") for _ in requests)


def test_the_registry_finds_the_methods() -> None:
    assert {"none", "bayes_tags"} <= set(NAMES)


def test_class_facts(method: Method) -> None:
    kind = type(method)
    assert kind.name in NAMES
    assert kind.paper
    assert kind.accepts <= set(FEEDBACK_KINDS.values())
    assert issubclass(kind.Config, MethodConfig)
    assert kind.Config.__dataclass_params__.frozen
    assert all(field.kw_only for field in dataclasses.fields(kind.Config))
    assert inspect.getdoc(kind)


def test_settings_are_checked(method: Method) -> None:
    class Foreign(MethodConfig):
        pass

    with pytest.raises(InputError):
        type(method).Config(budget=-1)
    if type(method).Config is not MethodConfig:
        with pytest.raises(InputError, match="takes a"):
            type(method)(parts(), Foreign())


def test_observing_changes_neither_state_nor_event(method: Method) -> None:
    state = method.initial(User("ana"))
    for event in accepted(method, random_log(1)):
        before, event_before = method.dump(state), copy.deepcopy(event)
        following = method.observe(state, event)
        assert method.dump(state) == before
        assert event == event_before
        state = following


def test_proposing_does_not_change_the_state(method: Method) -> None:
    state = fold(method, random_log(2))
    before = method.dump(state)
    plans_of(method, state, CONTEXT, 3)
    method.explain(state, "ana")
    method.certainty(state, CONTEXT, np.random.default_rng(0))
    assert method.dump(state) == before


@pytest.mark.parametrize("seed", range(3))
def test_replaying_equals_learning_event_by_event_through_storage(
    method: Method, seed: int
) -> None:
    events = random_log(seed)
    state = method.initial(User("ana"))
    for event in accepted(method, events):
        state = method.load(method.dump(state))
        state = method.observe(state, event)
    replayed = fold(method, events)
    assert method.dump(state) == method.dump(replayed)
    assert plans_of(method, state, CONTEXT, 3) == plans_of(method, replayed, CONTEXT, 3)


def test_damaged_state_is_refused(method: Method) -> None:
    data = method.dump(fold(method, random_log(4)))
    damaged = [b"not a state", data + b"more"]
    if data:
        damaged += [data[: len(data) // 2], data[:3]]
    for bad in damaged:
        with pytest.raises(StateError):
            method.load(bad)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_cold_start_gives_n_plans_that_end_in_the_query(method: Method, n: int) -> None:
    plans = plans_of(method, method.initial(User("new")), CONTEXT, n)
    assert len(plans) == n
    for plan in plans:
        assert plan.method == type(method).name
        assert plan.messages[-1] == Message("user", CONTEXT.query)
        assert plan.messages[-3:-1] == CONTEXT.history
    assert all(plan.purpose != "best" for plan in plans[1:])


def test_same_seed_same_plans(method: Method) -> None:
    state = fold(method, random_log(5))
    assert plans_of(method, state, CONTEXT, 3, 7) == plans_of(method, state, CONTEXT, 3, 7)


def test_undeclared_feedback_is_refused(method: Method) -> None:
    turn = turn_of(1, [("Baking",), ("Chess",)], "Plan my evening")
    rng = np.random.default_rng(0)
    seen = set()
    while len(seen) < len(FEEDBACK_KINDS):
        feedback = random_feedback(turn, rng, "CANARY")
        seen.add(type(feedback))
        event = event_of(1, feedback, turn if hasattr(feedback, "turn") else None)
        if type(feedback) in method.accepts:
            method.observe(method.initial(User("ana")), event)
        else:
            with pytest.raises(FeedbackError, match="does not learn from"):
                method.observe(method.initial(User("ana")), event)


@pytest.mark.parametrize("budget", [0, 12, 40, 500])
def test_the_personal_part_keeps_the_budget(budget: int, method: Method) -> None:
    method = type(method)(parts(), type(method).Config(budget=budget))
    state = fold(method, random_log(6, turns=30))
    for plan in plans_of(method, state, CONTEXT, 3):
        own = plan.messages[: -1 - len(CONTEXT.history)]
        assert sum(count_tokens(message.content) for message in own) <= budget


@functools.cache
def learned_from_a_large_log(kind: type[Method]) -> bytes:
    method = kind(parts())
    return method.dump(fold(method, large_log()))


@pytest.mark.parametrize("budget", [0, 12, 40, 100, 500])
def test_a_large_history_keeps_the_budget_and_says_what_is_left_out(
    budget: int, method: Method
) -> None:
    method = type(method)(parts(), type(method).Config(budget=budget))
    state = method.load(learned_from_a_large_log(type(method)))
    plans = [*plans_of(method, state, CONTEXT, 3), method.unlearned_plan(state, CONTEXT)]
    for plan in plans:
        own = plan.messages[: -1 - len(CONTEXT.history)]
        assert sum(count_tokens(message.content) for message in own) <= budget
        assert plan.messages[-1] == Message("user", CONTEXT.query)
        if Statement in method.accepts:
            assert plan.left_out
            assert not set(plan.left_out) & set(plan.rules)


def test_baselines_alone_do_not_follow_what_is_said() -> None:
    deaf = {n for n in NAMES if not registry.find(registry.METHODS, n).accepts >= SAID}
    assert deaf == {"none", "random_tags", "ralm"}


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("Call me Ana", "Call me Dr. Reyes"),
        ("I live in Porto", "I moved to Lisbon"),
        ("Use bullet points", "Stop using bullet points"),
    ],
)
def test_what_is_said_takes_effect_at_the_next_plan(
    earlier: str, later: str, method: Method
) -> None:
    if Statement not in method.accepts:
        pytest.skip("a baseline that follows nothing")
    events = random_log(10)
    state = fold(method, [e for e in events if not isinstance(e.payload, Statement | Attribute)])
    for position, (now, before) in enumerate([(earlier, later), (later, earlier)], start=100):
        state = method.observe(state, event_of(position, Statement(now)))
        generic = method.unlearned_plan(state, CONTEXT)
        for plan in (*plans_of(method, state, CONTEXT, 1), *plans_of(method, state, CONTEXT, 3),
                     generic):  # fmt: skip
            prompt = " ".join(message.content for message in plan.messages)
            assert now in prompt
            assert now in plan.rules
            assert before not in prompt
    shown = {b.name: b for b in method.explain(state, "ana").beliefs if b.since is not None}
    assert (shown[later].probability, shown[later].superseded) == (1.0, None)
    assert shown[earlier].superseded == shown[later].since == 1_700_000_101.0
    assert later in shown[earlier].superseded_by


CORRECTING = [n for n in NAMES if Correction in registry.find(registry.METHODS, n).accepts]


def corrected(method: Method, state: object, *corrections: Correction) -> object:
    for position, correction in enumerate(corrections, start=900):
        state = method.observe(state, event_of(position, correction))
    return state


@pytest.mark.parametrize("name", CORRECTING)
def test_what_a_user_corrects_is_obeyed_at_the_next_plan_and_shown(name: str) -> None:
    method = registry.find(registry.METHODS, name)(parts())
    state = fold(method, random_log(11))
    stated = corrected(
        method,
        state,
        Correction("tag", "baking", "set", "liked"),
        Correction("tag", "Chess", "lock", "disliked"),
        Correction("rule", "Use bullet points.", "set"),
    )
    plans = [*plans_of(method, stated, CONTEXT, 1), *plans_of(method, stated, CONTEXT, 3)]
    for plan in (*plans, method.unlearned_plan(stated, CONTEXT)):
        prompt = " ".join(message.content for message in plan.messages)
        assert "aking" in prompt
        assert "Chess" not in plan.tags
        assert "Use bullet points." in plan.rules
    shown = {b.name.casefold(): b for b in method.explain(stated, "ana").beliefs}
    assert (shown["baking"].correction, shown["baking"].probability) == ("set", 1.0)
    assert (shown["chess"].correction, shown["chess"].probability) == ("locked", 0.0)
    assert shown["use bullet points."].correction == "set"
    forgot = corrected(
        method,
        stated,
        Correction("tag", "Baking", "forget"),
        Correction("rule", "use bullet points", "forget"),
    )
    plans = [*plans_of(method, forgot, CONTEXT, 1), *plans_of(method, forgot, CONTEXT, 3)]
    for plan in (*plans, method.unlearned_plan(forgot, CONTEXT)):
        assert not {"Baking", "Chess"} & set(plan.tags)
        assert not any("aking" in rule or "bullet" in rule for rule in plan.rules)
    shown = {b.name.casefold(): b for b in method.explain(forgot, "ana").beliefs}
    assert {shown["baking"].correction, shown["use bullet points"].correction} == {"forgotten"}
    assert method.load(method.dump(forgot)) is not None
    assert method.dump(method.load(method.dump(forgot))) == method.dump(forgot)


@pytest.mark.parametrize("name", CORRECTING)
def test_a_forgotten_statement_is_out_until_it_is_said_again(name: str) -> None:
    method = registry.find(registry.METHODS, name)(parts())
    said = "Call me Dr. Reyes"
    state = method.observe(method.initial(User("ana")), event_of(1, Statement(said)))
    forgot = corrected(method, state, Correction("statement", said, "forget"))
    (plan,) = plans_of(method, forgot, CONTEXT, 1)
    assert "Reyes" not in str(plan)
    (belief,) = (b for b in method.explain(forgot, "ana").beliefs if b.name == said)
    assert (belief.correction, belief.probability) == ("forgotten", 0.0)
    again = method.observe(forgot, event_of(999, Statement(said)))
    (plan,) = plans_of(method, again, CONTEXT, 1)
    assert said in plan.rules


@pytest.mark.parametrize("name", CORRECTING)
def test_what_is_taken_back_leaves_no_trace(name: str, tmp_path: Path) -> None:
    method = registry.find(registry.METHODS, name)(parts())
    with Tailor(open_store(str(tmp_path / "t.db")), llm="builtin", method=method) as tailor:
        tailor.say("ana", "Use bullet points")
        before = tailor.profile("ana")
        tailor.correct("ana", "rule", "Write in prose, without bullet points.", "set")
        tailor.correct("ana", "tag", "Baking", "forget")
        assert tailor.profile("ana").beliefs != before.beliefs
        tailor.correct("ana", "rule", "write in prose, without bullet points", "release")
        tailor.correct("ana", "style", "Baking", "release")
        assert tailor.profile("ana") == before
        tailor.store.drop_states("ana")
        assert tailor.profile("ana") == before


def test_a_small_budget_is_spent_on_wishes_and_on_what_bears_on_the_query(method: Method) -> None:
    if Statement not in method.accepts:
        pytest.skip("a baseline that follows nothing")
    method = type(method)(parts(), type(method).Config(budget=120))
    said = ["Stop using bullet points", "I'm allergic to peanuts"]
    said += [f"I like the number {'x' * i} very well indeed" for i in range(1, 21)]
    state = method.initial(User("ana"))
    for position, text in enumerate(said):
        state = method.observe(state, event_of(position, Statement(text)))
    plan = method.unlearned_plan(state, Context("Which peanuts are safe?"))
    assert plan.rules[:2] == tuple(said[:2])
    assert set(plan.left_out) == {*said} - {*plan.rules}
    assert plan.left_out


def test_words_of_users_it_was_fitted_to_reach_no_other_users_prompt(method: Method) -> None:
    logs = {user: random_log(seed, user=user) for seed, user in enumerate("abc")}
    population = method.fit(logs, np.random.default_rng(0))
    for plan in plans_of(method, method.initial(User("new"), population), CONTEXT, 3):
        assert not any("CANARY" in message.content for message in plan.messages)


@pytest.mark.parametrize(
    "text",
    ["\x01\x02" * 5_000, "> quoted only", "word " * 200_000, "\u202e" * 300, "日本語の手紙。" * 50],
    ids=["binary", "quoted", "a million characters", "marks", "another script"],
)
def test_any_document_is_learned_from_quickly(text: str, method: Method) -> None:
    if Document not in method.accepts:
        pytest.skip("it learns nothing from documents")
    started = time.perf_counter()
    state = method.observe(method.initial(User("ana")), event_of(1, Document(text)))
    plans_of(method, state, CONTEXT, 2)
    assert time.perf_counter() - started < 5.0
    assert len(method.dump(state)) < 200_000


@pytest.mark.parametrize(
    "query", ["x", "\u202e\U0001f9c1" * 50, "word " * 20_000, "'; DROP TABLE events; --"]
)
def test_any_query_is_planned_for(method: Method, query: str) -> None:
    plans = plans_of(method, fold(method, random_log(7)), Context(query), 2)
    assert [plan.messages[-1].content for plan in plans] == [query, query]


def test_what_a_method_says_of_a_user_is_well_formed(method: Method) -> None:
    state = fold(method, random_log(8, turns=25))
    profile = method.explain(state, "ana")
    assert (profile.user, profile.method) == ("ana", type(method).name)
    assert profile.summary
    assert profile == method.explain(state, "ana")
    for belief in profile.beliefs:
        assert 0 <= belief.probability <= 1
        assert belief.low <= belief.effect <= belief.high
        assert belief.evidence >= 0
    assert 0 <= profile.certainty <= 1
    assert 0 <= method.certainty(state, CONTEXT, np.random.default_rng(0)) <= 1
    plans = plans_of(method, state, CONTEXT, 3)
    utility = method.utility(state, CONTEXT, plans)
    assert utility is None or (utility.shape == (3,) and np.isfinite(utility).all())


def test_tags_that_left_the_library_are_passed_over(method: Method) -> None:
    state = fold(method, random_log(9, tags=("Falconry", "Baking", "Sumo", "Chess")))
    assert len(plans_of(method, state, CONTEXT, 2)) == 2


def test_a_fingerprint_changes_with_the_settings(method: Method) -> None:
    other = type(method)(parts(), type(method).Config(budget=123))
    assert method.fingerprint() != other.fingerprint()
    assert method.fingerprint() == type(method)(parts()).fingerprint()


def test_one_users_text_never_reaches_another_users_prompt_and_erasure_is_whole(
    method: Method, tmp_path: object
) -> None:
    database = tmp_path / "t.db"
    with Tailor(open_store(str(database)), llm="builtin", method=method) as tailor:
        for user, seed in (("ana", 1), ("ben", 2)):
            rng = np.random.default_rng(seed)
            for _ in range(6):
                turn = tailor.ask(user, f"Canary{user} wants ideas", n=3)
                tailor.give(user, random_feedback(turn.turn, rng, f"Canary{user}"))
        turn = tailor.ask("ben", "Plan my evening", n=3)
        assert all(
            "Canaryana" not in message.content
            for candidate in turn.candidates
            for message in candidate.plan.messages
        )
        before = tailor.profile("ben")
        assert b"Canaryana" in bytes_of(database)
        tailor.erase("ana")
        assert b"Canaryana" not in bytes_of(database)
        assert tailor.profile("ben") == before
        again = tailor.ask("ana", "Plan my evening", n=1).candidates
    assert b"Canaryana" not in bytes_of(database)
    with Tailor(open_store(str(tmp_path / "new.db")), llm="builtin", method=method) as tailor:
        assert tailor.ask("ana", "Plan my evening", n=1).candidates == again


def bytes_of(database: object) -> bytes:
    return b"".join(path.read_bytes() for path in database.parent.glob(database.name + "*"))


def test_the_test_encoder_keeps_the_protocol() -> None:
    vectors = HashEncoder().encode(["Baking bread", ""])
    assert vectors.shape == (2, 24)
    assert np.allclose(np.linalg.norm(vectors, axis=1), [1, 0], atol=1e-6)
