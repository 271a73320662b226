"""What a training run did, step by step, as a file beside the adapter."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from tailorlm.datasets.base import read_json
from tailorlm.errors import InputError

LOG_FILE = "training_log.json"

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Step:
    """One update of what is trained.

    Attributes:
        step: Its number, from 1.
        epoch: The pass over the pairs that it belongs to, from 1.
        loss: What training makes small, before the update: of texts the mean negative log
            likelihood per target token, in nats; of preferences the mean loss per comparison.
        tokens: Target tokens that it learned from.
        read: All tokens that it read, prompts included.
        seconds: How long it took.
        accuracy: Of preferences: share of the pairs whose better answer was scored higher.
    """

    step: int
    epoch: int
    loss: float
    tokens: int
    read: int
    seconds: float
    accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """The loss on pairs that were held out, in the unit of a step's, after a step (0: before).

    Attributes:
        step: The step.
        loss: The loss.
        accuracy: As a step's.
    """

    step: int
    loss: float
    accuracy: float | None = None


@dataclass(slots=True)
class TrainingLog:
    """A run from its beginning to its end.

    Attributes:
        task: What was learned: "rules", "text" or "pairs" of one's own by an agent; else the
            trainer's name.
        base: The model that was adapted.
        settings: The hyper-parameters.
        pairs: Pairs learned from.
        held_out: Pairs held out.
        target_tokens: Target tokens of all pairs learned from, once.
        cut: Pairs whose target was cut to fit.
        left_out: Pairs left out because their input alone is too long.
        parameters: Weights that were trained.
        device: Where it ran.
        counts: Of preferences: what was left out or cut, by reason.
        steps: The updates, in order.
        checks: The losses on what was held out, in order.
        best_step: The step whose adapter was kept.
        stopped: "" while it runs; then "finished", "early" (no better on what was held out) or
            "diverged" (a loss that is no number).
    """

    task: str
    base: str
    settings: Mapping[str, Any]
    pairs: int
    held_out: int
    target_tokens: int
    cut: int
    left_out: int
    parameters: int
    device: str
    steps: list[Step] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    best_step: int = 0
    stopped: str = ""
    counts: Mapping[str, int] = field(default_factory=dict)

    def epoch_loss(self, epoch: int) -> float:
        """Mean loss per target token over an epoch, its steps weighed by their tokens.

        A step whose loss is no number does not count.

        Raises:
            InputError: If no step with a loss belongs to the epoch.
        """
        steps = [step for step in self.steps if step.epoch == epoch and math.isfinite(step.loss)]
        tokens = sum(step.tokens for step in steps)
        if not tokens:
            raise InputError(f"The log has no steps of epoch {epoch}.")
        return sum(step.loss * step.tokens for step in steps) / tokens

    @property
    def epochs(self) -> list[int]:
        """The epochs that have steps with a loss, in order."""
        return sorted({step.epoch for step in self.steps if math.isfinite(step.loss)})

    def as_json(self) -> str:
        """The log as JSON; losses that are no numbers are null."""
        row = {"format": _FORMAT, **asdict(self)}
        row["steps"] = [
            asdict(step) | {"loss": step.loss if math.isfinite(step.loss) else None}
            for step in self.steps
        ]
        return json.dumps(row, indent=1, allow_nan=False) + "\n"


def from_json(row: Any, name: str) -> TrainingLog:
    """A log from its JSON value.

    Args:
        row: The value.
        name: What it is called in messages.

    Raises:
        InputError: If it is no training log, or one of a newer format.
    """
    if not isinstance(row, dict) or "format" not in row:
        raise InputError(f"{name} is no training log.")
    if row["format"] != _FORMAT:
        raise InputError(f"{name} is a training log of a newer tailorlm. Update tailorlm.")
    try:
        values = {key: value for key, value in row.items() if key != "format"}
        values["steps"] = [
            Step(**step | {"loss": float("nan") if step["loss"] is None else step["loss"]})
            for step in row["steps"]
        ]
        values["checks"] = [Check(**check) for check in row["checks"]]
        return TrainingLog(**values)
    except (KeyError, TypeError) as error:
        raise InputError(f"{name} is a damaged training log: {error}.") from None


def read_log(path: str | Path) -> TrainingLog:
    """The log of a file, or of the folder that training wrote.

    Raises:
        InputError: If there is none, or it cannot be read.
    """
    path = Path(path)
    if path.is_dir():
        path = path / LOG_FILE
    return from_json(read_json(path), str(path))
