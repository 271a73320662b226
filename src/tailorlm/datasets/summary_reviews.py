"""Summaries that reviewers judged side by side: the human evaluation of SQuALITY.

SQuALITY (Wang et al. 2022) gives JSON Lines with one passage per row: ``passage-id`` and
``questions``, an object from question to systems, each with its ``response`` and ``reviews``, a
list of objects with ``worker_id`` and ``overall-rating``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import Row, read_rows
from tailorlm.datasets.card import Card, find_file
from tailorlm.errors import InputError

_OVERALL = "overall"
"""Key beside the systems that holds means over reviewers, which are not read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryReview:
    """One summary as one reviewer judged it.

    Attributes:
        passage: The passage that was summarised.
        question: The passage and the question that the summary answers.
        system: Who wrote it.
        text: The summary.
        reviewer: Who judged it.
        rating: The overall rating; larger is better.
    """

    passage: str
    question: str
    system: str
    text: str
    reviewer: str
    rating: float


def load_summary_reviews(path: str | Path) -> list[SummaryReview]:
    """Read reviews, plain or gzip, in the order of the file.

    Raises:
        InputError: If the file cannot be read, holds no reviews, or a row is not as described,
            with its number.
    """
    found: list[SummaryReview] = []
    for row in read_rows(path):
        passage = row.text("passage-id")
        for name, systems in row.get("questions", dict).items():
            found += _question(row, passage, name, systems)
    if not found:
        raise InputError(f"{path} holds no reviews. Expected one JSON object per line.")
    return found


def _question(row: Row, passage: str, name: str, systems: object) -> list[SummaryReview]:
    if not isinstance(systems, dict):
        row.fail(f"question {name[:40]!r} must be an object of systems.")
    found: list[SummaryReview] = []
    for system, given in systems.items():
        if system == _OVERALL:
            continue
        if not isinstance(given, dict):
            row.fail(f"question {name[:40]!r}: system {system[:40]!r} must be an object.")
        own = Row(row.path, row.number, given, f"question {name[:40]!r}, {system[:40]}: ")
        text = own.text("response")
        found += [
            SummaryReview(
                passage=passage,
                question=f"{passage}/{name}",
                system=system,
                text=text,
                reviewer=review.text("worker_id"),
                rating=float(review.get("overall-rating", int, float)),
            )
            for review in own.rows("reviews", "review")
        ]
    return found


_FILES = ("human_eval_all_responses.jsonl", "all-responses.jsonl")
CARDS = (
    Card(
        name="squality",
        title="SQuALITY, judged summaries by reviewer",
        use="judgements of summaries by known reviewers; calibrating judges",
        terms="CC BY 4.0",
        licence="SQuALITY (github.com/nyu-mll/SQuALITY): summaries CC BY 4.0, stories Project "
        "Gutenberg. Not part of this package.",
        source="https://github.com/nyu-mll/SQuALITY (data/human-eval)",
        citation="Wang et al. 2022, SQuALITY",
        fields={
            "passage-id, questions": "what was summarised",
            "response": "a summary, by system",
            "reviews.worker_id, reviews.overall-rating": "who judged, and how",
        },
        files=_FILES,
        open=lambda folder, _: load_summary_reviews(find_file(folder, *_FILES)),
    ),
)
