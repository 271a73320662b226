"""Wishes crossed with questions of their own and of another matter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest

from tailorlm.datasets.prefeval import HeldPreference
from tailorlm.encoders import create_encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.helped import Crossed, crossed, misplaced
from tailorlm.evaluation.helped.misplaced import in_prompt
from tailorlm.methods import create_method
from tailorlm.methods.base import Method, Parts, Plans, check_accepts
from tailorlm.tags import library_of
from tailorlm.types import Context, Event, Message, Plan, Profile, Statement, User

pytestmark = pytest.mark.whole

ENCODER = create_encoder("static")
PARTS = Parts(encoder=ENCODER, library=library_of(("-",)))
ROWS = [
    HeldPreference(topic=topic, preference=said, question=asked, messages=(said,))
    for topic, said, asked in (
        ("travel_hotel", "I avoid hotels near airports.", "Where should I sleep in Rome?"),
        ("travel_flight", "I refuse night flights.", "How do I get to Tokyo?"),
        ("food_sweets", "I cannot stand cinnamon.", "Which cake goes with tea?"),
        ("food_dinner", "I only cook without mushrooms.", "What is a quick dinner?"),
        ("music_live", "I dislike brass bands.", "Which concert is worth it?"),
    )
]


class Fitting(Method[Any]):
    """Has in its prompt what shares a word with the question, a caricature of relevance."""

    name = "fitting"
    paper = "none"
    accepts: ClassVar[frozenset[type]] = frozenset({Statement})

    def initial(self, user: User, population: bytes | None = None) -> Any:
        return ()

    def observe(self, state: Any, event: Event) -> Any:
        check_accepts(type(self), event)
        return (*state, event.payload.text) if isinstance(event.payload, Statement) else state

    def propose(self, state: Any, context: Context, n: int, rng: np.random.Generator) -> Plans:
        asked = set(context.query.lower().strip("?").split())
        kept = [said for said in state if asked & set(said.lower().strip(".").split()) - {"i"}]
        messages = (Message("system", " ".join(kept)), Message("user", context.query))
        return [Plan(messages=messages, method=self.name)] * n

    def explain(self, state: Any, user: str) -> Profile:
        raise NotImplementedError

    def dump(self, state: Any) -> bytes:
        raise NotImplementedError

    def load(self, data: bytes) -> Any:
        raise NotImplementedError


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def crossings(others: Sequence[str] = ()) -> list[Crossed]:
    return [
        Crossed(f"t{n}", f"I avoid {thing}.", tuple(others), f"Which {thing} are best?", "And now?")
        for n, thing in enumerate(("hotels", "trains", "cakes"))
    ]


def test_a_question_of_another_subject_is_drawn() -> None:
    found = crossed(ROWS, ENCODER, rng(), count=10, others=2)
    assert len(found) == len(ROWS)
    by_question = {row.question: row for row in ROWS}
    for one in found:
        assert by_question[one.related].preference == one.preference
        elsewhere = by_question[one.unrelated].topic.split("_")[0]
        assert elsewhere != one.topic.split("_")[0]
        assert len(set(one.others) - {one.preference}) == 2
    assert crossed(ROWS, ENCODER, rng(), count=10, others=2) == found


def test_a_method_that_minds_the_question_and_one_that_does_not() -> None:
    apart = misplaced(Fitting(PARTS), crossings(), rng(), resamples=100)
    assert (apart.related.value, apart.unrelated.value, apart.told_apart.value) == (1.0, 0.0, 1.0)
    assert (apart.rows, apart.related.users) == (3, 3)
    always = misplaced(create_method("persona", PARTS), crossings(["I like tea."]), rng())
    assert (always.related.value, always.told_apart.value) == (1.0, 0.0)


def test_the_question_itself_does_not_count() -> None:
    said, asked = "I avoid hotels.", "Which hotels are best?"
    plan = Plan(messages=(Message("user", asked),), method="m")
    assert not in_prompt(said, plan, asked)
    assert in_prompt(said, Plan(messages=(Message("user", f"No hotels. {asked}"),), method="m"),
                     asked)  # fmt: skip


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: crossed(ROWS[:2], ENCODER, rng()), "two subjects"),
        (lambda: crossed(ROWS, ENCODER, rng(), count=0), "1 preference"),
        (lambda: crossed(ROWS, ENCODER, rng(), others=5), "others"),
        (lambda: misplaced(Fitting(PARTS), [], rng()), "one at least"),
        (
            lambda: misplaced(create_method("none", PARTS), crossings(), rng()),
            "takes no statements",
        ),
        (lambda: misplaced(create_method("premium_prompt", PARTS), crossings(), rng()), "asks"),
    ],
)
def test_what_cannot_be_used(call, why: str) -> None:
    with pytest.raises(InputError, match=why):
        call()
