"""Language models are asked once for each request, and go on where they were stopped."""

from __future__ import annotations

import pytest
from tests.evaluation.judges.made_up import PEOPLE, Ruled, first, longer, pair

from tailorlm.errors import InputError, LLMConnectionError, LLMContextError, LLMError
from tailorlm.evaluation.judges import Answers, RolePlayJudge, RubricJudge, Spent, ask, spent
from tailorlm.evaluation.metrics.scored import Unscored
from tailorlm.llms import create_llm
from tailorlm.llms.scripted import Scripted

JUDGE = RubricJudge(PEOPLE)
PAIRS = [pair(number) for number in range(5)]


def test_both_orders_are_asked_and_evened_out() -> None:
    llm = Ruled(longer)
    verdicts = ask(JUDGE, llm, PAIRS, Answers())
    assert len(llm.requests) == 10
    assert [verdict.preference for verdict in verdicts] == [1.0] * 5
    assert verdicts[0].parts["tone"] == 1.0
    biased = ask(JUDGE, Ruled(first), PAIRS, Answers())
    assert [verdict.preference for verdict in biased] == [0.5] * 5


def test_nothing_is_asked_twice(tmp_path) -> None:
    path = tmp_path / "made" / "answers.jsonl"
    once = ask(JUDGE, Ruled(longer), PAIRS, Answers(path))
    again = Ruled(longer)
    assert ask(JUDGE, again, [*PAIRS, *PAIRS], Answers(path))[:5] == once
    assert again.requests == []


def test_another_judge_or_model_is_asked_anew(tmp_path) -> None:
    answers = Answers(tmp_path / "answers.jsonl")
    ask(JUDGE, Ruled(longer), PAIRS, answers)
    other, role = Ruled(longer, "another"), Ruled(longer)
    ask(JUDGE, other, PAIRS, answers)
    ask(RolePlayJudge(PEOPLE), role, PAIRS, answers)
    assert len(other.requests) == len(role.requests) == 10
    assert len(answers) == 30


def test_a_stopped_run_goes_on(tmp_path) -> None:
    path = tmp_path / "answers.jsonl"
    calls = []

    def fails_at_seventh(one: str, other: str) -> str:
        calls.append(one)
        if len(calls) == 7:
            raise LLMConnectionError("gone")
        return longer(one, other)

    with pytest.raises(LLMError, match="gone"):
        ask(JUDGE, Ruled(fails_at_seventh), PAIRS, Answers(path), at_once=2)
    assert len(Answers(path)) == 6
    with path.open("ab") as file:
        file.write(b'{"key": "cut o')
    rest = Ruled(longer)
    told = []
    verdicts = ask(JUDGE, rest, PAIRS, Answers(path), at_once=2, progress=lambda *n: told.append(n))
    assert len(rest.requests) == 4
    assert told == [(2, 4), (4, 4)]
    assert [verdict.preference for verdict in verdicts] == [1.0] * 5
    assert len(Answers(path)) == 10


def test_what_cannot_be_read_is_unscored_and_not_asked_again(tmp_path) -> None:
    path = tmp_path / "answers.jsonl"
    ask(JUDGE, Scripted(["The first!", "2"]), PAIRS[:1], Answers(path), at_once=1)
    (verdict,) = ask(JUDGE, Scripted(), PAIRS[:1], Answers(path))
    assert isinstance(verdict.preference, Unscored)


def test_one_that_cannot_be_answered_does_not_stop_the_others(tmp_path) -> None:
    path = tmp_path / "answers.jsonl"
    pairs = [*PAIRS[:2], pair(7, one="Oh, a very long text about cake!"), *PAIRS[2:]]

    def too_long(one: str, other: str) -> str:
        if "very long" in one + other:
            raise LLMContextError("longer than it reads")
        return longer(one, other)

    verdicts = ask(JUDGE, Ruled(too_long), pairs, Answers(path))
    unscored = [isinstance(verdict.preference, Unscored) for verdict in verdicts]
    assert unscored == [False, False, True, False, False, False]
    # Another run asks it again, and nothing else.
    rest = Ruled(longer)
    assert [v.preference for v in ask(JUDGE, rest, pairs, Answers(path))] == [1.0] * 6
    assert len(rest.requests) == 2


def test_tokens_count_once_for_each_request() -> None:
    answers, llm = Answers(), Ruled(longer)
    ask(JUDGE, llm, [*PAIRS, *PAIRS], answers)
    took = spent(JUDGE, llm, [*PAIRS, *PAIRS], answers)
    assert took == Spent(10, 1000, 100)
    assert took.cost(2.0, 10.0) == pytest.approx((1000 * 2 + 100 * 10) / 1e6)
    with pytest.raises(InputError, match="0 or more"):
        took.cost(-1.0, 0.0)


def test_the_demo_writer_does_not_judge(tmp_path) -> None:
    with pytest.raises(InputError, match="no language model"):
        ask(JUDGE, create_llm("builtin"), PAIRS, Answers())
    with pytest.raises(InputError, match="at once"):
        ask(JUDGE, Ruled(longer), PAIRS, Answers(), at_once=0)
    with pytest.raises(InputError, match="cannot be used"):
        Answers(tmp_path)
