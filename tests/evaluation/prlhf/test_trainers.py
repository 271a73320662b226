"""The suite with the trainers of the command line, on a model of a few thousand weights."""

from __future__ import annotations

import gzip
from dataclasses import replace

import pytest
from tests.evaluation.prlhf.fake_trainers import SMALL, write_summaries
from tests.evaluation.recordings import Words
from tests.llms.tiny_llm import needs_peft, write_tiny_llm

from tailorlm.datasets.comparisons import Comparison
from tailorlm.evaluation.prlhf import Settings, paper, run_prlhf
from tailorlm.evaluation.prlhf.suite import SUMMARIES
from tailorlm.evaluation.prlhf.trainers import Asked, BaseRecipe, Recipe

TINY = BaseRecipe(layers=1, width=24, vocabulary=400, epochs=1, max_tokens=64)
FAST = Recipe(
    user_tokens=2,
    learning_rate=1e-2,
    user_learning_rate=0.1,
    batch_size=8,
    epochs=6,
    max_tokens=64,
    lora_dropout=0.0,
    beta=0.5,
)


def trainers():
    from tailorlm.cli.prlhf_trainers import LocalTrainers

    return LocalTrainers("cpu")


@needs_peft
def test_the_suite_trains_scores_and_writes(tmp_path):
    path = write_summaries(tmp_path / "made.csv", posts=24)
    target = tmp_path / "data" / SUMMARIES
    target.parent.mkdir(parents=True)
    target.write_bytes(gzip.compress(path.read_bytes()))
    recipe = replace(FAST, epochs=1, checks=1)
    sizes = replace(SMALL, base=TINY, recipe=recipe, seeds=1, ablations=False, prompts=1, steps=5)
    settings = Settings(data=tmp_path / "data", quick=True, sizes=sizes, parts=("conflicting",))
    report = run_prlhf(tmp_path / "out", Words(), trainers(), settings)
    assert {row.case for row in report.rows if row.table == "Table 4"} == {"10 workers"}
    weights = [row.value for row in report.rows if row.metric == "weights"]
    assert all(value > 0 for value in weights)
    assert "weights" in report.metadata["base"]
    assert all(row.value is not None for row in report.rows if row.metric == paper.TOP)
    # Everything is there already: nothing is trained, and the same is said.
    again = run_prlhf(tmp_path / "out", Words(), trainers(), settings)
    assert again.rows == report.rows


@needs_peft
def test_opposite_wishes_are_told_apart_by_the_user_alone(tmp_path):
    base = str(write_tiny_llm(tmp_path / "base", template=None))
    learned = [
        Comparison.of_prompt(user, f"Say {n}.", *(both if user == "a" else reversed(both)))
        for n in range(8)
        for user in ("a", "b")
        for both in [("yes yes yes yes", "no")]
    ]
    watch = [Comparison.of_prompt(u, "Say 9.", "yes yes yes yes", "no") for u in ("a", "b")]
    checks = []
    trained = trainers().prefer(
        learned,
        base,
        tmp_path / "out",
        replace(FAST, epochs=20, checks=2),
        watch=watch,
        on_check=lambda step, rewards: checks.append((step, rewards)),
    )
    assert [step for step, _ in checks] == [0, 20, 40]
    assert trained.steps == 40
    (first, second), (third, fourth) = checks[-1][1]
    assert first > second
    assert third < fourth


@needs_peft
def test_an_answer_that_ends_at_once_is_empty(tmp_path):
    base = str(write_tiny_llm(tmp_path / "base", template=None))
    texts = trainers().write(base, [Asked("", "Hm?")] * 40, max_tokens=1, seed=0)
    assert len(texts) == 40
    assert len(set(texts)) > 1
    assert trainers().write(base, [Asked("", "Hm?")], max_tokens=3, seed=1) == trainers().write(
        base, [Asked("", "Hm?")], max_tokens=3, seed=1
    )


@needs_peft
def test_a_small_base_reads_any_text(tmp_path):
    from transformers import AutoTokenizer

    from tailorlm.errors import InputError
    from tailorlm.training.small_base import SmallShape, write_small_base

    shape = SmallShape(layers=1, width=24, heads=2, inner=16, vocabulary=300, context=64)
    weights = write_small_base(tmp_path / "a", ["Tea for two, please."], shape)
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "a")
    text = "Größe 📏 and a\ttab"
    assert tokenizer.decode(tokenizer(text)["input_ids"]) == text
    # The embedding once, four attention and three feed-forward matrices, three norms.
    size = len(tokenizer)
    assert weights == size * 24 + 4 * 24 * 24 + 3 * 24 * 16 + 3 * 24
    with pytest.raises(InputError, match="no texts"):
        write_small_base(tmp_path / "b", [" "], shape)
    with pytest.raises(InputError, match="multiple of 4"):
        SmallShape(width=25, heads=2)
    with pytest.raises(InputError, match="at least 300"):
        SmallShape(vocabulary=10)
