"""What a model gives under a prefix is what one row alone gives, whatever the batch is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.llms.soft_bases import ARCHITECTURES, make_base
from tests.llms.tiny_llm import needs_peft, needs_transformers

from tailorlm.errors import InputError
from tailorlm.llms._soft_forward import (
    Reading,
    inputs_of,
    last_hidden,
    response_log_probs,
    response_token_log_probs,
)

pytestmark = needs_transformers

WORDS = 60


@pytest.fixture(scope="module")
def bases() -> dict[str, Any]:
    return {architecture: make_base(architecture) for architecture in ARCHITECTURES}


def prefixes_of(count: int, tokens: int = 3, seed: int = 1) -> Any:
    import torch

    return torch.randn((count, tokens, 32), generator=torch.Generator().manual_seed(seed))


def by_hand(model: Any, reading: Reading, prefix: Any) -> float:
    """One row without a mask, positions or filling."""
    import torch

    embedded = model.get_input_embeddings()(torch.tensor([reading.ids]))
    if prefix is not None:
        embedded = torch.cat([prefix[None], embedded], 1)
    chances = model(inputs_embeds=embedded).logits[0].log_softmax(-1)
    first = embedded.shape[1] - len(reading.response)
    return sum(float(chances[first - 1 + n, token]) for n, token in enumerate(reading.response))


tokens = st.lists(st.integers(0, WORDS - 1), max_size=6).map(tuple)
readings = st.builds(
    Reading,
    st.lists(st.integers(0, WORDS - 1), min_size=1, max_size=7).map(tuple),
    tokens,
    tokens,
)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@given(
    batch=st.lists(readings, min_size=1, max_size=4),
    side=st.sampled_from(["left", "right"]),
    count=st.integers(0, 3),
)
@settings(max_examples=25, deadline=None)
def test_neither_side_nor_company_changes_log_probabilities(
    architecture: str, batch: list[Reading], side: Any, count: int, bases: dict[str, Any]
) -> None:
    import torch

    model = bases[architecture]
    prefixes = prefixes_of(len(batch), count) if count else None
    with torch.inference_mode():
        found = response_log_probs(model, batch, prefixes, side)
        expected = [
            by_hand(model, reading, None if prefixes is None else prefixes[row])
            for row, reading in enumerate(batch)
        ]
    torch.testing.assert_close(
        found, torch.tensor(expected, dtype=torch.float32), atol=2e-4, rtol=1e-4
    )


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_neither_side_nor_company_changes_the_last_state(
    architecture: str, bases: dict[str, Any]
) -> None:
    import torch

    model = bases[architecture]
    batch = [Reading((1, 2, 3), (4,)), Reading((5,), (), (6, 7, 8, 9)), Reading((1, 1), (2, 2, 2))]
    prefixes = prefixes_of(3)
    with torch.inference_mode():
        left, right = (last_hidden(model, batch, prefixes, side) for side in ("left", "right"))
        alone = [
            last_hidden(model, [reading], prefixes[row : row + 1])[0]
            for row, reading in enumerate(batch)
        ]
    torch.testing.assert_close(left, torch.stack(alone), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(right, left, atol=1e-4, rtol=1e-4)
    assert left.shape == (3, 32)


def test_rows_are_prefix_text_prompt_and_response(bases: dict[str, Any]) -> None:
    import torch

    model = bases["llama"]
    prefixes = prefixes_of(2, 2)
    batch = [Reading((5, 6), (7,), (4,)), Reading((5,))]
    table = model.get_input_embeddings().weight
    left = inputs_of(model, batch, prefixes, "left")
    assert left.mask.tolist() == [[1] * 6, [0, 0, 0, 1, 1, 1]]
    assert left.positions.tolist() == [[0, 1, 2, 3, 4, 5], [0, 0, 0, 0, 1, 2]]
    assert torch.equal(left.embeddings[1, 3:5], prefixes[1])
    assert torch.equal(left.embeddings[0], torch.cat([prefixes[0], table[[4, 5, 6, 7]]]))
    right = inputs_of(model, batch, prefixes, "right")
    assert right.mask.tolist() == [[1] * 6, [1, 1, 1, 0, 0, 0]]
    assert torch.equal(right.embeddings[1, :3], torch.cat([prefixes[1], table[[5]]]))
    assert left.lengths == right.lengths == (6, 3)


def test_a_prefix_without_tokens_is_the_base_as_it_is(bases: dict[str, Any]) -> None:
    import torch

    batch = [Reading((1, 2), (3,)), Reading((4,), (5, 6))]
    for model in bases.values():
        found = response_log_probs(model, batch, prefixes_of(2, 0))
        torch.testing.assert_close(found, response_log_probs(model, batch))


def test_each_token_of_a_response_has_its_own_log_probability(bases: dict[str, Any]) -> None:
    import torch

    batch = [Reading((1, 2), (3, 4, 5)), Reading((1, 2), (3,)), Reading((9,), ())]
    each, mask = response_token_log_probs(bases["gpt2"], batch, prefixes_of(3))
    assert mask.sum(-1).tolist() == [3, 1, 0]
    total = response_log_probs(bases["gpt2"], batch, prefixes_of(3))
    torch.testing.assert_close(each.sum(-1), total)
    assert bool((each[~mask] == 0).all())
    assert float(total[2].detach()) == 0


def test_gradients_reach_each_rows_own_prefix(bases: dict[str, Any]) -> None:
    import torch

    model = bases["llama"]
    prefixes = prefixes_of(2, 1).requires_grad_()
    batch = [Reading((1, 2), (3,)), Reading((4,), (5, 6))]
    first = response_log_probs(model, batch, prefixes)[0]
    (gradient,) = torch.autograd.grad(first, prefixes)
    assert bool((gradient[0] != 0).any())
    assert bool((gradient[1] == 0).all())


@needs_peft
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_an_adapter_is_used_and_can_be_left_out() -> None:
    import peft
    import torch

    base = make_base("qwen")
    batch = [Reading((1, 2), (3, 4))]
    plain = response_log_probs(base, batch, prefixes_of(1))
    adapted = peft.get_peft_model(
        base, peft.LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(weight)
    found = response_log_probs(adapted, batch, prefixes_of(1))
    assert not torch.allclose(found, plain)
    with adapted.disable_adapter():
        torch.testing.assert_close(response_log_probs(adapted, batch, prefixes_of(1)), plain)


@pytest.mark.parametrize("batch", [[], [Reading((), (1,))]])
def test_there_has_to_be_something_to_read(batch: list[Reading], bases: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="no prompt to read"):
        response_log_probs(bases["llama"], batch)
