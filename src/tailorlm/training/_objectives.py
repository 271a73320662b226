"""What each trainer of a personal model makes small, from the scores of whole comparisons."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from tailorlm.training.log import TrainingLog
from tailorlm.training.losses import (
    PairLogProbs,
    pipo_loss,
    plackett_luce_pdpo_loss,
    plackett_luce_prm_loss,
)


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of the answers of n comparisons, best first, each of shape (n, m).

    Attributes:
        user: Under each comparison's user.
        generic: Under the generic user; None where they are not needed.
        reference: Of the base as training began; None where it is not needed.
        mask: Which answers there are.
    """

    user: torch.Tensor
    generic: torch.Tensor | None
    reference: torch.Tensor | None
    mask: torch.Tensor


@dataclass(frozen=True, slots=True)
class Objective:
    """What is made small.

    Attributes:
        loss: One loss per comparison, shape (n,), from scores.
        alpha: Weight of the user's part; at 1 the generic user is not computed.
        has_reference: Whether the reference's scores are needed.
        per_token: Whether the mean is over answers' tokens, instead of over comparisons.
        compares: Whether answers are compared, so that an accuracy can be told.
        beta: What implicit rewards are scaled by.
    """

    loss: Callable[[Scores], torch.Tensor]
    alpha: float = 1.0
    has_reference: bool = False
    per_token: bool = False
    compares: bool = True
    beta: float = 1.0

    def rewards(self, user: torch.Tensor, reference: torch.Tensor | None) -> torch.Tensor:
        """What answers are worth to their users by what was learned (equation 4), shape (n, m)."""
        return user if reference is None else self.beta * (user - reference)


def likelihood() -> Objective:
    """Of supervised fine-tuning: the negative log-likelihood of the best answer."""
    return Objective(
        loss=lambda scores: -scores.user[:, 0],
        per_token=True,
        compares=False,
    )


def pdpo(alpha: float, beta: float) -> Objective:
    """Of P-DPO, for pairs and whole rankings alike."""

    def loss(scores: Scores) -> torch.Tensor:
        return plackett_luce_pdpo_loss(
            scores.user,
            scores.generic,
            _needed(scores.reference),
            alpha=alpha,
            beta=beta,
            mask=scores.mask,
        )

    return Objective(loss=loss, alpha=alpha, has_reference=True, beta=beta)


def pipo(alpha: float, beta: float) -> Objective:
    """Of P-IPO, for pairs."""

    def pairs(scores: torch.Tensor) -> PairLogProbs:
        return PairLogProbs(scores[:, 0], scores[:, 1])

    def loss(scores: Scores) -> torch.Tensor:
        generic = None if scores.generic is None else pairs(scores.generic)
        reference = pairs(_needed(scores.reference))
        return pipo_loss(pairs(scores.user), generic, reference, alpha=alpha, beta=beta)

    return Objective(loss=loss, alpha=alpha, has_reference=True, beta=beta)


def prm(alpha: float) -> Objective:
    """Of a personal reward model, for pairs and whole rankings alike."""

    def loss(scores: Scores) -> torch.Tensor:
        return plackett_luce_prm_loss(scores.user, scores.generic, alpha=alpha, mask=scores.mask)

    return Objective(loss=loss, alpha=alpha)


def objective_of(log: TrainingLog) -> Objective:
    """What a trained model made small, for its users alone."""
    if log.task == "pdpo":
        return pdpo(1.0, float(log.settings["beta"]))
    if log.task == "pipo":
        return pipo(1.0, float(log.settings["beta"]))
    return prm(1.0) if log.task == "prm" else likelihood()


def right_pairs(rewards: torch.Tensor, mask: torch.Tensor) -> tuple[int, int]:
    """How many pairs have the better answer's reward higher, and how many pairs there are.

    Args:
        rewards: Shape (n, m), best answer first. A tie counts as wrong.
        mask: Which answers there are, same shape.
    """
    higher = rewards[:, :, None] > rewards[:, None, :]
    both = mask[:, :, None] & mask[:, None, :]
    pairs = torch.triu(both, diagonal=1)
    return int((higher & pairs).sum()), int(pairs.sum())


def _needed(reference: torch.Tensor | None) -> torch.Tensor:
    return torch.zeros(()) if reference is None else reference
