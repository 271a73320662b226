"""The loop through the facade on a real SQLite store, with a scripted language model."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.methods.logs import HashEncoder, event_of, parts, turn_of

from tailorlm.errors import FeedbackError, InputError, LLMConnectionError, NotFoundError
from tailorlm.llms.base import LLM, Completion, Request
from tailorlm.loop import AskPolicy
from tailorlm.loop.effects import Keep, Read
from tailorlm.loop.fold import effective
from tailorlm.methods import create_method
from tailorlm.methods.base import Asking, Method
from tailorlm.methods.none import NoPersonalization
from tailorlm.store import StoredState, open_store
from tailorlm.tailor import ShownTurn, Tailor
from tailorlm.types import Context, Event, Pick, Plan, Ranking, Rating, User

LIKED = {"Baking", "Chess", "Jazz"}


class EchoLLM(LLM):
    """Says which tags it was told about."""

    name = "echo"

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []

    def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        tags = request.plan.tags if request.plan else ()
        return Completion(text=f"about {', '.join(tags) or 'it'}", llm=self.label)


class FailingLLM(LLM):
    name = "failing"

    def complete(self, request: Request) -> Completion:
        raise LLMConnectionError("The endpoint cannot be reached.")


class AskingMethod(NoPersonalization):
    """Asks a language model before it plans."""

    def propose(self, state: None, context: Context, n: int, rng: np.random.Generator) -> Asking:
        (answer,) = yield (Request(messages=self.generic_plan(context).messages),)
        (again,) = yield (Request(messages=self.generic_plan(context).messages),)
        plan = self.generic_plan(context)
        return [Plan(messages=plan.messages, method="none", rules=(answer.text, again.text))] * n


class CountingMethod(NoPersonalization):
    """Counts events, and every third time draws a number from how many it has seen."""

    accepts = frozenset({Ranking, Rating})

    def __init__(self, *args: object) -> None:
        super().__init__(*args)
        self.seen: list[list[int]] = []

    def initial(self, user: User, population: bytes | None = None) -> tuple[int, int, int]:
        return (0, 0, len(population or b""))

    def observe(self, state: tuple[int, int, int], event: Event) -> tuple[int, int, int]:
        return (state[0] + 1, state[1], state[2])

    def due(self, state: tuple[int, int, int]) -> bool:
        return state[0] >= 3

    def train(
        self, state: tuple[int, int, int], events: Sequence[Event], rng: np.random.Generator
    ) -> tuple[int, int, int]:
        self.seen.append([event.position for event in events])
        return (0, int(rng.integers(1 << 30)), state[2])

    def fit(self, logs: Mapping[str, Sequence[Event]], rng: np.random.Generator) -> bytes:
        return b"x" * sum(map(len, logs.values()))

    def dump(self, state: tuple[int, int, int]) -> bytes:
        return json.dumps(state).encode()

    def load(self, data: bytes) -> tuple[int, int, int]:
        return tuple(json.loads(data))


def make(path: Path, method: str | Method = "bayes_tags", **options: object) -> Tailor:
    if isinstance(method, str):
        method = create_method(method, parts())
    options.setdefault("llm", EchoLLM())
    return Tailor(open_store(str(path / "t.db")), method=method, **options)


def overlap(shown: ShownTurn) -> list[int]:
    return [len(LIKED & set(candidate.plan.tags)) for candidate in shown.candidates]


def rank_by_liking(shown: ShownTurn) -> None:
    scores = overlap(shown)
    shown.rank(sorted(range(len(scores)), key=lambda i: -scores[i]))


def test_it_learns_and_then_answers_with_what_it_learned(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        for turn in range(30):
            rank_by_liking(tailor.ask("ana", f"What about day {turn}?", n=3))
        answer = tailor.ask("ana", "Plan my evening", n=1)
        assert set(answer.candidates[0].plan.tags) == LIKED
        assert answer.text == f"about {', '.join(answer.candidates[0].plan.tags)}"
        best = [belief.name for belief in tailor.profile("ana").beliefs[:3]]
        assert set(best) == LIKED


def test_it_asks_less_as_it_grows_sure(tmp_path: Path) -> None:
    with make(tmp_path, policy=AskPolicy(check=0.0)) as tailor:
        shown = []
        for turn in range(40):
            asked = tailor.ask("ana", f"What about day {turn}?")
            shown.append(len(asked.candidates))
            if len(asked.candidates) > 1:
                rank_by_liking(asked)
        assert shown[:3] == [3, 3, 3]
        assert shown[-5:] == [1] * 5


def test_a_sure_method_still_checks_against_others_at_times(tmp_path: Path) -> None:
    policy = AskPolicy(sure=0.0, check=0.3)
    with make(tmp_path, policy=policy) as tailor:
        for turn in range(20):
            rank_by_liking(tailor.ask("ana", f"What about day {turn}?", n=3))
        counts = Counter()
        for turn in range(40):
            asked = tailor.ask("ana", f"And now {turn}?")
            counts[tuple(sorted(c.plan.purpose for c in asked.candidates))] += 1
        checks = counts[("best", "explore", "generic")]
        assert checks in range(4, 22)
        assert counts[("best",)] == 40 - checks


@pytest.mark.parametrize("bad", [{"shown": 1}, {"shown": 11}, {"sure": 2.0}, {"check": -0.1}])
def test_the_policy_is_checked(bad: dict[str, float]) -> None:
    with pytest.raises(InputError):
        AskPolicy(**bad)


def test_the_generic_answer_wins_when_personalizing_does_not_help(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        for turn in range(25):
            asked = tailor.ask("ana", f"What about day {turn}?", n=3)
            generic = [i for i, c in enumerate(asked.candidates) if c.plan.purpose == "generic"]
            if generic:
                asked.pick(generic[0])
            else:
                rank_by_liking(asked)
        assert tailor.ask("ana", "Plan my evening", n=1).candidates[0].plan.purpose == "generic"


def test_what_a_user_said_is_followed_whether_or_not_personalizing_helps(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        tailor.say("ana", "Stop using bullet points.")
        for turn in range(25):
            asked = tailor.ask("ana", f"What about day {turn}?", n=3)
            generic = [i for i, c in enumerate(asked.candidates) if c.plan.purpose == "generic"]
            asked.pick(generic[0] if generic else 0)
            for candidate in asked.candidates:
                assert "Stop using bullet points." in candidate.plan.messages[0].content
        (alone,) = tailor.ask("ana", "Plan my evening", n=1).candidates
        assert (alone.plan.purpose, alone.plan.tags) == ("generic", ())
        assert alone.plan.rules == ("Stop using bullet points.",)


def test_the_generic_answer_is_in_the_first_turns(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        asked = tailor.ask("ana", "What now?", n=3)
        assert "generic" in {candidate.plan.purpose for candidate in asked.candidates}


def test_the_best_candidate_is_shown_in_every_place(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        places = Counter(tailor.ask("ana", f"Day {i}?", n=3).best for i in range(60))
    assert all(places[place] >= 8 for place in range(3))


def test_same_seed_same_plans_and_another_seed_other_plans(tmp_path: Path) -> None:
    def tags(folder: str, seed: int) -> list[tuple[str, ...]]:
        (tmp_path / folder).mkdir()
        shown = []
        with make(tmp_path / folder, seed=seed) as tailor:
            for turn in range(5):
                asked = tailor.ask("ana", f"Day {turn}?", n=3)
                shown += [candidate.plan.tags for candidate in asked.candidates]
                rank_by_liking(asked)
        return shown

    assert tags("a", 1) == tags("b", 1)
    assert tags("c", 1) != tags("d", 2)


def test_learned_state_equals_a_replay_of_the_log_also_with_corrections(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    with make(tmp_path) as tailor:
        turns: list[ShownTurn] = []
        for number in range(14):
            if not turns or rng.random() < 0.6:
                turns.append(tailor.ask("ana", f"Day {number}?", n=3))
            chosen = turns[int(rng.integers(len(turns)))]
            if rng.random() < 0.5:
                chosen.rank([int(i) for i in rng.permutation(3)])
            else:
                chosen.pick(int(rng.integers(3)))
            stored = tailor.store.load_state("ana", "bayes_tags")
            tailor.store.drop_states("ana")
            tailor.profile("ana")
            assert tailor.store.load_state("ana", "bayes_tags") == stored


def test_a_correction_replaces_the_first_judgement(tmp_path: Path) -> None:
    def learned(folder: str, orders: list[list[int]]) -> object:
        (tmp_path / folder).mkdir()
        with make(tmp_path / folder) as tailor:
            asked = tailor.ask("ana", "Plan my evening", n=3)
            for order in orders:
                asked.rank(order)
            assert len(list(tailor.log("ana"))) == 1 + len(orders)
            return [(b.name, b.probability) for b in tailor.profile("ana").beliefs]

    assert learned("a", [[2, 1, 0], [0, 1, 2]]) == learned("b", [[0, 1, 2]])


def test_effective_keeps_the_newest_judgement_of_each_subject() -> None:
    turn = turn_of(1, [("Baking",), ("Chess",)], "Plan")
    payloads = [Ranking("t1", ((0,), (1,))), Pick("t1", 1), Ranking("t1", ((1,), (0,)))]
    events = [event_of(i, payload, turn) for i, payload in enumerate(payloads)]
    assert effective(events) == events[-1:]


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 40])
def test_state_that_cannot_be_read_is_rebuilt(tmp_path: Path, data: bytes) -> None:
    with make(tmp_path) as tailor:
        rank_by_liking(tailor.ask("ana", "Plan my evening", n=3))
        good = tailor.store.load_state("ana", "bayes_tags")
        assert good is not None
        profile = tailor.profile("ana")
        tailor.store.drop_states("ana")
        bad = StoredState(
            method=good.method, fingerprint=good.fingerprint, position=good.position, data=data
        )
        tailor.store.save_state("ana", bad)
        assert tailor.profile("ana") == profile


def test_other_settings_start_from_the_log_again(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        rank_by_liking(tailor.ask("ana", "Plan my evening", n=3))
    other = create_method("bayes_tags", parts(), {"prior": "gaussian"})
    with make(tmp_path, other) as tailor:
        assert tailor.profile("ana").beliefs
        stored = tailor.store.load_state("ana", "bayes_tags")
        assert stored is not None
        assert "gaussian" in stored.fingerprint


def test_a_failed_completion_records_nothing(tmp_path: Path) -> None:
    with make(tmp_path, llm=FailingLLM()) as tailor:
        with pytest.raises(LLMConnectionError):
            tailor.ask("ana", "Plan my evening", n=3)
        assert list(tailor.users()) == []


def test_a_method_may_ask_a_language_model_on_the_way(tmp_path: Path) -> None:
    llm = EchoLLM()
    with make(tmp_path, AskingMethod(parts()), llm=llm) as tailor:
        asked = tailor.ask("ana", "Plan my evening", n=2)
    assert len(llm.requests) == 4
    assert "about it" in asked.candidates[0].plan.rules


def test_the_same_key_counts_once(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        asked = tailor.ask("ana", "Plan my evening", n=3)
        first = asked.rank([0, 1, 2], key="click-1")
        assert asked.rank([0, 1, 2], key="click-1") == first
        assert len(list(tailor.log("ana"))) == 2


def test_feedback_is_kept_even_if_the_method_does_not_learn_from_it(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        event = tailor.write("ana", "Dear all, the meeting is off. Ana", "mail")
        assert not tailor.learns_from(event.payload)
        assert [e.payload for e in tailor.log("ana")] == [event.payload]


def test_what_a_user_says_takes_effect_at_the_next_answer(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        tailor.say("ana", "Stop using bullet points.")
        plan = tailor.ask("ana", "Plan my evening", n=1).candidates[0].plan
        assert "Stop using bullet points." in plan.messages[0].content
        assert plan.rules == ("Stop using bullet points.",)


def test_turns_of_others_and_unknown_turns_are_not_found(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        mine = tailor.ask("ana", "Plan my evening", n=3)
        tailor.ask("ben", "Plan my evening", n=3)
        for user, turn in (("ben", mine.id), ("ana", "nonsense")):
            with pytest.raises(NotFoundError):
                tailor.turn(user, turn)
            with pytest.raises(NotFoundError):
                tailor.give(user, Pick(turn, 0))
        with pytest.raises(NotFoundError):
            tailor.profile("nobody")
        assert tailor.turn("ana").id == mine.id


@pytest.mark.parametrize("n", [0, 11, -1, 2.0, True, "three"])
def test_impossible_numbers_of_candidates(tmp_path: Path, n: object) -> None:
    with make(tmp_path) as tailor, pytest.raises(InputError):
        tailor.ask("ana", "Plan my evening", n=n)


def test_impossible_feedback_is_refused_and_not_recorded(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        asked = tailor.ask("ana", "Plan my evening", n=3)
        with pytest.raises(FeedbackError):
            asked.rank([0, 0, 1])
        with pytest.raises(FeedbackError):
            asked.rate(0, 9)
        with pytest.raises(InputError):
            tailor.say("ana", "   ")
        assert len(list(tailor.log("ana"))) == 1


def test_parts_are_found_by_name() -> None:
    with pytest.raises(InputError, match="Did you mean 'bayes_tags'"):
        create_method("bayes_tag", parts())
    with pytest.raises(InputError, match="Did you mean 'tags_per_answer'"):
        create_method("bayes_tags", parts(), {"tag_per_answer": 3})
    with pytest.raises(InputError, match="from 0"):
        create_method("bayes_tags", parts(), {"budget": -1})
    assert HashEncoder.name == "hash"


def test_training_is_part_of_the_fold_and_replays_alike(tmp_path: Path) -> None:
    method = CountingMethod(parts())
    with make(tmp_path, method) as tailor:
        for turn in range(4):
            rank_by_liking(tailor.ask("ana", f"Day {turn}?", n=2))
        assert method.seen == [[1, 2, 3], [1, 2, 3, 4, 5, 6]]
        stored = tailor.store.load_state("ana", "none")
        method.seen.clear()
        tailor.store.drop_states("ana")
        tailor.profile("ana")
        assert method.seen == [[1, 2, 3], [1, 2, 3, 4, 5, 6]]
        assert tailor.store.load_state("ana", "none") == stored


def test_training_never_sees_what_was_corrected(tmp_path: Path) -> None:
    method = CountingMethod(parts())
    with make(tmp_path, method) as tailor:
        asked = tailor.ask("ana", "Plan my evening", n=2)
        asked.rank([0, 1])
        asked.rank([1, 0])
        asked.rate(0, 4)
        assert method.seen[-1] == [1, 3, 4]


def test_a_population_is_what_everyone_starts_from(tmp_path: Path) -> None:
    with make(tmp_path, CountingMethod(parts())) as tailor:
        for user in ("ana", "ben"):
            rank_by_liking(tailor.ask(user, "Plan my evening", n=2))
        assert tailor.fit()
        assert tailor.store.load_population("none") == b"xxxx"
        for user in ("ana", "carla"):
            tailor.ask(user, "Plan my evening", n=2)
            tailor.say(user, "be brief")
            stored = tailor.store.load_state(user, "none")
            assert json.loads(stored.data[28:])[2] == 4
    with make(tmp_path, "bayes_tags") as tailor:
        assert not tailor.fit()


def test_a_state_that_is_up_to_date_needs_no_events(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        shown = tailor.ask("ana", "How should I spend a free weekend?", n=3)
        shown.rank([2, 0, 1])
        for number, fresh in enumerate((False, True, True)):
            asked: list[object] = []
            steps, answer = tailor.loop.learner.learn("ana"), None
            with contextlib.suppress(StopIteration):
                while True:
                    asked.append(steps.send(answer))
                    answer = tailor.perform(asked[-1])
            assert any(isinstance(effect, Read) for effect in asked) == fresh
            assert not any(isinstance(effect, Keep) for effect in asked)
            tailor.store.append("ana", replace(shown.turn, id=f"turn {number}"))


def test_many_turns_without_feedback_are_kept_at_last(tmp_path: Path) -> None:
    with make(tmp_path) as tailor:
        shown = tailor.ask("ana", "How should I spend a free weekend?", n=3)
        shown.rank([2, 0, 1])
        kept = []
        for number in range(12):
            tailor.store.append("ana", replace(shown.turn, id=f"turn {number}"))
            tailor.profile("ana")
            stored = tailor.store.load_state("ana", "bayes_tags")
            assert stored is not None
            kept.append(stored.position)
        assert kept == [2] * 8 + [11] * 4
