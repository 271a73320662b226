"""Comparisons of summaries, on rows made up in the published form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tailorlm.datasets.comparisons import Comparison
from tailorlm.datasets.tldr import load_tldr_comparisons
from tailorlm.errors import InputError

INFO = {"id": "t3_1", "post": "My cat sings.", "title": "Cat", "subreddit": "pets"}
ROW = {
    "info": INFO,
    "summaries": [
        {"text": " A cat sings.", "policy": "sup1", "note": None},
        {"text": " Cats.", "policy": "sup4_6b_t.7", "note": "short"},
    ],
    "choice": 1,
    "worker": "w1",
    "batch": "batch3",
    "split": "train",
    "extra": {"confidence": 8},
}
OTHERS = [
    ROW | {"summaries": [ROW["summaries"][0], {"text": " By PPO.", "policy": "sup4_ppo_rm3"}]},
    ROW | {"info": {"id": "n1", "site": "cnn", "article": "News.", "title": "N", "post": None}},
    ROW | {"summaries": [ROW["summaries"][0]] * 2},
    ROW | {"choice": 0, "split": "valid1", "worker": "w2"},
]


def write(path: Path, rows: list[Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def test_the_better_summary_comes_first_and_the_worker_is_the_user(tmp_path: Path) -> None:
    path = write(tmp_path / "batch3.json", [ROW, *OTHERS])
    skipped: list[str] = []
    first, second = load_tldr_comparisons(path, on_skip=skipped.append)
    asked = "SUBREDDIT: r/pets\nTITLE: Cat\nPOST: My cat sings.\nTL;DR:"
    assert first == Comparison.of_prompt("w1", asked, "Cats.", "A cat sings.")
    assert second == Comparison.of_prompt("w2", asked, "A cat sings.", "Cats.")
    assert [reason.partition(", ")[2] for reason in skipped] == [
        "row 2: a summary is not by a supervised model.",
        "row 3: it is about no post.",
        "row 4: both summaries are the same.",
    ]
    assert len(list(load_tldr_comparisons(path, supervised_only=False))) == 3
    assert [c.user for c in load_tldr_comparisons(path, split="valid1")] == ["w2"]


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"choice": 2}, "row 2: 'choice' must be 0 or 1, but is 2."),
        ({"worker": ""}, "row 2: 'worker' is empty."),
        ({"summaries": []}, "row 2: 'summaries' must hold two, but holds 0."),
        ({"summaries": [{"text": "a"}] * 2}, "row 2: summary 0: there is no field 'policy'."),
        ({"info": {"post": "a", "title": "b"}}, "row 2: info: there is no field 'subreddit'."),
        ({"info": INFO | {"post": ""}}, "row 2: info: 'post' is empty."),
    ],
)
def test_errors_name_the_row(tmp_path: Path, fields: dict[str, Any], message: str) -> None:
    path = write(tmp_path / "a.json", [ROW, ROW | fields])
    with pytest.raises(InputError) as caught:
        list(load_tldr_comparisons(path))
    assert message in str(caught.value)
