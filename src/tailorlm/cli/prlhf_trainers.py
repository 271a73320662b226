"""The trainers that `tailorlm evaluate prlhf` measures, as its suite asks for them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tailorlm.datasets.comparisons import Comparison
from tailorlm.evaluation.prlhf.trainers import (
    Asked,
    BaseRecipe,
    OnCheck,
    OnStep,
    Recipe,
    Trained,
)
from tailorlm.types import Message, Plan

if TYPE_CHECKING:
    from tailorlm.llms._local_answers import LocalAnswers
    from tailorlm.training.log import Step, TrainingLog

_MODEL, _UNTRAINED = "model", "untrained"
_WRITTEN_AT_ONCE = 32


class LocalTrainers:
    """Trains with `tailorlm.training` on this machine, on a GPU if there is one.

    Args:
        device: As torch names it; None takes a CUDA device if there is one.
        micro_batch: Comparisons in memory at once.
    """

    def __init__(self, device: str | None = None, *, micro_batch: int = 16) -> None:
        self._device = device
        self._micro_batch = micro_batch

    def make_base(
        self,
        texts: Sequence[Comparison],
        folder: Path,
        recipe: BaseRecipe,
        on_step: OnStep | None = None,
    ) -> tuple[str, Trained]:
        """A small model, trained from nothing on the first answers."""
        from tailorlm.training.small_base import SmallShape, write_small_base

        shape = SmallShape(layers=recipe.layers, width=recipe.width, vocabulary=recipe.vocabulary)
        read = [part for one in texts for part in (one.messages[-1].content, one.responses[0])]
        untrained = folder / _UNTRAINED
        write_small_base(untrained, dict.fromkeys(read), shape, seed=recipe.seed)
        return self.tune_base(texts, str(untrained), folder, recipe, on_step)

    def tune_base(
        self,
        texts: Sequence[Comparison],
        base: str,
        folder: Path,
        recipe: BaseRecipe,
        on_step: OnStep | None = None,
    ) -> tuple[str, Trained]:
        """A base trained further, all of it, on the first answers."""
        from tailorlm.training.preferences import Preferences
        from tailorlm.training.settings import SftSettings
        from tailorlm.training.sft import train_sft

        settings = SftSettings(
            full=True,
            learning_rate=recipe.learning_rate,
            batch_size=recipe.batch_size,
            micro_batch=self._micro_batch,
            epochs=recipe.epochs,
            max_tokens=recipe.max_tokens,
            held_out=recipe.held_out,
            warmup_steps=50,
            seed=recipe.seed,
        )
        log = train_sft(
            Preferences(tuple(texts)),
            base,
            folder,
            settings,
            device=self._device,
            on_step=_told(on_step),
        )
        best = min((check.loss for check in log.checks), default=log.steps[-1].loss)
        return str(folder / _MODEL), _trained(log, best)

    def prefer(
        self,
        comparisons: Sequence[Comparison],
        base: str,
        folder: Path,
        recipe: Recipe,
        *,
        watch: Sequence[Comparison],
        on_check: OnCheck,
        on_step: OnStep | None = None,
    ) -> Trained:
        """Train by DPO or P-DPO, into a folder that `write` reads."""
        from tailorlm.training.pdpo import train_pdpo
        from tailorlm.training.preferences import Preferences
        from tailorlm.training.settings import PdpoSettings

        if (folder / "soft_prompt.json").exists():
            # It was finished, and the suite stopped before it had noted so.
            shutil.rmtree(folder)
        steps = -(-len(comparisons) // recipe.batch_size) * recipe.epochs
        settings = PdpoSettings(
            user_model=recipe.user_model,
            user_tokens=recipe.user_tokens,
            clusters=recipe.clusters,
            generic=recipe.generic,
            alpha=recipe.alpha,
            beta=recipe.beta,
            learning_rate=recipe.learning_rate,
            user_learning_rate=recipe.user_learning_rate,
            lora_alpha=recipe.lora_alpha,
            lora_dropout=recipe.lora_dropout,
            batch_size=recipe.batch_size,
            micro_batch=self._micro_batch,
            epochs=recipe.epochs,
            max_tokens=recipe.max_tokens,
            held_out=0.0,
            check_every=max(1, -(-steps // recipe.checks)),
            seed=recipe.seed,
        )
        log = train_pdpo(
            Preferences(tuple(comparisons)),
            base,
            folder,
            settings,
            watch=watch,
            device=self._device,
            on_step=_told(on_step),
            on_check=on_check,
        )
        return _trained(log, log.steps[-1].loss)

    def write(self, model: str, asked: Sequence[Asked], *, max_tokens: int, seed: int) -> list[str]:
        """Answers drawn at temperature 1 from all tokens."""
        from tailorlm.llms.base import Request

        llm = self._llm(model)
        try:
            requests = [
                Request(
                    messages=(messages := (Message("user", one.prompt),)),
                    plan=Plan(messages=messages, method="soft_prompt", soft_prompt=one.user),
                    temperature=1.0,
                    max_tokens=max_tokens,
                    seed=seed * 1_000_003 + number,
                )
                for number, one in enumerate(asked)
            ]
            return [text.strip() for text in llm.texts(requests)]
        finally:
            llm.close()

    def _llm(self, model: str) -> LocalAnswers:
        from tailorlm.llms.local import Local
        from tailorlm.llms.soft_prompt import SoftPrompt

        is_trained = (Path(model) / "soft_prompt.json").exists()
        kind = SoftPrompt if is_trained else Local
        return kind(model, top_p=1.0, batch_size=_WRITTEN_AT_ONCE, device=self._device)


def _told(on_step: OnStep | None) -> Callable[[Step, int], None] | None:
    if on_step is None:
        return None
    return lambda step, total: on_step(step.step, total)


def _trained(log: TrainingLog, loss: float) -> Trained:
    return Trained(
        steps=len(log.steps),
        seconds=sum(step.seconds for step in log.steps),
        parameters=log.parameters,
        comparisons=log.pairs,
        device=log.device,
        loss=loss,
    )
