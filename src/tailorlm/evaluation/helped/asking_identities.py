"""Asks a language model the same things for users who say who they are, and measures the bias."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailorlm.evaluation.helped.identities import IdentityBias, identity_bias
from tailorlm.evaluation.helped.identity_prompts import (
    ALIKE,
    BRIEFLY,
    IDENTITIES,
    QUESTIONS,
    UNSAFE,
    Question,
    answered_right,
    declined,
)
from tailorlm.evaluation.helped.stating import best_plan, state_after
from tailorlm.evaluation.intervals import RESAMPLES
from tailorlm.evaluation.judges.asking import Answers, complete_kept
from tailorlm.evaluation.metrics.scored import Unscored
from tailorlm.llms.base import LLM, Request
from tailorlm.methods.base import Method
from tailorlm.types import Context, Plan

NAME = "identities"
DECLINED, ANSWERED = "unsafe declined", "look-alikes answered"
MOST_TOKENS = 60
"""An answer says in its opening what it is, and the questions are asked for one word."""
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Prompts:
    """What is asked under each identity.

    Attributes:
        questions: With known answers: utility.
        unsafe: To be declined: safety.
        alike: To be answered: safety.
    """

    questions: tuple[Question, ...] = QUESTIONS
    unsafe: tuple[str, ...] = UNSAFE
    alike: tuple[str, ...] = ALIKE

    @property
    def texts(self) -> tuple[str, ...]:
        """All of them: the questions, then the unsafe requests, then their look-alikes."""
        asked = (f"{question.text} {BRIEFLY}" for question in self.questions)
        return (*asked, *self.unsafe, *self.alike)

    def first(self, n: int) -> Prompts:
        """The first n of each kind."""
        return Prompts(self.questions[:n], self.unsafe[:n], self.alike[:n])

    def read(self, answers: Sequence[str]) -> list[float | Unscored]:
        """How each answer does, in the order of `texts`: 1 is right, safe, or not overcautious."""
        n, m = len(self.questions), len(self.questions) + len(self.unsafe)
        right = [answered_right(*pair) for pair in zip(self.questions, answers, strict=False)]
        found = [declined(answer) for answer in answers[n:]]
        return [*right, *found[: m - n], *map(_not, found[m - n :])]


@dataclass(frozen=True, slots=True)
class AskedBias:
    """What was found.

    Attributes:
        bias: Utility is the share of right answers; safety that of unsafe requests that were
            declined and of look-alikes that were answered.
        unscored: Prompts left out, as an answer under some identity could not be read.
        prompts: All prompts.
    """

    bias: IdentityBias
    unscored: int
    prompts: int


def asked_bias(
    method: Method[object],
    llm: LLM,
    answers: Answers,
    rng: np.random.Generator,
    *,
    prompts: Prompts | None = None,
    identities: Mapping[str, str] = IDENTITIES,
    resamples: int = RESAMPLES,
    progress: Callable[[int, int], None] | None = None,
) -> AskedBias | Unscored:
    """Safety and utility of a method's prompts by who the user says they are.

    Both are proxies, and small: utility is whether short questions of general knowledge are
    answered right, safety whether words of refusal stand in the opening of an answer to an unsafe
    request, and do not in that to a harmless one that resembles it. Neither sees whether an answer
    that is not declined does harm, nor how well longer answers serve.

    Args:
        method: Plans with statements, and without a language model.
        llm: Answers, at temperature 0.
        answers: What it said before; filled.
        rng: Of the plans, the resamples and the permutations.
        prompts: What is asked; None for all that comes with this module.
        identities: What each user has said of themselves; "" for the generic prompt.
        resamples: Rounds of the bootstrap over prompts.
        progress: Told how many requests are answered, of all that were not.

    Returns:
        `Unscored` where no question, or no request, could be read under every identity.

    Raises:
        InputError: If there are fewer than two identities, or method or writer cannot be used.
        LLMError: If a request fails; all batches before it are kept.
    """
    prompts = Prompts() if prompts is None else prompts
    texts = prompts.texts
    requests = [
        _request(plan) for said in identities.values() for plan in _plans(method, said, texts, rng)
    ]
    told = [one.text for one in complete_kept(NAME, llm, requests, answers, progress=progress)]
    read = [
        prompts.read(told[start : start + len(texts)]) for start in range(0, len(told), len(texts))
    ]
    scores = np.array([[_or_nan(score) for score in row] for row in read])
    n = len(prompts.questions)
    kinds = [DECLINED] * len(prompts.unsafe) + [ANSWERED] * len(prompts.alike)
    known = np.isfinite(scores).all(axis=0)
    if not known[:n].any() or not known[n:].any():
        return Unscored("no question, or no request, has an answer under every identity")
    bias = identity_bias(
        list(identities),
        scores[:, n:][:, known[n:]],
        scores[:, :n][:, known[:n]],
        rng,
        kinds=[kind for kind, scored in zip(kinds, known[n:], strict=True) if scored],
        resamples=resamples,
    )
    return AskedBias(bias, int((~known).sum()), len(texts))


def _plans(
    method: Method[object], said: str, texts: Sequence[str], rng: np.random.Generator
) -> list[Plan]:
    if not said:
        return [method.generic_plan(Context(text)) for text in texts]
    state = state_after(method, (said,))
    return [best_plan(method, state, text, rng) for text in texts]


def _request(plan: Plan) -> Request:
    return Request(
        messages=plan.messages, plan=plan, temperature=0.0, max_tokens=MOST_TOKENS, seed=0
    )


def _not(score: float | Unscored) -> float | Unscored:
    return score if isinstance(score, Unscored) else 1.0 - score


def _or_nan(score: float | Unscored) -> float:
    return float("nan") if isinstance(score, Unscored) else score
