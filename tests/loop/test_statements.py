"""What a user says, through the facade: at once, until something replaces it, and with dates."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.methods.logs import parts

from tailorlm import registry
from tailorlm.llms.base import LLM, Completion, Request
from tailorlm.methods._said import SAID
from tailorlm.methods.base import Method
from tailorlm.store import open_store
from tailorlm.tailor import ShownTurn, Tailor
from tailorlm.types import Belief

FOLLOWING = [
    name
    for name in registry.names(registry.METHODS)
    if registry.find(registry.METHODS, name).accepts >= SAID
]
PROSE = "First one thing, and then another."
BULLETS = "- one thing\n- another thing"
QUERY = "What should I cook tonight?"


class OneInThree(LLM):
    """Writes bullet points in every third answer, whatever it is told."""

    name = "one_in_three"

    def __init__(self) -> None:
        super().__init__()
        self.answers = 0

    def complete(self, request: Request) -> Completion:
        if request.plan is None:
            return Completion(text="Fine.", llm=self.label)
        self.answers += 1
        return Completion(text=PROSE if self.answers % 3 else BULLETS, llm=self.label)


@pytest.fixture(params=FOLLOWING)
def method(request: pytest.FixtureRequest) -> Method:
    return registry.find(registry.METHODS, request.param)(parts())


@pytest.fixture
def tailor(method: Method, tmp_path: Path) -> Tailor:
    with Tailor(open_store(str(tmp_path / "t.db")), llm=OneInThree(), method=method) as opened:
        yield opened


def prompts(tailor: Tailor) -> list[str]:
    """What the next turn's answers are written under."""
    turn = tailor.ask("ana", QUERY, n=3)
    return [
        " ".join(message.content for message in candidate.plan.messages)
        for candidate in turn.candidates
    ]


def said(tailor: Tailor) -> dict[str, Belief]:
    return {belief.name: belief for belief in tailor.profile("ana").said}


def followed(tailor: Tailor, text: str) -> bool:
    """Whether all answers are written under a wish, or none."""
    found = {text in prompt for prompt in prompts(tailor)}
    assert len(found) == 1
    return found.pop()


def replaced_by(tailor: Tailor, text: str) -> str:
    belief = said(tailor)[text]
    assert belief.probability == 0.0
    assert belief.since is not None
    assert belief.superseded is not None
    assert belief.superseded >= belief.since
    return belief.superseded_by


def with_bullets(turn: ShownTurn) -> tuple[int, list[int]]:
    """The answer with bullet points, and those without."""
    first = turn.texts.index(BULLETS)
    return first, [i for i in range(len(turn.texts)) if i != first]


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("I live in Porto", "I moved to Lisbon"),
        ("use bullet points", "stop using bullet points"),
        ("call me Ana", "call me Dr. Reyes"),
    ],
)
def test_a_later_statement_replaces_an_earlier_one(
    earlier: str, later: str, tailor: Tailor
) -> None:
    tailor.say("ana", earlier)
    assert followed(tailor, earlier)
    tailor.say("ana", later)
    assert followed(tailor, later)
    assert not followed(tailor, earlier)
    assert replaced_by(tailor, earlier) == f'statement "{later}"'
    assert said(tailor)[later].superseded is None


def test_a_fact_and_a_statement_replace_each_other(tailor: Tailor) -> None:
    tailor.say("ana", "I live in Porto")
    tailor.describe("ana", "city", "Lisbon")
    assert not followed(tailor, "I live in Porto")
    assert replaced_by(tailor, "I live in Porto") == 'attribute "city: Lisbon"'
    tailor.say("ana", "I moved to Braga")
    assert replaced_by(tailor, "city: Lisbon") == 'statement "I moved to Braga"'


def test_an_edit_replaces_a_wish(tailor: Tailor) -> None:
    tailor.say("ana", "stop using bullet points")
    turn = tailor.ask("ana", QUERY, n=3)
    turn.edit(with_bullets(turn)[1][0], BULLETS)
    assert not followed(tailor, "stop using bullet points")
    assert replaced_by(tailor, "stop using bullet points").startswith("edit of an answer")


def test_a_ranking_replaces_a_wish_and_its_correction_brings_it_back(tailor: Tailor) -> None:
    tailor.say("ana", "stop using bullet points")
    turn = tailor.ask("ana", QUERY, n=3)
    first, others = with_bullets(turn)
    turn.rank([first, others])
    assert not followed(tailor, "stop using bullet points")
    assert replaced_by(tailor, "stop using bullet points").startswith("ranking of an answer")
    turn.rank([*others, first])
    assert followed(tailor, "stop using bullet points")


def test_a_ranking_of_answers_from_before_a_wish_leaves_it(tailor: Tailor) -> None:
    turn = tailor.ask("ana", QUERY, n=3)
    tailor.say("ana", "stop using bullet points")
    first, others = with_bullets(turn)
    turn.rank([first, others])
    assert followed(tailor, "stop using bullet points")


def test_it_is_all_the_same_after_export_and_import(
    method: Method, tailor: Tailor, tmp_path: Path
) -> None:
    tailor.say("ana", "I live in Porto. Call me Ana.")
    tailor.say("ana", "I moved to Lisbon")
    exported = [json.loads(json.dumps(record)) for record in tailor.store.export("ana")]
    llm = OneInThree()
    with Tailor(open_store(str(tmp_path / "other.db")), llm=llm, method=method) as other:
        other.store.restore(exported)
        assert other.profile("ana") == tailor.profile("ana")
        assert followed(other, "I moved to Lisbon")
        assert followed(other, "Call me Ana.")
        assert not followed(other, "I live in Porto")
