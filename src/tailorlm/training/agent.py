"""Train a preference agent: a small model that learns, from pairs, which rules a user follows.

The paper is "Unsupervised Human Preference Learning" (Shashidhar et al., 2024), section 3.4 and
appendix D.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from tailorlm.errors import InputError, TrainingError
from tailorlm.llms._local_load import ADAPTER_FILE, check_installed
from tailorlm.training.batches import (
    Example,
    epoch_order,
    fit_example,
    hold_out,
    steps_per_epoch,
)
from tailorlm.training.log import LOG_FILE, Check, Step, TrainingLog, from_json
from tailorlm.training.pairs import Pair

OnStep = Callable[[Step, int], None]
"""Told each step, and how many there will be at most."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSettings:
    """How an agent is trained.

    The paper fixes three things: quantized LoRA, an alpha equal to the rank (appendix D, "1:1"),
    and a fit in 16 GB of memory. It gives no rank, rate, batch or number of epochs; where it is
    silent, the defaults are those of the QLoRA paper that it builds on (Dettmers et al., 2023) or,
    marked "ours", chosen for tens to hundreds of pairs.

    Attributes:
        rank: Rank of the LoRA matrices, from 1; ours. The paper found more to be better.
        alpha: Scale of the update; None is the rank, as in the paper.
        dropout: Share of the adapter's inputs dropped, [0, 1); 0.1 in QLoRA up to 13B.
        learning_rate: Of AdamW, constant; 2e-4 in QLoRA up to 13B.
        max_norm: Longest gradient; 0.3 in QLoRA.
        epochs: Passes over the pairs, from 1; ours.
        batch_size: Pairs per step, from 1; ours (16 in QLoRA, for hundreds of thousands).
        micro_batch: Pairs in memory at once, from 1; ours.
        max_tokens: Longest pair; longer targets are cut; ours.
        held_out: Share of pairs held out to choose the best step, [0, 1); ours.
        patience: Epochs without a better loss on them after which training stops; ours.
        checkpoint_every: Steps between two checkpoints, from 1; ours.
        quantize: 4-bit weights (NF4, double quantization); None where CUDA and bitsandbytes are.
        memory_gb: Most memory of a CUDA device; 16 in the paper.
        seed: Of the order, the dropout and what is held out.
    """

    rank: int = 16
    alpha: int | None = None
    dropout: float = 0.1
    learning_rate: float = 2e-4
    max_norm: float = 0.3
    epochs: int = 3
    batch_size: int = 4
    micro_batch: int = 1
    max_tokens: int = 1024
    held_out: float = 0.1
    patience: int = 2
    checkpoint_every: int = 50
    quantize: bool | None = None
    memory_gb: float = 16.0
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("rank", "epochs", "batch_size", "micro_batch", "patience", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} is a whole number from 1, but got {getattr(self, name)}.")
        if self.max_tokens < 2:
            raise InputError(f"max_tokens is at least 2, but got {self.max_tokens}.")
        if not (0 <= self.dropout < 1 and 0 <= self.held_out < 1):
            raise InputError(
                "dropout and held_out are shares from 0 to below 1, but got "
                f"{self.dropout} and {self.held_out}."
            )
        for name in ("learning_rate", "max_norm", "memory_gb"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise InputError(f"{name} is a number above 0, but got {value}.")


def train_agent(
    pairs: Sequence[Pair],
    base: str,
    out: str | Path,
    settings: AgentSettings | None = None,
    *,
    task: str = "pairs",
    device: str | None = None,
    replace_old: bool = False,
    on_step: OnStep | None = None,
) -> TrainingLog:
    """Train a LoRA adapter on pairs, and write it with its log.

    A run that was interrupted goes on from its last checkpoint when it is started again with the
    same pairs, base and settings, and gives what it would have given.

    Args:
        pairs: What to learn, at least one.
        base: A folder, a .gguf file or a hub name of a causal language model.
        out: Folder for the adapter, which `local/FOLDER` then serves, and `training_log.json`.
        settings: How to train; None for the defaults.
        task: What is learned, for the log.
        device: As torch names it; None takes a CUDA device if there is one.
        replace_old: Whether what `out` holds of another run is replaced.
        on_step: Told each step.

    Raises:
        InputError: If no pair fits, or `out` holds a finished run or one of other pairs.
        MissingExtraError: If torch, transformers or peft is not installed.
        LLMError: If the base cannot be loaded.
        TrainingError: If the loss is no number; the adapter of the last good checkpoint is written
            before.
    """
    settings = settings or AgentSettings()
    if not pairs:
        raise InputError("There are no pairs to learn from.")
    check_installed("Training an agent", "train", "torch", "transformers", "peft", "accelerate")
    run = _Run(pairs, base, Path(out), settings, task)
    run.begin(device, replace_old=replace_old)
    return run.train(on_step)


class _Run:
    """One run: what it learns, how far it is, and where it is kept."""

    def __init__(
        self, pairs: Sequence[Pair], base: str, out: Path, settings: AgentSettings, task: str
    ) -> None:
        path = Path(base).expanduser()
        self.pairs = pairs
        self.base = str(path.resolve()) if path.exists() else base.strip()
        self.out = out
        self.settings = settings
        self.task = task
        self.cut = 0
        described = [asdict(settings), self.base, task, [asdict(pair) for pair in pairs]]
        text = json.dumps(described, sort_keys=True)
        self.identity = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    def begin(self, device: str | None, *, replace_old: bool) -> None:
        """Look at the folder, load the model, and take up an interrupted run."""
        from tailorlm.training._lora import Adapter, Checkpoint

        self.checkpoint = Checkpoint(self.out / "checkpoint.pt")
        if replace_old:
            self.checkpoint.remove()
        elif (self.out / ADAPTER_FILE).exists():
            raise InputError(f"{self.out} holds an adapter already. Use --force, or another --out.")
        saved = self.checkpoint.read()
        if saved is not None and saved["identity"] != self.identity:
            raise InputError(
                f"{self.out} holds an interrupted run with other pairs or settings. Give the same "
                "to go on with it, or use --force to begin anew."
            )
        self.out.mkdir(parents=True, exist_ok=True)
        self.adapter = Adapter(self.base, self.settings, device)
        kept = self._examples()
        learned, held = hold_out(len(kept), self.settings.held_out, self.settings.seed)
        self.examples = [kept[place] for place in learned]
        self.held = [kept[place] for place in held]
        if saved is None:
            self.log = self._new_log(kept)
            self.best = self.adapter.weights()
        else:
            self.log = from_json(json.loads(saved["log"]), str(self.checkpoint.path))
            self.best = saved["best"]
            self.adapter.restore(saved)

    def train(self, on_step: OnStep | None) -> TrainingLog:
        """Take the steps that are left, and write what came of it."""
        per_epoch = steps_per_epoch(len(self.examples), self.settings.batch_size)
        total = per_epoch * self.settings.epochs
        if not self.log.steps:
            self._check(0)
        while len(self.log.steps) < total and not self._is_stuck():
            number = len(self.log.steps) + 1
            epoch = (number - 1) // per_epoch + 1
            begun = time.perf_counter()
            batch = self._batch(epoch, (number - 1) % per_epoch)
            loss = self.adapter.step(batch, self.settings.seed, number)
            step = Step(
                step=number,
                epoch=epoch,
                loss=loss,
                tokens=sum(example.targets for example in batch),
                read=sum(len(example.ids) for example in batch),
                seconds=round(time.perf_counter() - begun, 4),
            )
            self.log.steps.append(step)
            if not math.isfinite(loss):
                self._diverge(number)
            if on_step is not None:
                on_step(step, total)
            if number % per_epoch == 0:
                self._check(number)
            if number % per_epoch == 0 or number % self.settings.checkpoint_every == 0:
                self._keep(batch)
        self.log.stopped = "early" if len(self.log.steps) < total else "finished"
        self._write(self.best)
        return self.log

    def _examples(self) -> list[Example]:
        """The pairs in tokens, those that do not fit left out."""
        longest = self.settings.max_tokens
        fitted: list[Example] = []
        for pair in self.pairs:
            prompt, target = self.adapter.tokens(pair)
            example = fit_example(prompt, target, longest)
            if example is not None:
                fitted.append(example)
                self.cut += example.targets < len(target)
        if not fitted:
            raise InputError(
                f"No input leaves room for a target within {longest} tokens. Raise --max-tokens."
            )
        return fitted

    def _new_log(self, kept: Sequence[Example]) -> TrainingLog:
        return TrainingLog(
            task=self.task,
            base=self.base,
            settings=asdict(replace(self.settings, alpha=self.adapter.alpha)),
            pairs=len(self.examples),
            held_out=len(self.held),
            target_tokens=sum(example.targets for example in self.examples),
            cut=self.cut,
            left_out=len(self.pairs) - len(kept),
            parameters=self.adapter.parameters,
            device=str(self.adapter.device),
        )

    def _batch(self, epoch: int, place: int) -> list[Example]:
        order = epoch_order(len(self.examples), self.settings.seed, epoch)
        size = self.settings.batch_size
        return [self.examples[i] for i in order[place * size : (place + 1) * size]]

    def _check(self, number: int) -> None:
        """Measure the loss on what was held out; the best so far is what will be written."""
        if self.held:
            loss = self.adapter.loss(self.held)
            if not math.isfinite(loss):
                self._diverge(number)
            self.log.checks.append(Check(number, loss))
            if loss > min(check.loss for check in self.log.checks):
                return
        self.best = self.adapter.weights()
        self.log.best_step = number

    def _is_stuck(self) -> bool:
        """Whether what was held out has got no better for `patience` epochs."""
        losses = [check.loss for check in self.log.checks]
        if not losses:
            return False
        return len(losses) - 1 - losses.index(min(losses)) >= self.settings.patience

    def _keep(self, batch: Sequence[Example]) -> None:
        """Keep how far the run is, if the adapter still makes sense of its latest batch."""
        number = len(self.log.steps)
        if not math.isfinite(self.adapter.loss(batch)):
            self._diverge(number)
        self.checkpoint.write(
            {
                "identity": self.identity,
                "log": self.log.as_json(),
                "best": self.best,
                **self.adapter.state(),
            }
        )

    def _diverge(self, number: int) -> NoReturn:
        """Write the last good adapter and say so."""
        saved = self.checkpoint.read()
        self.log.stopped = "diverged"
        if saved is None:
            raise TrainingError(
                f"The loss is no number at step {number}, before a checkpoint was kept. Lower "
                f"--learning-rate (now {self.settings.learning_rate:g}) and begin anew."
            )
        kept = from_json(json.loads(saved["log"]), str(self.checkpoint.path))
        self.log.best_step = len(kept.steps)
        self._write(saved["adapter"])
        raise TrainingError(
            f"The loss is no number at step {number}. The adapter of step {len(kept.steps)} is "
            f"kept in {self.out}. Lower --learning-rate (now {self.settings.learning_rate:g})."
        )

    def _write(self, weights: dict[str, Any]) -> None:
        self.adapter.write(self.out, weights)
        (self.out / LOG_FILE).write_text(self.log.as_json(), "utf-8")
        self.checkpoint.remove()
