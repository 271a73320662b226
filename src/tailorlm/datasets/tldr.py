"""Summaries of Reddit posts, compared by workers with ids: TL;DR of Stiennon et al. (2020).

Published as JSON Lines (github.com/openai/summarize-from-feedback, "comparisons"). One object per
line: ``info`` (``post``, ``title``, ``subreddit``), ``summaries`` (two objects with ``text`` and
``policy``, what wrote it), ``choice`` (position of the better one, from 0), ``worker`` and
``split``. Rows on news articles, which have no post, are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from tailorlm.datasets.base import Row, read_rows
from tailorlm.datasets.card import Card, matching
from tailorlm.datasets.comparisons import Comparison

LICENCE = (
    "TL;DR comparisons (github.com/openai/summarize-from-feedback): modified MIT; the posts "
    "CC BY 4.0. Not part of this package."
)


def load_tldr_comparisons(
    path: str | Path,
    *,
    split: str | None = None,
    supervised_only: bool = True,
    on_skip: Callable[[str], None] | None = None,
) -> Iterator[Comparison]:
    """Comparisons of a file, plain or gzip, in its order, the worker as the user.

    Left out are pairs of the same text.

    Args:
        path: The file.
        split: Only rows of this split ("train", "valid1" or "valid2"); None for all.
        supervised_only: Only pairs of which both summaries came from a supervised model, as the
            paper on P-RLHF has it (appendix C.1): those of the policies "sup..." without "ppo".
        on_skip: Called with the reason, which names the row, for each row left out.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with its number.
    """
    for row in read_rows(path):
        found = _comparison(row, split, supervised_only)
        if isinstance(found, Comparison):
            yield found
        elif on_skip is not None:
            on_skip(f"{row.path}, row {row.number}: {found}.")


def tldr_prompt(subreddit: str, title: str, post: str) -> str:
    """What a summarizer is asked, as the data set's makers asked theirs."""
    return f"SUBREDDIT: r/{subreddit}\nTITLE: {title}\nPOST: {post}\nTL;DR:"


def _comparison(row: Row, split: str | None, supervised_only: bool) -> Comparison | str:
    """The comparison of a row, or why it is left out."""
    info = Row(row.path, row.number, row.get("info", dict), "info: ")
    first, second = _summaries(row)
    choice = row.get("choice", int)
    if choice not in (0, 1):
        row.fail(f"'choice' must be 0 or 1, but is {choice}.")
    worker = row.text("worker")
    if split is not None and row.text("split") != split:
        return "it is of another split"
    if info.data.get("post") is None:
        return "it is about no post"
    texts = (first.get("text", str).strip(), second.get("text", str).strip())
    policies = (first.text("policy"), second.text("policy"))
    if supervised_only and not all(_is_supervised(policy) for policy in policies):
        return "a summary is not by a supervised model"
    if texts[0] == texts[1]:
        return "both summaries are the same"
    asked = tldr_prompt(info.get("subreddit", str), info.get("title", str), info.text("post"))
    return Comparison.of_prompt(worker, asked, texts[choice], texts[1 - choice])


def _summaries(row: Row) -> tuple[Row, Row]:
    found = row.rows("summaries", "summary")
    if len(found) != 2:
        row.fail(f"'summaries' must hold two, but holds {len(found)}.")
    return found[0], found[1]


def _is_supervised(policy: str) -> bool:
    return "sup" in policy and "ppo" not in policy and "cnn" not in policy


_FILES = ("comparisons/*.json", "batch*.json", "*.jsonl")


def _open(folder: Path, split: str) -> Iterator[Comparison]:
    files = next(found for pattern in _FILES if (found := matching(folder, pattern)))
    for file in files:
        yield from load_tldr_comparisons(file, split=split)


CARDS = (
    Card(
        name="tldr",
        title="TL;DR, compared summaries",
        use="pairs by worker; conflicting preferences for length",
        terms="modified MIT, CC BY 4.0",
        licence=LICENCE,
        source="https://openaipublic.blob.core.windows.net/summarize-from-feedback/dataset/"
        "comparisons (azcopy; see github.com/openai/summarize-from-feedback)",
        citation="Stiennon et al. 2020, Learning to summarize from human feedback",
        fields={
            "info.post, info.title, info.subreddit": "what was summarised",
            "summaries.text, summaries.policy": "two summaries, and what wrote them",
            "choice": "position of the better one",
            "worker": "who chose",
            "split": "which part it belongs to",
        },
        files=_FILES,
        open=_open,
        splits=("train", "valid1", "valid2"),
        folders=("summarize_from_feedback",),
    ),
)
