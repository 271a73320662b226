"""Posts with the summaries that workers rated best, as a CSV file.

Made from the axis evaluations of summarize-from-feedback (Stiennon et al. 2020, "Learning to
summarize from human feedback"). Of the columns ``doc_id``, ``doc_text``, ``uid`` (the worker) and
``summary_text`` are read.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tailorlm.datasets.base import read_table
from tailorlm.datasets.card import Card, find_file
from tailorlm.errors import InputError

LICENCE = (
    "TL;DR summaries (github.com/openai/summarize-from-feedback): modified MIT; the posts "
    "CC BY 4.0. Not part of this package."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerSummary:
    """The summary of a post that a worker rated best.

    Attributes:
        post_id: Which post; several workers may have read the same one.
        post: The post.
        worker: Who rated.
        summary: What was rated best, without blanks around it.
    """

    post_id: str
    post: str
    worker: str
    summary: str


def load_worker_summaries(path: str | Path) -> list[WorkerSummary]:
    """Read a file, plain or gzip, in its order.

    Raises:
        InputError: If the file cannot be read, holds no rows, or a row is not as described, with
            the line it ends on.
    """
    found = [
        WorkerSummary(
            post_id=row.text("doc_id"),
            post=row.text("doc_text"),
            worker=row.text("uid"),
            summary=row.text("summary_text").strip(),
        )
        for row in read_table(path)
    ]
    if not found:
        raise InputError(f"{path} holds no rows. Expected a CSV file with a header.")
    return found


_FILE = "openai_reddit_user_summary.csv"
CARDS = (
    Card(
        name="tldr_worker_best",
        title="TL;DR, best summaries by worker",
        use="posts with the summary that a worker rated best",
        terms="modified MIT, CC BY 4.0",
        licence=LICENCE,
        source="https://github.com/KDM-LAB/Perseval-TMLR",
        citation="Stiennon et al. 2020, Learning to summarize from human feedback",
        fields={
            "doc_id, doc_text": "the post",
            "uid": "the worker",
            "summary_text": "what was rated best",
        },
        files=(_FILE,),
        open=lambda folder, _: load_worker_summaries(find_file(folder, _FILE)),
    ),
)
