from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from tests.methods.editors import EDITORS, by_subject, changing, drafts, log_of
from tests.methods.logs import event_of, turn_of

from tailorlm.encoders import create_encoder
from tailorlm.errors import InputError, StateError
from tailorlm.llms.base import Completion
from tailorlm.methods.base import Parts, count_tokens
from tailorlm.methods.edit_rules import EditRules, EditRulesConfig, EditState
from tailorlm.tags import library_of
from tailorlm.types import (
    Context,
    Document,
    Edit,
    Event,
    Pick,
    Plan,
    Profile,
    Ranking,
    Statement,
    User,
)

ENCODER = create_encoder("static")
FIRST, LATER = drafts(10, seed=1), drafts(10, seed=2)


def make(**settings: object) -> EditRules:
    return EditRules(
        Parts(encoder=ENCODER, library=library_of(("Chess",))), EditRulesConfig(**settings)
    )


def fold(method: EditRules, events: list[Event], population: bytes | None = None) -> EditState:
    state = method.initial(User("ana"), population)
    for event in events:
        state = method.observe(state, event)
    return state


def rules_of(method: EditRules, state: EditState, query: str) -> tuple[str, ...]:
    return method.propose(state, Context(query), 1, np.random.default_rng(0))[0].rules


def names(profile: Profile) -> list[str]:
    return [b.name for b in profile.beliefs if b.superseded is None]


METHOD = make()
STATES = {name: fold(METHOD, log_of(editor, FIRST)) for name, editor in EDITORS.items()}


@pytest.mark.parametrize(
    ("user", "rules"),
    [
        (
            "terse",
            ("Write no greeting.", "Write no sign-off.", "Keep it to at most 20 words."),
        ),
        ("loud", ("Write in capital letters.",)),
        ("cheerful", ("Use emoji.", "Close with “Cheers”", "Sign with the first name.")),
        ("without_commas", ("Use no commas.", "Write no greeting.")),
        (
            "listed",
            (
                "Write bullet points.",
                "Sign with initials.",
                "Use the phrase “reply needed by friday”.",
                "Avoid the phrase “thank you for your help”.",
            ),
        ),
    ],
)
def test_rules_name_what_a_user_wants(user: str, rules: tuple[str, ...]) -> None:
    assert set(rules) <= set(rules_of(METHOD, STATES[user], LATER[0].query))
    assert set(rules) <= set(names(METHOD.explain(STATES[user], "ana")))


def test_a_user_who_leaves_drafts_alone_gets_no_new_rules() -> None:
    wishes = METHOD.wishes(STATES["content"])
    assert all(wish.is_kept for wish in wishes)


def test_rules_hold_for_their_subjects_alone() -> None:
    state = STATES["by_subject"]
    for draft in LATER:
        rules = rules_of(METHOD, state, draft.query)
        assert ("Write a numbered list." in rules) == (draft.topic == "money")
        assert ("Write in lower case." in rules) == (draft.topic == "family")
        assert ("Use the phrase “please send a receipt”." in rules) == (draft.topic == "money")
    profile = METHOD.explain(state, "ana")
    numbered = next(b for b in profile.beliefs if b.name.startswith("Write a numbered list."))
    assert "by subject: money" in numbered.name
    assert "by subject" in profile.summary


def test_subjects_matter_only_where_they_tell() -> None:
    for user in ("terse", "loud", "cheerful", "listed", "content"):
        assert not [name for name in names(METHOD.explain(STATES[user], "ana"))
                    if "by subject" in name], user  # fmt: skip
    general = make(by_subject=False)
    rules = {rules_of(general, STATES["by_subject"], draft.query) for draft in LATER}
    assert len(rules) == 1


def test_newer_edits_supersede_older_ones() -> None:
    state = fold(METHOD, log_of(changing, drafts(16, seed=1)))
    rules = rules_of(METHOD, state, LATER[0].query)
    assert "Close with “Yours faithfully”" in rules
    assert "Close with “Cheers”" not in rules
    old = next(b for b in METHOD.explain(state, "ana").beliefs if b.superseded is not None)
    assert old.name == "Close with “Cheers”"
    assert old.probability < 0.1
    assert "Yours faithfully" in old.superseded_by
    assert old.since < old.last_seen < old.superseded


