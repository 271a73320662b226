"""How the answers of groups of people to a question are distributed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOpinion:
    """What one group answered to one question.

    Attributes:
        question_id: Unique in the data set.
        question: The question.
        group: Whose answers: a country, "Overall", or an attribute and its value, as "AGE=65+".
        options: The answers there are, refusals aside; in the order of `positions` where these are
            known.
        shares: Share of each option, of those who chose one; their sum is 1.
        positions: Where the options lie on a line, rising; empty where they have no order.
        refused: Share of the group that refused to answer, 0 to 1.
        source: The survey.
    """

    question_id: str
    question: str
    group: str
    options: tuple[str, ...]
    shares: tuple[float, ...]
    positions: tuple[float, ...] = ()
    refused: float = 0.0
    source: str = ""
