"""Causal language models of several architectures, a few kilobytes each, with random weights."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.llms.tiny_llm import byte_tokenizer

ARCHITECTURES = ("gpt2", "llama", "qwen")
USERS = ("ana", "ben", "eve")


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
        "mistral": lambda: transformers.MistralForCausalLM(
            transformers.MistralConfig(**sizes, sliding_window=16)
        ),
        "qwen": lambda: transformers.Qwen2ForCausalLM(transformers.Qwen2Config(**sizes)),
    }
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return makers[architecture]().eval()


def write_base(folder: Path, architecture: str, *, seed: int = 0) -> Path:
    """Write such a model with a tokenizer of single bytes, which has no token for filling up."""
    tokenizer = byte_tokenizer()
    model = make_base(architecture, words=len(tokenizer), seed=seed)
    model.generation_config.eos_token_id = 0
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_soft_prompt(
    folder: Path,
    base: Path,
    *,
    kind: str = "individual",
    users: Sequence[str] = USERS,
    user_texts: bool = False,
    seed: int = 0,
) -> Path:
    """Write a folder as training does, with random prefixes of three tokens; returned."""
    import torch
    import transformers

    from tailorlm.llms._soft_prefixes import base_identity
    from tailorlm.training.user_models import make_user_model, write_user_model

    model = make_user_model(kind, users, tokens=3, width=32, clusters=2)
    generator = torch.Generator().manual_seed(seed)
    for weight in model.parameters():
        weight.data = torch.randn(weight.shape, generator=generator)
    identity = base_identity(transformers.AutoModelForCausalLM.from_pretrained(base))
    folder.mkdir(exist_ok=True)
    write_user_model(folder, model, model.facts(str(base), identity, user_texts=user_texts))
    return folder
