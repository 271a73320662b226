"""Two training runs side by side: what each began with, came to, and its curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tailorlm.errors import InputError
from tailorlm.training.curve import draw, smoothed
from tailorlm.training.log import TrainingLog

NOTE = (
    "Losses are nats per target token. Targets of different kinds differ in length and in how "
    "predictable they are, so a lower loss is not more learned: compare how far each falls."
)

_SMOOTH = 5
"""Steps that each point of a curve is the mean of."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Runs to compare; prints as a table and a curve.

    Attributes:
        names: What each run is called.
        logs: The runs, in the same order.
        differences: What besides the targets was not the same, in words.
    """

    names: tuple[str, ...]
    logs: tuple[TrainingLog, ...]
    differences: tuple[str, ...]

    def rows(self) -> list[dict[str, Any]]:
        """One row per run, with its figures and its curve."""
        return [
            _figures(name, log) | {"curve": [list(point) for point in smoothed(_points(log), 1)]}
            for name, log in zip(self.names, self.logs, strict=True)
        ]

    def curve(self) -> str:
        """The training losses over the steps, smoothed, as lines of text."""
        series = {
            name: smoothed(_points(log), _SMOOTH)
            for name, log in zip(self.names, self.logs, strict=True)
        }
        return draw(series, x_label="step", y_label="nats per target token")

    def __rich__(self) -> RenderableType:
        table = Table(box=None, pad_edge=False)
        table.add_column("")
        for name in self.names:
            table.add_column(Text(name), justify="right")
        figures = [_figures(name, log) for name, log in zip(self.names, self.logs, strict=True)]
        for key, label in _LABELS.items():
            table.add_row(label, *(_shown(figure[key]) for figure in figures))
        notes = [Text(f"Not the same: {text}.", style="yellow") for text in self.differences]
        return Group(table, Text(""), Text(self.curve()), Text(""), Text(NOTE), *notes)


def compare_logs(logs: Sequence[TrainingLog], names: Sequence[str] = ()) -> Comparison:
    """Put runs side by side.

    Args:
        logs: At least two runs that took steps.
        names: What they are called; by default after their tasks.

    Raises:
        InputError: If there are fewer than two, or one took no step.
    """
    if len(logs) < 2:
        raise InputError("There is nothing to compare: give two training logs or more.")
    if any(not log.epochs for log in logs):
        raise InputError("A training log without steps has nothing to compare.")
    called = list(names) or [log.task for log in logs]
    if len(set(called)) < len(called):
        called = [f"{name} ({place})" for place, name in enumerate(called, start=1)]
    return Comparison(tuple(called), tuple(logs), tuple(_differences(logs)))


_LABELS = {
    "pairs": "pairs learned from",
    "steps": "steps",
    "tokens_per_pair": "target tokens per pair",
    "first_epoch": "training loss, first epoch",
    "last_epoch": "training loss, last epoch",
    "fall": "fall of the training loss",
    "held_out_before": "held out, before training",
    "held_out_best": "held out, best",
    "held_out_fall": "fall on what was held out",
    "nats_per_pair": "nats per target, last epoch",
    "stopped": "ended",
}


def _figures(name: str, log: TrainingLog) -> dict[str, Any]:
    """The numbers of a run; a fall is a share of where it began."""
    epochs = log.epochs
    first, last = log.epoch_loss(epochs[0]), log.epoch_loss(epochs[-1])
    checks = [check.loss for check in log.checks]
    length = log.target_tokens / log.pairs
    return {
        "name": name,
        "pairs": log.pairs,
        "steps": len(log.steps),
        "tokens_per_pair": length,
        "first_epoch": first,
        "last_epoch": last,
        "fall": 1 - last / first,
        "held_out_before": checks[0] if checks else None,
        "held_out_best": min(checks) if checks else None,
        "held_out_fall": 1 - min(checks) / checks[0] if checks else None,
        "nats_per_pair": last * length,
        "stopped": log.stopped,
    }


def _points(log: TrainingLog) -> list[tuple[float, float]]:
    return [(step.step, step.loss) for step in log.steps]


def _shown(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _differences(logs: Sequence[TrainingLog]) -> list[str]:
    """What makes the runs' curves hard to compare."""
    found = [
        f"{name} ({', '.join(str(value) for value in values)})"
        for name in logs[0].settings
        if len(set(values := [log.settings.get(name) for log in logs])) > 1
    ]
    if len({log.base for log in logs}) > 1:
        found.append("the base model")
    if len({log.pairs for log in logs}) > 1:
        found.append("the number of pairs")
    return found
