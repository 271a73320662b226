"""Rows in which a prompt is read once: the same scores as one answer at a time gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.llms.tiny_llm import needs_peft
from tests.training.personal_models import write_base

from tailorlm.training.packed import FILL, one_each, pack, parts_of
from tailorlm.training.preferences import Encoded

EXAMPLES = [
    Encoded("ana", (), (5, 6, 7), ((8, 9, 0), (10, 0))),
    Encoded("bo", (11, 12), (5,), ((8, 0), (9, 9, 9, 0), (10, 0))),
    Encoded("", (), (5, 6), ((8, 0),)),
]


def test_the_arrays_of_a_batch() -> None:
    rows = pack(EXAMPLES[:2])
    assert rows.start == 3
    assert rows.ids.tolist() == [
        [5, 6, 7, 8, 9, 0, 10, 0, 0, 0, 0],
        [11, 12, 5, 8, 0, 9, 9, 9, 0, 10, 0],
    ]
    assert rows.positions[0].tolist()[:8] == [0, 1, 2, 3, 4, 5, 3, 4]
    assert rows.branches.tolist() == [
        [0, 0, 0, 1, 1, 1, 2, 2, FILL, FILL, FILL],
        [0, 0, 0, 1, 1, 2, 2, 2, 2, 3, 3],
    ]
    assert rows.mask.tolist() == [[True, True, False], [True, True, True]]
    assert rows.last.tolist() == [[2, 4, 0], [1, 5, 7]]
    row, before, token, whose = rows.scored.tolist()
    assert before[:5] == [0, 1, 2, 0, 4]
    assert token[:5] == [8, 9, 0, 10, 0]
    assert whose[:5] == [0, 0, 0, 1, 1]
    assert set(whose[5:]) == {3, 4, 5}
    assert row == [0] * 5 + [1] * 8
    assert pack(EXAMPLES[1:2], with_text=False).ids[0, 0] == 5
    assert rows.is_packed
    assert not pack(EXAMPLES[2:]).is_packed


def test_parts_keep_similar_lengths_together() -> None:
    assert parts_of([3, 9, 4, 8, 1], 2) == [[1, 3], [2, 0], [4]]
    assert [one.answers for one in one_each(EXAMPLES[:1])] == [((8, 9, 0),), ((10, 0),)]


def _model(tmp_path: Path, kind: str, user_model: str, tokens: int, head: bool) -> Any:
    import torch
    import transformers

    from tailorlm.training._soft_model import SoftModel
    from tailorlm.training.user_models import make_user_model

    base = transformers.AutoModelForCausalLM.from_pretrained(write_base(tmp_path / kind, kind))
    clusters = 2 if user_model == "cluster" else None
    users = make_user_model(
        user_model, ["ana", "bo"], tokens=tokens, width=32, clusters=clusters, scale=0.5
    )
    with torch.no_grad():
        for weight in users.parameters():
            weight += 0.3 * torch.randn(weight.shape, generator=torch.Generator().manual_seed(1))
    return SoftModel(base.eval(), users, torch.nn.Linear(32, 1, bias=False) if head else None)


@needs_peft
@pytest.mark.parametrize("kind", ["llama", "gpt2", "qwen2"])
@pytest.mark.parametrize(
    ("user_model", "tokens"), [("individual", 3), ("cluster", 1), ("uniform", 0)]
)
@pytest.mark.parametrize("head", [False, True])
def test_answers_that_share_a_row_score_as_each_by_itself(
    tmp_path: Path, kind: str, user_model: str, tokens: int, head: bool
) -> None:
    import torch

    from tailorlm.llms._soft_forward import Reading, last_hidden, response_log_probs
    from tailorlm.training._soft_model import RowTensors
    from tailorlm.training._soft_scores import Scorer, reads_packed

    model = _model(tmp_path, kind, user_model, tokens, head)
    assert reads_packed(model, EXAMPLES[:1])
    who = model.users.rows([one.user for one in EXAMPLES])
    assert who.tolist() == [1, 2, 0]
    with torch.no_grad():
        found = model(RowTensors.of(pack(EXAMPLES), "cpu"), who)
        for row, one in enumerate(EXAMPLES):
            readings = [Reading(one.prompt, answer, one.text) for answer in one.answers]
            prefixes = model.users(who[row].expand(len(readings)))
            if head:
                alone = model.head(last_hidden(model.base, readings, prefixes))[:, 0]
            else:
                alone = response_log_probs(model.base, readings, prefixes)
            assert found[row, : len(alone)].tolist() == pytest.approx(alone.tolist(), abs=1e-4)
        assert found[0, 2] == found[2, 1] == 0
    for packs in (True, False):
        scorer = Scorer(model, is_adapted=False, bf16=False, part=2, packs=packs)
        for row, scores in enumerate(scorer.scores(EXAMPLES)):
            expected = found[row, : len(scores)].tolist()
            assert scores == pytest.approx(expected, abs=1e-4)


@needs_peft
def test_the_reference_reads_neither_prefix_nor_text(tmp_path: Path) -> None:
    from tailorlm.llms._soft_forward import Reading, response_log_probs
    from tailorlm.training._soft_scores import Scorer

    model = _model(tmp_path, "llama", "individual", 3, False)
    for packs in (True, False):
        found = Scorer(model, is_adapted=False, bf16=False, part=2, packs=packs).reference(EXAMPLES)
        for one, scores in zip(EXAMPLES, found, strict=True):
            alone = response_log_probs(model.base, [Reading(one.prompt, a) for a in one.answers])
            assert scores == pytest.approx(alone.tolist(), abs=1e-4)


@needs_peft
def test_a_model_that_does_not_keep_to_the_mask_is_found_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tailorlm.training import _soft_model
    from tailorlm.training._soft_scores import reads_packed

    model = _model(tmp_path, "llama", "individual", 3, False)
    monkeypatch.setattr(_soft_model, "seen", lambda branches: _soft_model_causal(branches))
    assert not reads_packed(model, EXAMPLES[:1])


def _soft_model_causal(branches: Any) -> Any:
    """What a model sees that takes any mask for an ordinary one."""
    import torch

    width = branches.shape[1]
    return torch.ones((len(branches), width, width), dtype=torch.bool).tril()
