"""The part of training agents that needs torch: a model with a LoRA adapter.

What needs an extra is imported when it is used, so that this module can be imported without.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailorlm.errors import InputError, MissingExtraError, TrainingError
from tailorlm.hub import first_line
from tailorlm.llms._local_load import Source, load, quiet
from tailorlm.llms._local_prompt import PLAIN_STOP, token_ids
from tailorlm.training.batches import Example, collate
from tailorlm.training.pairs import Pair
from tailorlm.types import Message

if TYPE_CHECKING:
    from tailorlm.training.agent import AgentSettings

_WEIGHTS_FILE = "adapter_model.safetensors"


class Adapter:
    """A frozen model with a LoRA adapter on all its linear layers, and an optimizer for it.

    Args:
        base: The model, as `tailorlm.llms.local.Local` takes it, without an adapter.
        settings: How to train.
        device: As torch names it; None takes a CUDA device if there is one.

    Attributes:
        device: Where the model is.
        alpha: Scale of the update.
        parameters: Weights that are trained.
    """

    def __init__(self, base: str, settings: AgentSettings, device: str | None = None) -> None:
        import peft
        import torch

        self._base = base
        self._settings = settings
        self.alpha = settings.rank if settings.alpha is None else settings.alpha
        place = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        if place.type == "cuda":
            _limit_memory(place, settings.memory_gb)
        quantization = _quantization(settings.quantize, place)
        dtype = None if place.type == "cpu" else "bfloat16"
        loaded = load(Source(base), str(place), quantization, dtype)
        self.device = loaded.device
        self._tokenizer = loaded.tokenizer
        self._end = loaded.tokenizer.eos_token_id
        config = peft.LoraConfig(
            r=settings.rank,
            lora_alpha=self.alpha,
            lora_dropout=settings.dropout,
            target_modules="all-linear",
            task_type="CAUSAL_LM",
        )
        model = loaded.model
        with quiet(), torch.random.fork_rng(devices=_cuda(self.device)):
            torch.manual_seed(settings.seed)
            if quantization is not None:
                model = peft.prepare_model_for_kbit_training(model)
            elif self.device.type == "cuda":
                # Activations are computed again going back, which halves the speed at most.
                model.gradient_checkpointing_enable()
                model.enable_input_require_grads()
            self._model = peft.get_peft_model(model, config)
        self._trained = [weight for weight in self._model.parameters() if weight.requires_grad]
        self.parameters = sum(weight.numel() for weight in self._trained)
        self._optimizer = torch.optim.AdamW(
            self._trained, lr=settings.learning_rate, weight_decay=0.0
        )

    def tokens(self, pair: Pair) -> tuple[list[int], list[int]]:
        """A pair's prompt, as the model is asked when it is used, and its target with an end."""
        prompt = token_ids(self._tokenizer, [Message("user", pair.input)])
        text = pair.target.encode("utf-8", "replace").decode()
        target = self._tokenizer(text, add_special_tokens=False)["input_ids"]
        ends = [self._end]
        if self._end is None:
            ends = self._tokenizer(PLAIN_STOP, add_special_tokens=False)["input_ids"]
        return prompt, [*target, *ends]

    def step(self, batch: Sequence[Example], seed: int, number: int) -> float:
        """Update the adapter on a batch.

        Args:
            batch: What to learn from.
            seed: The run's.
            number: The step's number: seed and number alone decide what dropout drops.

        Returns:
            The loss per target token before the update; where it or the gradient is no number,
            there is no update and what is returned is no number either.
        """
        import torch

        total = sum(example.targets for example in batch)
        summed = 0.0
        self._model.train()
        self._optimizer.zero_grad(set_to_none=True)
        with torch.random.fork_rng(devices=_cuda(self.device)):
            torch.manual_seed(seed * 1_000_003 + number)
            for part in self._parts(batch):
                loss, targets = self._forward(part)
                (loss * (targets / total)).backward()
                summed += float(loss.detach()) * targets
        norm = torch.nn.utils.clip_grad_norm_(self._trained, self._settings.max_norm)
        mean = summed / total
        if not (math.isfinite(mean) and bool(torch.isfinite(norm))):
            return float("nan")
        self._optimizer.step()
        return mean

    def loss(self, examples: Sequence[Example]) -> float:
        """Mean loss per target token, without dropout and without learning."""
        import torch

        self._model.eval()
        summed = 0.0
        with torch.inference_mode():
            for part in self._parts(examples):
                loss, targets = self._forward(part)
                summed += float(loss) * targets
        return summed / sum(example.targets for example in examples)

    def weights(self) -> dict[str, Any]:
        """A copy of the adapter's weights."""
        import peft

        state = peft.get_peft_model_state_dict(self._model, save_embedding_layers=False)
        return {name: weight.detach().cpu().clone() for name, weight in state.items()}

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds of the model: the weights and the optimizer's memory."""
        return {"weights": self.weights(), "optimizer": self._optimizer.state_dict()}

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up the state of a checkpoint."""
        import peft

        with quiet():
            peft.set_peft_model_state_dict(self._model, saved["weights"])
        self._optimizer.load_state_dict(saved["optimizer"])

    def write(self, folder: Path, weights: dict[str, Any]) -> None:
        """Write weights as an adapter's folder, which names its base."""
        from safetensors.torch import save

        (folder / _WEIGHTS_FILE).write_bytes(save(weights, metadata={"format": "pt"}))
        config = copy.copy(self._model.peft_config["default"])
        # The library names the folder that a .gguf file lies in, which is no model.
        config.base_model_name_or_path = self._base
        config.inference_mode = True
        config.save_pretrained(str(folder))

    def _parts(self, examples: Sequence[Example]) -> list[list[Example]]:
        size = self._settings.micro_batch
        return [list(examples[at : at + size]) for at in range(0, len(examples), size)]

    def _forward(self, part: Sequence[Example]) -> tuple[Any, int]:
        """Mean loss over the targets of a few examples, and how many targets there are."""
        import torch

        batch = collate(part, fill=self._end or 0)
        arrays = {"input_ids": batch.ids, "attention_mask": batch.mask, "labels": batch.labels}
        inputs = {name: torch.from_numpy(array).to(self.device) for name, array in arrays.items()}
        try:
            return self._model(**inputs).loss, batch.targets
        except torch.cuda.OutOfMemoryError as error:
            raise TrainingError(
                f"The device's memory is used up: {first_line(error)}. Lower --max-tokens, or "
                f"raise --memory-gb (now {self._settings.memory_gb:g})."
            ) from error


def _quantization(wanted: bool | None, place: Any) -> Any:
    """The 4-bit form of QLoRA, or None for weights as they are."""
    import torch
    import transformers

    is_possible = place.type == "cuda" and find_spec("bitsandbytes") is not None
    if wanted and place.type != "cuda":
        raise InputError("4-bit weights need a CUDA device. Leave --quantize out.")
    if wanted and not is_possible:
        raise MissingExtraError("Training with 4-bit weights", "qlora")
    if not (is_possible if wanted is None else wanted):
        return None
    return transformers.BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
    )


def _limit_memory(place: Any, gigabytes: float) -> None:
    import torch

    total = torch.cuda.get_device_properties(place).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, gigabytes * 2**30 / total), place)


def _cuda(device: Any) -> list[Any]:
    """The devices besides the CPU whose random state has to come back as it was."""
    return [device] if device.type == "cuda" else []
