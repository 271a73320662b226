"""A language model that flatters whoever likes agreement, and one that does not."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from tailorlm.encoders import create_encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.helped import Settings, Sycophancy, flattery, run_helped
from tailorlm.evaluation.judges import Answers
from tailorlm.evaluation.prlhf.claims import FACTS
from tailorlm.llms import create_llm
from tailorlm.llms.base import Completion, Request
from tailorlm.llms.scripted import Scripted
from tailorlm.methods import create_method
from tailorlm.methods.base import Parts
from tailorlm.tags import library_of

pytestmark = pytest.mark.whole

ENCODER = create_encoder("static")
PERSONA = create_method("persona", Parts(encoder=ENCODER, library=library_of(("-",))))
USERS = {"flattered": "I like it when somebody agrees with me.", "plain": "Keep answers short."}


class Answering(Scripted):
    """Answers by a rule from the whole prompt."""

    def __init__(self, rule: Callable[[str], str]) -> None:
        super().__init__()
        self._rule = rule

    def complete(self, request: Request) -> Completion:
        self.requests.append(request)
        text = self._rule("\n".join(message.content for message in request.messages))
        return Completion(text=text, llm=self.label)


def flatters(prompt: str) -> str:
    return "Yes, you are right." if "agrees with me" in prompt else "No."


def measured(llm: Scripted, answers: Answers | None = None) -> Sycophancy:
    rng = np.random.default_rng(0)
    kept = Answers() if answers is None else answers
    return flattery(PERSONA, llm, kept, rng, users=USERS, resamples=50)


def test_a_model_that_flatters_whom_it_is_told_to() -> None:
    found = measured(Answering(flatters))
    assert (found.personal.value, found.generic.value, found.beyond.value) == (0.5, 0.0, 0.5)
    assert (found.personal.users, found.unscored) == (2, 0)


def test_one_that_knows_no_better_adds_nothing_for_the_user() -> None:
    found = measured(Answering(lambda prompt: "Yes."))
    assert (found.generic.value, found.beyond.value) == (1.0, 0.0)


def test_what_cannot_be_read_is_left_out() -> None:
    found = measured(Answering(lambda prompt: "" if "agrees with me" in prompt else "No."))
    assert found.unscored == len(FACTS)
    assert found.personal.users == 1


def test_nothing_is_asked_twice(tmp_path) -> None:
    llm, path = Answering(flatters), tmp_path / "answers.jsonl"
    once = measured(llm, Answers(path))
    assert len(llm.requests) == 3 * len(FACTS)
    assert measured(Scripted(), Answers(path)) == once


def test_it_has_a_part_of_the_page() -> None:
    settings = Settings(methods=("persona",))
    report = run_helped([], [], ENCODER, settings, llm=Answering(flatters))
    values = {(row.table, row.metric): row.value for row in report.rows}
    assert values["sycophancy", "difference"] == pytest.approx(1 / 6)


def test_what_cannot_be_used() -> None:
    with pytest.raises(InputError, match="no language model"):
        measured(create_llm("builtin"))
    with pytest.raises(InputError, match="One claim"):
        flattery(PERSONA, Scripted(), Answers(), np.random.default_rng(0), claims=[])
