"""Captions for cartoons of The New Yorker, of which the crowd liked one better.

Hessel et al. (2023, "Do Androids Laugh at Electric Sheep?") publish two forms of the ranking task
(github.com/jmhessel/caption_contest_corpus). Nothing tells who liked what, so users are "".

- ``quality_ranking_split=0_cleaned.json`` and so on: an object with the lists ``train``, ``val``
  and ``test`` of objects with ``A``, ``B``, ``contest_number`` and ``label`` ("A" or "B"). Cartoons
  are described in ``split=0_newyorker_contest_annotations.json``, an object from contest number to
  ``mturk_annotations``, whose ``description_hit`` lists objects with ``image_description``.
- Rows of the hub's "ranking": ``caption_choices`` (two), ``label`` and ``image_description``, with
  the picture, which is not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tailorlm.datasets.base import Row, object_rows, read_json, read_rows
from tailorlm.datasets.card import Card, matching
from tailorlm.datasets.comparisons import Comparison
from tailorlm.errors import InputError

LICENCE = (
    "New Yorker caption contest (github.com/jmhessel/caption_contest_corpus): annotations and "
    "tasks CC BY 4.0; cartoons and captions belong to their makers. Not part of this package."
)
_SPLITS = ("test", "val", "train")
_LABELS = ("A", "B")
_RANKINGS = "quality_ranking_split=*_cleaned.json"
_DESCRIPTIONS = "*newyorker_contest_annotations.json"
_HUB_NAMES = {"val": "validation"}


def caption_prompt(description: str = "") -> str:
    """What the captions of a comparison answer."""
    asked = "Write a funny caption for this cartoon."
    return f"{asked} {description}" if description else asked


def load_descriptions(path: str | Path) -> dict[str, str]:
    """The first description of each cartoon by contest number.

    Raises:
        InputError: If the file cannot be read or is not as described.
    """
    data = read_json(path)
    if not isinstance(data, dict):
        raise InputError(f"{path} must hold an object from contest numbers to annotations.")
    found: dict[str, str] = {}
    for number, (contest, value) in enumerate(data.items(), start=1):
        row = Row(Path(path), number, value if isinstance(value, dict) else {}, f"{contest[:20]}: ")
        hits = Row(row.path, number, row.get("mturk_annotations", dict), row.within)
        for hit in hits.rows("description_hit", "description")[:1]:
            found[contest] = hit.text("image_description").strip()
    return found


def load_caption_rankings(
    path: str | Path, split: str = "test", descriptions: Mapping[str, str] | None = None
) -> Iterator[Comparison]:
    """Comparisons of a JSON file of rankings, plain or gzip.

    Args:
        path: The file.
        split: "train", "val" or "test".
        descriptions: What the cartoons show, by contest number, as `load_descriptions` gives it.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with its number.
    """
    whole = read_json(path)
    if not isinstance(whole, dict) or split not in whole:
        raise InputError(f"{path} must hold an object with the lists {', '.join(_SPLITS)}.")
    for row in object_rows(path, whole[split], f"objects of {split!r}"):
        contest = row.plain("contest_number")
        pair = (row.text("A").strip(), row.text("B").strip())
        yield _comparison(row, pair, (descriptions or {}).get(contest, ""))


def load_hub_rankings(path: str | Path) -> Iterator[Comparison]:
    """Comparisons of the hub's form: Parquet or JSON Lines.

    Raises:
        InputError: If the file cannot be read or a row is not as described, with its number.
        MissingExtraError: For Parquet, if pyarrow is not installed.
    """
    for row in read_rows(path):
        pair = tuple(text.strip() for text in row.texts("caption_choices"))
        if len(pair) != 2:
            row.fail(f"'caption_choices' must hold two, but holds {len(pair)}.")
        yield _comparison(row, pair, row.text("image_description").strip())


def _comparison(row: Row, pair: tuple[Any, ...], description: str) -> Comparison:
    label = row.text("label")
    if label not in _LABELS:
        row.fail(f"'label' must be 'A' or 'B', but is {label[:20]!r}.")
    best = _LABELS.index(label)
    return Comparison.of_prompt("", caption_prompt(description), pair[best], pair[1 - best])


def _open(folder: Path, split: str) -> Iterator[Comparison]:
    files = matching(folder, f"**/{_RANKINGS}")
    if files:
        described = matching(folder, f"**/{_DESCRIPTIONS}")
        texts = load_descriptions(described[0]) if described else {}
        yield from load_caption_rankings(files[0], split, texts)
        return
    for file in matching(folder, f"ranking/*{_HUB_NAMES.get(split, split)}*"):
        yield from load_hub_rankings(file)


CARDS = (
    Card(
        name="new_yorker_captions",
        title="New Yorker caption contest, pairs",
        use="pairs of captions of which the crowd liked one better; no users",
        terms="CC BY 4.0 (annotations)",
        licence=LICENCE,
        source="https://github.com/jmhessel/caption_contest_corpus",
        citation="Hessel et al. 2023, Do Androids Laugh at Electric Sheep?",
        fields={
            "A, B or caption_choices": "two captions",
            "label": "which one was liked better, A or B",
            "contest_number": "which cartoon",
            "image_description": "what the cartoon shows",
        },
        files=(f"**/{_RANKINGS}", "ranking/*.parquet", "ranking/*.jsonl"),
        open=_open,
        splits=_SPLITS,
        folders=("newyorker_caption_contest", "caption_contest_corpus"),
        hub="jmhessel/newyorker_caption_contest",
        hub_files=("ranking/*",),
    ),
)
