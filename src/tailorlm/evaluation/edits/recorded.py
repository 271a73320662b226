"""What is learned from users whose preference is known in words: rules, scores and mails.

A user's first edits are learned from, the rest are held out. The preference itself is read for
scoring alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tailorlm.evaluation.edits.learners import Made, by_user, learn
from tailorlm.evaluation.edits.wanted import Wanted, expected, share_kept, wanted
from tailorlm.evaluation.metrics.rouge import rouge
from tailorlm.evaluation.metrics.scored import Overlap
from tailorlm.evaluation.metrics.style import StyleScale
from tailorlm.llms.base import LLM, Request
from tailorlm.methods.edit_rules import EditRules, EditState
from tailorlm.types import Context, Plan

LEARNED = 10
"""Edits of each user that are learned from; of fewer, two thirds."""


@dataclass(frozen=True, slots=True)
class Named:
    """Whether one part of a user's preference was found.

    Attributes:
        user: Whose.
        part: The part.
        kept: Share of the user's texts that keep it.
        in_drafts: Share of the drafts that keep it.
        named: Whether a learned rule names it, for a part with a scope at that subject.
    """

    user: str
    part: Wanted
    kept: float
    in_drafts: float
    named: bool


@dataclass(frozen=True, slots=True)
class Scored:
    """One edit that was held out.

    Attributes:
        user: Whose.
        above: Whether the user's profile scores the edit above the draft.
        margin: By how much, in nats.
        scores: The edit's likelihood under each user's profile, in the order of the users.
        by_subject: What knowing the subject adds to the score, in nats.
        kept: Share of the rules proposed for it that the edit keeps.
        in_draft: Share of them that the draft keeps.
    """

    user: str
    above: bool
    margin: float
    scores: tuple[float, ...]
    by_subject: float
    kept: float
    in_draft: float


@dataclass(frozen=True, slots=True)
class Written:
    """How close a text comes to what the user made of the draft.

    Attributes:
        user: Whose.
        text: What was compared: "draft"; what the writer makes of the points, "generic" without
            rules and "rules" with them; or "rewritten", what it makes of the draft with them.
        distance: Stylometric distance, from 0.
        rouge: ROUGE-L F1, from 0 to 1.
    """

    user: str
    text: str
    distance: float
    rouge: float


@dataclass(frozen=True, slots=True)
class Split:
    """The edits of every user.

    Attributes:
        first: Those that are learned from.
        later: Those that are held out.
    """

    first: Mapping[str, list[Made]]
    later: Mapping[str, list[Made]]

    @classmethod
    def of(cls, edits: Sequence[Made]) -> Split:
        """Each user's first ten edits, or two thirds of fewer than fifteen, and the rest."""
        grouped = by_user(edits)
        at = {user: min(LEARNED, 2 * len(own) // 3) for user, own in grouped.items()}
        return cls(
            {user: own[: at[user]] for user, own in grouped.items()},
            {user: own[at[user] :] for user, own in grouped.items()},
        )


def learned(method: EditRules, split: Split) -> Mapping[str, EditState]:
    """What is learned of each user from the first edits."""
    return {user: learn(method, edits) for user, edits in split.first.items()}


def named_parts(
    method: EditRules,
    states: Mapping[str, EditState],
    split: Split,
    preferences: Mapping[str, str],
) -> list[Named]:
    """The parts of each user's preference that texts show, and whether they were found."""
    found = []
    for user, state in states.items():
        own = [*split.first[user], *split.later[user]]
        texts, drafts = [edit.edited for edit in own], [edit.draft for edit in own]
        for part in expected(wanted(preferences[user]), texts):
            kept, in_drafts = share_kept(part, texts), share_kept(part, drafts)
            found.append(Named(user, part, kept, in_drafts, _is_named(method, state, part)))
    return found


def scored(
    method: EditRules, general: EditRules, states: Mapping[str, EditState], split: Split
) -> list[Scored]:
    """How every user's profile scores every edit that was held out.

    Args:
        method: The learner.
        general: The same without rules by subject.
        states: Of all users.
        split: The edits.
    """
    found = []
    for user, edits in split.later.items():
        for edit in edits:
            own = states[user]
            scores = [
                method.score(state, edit.context, edit.edited, beside_drafts=False)
                for state in states.values()
            ]
            true = method.score(own, edit.context, edit.edited)
            margin = true - method.score(own, edit.context, edit.draft)
            rules = [wish.rule for wish in method.wishes(own, edit.context)]
            found.append(
                Scored(
                    user,
                    margin > 0,
                    margin,
                    tuple(scores),
                    true - general.score(own, edit.context, edit.edited),
                    _share([rule.kept_by(edit.edited) for rule in rules]),
                    _share([rule.kept_by(edit.draft) for rule in rules]),
                )
            )
    return found


def written(
    method: EditRules, llm: LLM, states: Mapping[str, EditState], split: Split
) -> list[Written]:
    """How close the draft and what a writer makes with and without the rules come to the edit."""
    seen = [text for own in split.first.values() for e in own for text in (e.draft, e.edited)]
    scale = StyleScale.fit(seen)
    found = []
    for user, edits in split.later.items():
        for edit in edits:
            texts = {"draft": edit.draft}
            for name, plan in _plans(method, states[user], edit):
                texts[name] = llm.complete(Request(messages=plan.messages, plan=plan)).text
            true = scale.profile([edit.edited])
            for name, text in texts.items():
                overlap = rouge(text, edit.edited)["rougeL"]
                f1 = overlap.f1 if isinstance(overlap, Overlap) else 0.0
                found.append(Written(user, name, true.distance(text), f1))
    return found


def _plans(method: EditRules, state: EditState, edit: Made) -> Iterator[tuple[str, Plan]]:
    """A plan for each text that is written."""
    yield "generic", method.generic_plan(edit.context)
    for name, query in (("rules", edit.query), ("rewritten", edit.again)):
        plans = method.propose(state, Context(query), 1, np.random.default_rng(0))
        if isinstance(plans, list):  # it is, since the facets word the rules
            yield name, plans[0]


def _is_named(method: EditRules, state: EditState, part: Wanted) -> bool:
    """Whether the rules name a part: in general, or at one of the subjects that it is for."""
    contexts: list[Context | None] = [Context(words) for words in _subjects(part.scope)]
    return any(
        part.named_in([wish.rule for wish in method.wishes(state, context)])
        for context in contexts or [None]
    )


def _subjects(scope: str) -> list[str]:
    """The subjects that a scope lists, each by itself."""
    return [words for words in re.split(r",\s*|\s+(?:and|or)\s+", scope) if words]


def _share(kept: Sequence[bool | None]) -> float:
    told = [one for one in kept if one is not None]
    return sum(told) / len(told) if told else 1.0