def test_rules_grow_surer_with_evidence() -> None:
    events = log_of(EDITORS["listed"], FIRST)
    chances = []
    for n in (1, 2, 4, 10):
        wishes = make(least=0.5).wishes(fold(METHOD, events[: 2 * n]))
        chances += [w.probability for w in wishes if w.rule.text == "Write bullet points."]
    assert chances == sorted(chances)
    assert len(chances) == 3  # one text is not enough
    assert chances[0] < 0.9 < 0.99 < chances[-1]


def test_true_later_edits_score_above_their_drafts_and_tell_their_user() -> None:
    above, told = [], []
    for user, editor in EDITORS.items():
        for number, draft in enumerate(LATER[:4]):
            context, edited = Context(draft.query), editor(draft, number)
            chances = {
                name: METHOD.score(state, context, edited, beside_drafts=False)
                for name, state in STATES.items()
            }
            told.append(max(chances, key=chances.__getitem__) == user)
            if user != "content":
                true, given = (METHOD.score(STATES[user], context, t) for t in (edited, draft.text))
                above.append(true > given)
    assert np.mean(above) >= 0.95
    assert np.mean(told) >= 0.95


def test_a_statement_overrules_edits() -> None:
    state = STATES["listed"]
    said = event_of(99, Statement("Stop using bullet points."))
    rules = rules_of(METHOD, METHOD.observe(state, said), LATER[0].query)
    assert "Write bullet points." not in rules
    assert "Stop using bullet points." in rules


def test_the_budget_names_what_it_leaves_out() -> None:
    small = make(budget=45)
    plan = small.propose(STATES["listed"], Context(LATER[0].query), 1, np.random.default_rng(0))[0]
    assert sum(count_tokens(message.content) for message in plan.messages[:-1]) <= 45
    assert plan.left_out
    whole = rules_of(METHOD, STATES["listed"], LATER[0].query)
    assert {*plan.rules, *plan.left_out} == set(whole)


def test_variants_try_what_is_unsure() -> None:
    plans = METHOD.propose(
        STATES["cheerful"], Context("Write to Omar"), 3, np.random.default_rng(0)
    )
    assert [plan.purpose for plan in plans] == ["best", "explore", "explore"]
    assert len({plan.rules for plan in plans}) == 3


def test_documents_show_how_a_user_writes() -> None:
    state = METHOD.initial(User("ana"))
    for number in range(6):
        mail = f"hey omar,\n\nthe roof number {number} is done. come and see it.\n\ncheers\nana"
        state = METHOD.observe(state, event_of(number + 1, Document(mail, "mail")))
    rules = rules_of(METHOD, state, "Write to Omar about the garden")
    assert "Close with “Cheers”" in rules
    assert "Write in lower case." in rules


def test_choices_between_answers_count_as_small_changes() -> None:
    turn = turn_of(1, [("A",), ("B",)], "Plan my evening")
    texts = ("- Eat at six\n- Read a book", "Eat at six. Then read a book.")
    shown = tuple(replace(c, text=t) for c, t in zip(turn.candidates, texts, strict=True))
    turn = replace(turn, candidates=shown)
    state = METHOD.initial(User("ana"))
    for position in range(1, 11):
        payload = Pick(turn.id, 0) if position % 2 else Ranking(turn.id, ((0,), (1,)))
        state = METHOD.observe(state, event_of(position, payload, turn))
    assert "Write bullet points." in rules_of(METHOD, state, "Plan my weekend")
    plans = [Plan(messages=(), method="x", rules=(rule,))
             for rule in ("Write bullet points.", "Write plain paragraphs, no lists.")]  # fmt: skip
    worth = METHOD.utility(state, Context("Plan my weekend"), plans)
    assert worth[0] > 0 > worth[1]


def test_an_edit_without_words_teaches_nothing() -> None:
    turn = turn_of(1, [("A",)], "Plan my evening")
    state = METHOD.initial(User("ana"))
    after = METHOD.observe(state, event_of(1, Edit(turn.id, 0, "> quoted"), turn))
    assert METHOD.dump(after) == METHOD.dump(state)
    with pytest.raises(InputError, match="own words"):
        METHOD.score(state, Context("Plan"), "> quoted")


