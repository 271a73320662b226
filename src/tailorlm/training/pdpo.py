"""P-DPO: a language model that answers each user as they prefer, learned from comparisons.

The paper is "Personalized Language Modeling from Personalized Human Feedback" (Li et al., 2024),
section 4.4. With the user model "uniform" and no user tokens it is vanilla DPO.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tailorlm.datasets.comparisons import Comparison
from tailorlm.training._personal import (
    OnCheck,
    Trainer,
    needs_training_packages,
    train_personal,
)
from tailorlm.training._run import OnStep
from tailorlm.training.log import TrainingLog
from tailorlm.training.preferences import Preferences
from tailorlm.training.settings import PdpoSettings


def train_pdpo(
    preferences: Preferences,
    base: str,
    out: str | Path,
    settings: PdpoSettings | None = None,
    *,
    watch: Sequence[Comparison] = (),
    device: str | None = None,
    replace_old: bool = False,
    on_step: OnStep | None = None,
    on_check: OnCheck | None = None,
) -> TrainingLog:
    """Train a base and its user model on comparisons, and write them with their log.

    The base as it is serves as the reference. Rankings of more than two answers are learned from
    whole (Plackett-Luce). A run that was interrupted goes on from its last checkpoint when it is
    started again with the same preferences, base and settings, and gives what it would have given.

    Args:
        preferences: What to learn, at least one comparison.
        base: A folder, a .gguf file or a hub name of a causal language model.
        out: Folder for the model, which `soft_prompt/FOLDER` then serves.
        settings: How to train; None for the defaults.
        watch: Comparisons that `on_check` is told of; nothing is learned from them.
        device: As torch names it; None takes a CUDA device if there is one.
        replace_old: Whether what `out` holds of another run is replaced.
        on_step: Told each step.
        on_check: Told what the answers to watch are worth at each check.

    Raises:
        InputError: If there is nothing to learn, the base is an adapter, or `out` holds a finished
            run, one of other preferences or one of another base.
        MissingExtraError: If torch, transformers, peft or accelerate is not installed.
        LLMError: If the base cannot be loaded.
        TrainingError: If the loss is no number; the last good checkpoint is written before.
    """
    needs_training_packages("P-DPO")
    from tailorlm.training._objectives import pdpo

    settings = settings or PdpoSettings()
    objective = pdpo(settings.alpha, settings.beta)
    return train_personal(
        Trainer("pdpo", objective, settings),
        preferences,
        base,
        out,
        watch=watch,
        device=device,
        replace_old=replace_old,
        on_step=on_step,
        on_check=on_check,
    )
