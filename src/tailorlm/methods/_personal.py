"""Plans of methods that write what they know in sections: as much as the token budget holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from tailorlm.fence import plain_line
from tailorlm.methods._said import Said
from tailorlm.methods.base import Method, count_tokens, with_context
from tailorlm.tags.prompt import OPENING, STATEMENTS
from tailorlm.types import Context, Message, Plan, Purpose

_MOST_LEFT_OUT = 50
"""Things named in `Plan.left_out`; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a prompt may say.

    Attributes:
        forms: How to say it, the longest first; the first one that fits is used.
        name: What it is called among a plan's rules and where it had to be left out.
        is_rule: Whether the answer should follow it, rather than learn from it.
    """

    forms: tuple[str, ...]
    name: str
    is_rule: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """Lines under a title; without any line that fits there is no title either."""

    title: str
    lines: tuple[Line, ...]


def personal_plan(
    method: Method[Any],
    context: Context,
    said: Said,
    sections: Sequence[Section] = (),
    purpose: Purpose = "generic",
    notes: tuple[tuple[str, float], ...] = (),
) -> Plan:
    """A plan for an answer under what the user said and what these sections say.

    What the user said has the first claim on the budget, in the order of `Said.claim_order` if
    not all of it fits; then come the sections in their order, each line by line. In the prompt the
    statements come last, oldest first. The plan's rules are the lines that are rules, then the
    statements. Its purpose is "generic" if no line of a section is in it. Lines that the user had
    forgotten, or stated as a rule of their own, are passed over.
    """
    said = said.with_tags_in_words()
    statements = said.in_force()
    written = _Written(method.config.budget, tuple(section.title for section in sections))
    written.say(statements, range(len(statements))[::-1])
    if written.left_out:
        written.say(statements, said.claim_order(context.query, method.parts.encoder))
    kept = [
        line
        for place, section in enumerate(sections)
        for line in section.lines
        if said.corrected.of("rule", line.name) is None and written.add(place, line)
    ]
    left_out = written.left_out
    if len(left_out) > _MOST_LEFT_OUT:
        more = len(left_out) - _MOST_LEFT_OUT
        left_out = [*left_out[:_MOST_LEFT_OUT], f"{more} more"]
    if not written.text:
        return replace(method.generic_plan(context), left_out=tuple(left_out), notes=notes)
    return Plan(
        messages=with_context(context, Message("system", written.text)),
        method=method.name,
        purpose=purpose if kept else "generic",
        rules=(*(line.name for line in kept if line.is_rule), *written.statements),
        left_out=tuple(left_out),
        notes=notes,
    )


class _Written:
    """A prompt while it is being filled."""

    def __init__(self, budget: int, titles: tuple[str, ...]) -> None:
        self.budget = budget
        self.titles = titles
        self.lines: list[list[str]] = [[] for _ in titles]
        self.statements: list[str] = []
        self.said: list[str] = []
        self.left_out: list[str] = []
        self.text = ""

    def say(self, statements: Sequence[str], claims: Sequence[int]) -> None:
        """Put in as many statements as fit, in an order of claims, and list them as they came."""
        self.said, self.left_out, self.text = [], [], ""
        places: list[int] = []
        for place in claims:
            chosen = sorted([*places, place])
            before, self.said = self.said, [f"- {plain_line(statements[i])}" for i in chosen]
            if self._fits():
                places = chosen
            else:
                self.said = before
                self.left_out.append(statements[place])
        self.statements = [statements[i] for i in places]

    def add(self, place: int, line: Line) -> bool:
        """Put a line at the end of a section, in the first of its forms that fits."""
        for form in line.forms:
            self.lines[place].append(form)
            if self._fits():
                return True
            self.lines[place].pop()
        self.left_out.append(line.name)
        return False

    def _fits(self) -> bool:
        """Write the prompt; keep it if the budget holds it."""
        blocks = [OPENING]
        for title, lines in zip(self.titles, self.lines, strict=True):
            if lines:
                blocks += [title, *lines]
        if self.said:
            blocks += [STATEMENTS, *self.said]
        text = "\n".join(blocks)
        if count_tokens(text) > self.budget:
            return False
        self.text = text
        return True
