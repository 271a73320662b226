"""GlobalOpinionQA: how people of many countries answered questions on global issues.

Durmus et al. (2023, "Towards Measuring the Representation of Subjective Global Opinions in Language
Models") publish one CSV file on the hub, Anthropic/llm_global_opinions, with ``question``,
``selections`` (as Python writes it, from country to the share of each option), ``options`` (a list
as Python writes it) and ``source`` ("GAS" or "WVS"). Nothing says whether options are ordered.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tailorlm.datasets.base import Row, read_table
from tailorlm.datasets.card import Card, find_file
from tailorlm.datasets.opinions import GroupOpinion

LICENCE = (
    "GlobalOpinionQA (huggingface.co/datasets/Anthropic/llm_global_opinions): CC BY-NC-SA 4.0. "
    "Not part of this package."
)


def load_globalopinionqa(
    path: str | Path, *, on_skip: Callable[[str], None] | None = None
) -> Iterator[GroupOpinion]:
    """Read the file, plain or gzip: one opinion for each question and country.

    Args:
        path: The CSV file.
        on_skip: Called with the reason for each row left out: one without a question, and a
            country that has not one share per option or nothing but zeros.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with the line it ends
            on.
    """
    skip = on_skip or (lambda _: None)
    for place, row in enumerate(read_table(path), start=1):
        question = row.get("question", str).strip()
        if not question:
            skip(f"{row.path}, row {row.number}: there is no question.")
            continue
        options = tuple(str(option) for option in row.literal("options", list))
        for country, given in _selections(row).items():
            shares = _shares(row, country, given)
            if len(shares) != len(options) or not sum(shares):
                skip(f"{row.path}, row {row.number}: the shares of {country!r} do not fit.")
                continue
            yield GroupOpinion(
                question_id=str(place),
                question=question,
                group=country,
                options=options,
                shares=tuple(share / sum(shares) for share in shares),
                source=row.get("source", str).strip(),
            )


def _selections(row: Row) -> dict[str, Any]:
    """The mapping inside "defaultdict(<class 'list'>, {...})", or written by itself."""
    text = row.text("selections")
    inner = text[text.find("{") : text.rfind("}") + 1]
    try:
        value = ast.literal_eval(inner)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        value = None
    if not isinstance(value, dict):
        row.fail(f"'selections' must hold countries with their shares, but is {text[:40]!r}.")
    return {str(country): shares for country, shares in value.items()}


def _shares(row: Row, country: str, given: Any) -> tuple[float, ...]:
    if not isinstance(given, list) or any(type(share) not in (int, float) for share in given):
        row.fail(f"'selections' must list shares for {country[:40]!r}.")
    if any(not math.isfinite(share) or share < 0 for share in given):
        row.fail(f"'selections' has a share of {country[:40]!r} that is below 0 or no number.")
    return tuple(float(share) for share in given)


def _open(folder: Path, split: str) -> Iterator[GroupOpinion]:
    return load_globalopinionqa(find_file(folder, "**/global_opinions.csv"))


CARDS = (
    Card(
        name="globalopinionqa",
        title="GlobalOpinionQA, opinions by country",
        use="whose opinions a model has; representativeness, steerability",
        terms="CC BY-NC-SA 4.0",
        licence=LICENCE,
        source="https://huggingface.co/datasets/Anthropic/llm_global_opinions",
        citation="Durmus et al. 2023, Towards Measuring the Representation of Subjective Global "
        "Opinions in Language Models",
        fields={
            "question": "the question",
            "selections": "share of each option by country",
            "options": "the answers there are",
            "source": "GAS (Pew) or WVS",
        },
        files=("**/global_opinions.csv",),
        open=_open,
        folders=("llm_global_opinions", "GlobalOpinionQA"),
        hub="Anthropic/llm_global_opinions",
        hub_files=("data/global_opinions.csv",),
    ),
)
