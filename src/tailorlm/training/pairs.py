"""What a preference agent is trained on: inputs, and what it is to answer to each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tailorlm.datasets.base import Row, read_rows
from tailorlm.errors import InputError, nearest
from tailorlm.writing.agent_prompt import agent_prompt, write_rules, writer_prompt

Target = Literal["rules", "text"]


@dataclass(frozen=True, slots=True)
class Pair:
    """One example: what the model is asked, and what it is to answer."""

    input: str
    target: str


def read_pairs(path: str | Path) -> list[Pair]:
    """Pairs of a JSON Lines file with the fields "input" and "target".

    Raises:
        InputError: If the file cannot be read, a field is missing or blank, or there is no row.
    """
    pairs = [Pair(row.text("input"), row.text("target")) for row in read_rows(path)]
    if not pairs:
        raise InputError(f'{path} holds no pairs. Each row is {{"input": ..., "target": ...}}.')
    return pairs


def email_pairs(
    path: str | Path, target: Target = "rules", *, author: str | None = None, split: str = "train"
) -> list[Pair]:
    """Pairs of a JSON Lines file of mails that have intents.

    A row has "subject", "intent" (a list of texts) and "rules" (a list of texts) or "body" (the
    mail); "recipient" and "kind", where there are, go into the input.

    Args:
        path: The file.
        target: "rules" trains a preference agent; "text" trains a model on the mails themselves,
            from the same input, the paper's naive fine-tune.
        author: Only rows whose "author" this is; None takes all.
        split: Only rows whose "split" this is; rows without one are taken.

    Raises:
        InputError: If the file cannot be read, a row lacks a field, or no row is left.
    """
    pairs: list[Pair] = []
    authors: set[str] = set()
    for row in read_rows(path):
        if "author" in row.data:
            authors.add(row.text("author"))
        if author is not None and row.data.get("author") != author:
            continue
        if row.data.get("split", split) == split:
            pairs.append(_email_pair(row, target))
    if pairs:
        return pairs
    if author is not None and author not in authors:
        near = nearest(author, authors)
        hint = f"Did you mean {near!r}?" if near else f"There are {len(authors)} authors."
        raise InputError(f"{path} has no mail by {author!r}. {hint}")
    raise InputError(f"{path} has no mail in the split {split!r} to train on.")


def _email_pair(row: Row, target: Target) -> Pair:
    make: Callable[[str, Sequence[str], str, str], str]
    if target == "rules":
        make, answer = agent_prompt, write_rules(_texts(row, "rules"))
    else:
        make, answer = writer_prompt, row.text("body").strip()
    if not answer:
        row.fail(f"{target!r} are to be learned, but there are none in it.")
    details = [str(row.data.get(name) or "") for name in ("recipient", "kind")]
    try:
        return Pair(make(row.get("subject", str), _texts(row, "intent"), *details), answer)
    except InputError as error:
        if str(error).startswith(str(row.path)):
            raise
        row.fail(str(error))


def _texts(row: Row, field: str) -> list[str]:
    """A list of texts; unlike a set of tags, they may repeat."""
    values = row.get(field, list)
    if not all(isinstance(value, str) for value in values):
        row.fail(f"{field!r} must hold texts.")
    return list(values)
