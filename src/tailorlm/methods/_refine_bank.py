"""The bank of `prompt_refinement`: prompts with the scores that their answers got."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tailorlm.methods._examples import shortened
from tailorlm.types import Edit, Event, Pick, Plan, Ranking, Rating
from tailorlm.writing.traits import words_of

Lines = tuple[str, ...]
"""A prompt, as the lines that it tells the language model."""

PROMPT = "prompt_lines"
"""Note of a plan: how many of its rules are the prompt's lines."""
_PRIOR = 2.0
"""Answers that the prior score of one half counts for."""
_FORGET = 0.97
"""What a score counts after the next one; tastes change."""
_QUERIES = 8
"""Queries with their scores that are kept of a prompt, the newest."""
_QUERY = 200


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt with what its answers scored.

    Attributes:
        lines: What it says; nothing for the generic answer.
        total: Sum of its scores, each from 0 to 1, older ones discounted.
        count: How many that are, discounted alike.
        queries: The newest queries with their scores, oldest first.
    """

    lines: Lines
    total: float = 0.0
    count: float = 0.0
    queries: tuple[tuple[str, float], ...] = ()

    @property
    def mean(self) -> float:
        """Expected score, from 0 to 1; one half before there is any."""
        return (self.total + 0.5 * _PRIOR) / (self.count + _PRIOR)

    def scored(self, query: str, score: float) -> Prompt:
        """The prompt after one more score."""
        kept = (*self.queries, (shortened(query, _QUERY), round(score, 4)))[-_QUERIES:]
        return replace(
            self,
            total=float(np.float32(_FORGET * self.total + score)),
            count=float(np.float32(_FORGET * self.count + 1.0)),
            queries=kept,
        )

    def draws(self, rng: np.random.Generator, size: int) -> Any:
        """Draws of its true score from a beta posterior, shape (size,)."""
        return rng.beta(self.total + 1.0, max(self.count - self.total, 0.0) + 1.0, size)


@dataclass(frozen=True, slots=True)
class Misaligned:
    """An answer that scored below one half, and a better one where there was one."""

    query: str
    answer: str
    better: str = ""


def with_score(
    bank: Sequence[Prompt], lines: Lines, query: str, score: float, size: int
) -> tuple[Prompt, ...]:
    """The bank after one score: at most `size` prompts, best first, and always the generic one."""
    known = {prompt.lines: prompt for prompt in bank}
    known[lines] = known.get(lines, Prompt(lines)).scored(query, score)
    generic = known.pop((), Prompt(()))
    newest_first = [known[lines], *known.values()] if lines else list(known.values())
    ranked = sorted(dict.fromkeys(newest_first), key=lambda prompt: -prompt.mean)
    return (*ranked[:size], generic)


def best_of(bank: Iterable[Prompt]) -> Prompt:
    """The prompt with the highest expected score; of equal ones the generic one."""
    return max(bank, key=lambda prompt: (prompt.mean, not prompt.lines))


def lines_of(plan: Plan, method: str) -> Lines | None:
    """The prompt that a plan was made from; None where it is another method's."""
    if plan.method != method:
        return None
    if plan.purpose == "generic":
        return ()
    return plan.rules[: int(dict(plan.notes).get(PROMPT, 0))]


def scores_of(event: Event) -> dict[int, float]:
    """The scores, from 0 to 1, that feedback gives the candidates of its turn.

    In an order it is the share of the other ranked candidates that a candidate was put before, ties
    half; a rating is taken on its scale; an edit scores by the share of words that were kept.
    """
    payload, turn = event.payload, event.turn
    if turn is None:
        return {}
    if isinstance(payload, Rating):
        score = (payload.score - Rating.LOW) / (Rating.HIGH - Rating.LOW)
        return {payload.candidate: score}
    if isinstance(payload, Edit):
        return {payload.candidate: _kept(turn.candidates[payload.candidate].text, payload.text)}
    if isinstance(payload, Pick):
        others = tuple(i for i in range(len(turn.candidates)) if i != payload.candidate)
        return _order(((payload.candidate,), others) if others else ())
    return _order(payload.groups) if isinstance(payload, Ranking) else {}


def _order(groups: Sequence[tuple[int, ...]]) -> dict[int, float]:
    ranked = sum(len(group) for group in groups)
    scores: dict[int, float] = {}
    above = 0
    for group in groups:
        below = ranked - above - len(group)
        for candidate in group:
            scores[candidate] = (below + 0.5 * (len(group) - 1)) / (ranked - 1)
        above += len(group)
    return scores


def _kept(shown: str, edited: str) -> float:
    """Twice the words that both texts have over the words of both (Dice), from 0 to 1."""
    one, other = words_of(shown.casefold()[:20_000]), words_of(edited.casefold()[:20_000])
    if not one and not other:
        return 1.0
    common = (Counter(one) & Counter(other)).total()
    return 2.0 * common / (len(one) + len(other))
