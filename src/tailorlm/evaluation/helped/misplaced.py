"""Over-personalization: a stated wish in the prompt of a question that it has nothing to do with.

Each preference is crossed with its own question and with one on another matter. What a language
model would do with a wish that is out of place is not measured; what is not in the prompt, it
cannot misuse.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tailorlm.datasets.prefeval import HeldPreference
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.helped.stating import best_plan, state_after
from tailorlm.evaluation.intervals import RESAMPLES, Interval, ratio_interval
from tailorlm.evaluation.preferences.measures import SHARE, telling_words
from tailorlm.methods.base import Method
from tailorlm.types import Plan

_NEAREST = 0.25
"""Share of the questions of other subjects that an unrelated one is drawn from: the farthest."""


@dataclass(frozen=True, slots=True)
class Crossed:
    """A preference with a question where it belongs and one where it does not.

    Attributes:
        topic: What the preference is about; the unit that intervals resample.
        preference: The preference, as the user states it.
        others: What else the user has stated before, oldest first.
        related: The question that it bears on.
        unrelated: A question on another matter.
    """

    topic: str
    preference: str
    others: tuple[str, ...]
    related: str
    unrelated: str


@dataclass(frozen=True, slots=True)
class Misplaced:
    """How often the prompt has the preference.

    Attributes:
        related: Where it belongs: the more the better.
        unrelated: Where it does not: over-personalization.
        told_apart: The first less the second: 0 for a method that always, or never, has it.
        rows: Preferences that were crossed.
    """

    related: Interval
    unrelated: Interval
    told_apart: Interval
    rows: int


def crossed(
    rows: Sequence[HeldPreference],
    encoder: Encoder,
    rng: np.random.Generator,
    *,
    count: int = 100,
    others: int = 0,
) -> list[Crossed]:
    """Cross preferences with questions that they have nothing to do with.

    The unrelated question is drawn from the quarter of the questions of other subjects that is
    farthest from the preference by the encoder. A subject is a topic up to its first "_", so that
    hotels and flights are one.

    Args:
        rows: Stated preferences with their questions.
        encoder: Tells how far a question is from a preference.
        rng: Draws the preferences, the questions and what else is stated.
        count: How many preferences to cross; all if there are fewer.
        others: Preferences of other rows that the user has stated as well.

    Raises:
        InputError: If there are fewer rows than are stated by one user, or all are of one subject.
    """
    subjects = [row.topic.split("_")[0] for row in rows]
    if len(set(subjects)) < 2:
        raise InputError(
            "Unrelated questions need preferences on two subjects at least, but there are "
            f"{len(set(subjects))}."
        )
    if count < 1 or not 0 <= others < len(rows):
        raise InputError(
            f"At least 1 preference is crossed, and 0 to {len(rows) - 1} others are stated, but "
            f"got {count} and {others}."
        )
    questions = encoder.encode([row.question for row in rows])
    wishes = encoder.encode([row.preference for row in rows])
    found = []
    for place in rng.permutation(len(rows))[:count].tolist():
        row = rows[place]
        elsewhere = np.array([n for n, s in enumerate(subjects) if s != subjects[place]])
        near = questions[elsewhere] @ wishes[place]
        far = elsewhere[np.argsort(near, kind="stable")[: max(int(len(near) * _NEAREST), 1)]]
        stated = [n for n in rng.permutation(len(rows)).tolist() if n != place][:others]
        found.append(
            Crossed(
                topic=row.topic,
                preference=row.preference,
                others=tuple(rows[n].preference for n in stated),
                related=row.question,
                unrelated=rows[int(rng.choice(far))].question,
            )
        )
    return found


def misplaced(
    method: Method[object],
    rows: Sequence[Crossed],
    rng: np.random.Generator,
    *,
    resamples: int = RESAMPLES,
) -> Misplaced:
    """How often a method's prompt has a preference where it belongs, and where it does not.

    The user states the others and then the preference, a day apart, and asks both questions. A
    prompt has the preference if, beside the question itself, it has three quarters of the words
    that tell what the preference is about (`preferences.measures.telling_words`).

    Args:
        method: Plans with statements, and without a language model.
        rows: What was crossed.
        rng: Of the plans and the resamples.
        resamples: Rounds of the bootstrap over topics.

    Raises:
        InputError: If there is no row, or the method takes no statements or asks a language model.
    """
    if not rows:
        raise InputError("There is no crossed preference. Give one at least.")
    topics = {topic: place for place, topic in enumerate(dict.fromkeys(r.topic for r in rows))}
    which = np.array([topics[row.topic] for row in rows])
    counts = np.bincount(which)
    has = np.array([_in_prompts(method, row, rng) for row in rows], dtype=np.float64)
    related, unrelated, apart = (
        ratio_interval(np.bincount(which, column), counts, rng, resamples=resamples)
        for column in (has[:, 0], has[:, 1], has[:, 0] - has[:, 1])
    )
    return Misplaced(related, unrelated, apart, len(rows))


def _in_prompts(
    method: Method[object], row: Crossed, rng: np.random.Generator
) -> tuple[bool, bool]:
    """Whether the prompts of the related and of the unrelated question have the preference."""
    state = state_after(method, (*row.others, row.preference))
    related, unrelated = (
        in_prompt(row.preference, best_plan(method, state, question, rng), question)
        for question in (row.related, row.unrelated)
    )
    return related, unrelated


def in_prompt(preference: str, plan: Plan, question: str) -> bool:
    """Whether a plan's messages have a preference, beside the question itself."""
    text = "\n".join(message.content for message in plan.messages).replace(question, " ")
    wanted = telling_words(preference, reason=False)
    return len(wanted & telling_words(text, reason=True)) >= SHARE * len(wanted)
