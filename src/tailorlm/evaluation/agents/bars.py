"""The bars: what the suite's numbers have to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tailorlm.datasets.recorded_emails import RecordedEmail
from tailorlm.evaluation.agents.measures import STYLE, Scores
from tailorlm.evaluation.agents.permutation import Permutation, best_of_column
from tailorlm.evaluation.agents.systems import FEW_SHOT, STATISTICAL, ZERO_SHOT
from tailorlm.evaluation.report import Bar
from tailorlm.writing.agent_prompt import read_rules, write_rules


def permutation_bar(found: Permutation) -> Bar:
    """Whether every writer's own agent is the best on the writer's mails."""
    n = len(found.names)
    plain, normalised = best_of_column(found.values), best_of_column(found.normalised)
    return Bar(
        "Every agent is the best on its own writer's mails, by the author classifier",
        f"The diagonal is the best of {plain} of {n} columns of probabilities, and of "
        f"{normalised} of {n} after normalising.",
        plain == n and normalised == n,
    )


def style_bar(scores: Mapping[tuple[str, str], Scores]) -> Bar:
    """Whether statistical rules come closer in style than no rules and than examples.

    Args:
        scores: By writer and system.
    """
    names = sorted({writer for writer, _ in scores})
    better = []
    for name in names:
        own, zero, few = (scores[name, system].style for system in (STATISTICAL, ZERO_SHOT,
                                                                    FEW_SHOT))  # fmt: skip
        better.append(own < zero and own < few)
    listed = "; ".join(
        f"{name} {scores[name, STATISTICAL].style:.4f} against {scores[name, ZERO_SHOT].style:.4f}"
        f" and {scores[name, FEW_SHOT].style:.4f}"
        for name in names
    )
    return Bar(
        f"The statistical agent has a smaller {STYLE} than zero-shot and few-shot, every sender",
        f"{sum(better)} of {len(names)} senders: {listed}.",
        all(better),
    )


def parsing_bar(recorded: Sequence[RecordedEmail]) -> Bar:
    """Whether every recorded rule set is read back as it was recorded."""
    name = "Every recorded rule set parses"
    sets = [email.rules for email in recorded if email.rules]
    if not sets:
        return Bar(name, "No recordings were given.", None)
    whole = sum(
        read_rules(write_rules(rules)) == tuple(" ".join(rule.split()) for rule in rules)
        for rules in sets
    )
    count = sum(len(rules) for rules in sets)
    return Bar(name, f"{whole} of {len(sets)} sets, {count} rules.", whole == len(sets))
