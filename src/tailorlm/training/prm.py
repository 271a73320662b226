"""P-RM: a personal reward model on a language model, learned from comparisons.

The paper is "Personalized Language Modeling from Personalized Human Feedback" (Li et al., 2024),
appendix F.2. `tailorlm.choice.reward_head` is the linear head on the features of any encoder, which
needs no torch.
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
from tailorlm.training.settings import PrmSettings


def train_prm(
    preferences: Preferences,
    base: str,
    out: str | Path,
    settings: PrmSettings | None = None,
    *,
    watch: Sequence[Comparison] = (),
    device: str | None = None,
    replace_old: bool = False,
    on_step: OnStep | None = None,
    on_check: OnCheck | None = None,
) -> TrainingLog:
    """Train a base, its user model and a reward head on comparisons, and write them with their log.

    A reward is read off the state at an answer's last token: by a head that all users share, below
    their prefixes, or with `settings.linear` by each user's embedding. What is written is scored
    with `tailorlm.training.personal.PersonalModel`. The arguments, and what is raised, are those of
    `tailorlm.training.pdpo.train_pdpo`.
    """
    needs_training_packages("P-RM")
    from tailorlm.training._objectives import prm

    settings = settings or PrmSettings()
    return train_personal(
        Trainer("prm", prm(settings.alpha), settings, "linear" if settings.linear else "soft"),
        preferences,
        base,
        out,
        watch=watch,
        device=device,
        replace_old=replace_old,
        on_step=on_step,
        on_check=on_check,
    )
