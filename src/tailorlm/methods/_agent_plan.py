"""What a query asks to have written, whose rules similar texts agree on, and the plan of rules."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from tailorlm.fence import plain_line
from tailorlm.forgetting import forgettable
from tailorlm.methods._personal import Line, Section, personal_plan
from tailorlm.methods._said import Said
from tailorlm.methods.base import Method
from tailorlm.types import Context, Plan, Purpose
from tailorlm.writing.mail_task import read_mail_task
from tailorlm.writing.occasion import Occasion, occasion_of
from tailorlm.writing.rules import StyleRule, style_rules

_TEXTS = (
    r"(?:e-?mail|mail|message|letter|note|reply|memo|text|post|review|article|invitation|card"
    r"|announcement|reminder|response|answer|newsletter|story|summary|update|request|apology)"
)
_ASKED = re.compile(
    rf"\b(?:(?:re)?write|draft|compose|word|prepare|phrase)\b[^.\n]{{0,40}}?\b(?P<kind>{_TEXTS})s?\b"
    r"|\b(?:reply|respond|write back|write) to (?=[^\n]{3})",
    re.IGNORECASE,
)
_TO = re.compile(r"\bto (?:my \w+ |our \w+ )?(?P<name>[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?)")
_MAX_READ = 5000
_WRITING = "Write this in the user's place and as the user would, by these rules:"
_RANK_COST = 0.1
_MOST_FREE = 12
"""Rules about nothing that can be compared, taken from the most similar text alone."""


@dataclass(frozen=True, slots=True)
class WritingTask:
    """A text that is to be written in the user's place.

    Attributes:
        subject: Its subject or title, "" where that is not said.
        points: What it has to say.
        recipient: Whom it is for, "" where that is not said.
        kind: What is written, as "mail".
    """

    subject: str
    points: tuple[str, ...]
    recipient: str = ""
    kind: str = "mail"

    @property
    def occasion(self) -> Occasion:
        """What the habits of the user depend on."""
        return occasion_of(self.subject, self.points, self.recipient)


def task_in(context: Context) -> WritingTask | None:
    """The text that a query asks for; None where it asks for something else, such as advice.

    A task in the form of `writing.mail_task` is read exactly. Of other queries that ask to write a
    mail, a letter, a post or the like, everything after that is what there is to say.
    """
    query = context.query[:_MAX_READ]
    task = read_mail_task(context.query)
    if task is not None:
        return WritingTask(task.subject, task.points, task.recipient, task.kind)
    asked = _ASKED.search(query)
    if asked is None:
        return None
    rest = query[asked.end() :].strip(" .:,\n")
    to = _TO.search(query)
    kind = (asked["kind"] or "reply").lower()
    subject = "Re:" if kind in ("reply", "response", "answer") else ""
    return WritingTask(subject, (rest or query,), to["name"] if to else "", kind)


def agreed(found: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """What the rules of similar texts agree on.

    Of rules that cannot be followed together, those that more of the texts have are kept, and of
    equally many those of the more similar text. Rules on nothing that can be compared come from the
    most similar text alone.

    Args:
        found: The rules of each text, the most similar first.
    """
    votes: dict[StyleRule, float] = {}
    for place, rules in enumerate(found):
        for rule in {read for text in rules for read in _read(text)}:
            votes[rule] = votes.get(rule, 0.0) + 1.0 - _RANK_COST * place / max(len(found), 1)
    kept: dict[str, None] = {}
    covered: set[StyleRule] = set()
    free = 0
    for place, rules in enumerate(found):
        for text in rules:
            read = set(_read(text))
            if not read:
                if place == 0 and free < _MOST_FREE:
                    kept.setdefault(text)
                    free += 1
                continue
            if read <= covered or any(_outvoted(rule, votes) for rule in read):
                continue
            if any(rule.excludes(other) for rule in read for other in covered):
                continue
            kept.setdefault(text)
            covered |= read
    return tuple(kept)


def writing_plan(
    method: Method[Any],
    context: Context,
    rules: Sequence[str],
    said: Said,
    *,
    purpose: Purpose = "best",
) -> Plan:
    """A plan of rules and of what the user said, as far as the budget allows.

    What the user said comes before rules, newer statements before older ones, and earlier rules
    before later ones. The purpose is "generic" if no rule is left in it.
    """
    lines = tuple(Line((f"- {plain_line(rule)}",), rule, is_rule=True) for rule in rules)
    plan = personal_plan(method, context, said, (Section(_WRITING, lines),), purpose)
    return replace(plan, rules=tuple(rule.removeprefix("- ") for rule in plan.rules))


def _outvoted(rule: StyleRule, votes: dict[StyleRule, float]) -> bool:
    return any(votes[other] > votes[rule] for other in votes if rule.excludes(other))


@forgettable
@lru_cache(maxsize=4096)
def _read(text: str) -> tuple[StyleRule, ...]:
    return style_rules(text)
