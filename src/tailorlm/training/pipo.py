"""P-IPO: as P-DPO, with a loss that does not push certain preferences without end.

The paper is "Personalized Language Modeling from Personalized Human Feedback" (Li et al., 2024),
appendix F.3, on the loss of Azar et al. (2024).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
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
from tailorlm.training.settings import PipoSettings


def train_pipo(
    preferences: Preferences,
    base: str,
    out: str | Path,
    settings: PipoSettings | None = None,
    *,
    watch: Sequence[Comparison] = (),
    device: str | None = None,
    replace_old: bool = False,
    on_step: OnStep | None = None,
    on_check: OnCheck | None = None,
) -> TrainingLog:
    """Train a base and its user model on comparisons, and write them with their log.

    The loss knows pairs alone: a ranking is learned from as all its pairs. The arguments, and what
    is raised, are those of `tailorlm.training.pdpo.train_pdpo`.
    """
    needs_training_packages("P-IPO")
    from tailorlm.training._objectives import pipo

    settings = settings or PipoSettings()
    objective = pipo(settings.alpha, settings.beta)
    return train_personal(
        Trainer("pipo", objective, settings),
        in_pairs(preferences),
        base,
        out,
        watch=watch,
        device=device,
        replace_old=replace_old,
        on_step=on_step,
        on_check=on_check,
    )


def in_pairs(preferences: Preferences) -> Preferences:
    """Preferences with each ranking as all its pairs."""
    pairs = tuple(
        replace(comparison, responses=pair)
        for comparison in preferences.comparisons
        for pair in combinations(comparison.responses, 2)
    )
    return replace(preferences, comparisons=pairs)
