"""Comparisons in tokens: what is cut, what is held out, what is counted."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.llms.tiny_llm import byte_tokenizer, needs_transformers

from tailorlm.datasets.comparisons import Comparison
from tailorlm.errors import InputError
from tailorlm.training.preferences import (
    Preferences,
    encode,
    hold_out_comparisons,
    read_preferences,
)


def test_a_file_is_read_cleaned_and_counted(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    rows = [
        {"user": "bo", "prompt": "Hi", "responses": ["a", "b"]},
        {"user": "ana", "prompt": "Hi", "chosen": "a", "rejected": "a"},
        {"user": "ana", "prompt": "Hi", "responses": ["a", " ", "c"]},
        {"prompt": "Hi", "responses": ["a", "b"]},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    found = read_preferences(path)
    assert [c.responses for c in found.comparisons] == [("a", "b"), ("a", "c"), ("a", "b")]
    assert found.counts == {"empty": 1, "equal": 1, "left_out": 1}
    assert found.users == ("ana", "bo")
    path.write_text(json.dumps(rows[1]), "utf-8")
    with pytest.raises(InputError, match="holds no comparison of two different answers"):
        read_preferences(path)


@needs_transformers
def test_a_prompt_loses_its_beginning_and_an_answer_its_end() -> None:
    tokenizer = byte_tokenizer()
    counts: Counter[str] = Counter()
    short = Comparison.of_prompt("ana", "Hi", "yes", "no", user_text="Age: 9")
    long = Comparison.of_prompt("ana", "x" * 90, "y" * 90, "no", user_text="z" * 90)
    first, second = encode(tokenizer, [short, long], 40, counts)
    assert tokenizer.decode(first.prompt) == "<|user|>Hi<|end|><|assistant|>"
    assert tokenizer.decode(first.text) == "Age: 9\n\n"
    assert [tokenizer.decode(answer) for answer in first.answers] == ["yes<|end|>", "no<|end|>"]
    assert first.length == len(first.text) + len(first.prompt) + 7
    assert tokenizer.decode(second.prompt) == "x" * 8 + "<|end|><|assistant|>"
    assert tokenizer.decode(second.text) == "z" * 10
    assert [tokenizer.decode(answer) for answer in second.answers] == ["y" * 20, "no<|end|>"]
    assert len(second.text) + len(second.prompt) + len(second.answers[0]) == 40
    assert counts == {"prompts_cut": 1, "answers_cut": 1, "texts_cut": 1}


@given(
    st.lists(st.sampled_from("abcd"), min_size=1, max_size=40),
    st.floats(0, 0.99),
    st.integers(0, 9),
)
def test_nobody_is_held_out_whole(users: list[str], share: float, seed: int) -> None:
    learned, held = hold_out_comparisons(users, share, seed)
    assert sorted([*learned, *held]) == list(range(len(users)))
    assert {users[place] for place in learned} == set(users)
    assert len(held) <= max(1, round(share * len(users)))
    assert (learned, held) == hold_out_comparisons(users, share, seed)
    spare = len(users) - len(set(users))
    assert len(held) == (min(spare, max(1, round(share * len(users)))) if share else 0)


def test_preferences_of_nobody() -> None:
    assert Preferences.of([]) == Preferences((), {"empty": 0, "equal": 0, "left_out": 0})
