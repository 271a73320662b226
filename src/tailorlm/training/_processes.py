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
        if int(os.environ.get("WORLD_SIZE", "1")) > 1:
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

    def gathered(self, model: nn.Module) -> dict[str, torch.Tensor]:
        """All weights of a model, wherever they lie."""
        if self._accelerator is None:
            state: dict[str, torch.Tensor] = model.state_dict()
            return state
        state = self._accelerator.get_state_dict(model)
        return {name.removeprefix("module."): value for name, value in state.items()}

    def clip(self, model: nn.Module, weights: Sequence[nn.Parameter], longest: float) -> Any:
        """Shorten the gradient to `longest`; gives the length that it had."""
        if self._accelerator is None:
            return nn.utils.clip_grad_norm_(weights, longest)
        return self._accelerator.clip_grad_norm_(model.parameters(), longest)

    def wait(self) -> None:
        """Wait for the others."""
        if self._accelerator is not None:
            self._accelerator.wait_for_everyone()
