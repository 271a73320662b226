"""One process, or several that train together under `accelerate launch`.

Alone, nothing of accelerate is used, and every number is that of plain PyTorch.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn


class Processes:
    """The processes of a run, seen from one of them.

    Args:
        device: As torch names it; None takes a CUDA device if there is one. Of several processes,
            each takes its own.

    Attributes:
        count: How many there are.
        rank: Which this one is, from 0.
        device: Where this one computes.
    """

    def __init__(self, device: str | None = None) -> None:
        self._accelerator: Any = None
        if "LOCAL_RANK" in os.environ:
            from accelerate import Accelerator

            self._accelerator = Accelerator(cpu=device == "cpu")
            self.count: int = self._accelerator.num_processes
            self.rank: int = self._accelerator.process_index
            self.device: Any = self._accelerator.device
            return
        self.count, self.rank = 1, 0
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))

    @property
    def is_main(self) -> bool:
        """Whether this one writes files and shows progress."""
        return self.rank == 0

    def wrapped(self, model: nn.Module) -> nn.Module:
        """The model as it is called: distributed or sharded as accelerate is configured."""
        return model if self._accelerator is None else self._accelerator.prepare_model(model)

    def share(self, places: Sequence[int]) -> list[int]:
        """This process' part of a batch; parts differ by one at most."""
        return list(places[self.rank :: self.count])

    def longest_share(self, size: int) -> int:
        """Size of the largest part of a batch."""
        return -(-size // self.count)

    def without_sync(self, model: nn.Module, *, is_last: bool) -> AbstractContextManager[Any]:
        """Where gradients are added up without telling the others, until the last part."""
        if self._accelerator is None or is_last:
            return nullcontext()
        context: AbstractContextManager[Any] = self._accelerator.no_sync(model)
        return context

    def total(self, *values: float) -> list[float]:
        """Sums over all processes."""
        if self._accelerator is None:
            return list(values)
        given = torch.tensor(values, dtype=torch.float64, device=self.device)
        summed: list[float] = self._accelerator.reduce(given, "sum").tolist()
        return summed

    def weights(self, model: nn.Module) -> dict[str, torch.Tensor]:
        """All weights of a model, wherever they lie; sharded ones on the main process alone."""
        if self._accelerator is None:
            state: dict[str, torch.Tensor] = model.state_dict()
            return state
        from torch.distributed.checkpoint.state_dict import get_model_state_dict

        found: dict[str, torch.Tensor] = get_model_state_dict(model, options=_whole())
        return found

    def take_weights(self, model: nn.Module, weights: dict[str, torch.Tensor]) -> None:
        """Give a model some of its weights back, on every process."""
        if self._accelerator is None:
            model.load_state_dict(weights, strict=False)
            return
        from torch.distributed.checkpoint.state_dict import set_model_state_dict

        set_model_state_dict(model, weights, options=_whole())

    def memory(self, model: nn.Module, optimizer: torch.optim.Optimizer) -> dict[str, Any]:
        """What an optimizer remembers."""
        if self._accelerator is None:
            state: dict[str, Any] = optimizer.state_dict()
            return state
        from torch.distributed.checkpoint.state_dict import get_optimizer_state_dict

        found: dict[str, Any] = get_optimizer_state_dict(model, optimizer, options=_whole())
        return found

    def take_memory(
        self, model: nn.Module, optimizer: torch.optim.Optimizer, memory: dict[str, Any]
    ) -> None:
        """Give an optimizer its memory back, on every process."""
        if self._accelerator is None:
            optimizer.load_state_dict(memory)
            return
        from torch.distributed.checkpoint.state_dict import set_optimizer_state_dict

        set_optimizer_state_dict(model, optimizer, memory, options=_whole())

    def clip(self, weights: Sequence[nn.Parameter], longest: float) -> float:
        """Shorten the gradient to `longest`; gives the length that it had."""
        norm = nn.utils.clip_grad_norm_(weights, longest)
        # Of sharded weights, the length is in shards itself.
        return float(norm.full_tensor() if hasattr(norm, "full_tensor") else norm)

    def wait(self) -> None:
        """Wait for the others."""
        if self._accelerator is not None:
            self._accelerator.wait_for_everyone()


def launched() -> int:
    """How many processes this one was launched with."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def _whole() -> Any:
    """State as one process has it alone."""
    from torch.distributed.checkpoint.state_dict import StateDictOptions

    return StateDictOptions(full_state_dict=True, cpu_offload=True, strict=False)
