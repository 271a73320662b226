"""Words for an LLM: how tags, styles and a user's statements steer an answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from tailorlm.fence import plain_line

OPENING = "Answer what is asked, fully and correctly."
_TAGS = (
    "The reader is drawn to these fields: {tags}. Let the answer show it where that serves the "
    "question: take examples, comparisons, viewpoints or terms from these fields, and leave out "
    "what would be forced."
)
_STYLES = "Write in this manner: {styles}."
STATEMENTS = "The reader has said, oldest first, and a later wish overrides an earlier one:"


@dataclass(frozen=True, slots=True)
class PersonalPrompt:
    """A system prompt with what it holds.

    Attributes:
        text: The prompt; empty when there is nothing personal to say.
        tags: Tags and styles in it.
        statements: Statements in it.
        left_out: What did not fit the budget.
    """

    text: str
    tags: tuple[str, ...]
    statements: tuple[str, ...]
    left_out: tuple[str, ...]


def personal_prompt(
    tags: Sequence[str],
    styles: Sequence[str],
    statements: Sequence[str],
    *,
    budget: int,
    count: Callable[[str], int],
    claims: Sequence[int] | None = None,
) -> PersonalPrompt:
    """Write what is personal about an answer in at most `budget` tokens.

    When not everything fits, tags and styles stay before statements, and the last tags go first.

    Args:
        tags: Fields to draw on, most important first.
        styles: Manners of writing, most important first.
        statements: What the user said, oldest first.
        budget: Tokens that the prompt may take.
        count: Counts a text's tokens.
        claims: Places of the statements, which has the first claim on the budget first; None is
            the newest first.
    """
    kept_tags, kept_styles = list(tags), list(styles)
    left_out: list[str] = []
    while (kept_tags or kept_styles) and count(_write(kept_tags, kept_styles, [])) > budget:
        left_out.append((kept_tags or kept_styles).pop())
    places: list[int] = []
    for place in reversed(range(len(statements))) if claims is None else claims:
        chosen = sorted([*places, place])
        if count(_write(kept_tags, kept_styles, [statements[i] for i in chosen])) <= budget:
            places = chosen
        else:
            left_out.append(statements[place])
    kept = [statements[i] for i in places]
    return PersonalPrompt(
        text=_write(kept_tags, kept_styles, kept),
        tags=(*kept_tags, *kept_styles),
        statements=tuple(kept),
        left_out=tuple(left_out),
    )


def _write(tags: Sequence[str], styles: Sequence[str], statements: Sequence[str]) -> str:
    if not (tags or styles or statements):
        return ""
    lines = [OPENING]
    if tags:
        lines.append(_TAGS.format(tags="; ".join(tags)))
    if styles:
        lines.append(_STYLES.format(styles="; ".join(styles)))
    if statements:
        lines.append(STATEMENTS)
        lines += [f"- {plain_line(statement)}" for statement in statements]
    return "\n".join(lines)
