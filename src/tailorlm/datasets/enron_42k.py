"""Enron-42k: what 191 people at Enron wrote, apart from what they answered.

Made for preference agents (Shashidhar et al. 2024, "Unsupervised Human Preference Learning",
appendix A): 40,240 mails with ``content``, what the sender wrote, and ``previous_context``, the
mails before it. The hub has it under "preference-agents". Only these two names are in the paper;
the names of the columns with the sender and the subject could not be verified, so they are
arguments here, and an error about a missing one lists the columns there are.

These are real people's mails: nothing of them belongs in a report.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tailorlm.datasets.base import read_rows, read_table
from tailorlm.datasets.card import Card, matching
from tailorlm.datasets.emails import MailKey, SentMail

LICENCE = (
    "Enron-42k (huggingface.co/preference-agents): CC BY-NC 4.0, for research; it names real "
    "people. Not part of this package."
)
_FILES = ("**/*.parquet", "*.jsonl", "*.csv")


def load_enron_42k(
    path: str | Path,
    *,
    sender: str = "from",
    subject: str = "subject",
    content: str = "content",
    context: str = "previous_context",
) -> Iterator[SentMail]:
    """Read a file: Parquet, CSV (".csv") or JSON Lines; plain or gzip.

    Mails without content are passed over.

    Args:
        path: The file.
        sender: Name of the column that says who wrote.
        subject: Name of the column with the subject line.
        content: Name of the column with what the sender wrote.
        context: Name of the column with the mails before it.

    Raises:
        InputError: If the file cannot be read or a row lacks a column, with its number.
        MissingExtraError: For Parquet, if pyarrow is not installed.
    """
    path = Path(path)
    is_table = path.name.removesuffix(".gz").endswith(".csv")
    for row in read_table(path) if is_table else read_rows(path):
        body = row.get(content, str, type(None))
        if body is None or not body.strip():
            continue
        yield SentMail(
            key=MailKey(row.text(sender), path.name.partition(".")[0], row.number),
            subject=(row.get(subject, str, type(None)) or "").strip(),
            body=body,
            context=(row.get(context, str, type(None)) or "").strip(),
        )


def _open(folder: Path, split: str) -> Iterator[SentMail]:
    for pattern in _FILES:
        for file in matching(folder, pattern):
            yield from load_enron_42k(file)


CARDS = (
    Card(
        name="enron_42k",
        title="Enron-42k, mail with its context",
        use="mail in each sender's style, with what it answers",
        terms="CC BY-NC 4.0, research",
        licence=LICENCE,
        source="https://huggingface.co/datasets/preference-agents/enron-cleaned",
        citation="Shashidhar et al. 2024, Unsupervised Human Preference Learning",
        fields={
            "from": "who wrote (name not verified)",
            "subject": "the subject line (name not verified)",
            "content": "what the sender wrote",
            "previous_context": "the mails before it",
        },
        files=_FILES,
        open=_open,
        hub="preference-agents/enron-cleaned",
        hub_files=("*.parquet", "*.csv", "*.jsonl"),
        note="Columns beside content and previous_context could not be verified; "
        "load_enron_42k takes their names.",
    ),
)
