"""What the suite needs of whoever trains: a base, models that learn from comparisons, answers.

The suite measures and does not train itself; the command line brings both together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tailorlm.datasets.comparisons import Comparison

Rewards = Sequence[tuple[float, ...]]
"""What the answers of each watched comparison are worth to its user, in the order given."""

OnCheck = Callable[[int, Rewards], None]
"""Told after each check, and before the first step (0), the step and the rewards."""

OnStep = Callable[[int, int], None]
"""Told after each step its number, and how many there will be."""

VANILLA_TOKENS = 0
"""Tokens of the prefix of vanilla DPO: there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRecipe:
    """How a small base is made from texts.

    Attributes:
        layers: How many it has.
        width: Length of an embedding.
        vocabulary: Most tokens of its tokenizer.
        epochs: Passes over the texts.
        batch_size: Texts per step.
        max_tokens: Of a prompt and its answer together.
        learning_rate: Of AdamW at its highest.
        held_out: Share of the texts by which the best step is chosen.
        seed: Of its weights and the order.
    """

    layers: int = 3
    width: int = 192
    vocabulary: int = 4096
    epochs: int = 3
    batch_size: int = 16
    max_tokens: int = 256
    learning_rate: float = 3e-3
    held_out: float = 0.05
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a model learns from comparisons, by DPO or P-DPO.

    Attributes:
        user_model: "uniform" with no tokens is vanilla DPO; else "individual" or "cluster".
        user_tokens: Length of a user's prefix, T_u.
        clusters: Centres K of a cluster model, else None.
        generic: Whether an individual model has a part e0 that all share.
        alpha: Weight of the user's part of the loss.
        beta: How closely the model is held to the base.
        learning_rate: Of the adapter at its highest.
        user_learning_rate: Of the user model.
        lora_alpha: Scale of the adapter, of rank 8.
        lora_dropout: Its dropout.
        batch_size: Comparisons per step.
        epochs: Passes over them.
        max_tokens: Of a prompt and one answer together.
        checks: How often the watched answers are scored, besides before the first step.
        seed: Of first weights, order and dropout.
    """

    user_model: str = "individual"
    user_tokens: int = 10
    clusters: int | None = None
    generic: bool = True
    alpha: float = 0.5
    beta: float = 0.5
    learning_rate: float = 5e-5
    user_learning_rate: float = 5e-5
    lora_alpha: float = 16
    lora_dropout: float = 0.05
    batch_size: int = 32
    epochs: int = 2
    max_tokens: int = 256
    checks: int = 1
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What a training took.

    Attributes:
        steps: Updates.
        seconds: Their time, without what was scored between them.
        parameters: Weights that were trained.
        comparisons: What was learned from, each counted once.
        device: Where it ran.
        loss: At the end: of a base on texts held out, in nats per token; else of the last step.
    """

    steps: int
    seconds: float
    parameters: int
    comparisons: int
    device: str
    loss: float


@dataclass(frozen=True, slots=True)
class Asked:
    """A prompt, and who asks; "" for nobody in particular."""

    user: str
    prompt: str


class Trainers(Protocol):
    """Whoever trains models and lets them write."""

    def make_base(
        self,
        texts: Sequence[Comparison],
        folder: Path,
        recipe: BaseRecipe,
        on_step: OnStep | None = None,
    ) -> tuple[str, Trained]:
        """A base that was trained from nothing on the first answers; where it lies, and its log."""
        ...

    def tune_base(
        self,
        texts: Sequence[Comparison],
        base: str,
        folder: Path,
        recipe: BaseRecipe,
        on_step: OnStep | None = None,
    ) -> tuple[str, Trained]:
        """A base trained further, all of it, on the first answers."""
        ...

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
        """Train on comparisons, into a folder that `write` reads.

        A folder with a training that was interrupted is gone on with.
        """
        ...

    def write(self, model: str, asked: Sequence[Asked], *, max_tokens: int, seed: int) -> list[str]:
        """Answers drawn from a base or a trained folder at temperature 1; they may be empty."""
        ...
