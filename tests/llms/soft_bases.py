"""Causal language models of three architectures, a few kilobytes each, with random weights."""

from __future__ import annotations

from typing import Any

ARCHITECTURES = ("gpt2", "llama", "qwen")


def make_base(architecture: str, *, words: int = 60, context: int = 256, seed: int = 0) -> Any:
    """A model of two layers and width 32, in evaluation mode."""
    import torch
    import transformers

    shared: dict[str, Any] = {
        "vocab_size": words,
        "initializer_range": 0.3,
        "bos_token_id": None,
        "eos_token_id": None,
    }
    sizes = shared | {
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "max_position_embeddings": context,
    }
    makers = {
        "gpt2": lambda: transformers.GPT2LMHeadModel(
            transformers.GPT2Config(**shared, n_embd=32, n_layer=2, n_head=4, n_positions=context)
        ),
        "llama": lambda: transformers.LlamaForCausalLM(transformers.LlamaConfig(**sizes)),
        "qwen": lambda: transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**sizes)),
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return makers[architecture]().eval()
