"""The base of a personal model: loaded, with an adapter or all weights to train, and written."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from tailorlm.errors import InputError
from tailorlm.llms._local_load import Loaded, Source, load, parse_source, quiet
from tailorlm.llms._soft_prefixes import MODEL_FOLDER, SoftPromptFacts, base_identity
from tailorlm.training.settings import TrainerSettings

_ADAPTER_WEIGHTS = "adapter_model.safetensors"
_INSIDE = "base."


@dataclass(frozen=True, slots=True)
class SoftBase:
    """A base to train.

    Attributes:
        name: What it was loaded as.
        identity: What tells it from other bases.
        model: The model, with an adapter unless all of it is trained.
        tokenizer: Its tokenizer.
        is_adapted: Whether it has an adapter.
    """

    name: str
    identity: str
    model: Any
    tokenizer: Any
    is_adapted: bool

    @property
    def width(self) -> int:
        """Length of a token's embedding."""
        return int(self.model.get_input_embeddings().weight.shape[1])

    def write(self, folder: Path, weights: dict[str, torch.Tensor]) -> None:
        """Write the adapter, or the model where all of it was trained.

        Args:
            folder: Where to.
            weights: Tensors by their name in a `SoftModel`.
        """
        inside = {
            name.removeprefix(_INSIDE): value
            for name, value in weights.items()
            if name.startswith(_INSIDE)
        }
        if self.is_adapted:
            _write_adapter(self, folder, inside)
        elif inside:
            with quiet():
                self.model.save_pretrained(folder / MODEL_FOLDER, state_dict=inside)
                self.tokenizer.save_pretrained(folder / MODEL_FOLDER)


def load_base(name: str, settings: TrainerSettings, device: Any) -> SoftBase:
    """A base that is ready to train.

    On CUDA an adapter's base is in bfloat16. Where all weights are trained they stay in float32,
    and the arithmetic is done in bfloat16.

    Raises:
        InputError: If the base is an adapter, which is no model by itself.
        LLMError: If it cannot be loaded.
    """
    source = parse_source(name)
    if source.adapter is not None:
        raise InputError(
            f"{name} is an adapter. Train on a whole model: give `tailorlm train sft` --full, and "
            f"name the folder {MODEL_FOLDER!r} that it writes."
        )
    is_on_gpu = torch.device(device).type == "cuda"
    dtype = "bfloat16" if is_on_gpu and not settings.full else "float32"
    loaded = load(Source(source.base), str(device), dtype=dtype)
    identity = base_identity(loaded.model)
    model = loaded.model if settings.full else _adapted(loaded, settings)
    return SoftBase(name, identity, model, loaded.tokenizer, not settings.full)


def frozen_base(facts: SoftPromptFacts, loaded: Loaded, *, is_adapted: bool) -> SoftBase:
    """The base of a trained folder as it was loaded; nothing of it is trained."""
    loaded.model.requires_grad_(False)
    return SoftBase(facts.base, facts.base_identity, loaded.model, loaded.tokenizer, is_adapted)


def _adapted(loaded: Loaded, settings: TrainerSettings) -> Any:
    import peft
    from transformers.pytorch_utils import Conv1D

    # GPT-2 keeps its weights the other way round.
    is_turned = any(isinstance(module, Conv1D) for module in loaded.model.modules())
    config = peft.LoraConfig(
        r=settings.lora_rank,
        lora_alpha=settings.lora_alpha,
        lora_dropout=settings.lora_dropout,
        target_modules="all-linear",
        fan_in_fan_out=is_turned,
        task_type="CAUSAL_LM",
    )
    devices = [loaded.device] if loaded.device.type == "cuda" else []
    with quiet(), torch.random.fork_rng(devices=devices):
        torch.manual_seed(settings.seed)
        return peft.get_peft_model(loaded.model, config)


def _write_adapter(base: SoftBase, folder: Path, weights: dict[str, torch.Tensor]) -> None:
    import peft
    from safetensors.torch import save

    state = peft.get_peft_model_state_dict(
        base.model, state_dict=weights, save_embedding_layers=False
    )
    tensors = {name: value.contiguous() for name, value in state.items()}
    (folder / _ADAPTER_WEIGHTS).write_bytes(save(tensors, metadata={"format": "pt"}))
    config = copy.copy(base.model.peft_config["default"])
    # The library names the folder that a .gguf file lies in, which is no model.
    config.base_model_name_or_path = base.name
    config.inference_mode = True
    config.save_pretrained(str(folder))
