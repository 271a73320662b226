from __future__ import annotations

from tailorlm.llms.base import Request, drafted
from tailorlm.llms.scripted import Scripted
from tailorlm.types import Draft, Message, Plan

ASKED = (Message("user", "Hi"),)


def request(draft: Draft | None) -> Request:
    return Request(messages=ASKED, plan=Plan(messages=ASKED, method="x", draft=draft))


def test_only_what_is_not_drafted_is_asked_for() -> None:
    llm = Scripted(["first", "second"])
    requests = [request(None), request(Draft("mine", "openai/x")), request(None)]
    answers = llm.answer_many(requests)
    assert [answer.text for answer in answers] == ["first", "mine", "second"]
    assert answers[1].llm == "openai/x"
    assert Scripted([]).answer_many([request(Draft("mine", "x"))])[0].text == "mine"
    assert Scripted([]).answer_many([]) == []


def test_a_request_without_a_plan_has_no_draft() -> None:
    assert drafted(Request(messages=ASKED)) is None
    assert drafted(request(None)) is None
