"""A small language model to begin from: a tokenizer made for some texts, and random weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tailorlm.errors import InputError
from tailorlm.llms._local_load import quiet
from tailorlm.training._personal import needs_training_packages

END = "<|end|>"


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallShape:
    """How large a model of the shape of Llama is.

    Attributes:
        vocabulary: Most tokens of its tokenizer, from 300: 256 are single bytes.
        width: Length of an embedding, a multiple of twice `heads`.
        layers: How many.
        heads: Attention heads of a layer.
        inner: Width inside the feed-forward part.
        context: Most tokens that it reads.
    """

    vocabulary: int = 4096
    width: int = 192
    layers: int = 3
    heads: int = 6
    inner: int = 512
    context: int = 512

    def __post_init__(self) -> None:
        if self.vocabulary < 300 or min(self.layers, self.heads, self.inner, self.context) < 1:
            raise InputError(
                "A small model has a vocabulary of at least 300 tokens and sizes from 1, but got "
                f"{self}."
            )
        if self.width < 1 or self.width % (2 * self.heads):
            raise InputError(
                f"The width is a multiple of {2 * self.heads}, twice the heads, but got "
                f"{self.width}."
            )


def write_small_base(
    folder: str | Path, texts: Iterable[str], shape: SmallShape | None = None, *, seed: int = 0
) -> int:
    """Write an untrained model that `tailorlm.training.sft` can train in full.

    Its tokenizer is a byte-level BPE, which can read any text.

    Args:
        folder: Where to; made if it is not there.
        texts: What the tokenizer is made from.
        shape: How large it is; None for the defaults.
        seed: Of its weights.

    Returns:
        Its weights, those of the embedding counted once.

    Raises:
        MissingExtraError: If torch or transformers is not installed.
        InputError: If there are no texts.
    """
    needs_training_packages("A small base")
    import torch
    import transformers

    shape = shape or SmallShape()
    tokenizer = _tokenizer(list(texts), shape)
    config = transformers.LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=shape.width,
        intermediate_size=shape.inner,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        num_key_value_heads=shape.heads,
        max_position_embeddings=shape.context,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
    )
    with torch.random.fork_rng(devices=[]), quiet():
        torch.manual_seed(seed)
        model = transformers.LlamaForCausalLM(config)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    return sum(weight.numel() for weight in model.parameters())


def _tokenizer(texts: list[str], shape: SmallShape) -> Any:
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    if not any(text.strip() for text in texts):
        raise InputError("There are no texts to make a tokenizer from.")
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=shape.vocabulary,
        special_tokens=[END],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return transformers.PreTrainedTokenizerFast(
        tokenizer_object=made, eos_token=END, model_max_length=shape.context
    )