def test_a_population_is_where_new_users_start() -> None:
    others = {f"u{i}": log_of(EDITORS["listed"], drafts(6, seed=i)) for i in range(5)}
    population = METHOD.fit(others, np.random.default_rng(0))
    newcomer = METHOD.initial(User("new"), population)
    assert "Write bullet points." in names(METHOD.explain(newcomer, "new"))
    assert "of 5 other users" in METHOD.explain(newcomer, "new").summary
    state = fold(METHOD, log_of(EDITORS["cheerful"], FIRST), population)
    assert "Use emoji." in names(METHOD.explain(state, "ana"))
    assert "Write bullet points." not in names(METHOD.explain(state, "ana"))
    assert METHOD.initial(User("new"), b"damaged").population == b""


def test_a_population_tells_nothing_that_only_one_user_writes() -> None:
    logs = {name: log_of(EDITORS[name], FIRST) for name in ("cheerful", "listed", "terse")}
    population = METHOD.fit(logs, np.random.default_rng(0))
    assert b"Cheers" not in population
    assert b"friday" not in population


def test_what_is_expected_moves_from_the_pool_to_the_user() -> None:
    editors = ("listed", "content", "cheerful", "loud", "listed")
    logs = {f"u{i}": log_of(EDITORS[e], drafts(8, seed=i)) for i, e in enumerate(editors)}
    population = METHOD.fit(logs, np.random.default_rng(0))
    nobody = METHOD.initial(User("ana"), population)
    user = fold(METHOD, log_of(EDITORS["listed"], FIRST), population)
    draft = LATER[0].text
    pooled, own = METHOD.expected(nobody, draft), METHOD.expected(user, draft)
    assert 0.2 < pooled.values["layout"]["bullets"] < 0.6 < own.values["layout"]["bullets"]
    assert sum(own.values["layout"].values()) == pytest.approx(1.0)
    assert own.amounts["words"][0] < pooled.amounts["words"][0]


def test_a_language_model_may_word_the_rules() -> None:
    method = make(words="llm", similar=3)
    state = fold(method, log_of(by_subject, FIRST))
    asking = method.propose(state, Context(LATER[0].query), 2, np.random.default_rng(0))
    (request,) = next(asking)
    asked = request.messages[0].content
    assert asked.lower().count("made of it") == 3
    with pytest.raises(StopIteration) as stop:
        asking.send((Completion(text="- Number the points.\n- End with a request.", llm="test"),))
    plans = stop.value.value
    assert plans[0].rules == ("Number the points.", "End with a request.")
    assert plans[1].purpose == "explore"


def test_a_silent_language_model_leaves_the_facets() -> None:
    method = make(words="llm")
    state = fold(method, log_of(EDITORS["listed"], FIRST))
    asking = method.propose(state, Context(LATER[0].query), 1, np.random.default_rng(0))
    next(asking)
    with pytest.raises(StopIteration) as stop:
        asking.send((Completion(text=" ", llm="test"),))
    assert "Write bullet points." in stop.value.value[0].rules


@pytest.mark.parametrize(
    "bad", [{"least": 0.4}, {"least": 1.1}, {"phrases": -1}, {"similar": 0}, {"words": "poem"}]
)
def test_settings_out_of_range_are_refused(bad: dict[str, object]) -> None:
    with pytest.raises(InputError):
        EditRulesConfig(**bad)


def test_a_state_keeps_a_window() -> None:
    events = log_of(EDITORS["cheerful"], drafts(80, seed=3))
    state = fold(METHOD, events)
    assert len(state.entries) == len(state.memory) == 64
    assert state.seen == 80
    data = METHOD.dump(state)
    assert len(data) < 200_000
    with pytest.raises(StateError):
        METHOD.load(data.replace(b'"edit"', b'"ed'))
    start = time.process_time()
    for draft in LATER:
        rules_of(METHOD, METHOD.load(data), draft.query)
    assert (time.process_time() - start) / len(LATER) < 0.5
