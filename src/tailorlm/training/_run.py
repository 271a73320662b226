"""One training run, whatever is trained: its steps, checks and checkpoints, and how it ends.

A run that was interrupted goes on from its last checkpoint and gives what it would have given: the
order of examples comes from seed and epoch, and what dropout drops from seed and step.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol

from tailorlm.errors import InputError, TrainingError
from tailorlm.hub import first_line
from tailorlm.training.batches import epoch_order, steps_per_epoch
from tailorlm.training.log import LOG_FILE, Check, Step, TrainingLog, from_json

CHECKPOINT_FILE = "checkpoint.pt"

OnStep = Callable[[Step, int], None]
"""Told each step, and how many there will be at most."""


@dataclass(frozen=True, slots=True)
class Progress:
    """What a step came to.

    Attributes:
        loss: Before the update; no number where there was no update.
        tokens: Tokens that it learned from.
        read: All tokens that it read.
        accuracy: Share of the pairs whose better answer was scored higher, or None.
    """

    loss: float
    tokens: int
    read: int
    accuracy: float | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """How a run goes through its examples.

    Attributes:
        examples: How many there are to learn from.
        batch_size: Examples per step.
        epochs: Passes over them.
        patience: Checks without a better loss after which the run stops.
        checkpoint_every: Steps between two checkpoints.
        check_every: Steps between two checks; None for one after each epoch.
        seed: Of the order.
    """

    examples: int
    batch_size: int
    epochs: int
    patience: int
    checkpoint_every: int
    check_every: int | None
    seed: int

    @property
    def per_epoch(self) -> int:
        """Steps of one pass."""
        return steps_per_epoch(self.examples, self.batch_size)

    @property
    def total(self) -> int:
        """Steps of all passes."""
        return self.per_epoch * self.epochs

    def epoch(self, number: int) -> int:
        """The pass, from 1, that a step, from 1, belongs to."""
        return (number - 1) // self.per_epoch + 1

    def batch(self, number: int) -> list[int]:
        """Positions of the examples of a step, from 1."""
        order = epoch_order(self.examples, self.seed, self.epoch(number))
        start = (number - 1) % self.per_epoch * self.batch_size
        return order[start : start + self.batch_size]

    def ends_epoch(self, number: int) -> bool:
        """Whether a step is the last of its pass."""
        return number % self.per_epoch == 0

    def is_checked(self, number: int) -> bool:
        """Whether what was held out is looked at after a step."""
        if self.check_every is None:
            return self.ends_epoch(number)
        return number % self.check_every == 0 or number == self.total


class Trainee(Protocol):
    """What a run trains."""

    is_main: bool
    """Whether this process writes; of several that train together, one does."""

    def step(self, places: Sequence[int], number: int) -> Progress:
        """Learn from the examples at these positions."""
        ...

    def check(self) -> Check | None:
        """The loss on what was held out, or None where nothing was; the step is filled in later."""
        ...

    def is_sound(self, places: Sequence[int]) -> bool:
        """Whether the loss on these examples is a number as things are now."""
        ...

    def weights(self) -> dict[str, Any]:
        """A copy of what is trained."""
        ...

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds besides what the run knows itself; "weights" is part of it."""
        ...

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up the state of a checkpoint."""
        ...

    def write(self, folder: Path, weights: dict[str, Any]) -> None:
        """Write weights in the form in which they are used."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run is kept.

    Attributes:
        out: The folder.
        marker: The file that tells a finished run.
        what: What is trained, in messages: "adapter", "model".
        data: What it is trained on, in messages: "pairs", "preferences".
    """

    out: Path
    marker: str
    what: str = "adapter"
    data: str = "pairs"

    @property
    def checkpoint(self) -> Checkpoint:
        """How far a run is that is not finished."""
        return Checkpoint(self.out / CHECKPOINT_FILE)

    def claim(self, identity: str, *, replace_old: bool) -> dict[str, Any] | None:
        """Look at the folder before anything is loaded; gives an interrupted run's state, or None.

        Args:
            identity: What the run depends on, of `identity_of`.
            replace_old: Whether what the folder holds of another run is replaced.

        Raises:
            InputError: If the folder holds a finished run, or another one.
        """
        saved = None if replace_old else self.checkpoint.read()
        if not replace_old and (self.out / self.marker).exists():
            article = "an" if self.what[0] in "aeiou" else "a"
            raise InputError(
                f"{self.out} holds {article} {self.what} already. Use --force, or another --out."
            )
        if saved is not None and saved["identity"] != identity:
            raise InputError(
                f"{self.out} holds an interrupted run with other {self.data} or settings. Give the "
                "same to go on with it, or use --force to begin anew."
            )
        return saved


class Run:
    """One run: how far it is, and where it is kept.

    Args:
        trainee: What is trained.
        place: Where to.
        course: How it goes through the examples.
        log: What has been done so far.
        identity: What the run depends on.
        hint: What to do about a loss that is no number.
        saved: The state of a checkpoint to go on from, or None.
    """

    def __init__(
        self,
        trainee: Trainee,
        place: Place,
        course: Course,
        log: TrainingLog,
        *,
        identity: str,
        hint: str,
        saved: dict[str, Any] | None,
    ) -> None:
        self._trainee = trainee
        self._place = place
        self._course = course
        self._identity = identity
        self._hint = hint
        self._checkpoint = place.checkpoint
        self.log = log
        if trainee.is_main:
            place.out.mkdir(parents=True, exist_ok=True)
        if saved is None:
            if trainee.is_main:
                self._checkpoint.remove()
            self._best = trainee.weights()
        else:
            self.log = from_json(json.loads(saved["log"]), str(self._checkpoint.path))
            self._best = saved["best"]
            trainee.restore(saved)

    def train(
        self, on_step: OnStep | None = None, on_check: Callable[[int], None] | None = None
    ) -> TrainingLog:
        """Take the steps that are left, and write what came of it.

        Raises:
            TrainingError: If a loss is no number; the last good checkpoint is written before.
        """
        total = self._course.total
        if not self.log.steps:
            self._check(0, on_check)
        while len(self.log.steps) < total and not self._is_stuck():
            number = len(self.log.steps) + 1
            places = self._course.batch(number)
            step = self._step(number, places)
            if on_step is not None and self._trainee.is_main:
                on_step(step, total)
            if self._course.is_checked(number):
                self._check(number, on_check)
            is_due = number % self._course.checkpoint_every == 0
            if is_due or self._course.ends_epoch(number):
                self._keep(places)
        self.log.stopped = "early" if len(self.log.steps) < total else "finished"
        self._write(self._best)
        return self.log

    def _step(self, number: int, places: Sequence[int]) -> Step:
        begun = time.perf_counter()
        progress = self._trainee.step(places, number)
        step = Step(
            step=number,
            epoch=self._course.epoch(number),
            loss=progress.loss,
            tokens=progress.tokens,
            read=progress.read,
            seconds=round(time.perf_counter() - begun, 4),
            accuracy=progress.accuracy,
        )
        self.log.steps.append(step)
        if not math.isfinite(progress.loss):
            self._diverge(number)
        return step

    def _check(self, number: int, on_check: Callable[[int], None] | None) -> None:
        """Measure the loss on what was held out; the best so far is what will be written."""
        check = self._trainee.check()
        if on_check is not None:
            on_check(number)
        if check is not None:
            if not math.isfinite(check.loss):
                self._diverge(number)
            self.log.checks.append(Check(number, check.loss, check.accuracy))
            if check.loss > min(check.loss for check in self.log.checks):
                return
        self._best = self._trainee.weights()
        self.log.best_step = number

    def _is_stuck(self) -> bool:
        """Whether what was held out has got no better for `patience` checks."""
        losses = [check.loss for check in self.log.checks]
        if not losses:
            return False
        return len(losses) - 1 - losses.index(min(losses)) >= self._course.patience

    def _keep(self, places: Sequence[int]) -> None:
        """Keep how far the run is, if the model still makes sense of its latest batch."""
        if not self._trainee.is_sound(places):
            self._diverge(len(self.log.steps))
        state = self._trainee.state()
        if self._trainee.is_main:
            self._checkpoint.write(
                {
                    "identity": self._identity,
                    "log": self.log.as_json(),
                    "best": self._best,
                    **state,
                }
            )

    def _diverge(self, number: int) -> NoReturn:
        """Write the last good checkpoint and say so."""
        saved = self._checkpoint.read()
        self.log.stopped = "diverged"
        if saved is None:
            raise TrainingError(
                f"The loss is no number at step {number}, before a checkpoint was kept. "
                f"{self._hint} and begin anew."
            )
        kept = from_json(json.loads(saved["log"]), str(self._checkpoint.path))
        self.log.best_step = len(kept.steps)
        self._write(saved["weights"])
        raise TrainingError(
            f"The loss is no number at step {number}. The {self._place.what} of step "
            f"{len(kept.steps)} is kept in {self._place.out}. {self._hint}."
        )

    def _write(self, weights: dict[str, Any]) -> None:
        if not self._trainee.is_main:
            return
        (self._place.out / LOG_FILE).write_text(self.log.as_json(), "utf-8")
        self._trainee.write(self._place.out, weights)
        self._checkpoint.remove()


class Checkpoint:
    """One file that holds how far a run is, replaced as a whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> dict[str, Any] | None:
        """What was kept last, or None.

        Raises:
            InputError: If the file is damaged.
        """
        import torch

        if not self.path.exists():
            return None
        try:
            saved: dict[str, Any] = torch.load(self.path, map_location="cpu", weights_only=True)
        # A damaged file makes torch raise almost anything.
        except Exception as error:
            raise InputError(
                f"The checkpoint {self.path} cannot be read: {first_line(error)}. Use --force to "
                "begin anew."
            ) from error
        return saved

    def write(self, state: dict[str, Any]) -> None:
        """Keep a state in place of the one before."""
        import torch

        part = self.path.with_suffix(".part")
        torch.save(state, part)
        part.replace(self.path)

    def remove(self) -> None:
        """Forget what was kept."""
        self.path.unlink(missing_ok=True)


def identity_of(*described: Any) -> str:
    """A digest of what a run depends on: JSON values that say all of it."""
    text = json.dumps(described, sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def where_is(base: str) -> str:
    """A base by a name that does not depend on the working directory."""
    path = Path(base).expanduser()
    return str(path.resolve()) if path.exists() else base.strip()
