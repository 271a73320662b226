"""A training run for `torch.distributed.run` to start: BASE OUT, then "sharded" and "stop"."""

from __future__ import annotations

import sys
from contextlib import nullcontext, suppress
from typing import Any

from tests.training.personal_models import QUICK, StoppedError, disagreeing

from tailorlm.training import _processes, _soft_trainee
from tailorlm.training.pdpo import train_pdpo
from tailorlm.training.settings import PdpoSettings


def sharded(processes: Any, model: Any) -> Any:
    """The model in shards, as accelerate makes them of a configuration for GPUs."""
    from torch.distributed.fsdp import fully_shard

    for layer in model.base.get_decoder().layers:
        fully_shard(layer)
    return fully_shard(model)


step = _soft_trainee.SoftTrainee.step


def stopping(trainee: Any, places: Any, number: int) -> Any:
    """A step, unless it is the fifth: every process stops there."""
    if number == 5:
        raise StoppedError
    return step(trainee, places, number)


def main(base: str, out: str, *flags: str) -> None:
    settings = PdpoSettings(
        **QUICK | {"checkpoint_every": 2, "lora_dropout": 0.0, "micro_batch": 1, "full": True}
    )
    if "sharded" in flags:
        _processes.Processes.wrapped = sharded  # type: ignore[method-assign]
        _processes.Processes.without_sync = _always_sync  # type: ignore[method-assign]
    if "stop" in flags:
        _soft_trainee.SoftTrainee.step = stopping  # type: ignore[method-assign]
    with suppress(StoppedError):
        train_pdpo(disagreeing(6), base, out, settings, device="cpu")


def _always_sync(processes: Any, model: Any, *, is_last: bool) -> Any:
    model.set_requires_gradient_sync(is_last)
    return nullcontext()


if __name__ == "__main__":
    main(*sys.argv[1:])
