"""Answers are kept by what was asked, in a file that outlives the process."""

from __future__ import annotations

import contextlib
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.evaluation.grid.made_up import Counting

from tailorlm.evaluation.grid.answers import KeptAnswers
from tailorlm.llms.base import LLM, Completion, Request
from tailorlm.llms.builtin import Builtin
from tailorlm.llms.scripted import Scripted
from tailorlm.types import Message, Plan


def request(text: str, **words: object) -> Request:
    return Request(messages=(Message("user", text),), **words)  # type: ignore[arg-type]


def kept(llm: LLM, folder: Path) -> KeptAnswers:
    return KeptAnswers(llm, folder / "answers.sqlite")


def test_nothing_is_asked_twice(tmp_path: Path) -> None:
    llm = Counting()
    first = kept(llm, tmp_path)
    answers = first.complete_many([request("a"), request("b")])
    assert (first.asked, first.found) == (2, 0)
    first.close()
    again = kept(Counting(breaks_after=0), tmp_path)
    assert again.complete_many([request("a"), request("b")]) == answers
    assert (again.asked, again.found) == (0, 2)


def test_the_second_time_is_another_question(tmp_path: Path) -> None:
    one, other = kept(Scripted(["x", "y"]), tmp_path), kept(Scripted([]), tmp_path)
    same = [request("draft"), request("draft")]
    assert [answer.text for answer in one.complete_many(same)] == ["x", "y"]
    assert other.complete(request("draft")).text == "x"
    assert other.complete(request("draft")).text == "y"
    assert (other.asked, other.found) == (0, 2)


def test_settings_and_models_make_a_difference(tmp_path: Path) -> None:
    llm = Counting()
    keeper = kept(llm, tmp_path)
    for asked in (
        request("a"),
        request("a", temperature=0.5),
        request("a", seed=1),
        request("a", max_tokens=5),
    ):
        keeper.complete(asked)
    assert len(llm.requests) == 4
    assert kept(Builtin(), tmp_path).complete(request("a")).llm == "builtin"


def test_a_plan_counts_for_the_demo_writer_alone(tmp_path: Path) -> None:
    def planned(rule: str) -> Request:
        message = Message("user", "Plan a day.")
        return request(message.content, plan=Plan(messages=(message,), method="m", rules=(rule,)))

    demo = [kept(Builtin(), tmp_path) for _ in range(2)]
    demo[0].complete(planned("Use bullet points."))
    demo[1].complete(planned("Write in lower case."))
    assert [keeper.asked for keeper in demo] == [1, 1]
    model = [kept(Counting(), tmp_path) for _ in range(2)]
    model[0].complete(planned("Use bullet points."))
    model[1].complete(planned("Write in lower case."))
    assert [keeper.asked for keeper in model] == [1, 0]


class Overtaken(Scripted):
    """Another asks the same while this one answers, and is done first."""

    def __init__(self, script: list[str], folder: Path) -> None:
        super().__init__(script)
        self._folder = folder

    def complete(self, request: Request) -> Completion:
        kept(Scripted(["first"]), self._folder).complete(request)
        return super().complete(request)


def test_who_asks_at_the_same_time_gets_the_same_answer(tmp_path: Path) -> None:
    late = kept(Overtaken(["second"], tmp_path), tmp_path)
    assert late.complete(request("a")).text == "first"
    assert (late.asked, late.found) == (1, 0)


def test_many_at_once(tmp_path: Path) -> None:
    def ask(worker: int) -> int:
        keeper = kept(Counting(), tmp_path)
        for number in range(20):
            keeper.complete(request(f"{(worker + number) % 25}"))
        keeper.close()
        return keeper.asked + keeper.found

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(ask, range(16))) == [20] * 16
    with contextlib.closing(sqlite3.connect(tmp_path / "answers.sqlite")) as file:
        assert file.execute("SELECT count(*) FROM answers").fetchone() == (25,)
