"""Supervised fine-tuning on preferred answers: the model that preference training starts from.

The paper is "Personalized Language Modeling from Personalized Human Feedback" (Li et al., 2024),
section 3, whose pi^SFT it gives.
"""

from __future__ import annotations

from pathlib import Path

from tailorlm.training._personal import Trainer, needs_training_packages, train_personal
from tailorlm.training._run import OnStep
from tailorlm.training.log import TrainingLog
from tailorlm.training.preferences import Preferences
from tailorlm.training.settings import SftSettings


def train_sft(
    preferences: Preferences,
    base: str,
    out: str | Path,
    settings: SftSettings | None = None,
    *,
    device: str | None = None,
    replace_old: bool = False,
    on_step: OnStep | None = None,
) -> TrainingLog:
    """Train a base on the best answer of each comparison, and write it with its log.

    With a user model other than the default each user has a prefix, as P-DPO has it. With
    `settings.full` the whole model is written, which the other trainers take as their base.

    Args:
        preferences: What to learn, at least one comparison.
        base: A folder, a .gguf file or a hub name of a causal language model.
        out: Folder for the adapter, which `local/FOLDER` and `soft_prompt/FOLDER` serve, or for
            the whole model, in `model/`.
        settings: How to train; None for the defaults.
        device: As torch names it; None takes a CUDA device if there is one.
        replace_old: Whether what `out` holds of another run is replaced.
        on_step: Told each step.

    Raises:
        TailorError: As `tailorlm.training.pdpo.train_pdpo`.
    """
    needs_training_packages("Supervised fine-tuning")
    from tailorlm.training._objectives import likelihood

    return train_personal(
        Trainer("sft", likelihood(), settings or SftSettings()),
        preferences,
        base,
        out,
        device=device,
        replace_old=replace_old,
        on_step=on_step,
    )
