"""Train a preference agent: a small model that learns, from pairs, which rules a user follows.

The paper is "Unsupervised Human Preference Learning" (Shashidhar et al., 2024), section 3.4 and
appendix D.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tailorlm.errors import InputError
from tailorlm.llms._local_load import ADAPTER_FILE, check_installed
from tailorlm.training._run import Course, OnStep, Place, Progress, Run, identity_of, where_is
from tailorlm.training.batches import Example, fit_example, hold_out
from tailorlm.training.log import Check, TrainingLog
from tailorlm.training.pairs import Pair

if TYPE_CHECKING:
    from tailorlm.training._lora import Adapter


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
    from tailorlm.training._lora import Adapter

    base = where_is(base)
    identity = identity_of(asdict(settings), base, task, [asdict(pair) for pair in pairs])
    place = Place(Path(out), ADAPTER_FILE)
    saved = place.claim(identity, replace_old=replace_old)
    agent = _Agent(Adapter(base, settings, device), pairs, settings)
    run = Run(
        agent,
        place,
        agent.course,
        agent.new_log(base, task),
        identity=identity,
        hint=f"Lower --learning-rate (now {settings.learning_rate:g})",
        saved=saved,
    )
    return run.train(on_step)


class _Agent:
    """An adapter with the pairs that it learns from, as a run takes it."""

    is_main = True

    def __init__(self, adapter: Adapter, pairs: Sequence[Pair], settings: AgentSettings) -> None:
        self._adapter = adapter
        self._settings = settings
        self._cut = 0
        kept = self._examples(pairs)
        self._left_out = len(pairs) - len(kept)
        learned, held = hold_out(len(kept), settings.held_out, settings.seed)
        self._learned = [kept[place] for place in learned]
        self._held = [kept[place] for place in held]

    @property
    def course(self) -> Course:
        """How a run goes through the pairs."""
        settings = self._settings
        return Course(
            examples=len(self._learned),
            batch_size=settings.batch_size,
            epochs=settings.epochs,
            patience=settings.patience,
            checkpoint_every=settings.checkpoint_every,
            check_every=None,
            seed=settings.seed,
        )

    def new_log(self, base: str, task: str) -> TrainingLog:
        """The log of a run that begins."""
        return TrainingLog(
            task=task,
            base=base,
            settings=asdict(replace(self._settings, alpha=self._adapter.alpha)),
            pairs=len(self._learned),
            held_out=len(self._held),
            target_tokens=sum(example.targets for example in self._learned),
            cut=self._cut,
            left_out=self._left_out,
            parameters=self._adapter.parameters,
            device=str(self._adapter.device),
        )

    def step(self, places: Sequence[int], number: int) -> Progress:
        """Update the adapter on a batch."""
        batch = [self._learned[place] for place in places]
        return Progress(
            loss=self._adapter.step(batch, self._settings.seed, number),
            tokens=sum(example.targets for example in batch),
            read=sum(len(example.ids) for example in batch),
        )

    def check(self) -> Check | None:
        """The loss on the pairs that were held out."""
        return Check(0, self._adapter.loss(self._held)) if self._held else None

    def is_sound(self, places: Sequence[int]) -> bool:
        """Whether the adapter still makes sense of a batch."""
        return math.isfinite(self._adapter.loss([self._learned[place] for place in places]))

    def weights(self) -> dict[str, Any]:
        """A copy of the adapter's weights."""
        return self._adapter.weights()

    def state(self) -> dict[str, Any]:
        """The weights and the optimizer's memory."""
        return self._adapter.state()

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up the state of a checkpoint."""
        self._adapter.restore(saved)

    def write(self, folder: Path, weights: dict[str, Any]) -> None:
        """Write weights as an adapter's folder."""
        self._adapter.write(folder, weights)

    def _examples(self, pairs: Sequence[Pair]) -> list[Example]:
        """The pairs in tokens, those that do not fit left out."""
        longest = self._settings.max_tokens
        fitted: list[Example] = []
        for pair in pairs:
            prompt, target = self._adapter.tokens(pair)
            example = fit_example(prompt, target, longest)
            if example is not None:
                fitted.append(example)
                self._cut += example.targets < len(target)
        if not fitted:
            raise InputError(
                f"No input leaves room for a target within {longest} tokens. Raise --max-tokens."
            )
        return fitted
