"""How personal models are trained: the hyper-parameters of the paper, and where they are from.

The paper is "Personalized Language Modeling from Personalized Human Feedback" (Li et al., 2024).
What it does not say is marked "ours".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from tailorlm.errors import InputError

_COUNTS = (
    "epochs", "batch_size", "micro_batch", "lora_rank", "patience", "checkpoint_every",
)  # fmt: skip
_SHARES = ("lora_dropout", "held_out", "warmup_share")
_POSITIVE = ("learning_rate", "max_norm", "lora_alpha")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerSettings:
    """What all trainers of personal models have in common.

    Attributes:
        user_model: "uniform", "individual" or "cluster" (section 4.3); individual in sections 5.1
            and 5.2, and both in 5.3.
        user_tokens: Length T_u of a user's prefix; 10 in sections 5.1 and 5.2.
        clusters: Centres K of a cluster model; 5 in appendix C.3, 10 and 100 in section 5.3. None
            for the other models.
        generic: Whether an individual model has a part e0 that all share, as in section 4.3.
        full: Whether all weights of the base are trained, instead of a LoRA adapter.
        lora_rank: 8 (appendices C.2 and D.2).
        lora_alpha: Scale of the update; 32 in D.2 and E.1, 16 for TL;DR (C.2).
        lora_dropout: 0.1 in D.2 and E.1, 0.05 for TL;DR (C.2).
        learning_rate: Of AdamW at its highest; 5e-5 (C.2, D.2).
        user_learning_rate: Of the user model; None for the same, as in the paper. Weights over
            centres have a multiple of it, ours: `tailorlm.training.user_models.Cluster.own_rate`.
        warmup_steps: Steps in which the rate grows; 150 (C.2, D.2). Then it falls along a cosine.
        warmup_share: At most this share of all steps is warm-up; ours, for small data.
        batch_size: Comparisons per step; 32 (C.2, D.2).
        epochs: Passes over them; 2 (C.2, D.2).
        max_norm: Longest gradient; ours, 1 as in the library that the paper trains with.
        max_tokens: Of text, prompt and one answer together; 800 for PRISM (E.1). A prompt loses
            its beginning, an answer what is beyond half of it.
        micro_batch: Comparisons in memory at once; ours. It changes speed and memory, not results
            beyond rounding.
        bf16: Whether the arithmetic is in bfloat16; None for so on a GPU alone.
        held_out: Share of comparisons held out to choose the best step; 0.1 (D.1).
        patience: Checks without a better loss on them after which training stops; ours.
        check_every: Steps between two checks; None for one after each epoch; ours.
        checkpoint_every: Steps between two checkpoints; ours.
        seed: Of the first weights, the order, the dropout and what is held out.
    """

    user_model: str = "individual"
    user_tokens: int = 10
    clusters: int | None = None
    generic: bool = True
    full: bool = False
    lora_rank: int = 8
    lora_alpha: float = 32
    lora_dropout: float = 0.1
    learning_rate: float = 5e-5
    user_learning_rate: float | None = None
    warmup_steps: int = 150
    warmup_share: float = 0.2
    batch_size: int = 32
    epochs: int = 2
    max_norm: float = 1.0
    max_tokens: int = 800
    micro_batch: int = 16
    bf16: bool | None = None
    held_out: float = 0.1
    patience: int = 3
    check_every: int | None = None
    checkpoint_every: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        for name in _COUNTS:
            if getattr(self, name) < 1:
                raise InputError(f"{name} is a whole number from 1, but got {getattr(self, name)}.")
        for name in _SHARES:
            if not 0 <= getattr(self, name) < 1:
                raise InputError(
                    f"{name} is a share from 0 to below 1, but got {getattr(self, name)}."
                )
        for name in _POSITIVE:
            _check_positive(name, getattr(self, name))
        if self.user_learning_rate is not None:
            _check_positive("user_learning_rate", self.user_learning_rate)
        if self.check_every is not None and self.check_every < 1:
            raise InputError(f"check_every is a whole number from 1, but got {self.check_every}.")
        if self.max_tokens < 8 or self.warmup_steps < 0:
            raise InputError(
                "max_tokens is at least 8 and warmup_steps at least 0, but got "
                f"{self.max_tokens} and {self.warmup_steps}."
            )
        if (self.user_model == "cluster") != (self.clusters is not None):
            raise InputError(
                "clusters goes with the user model 'cluster', and with no other, but got "
                f"{self.clusters} with {self.user_model!r}."
            )

    def uses_bf16(self, device: object) -> bool:
        """Whether the arithmetic on a device, as torch names it, is in bfloat16."""
        return str(device).startswith("cuda") if self.bf16 is None else self.bf16

    def rate(self, number: int, total: int) -> float:
        """The learning rate of a step of a run of `total` steps, as a share of the highest.

        Steps count from 1. The rate grows linearly to 1 and falls along half a cosine to 0.
        """
        warmup = min(self.warmup_steps, int(self.warmup_share * total))
        done = number - 1
        if done < warmup:
            return (done + 1) / (warmup + 1)
        return 0.5 * (1 + math.cos(math.pi * (done - warmup) / max(1, total - warmup)))


@dataclass(frozen=True, slots=True, kw_only=True)
class SftSettings(TrainerSettings):
    """How a base is trained on preferred answers; without users' prefixes by default."""

    user_model: str = "uniform"
    user_tokens: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PdpoSettings(TrainerSettings):
    """How P-DPO trains, and P-IPO likewise.

    Attributes:
        alpha: Weight of the loss for the user, against the one for the generic user, [0, 1]; 0.5
            in sections 5.1 and 5.2.
        beta: How closely the model is held to the reference, above 0; 0.1 in D.2 and E.1, 0.5 for
            TL;DR (C.2).
    """

    alpha: float = 0.5
    beta: float = 0.1

    def __post_init__(self) -> None:
        TrainerSettings.__post_init__(self)
        _check_alpha(self.alpha)
        _check_positive("beta", self.beta)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipoSettings(PdpoSettings):
    """How P-IPO trains (appendix F.3); the paper gives no settings of its own for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrmSettings(TrainerSettings):
    """How a personal reward model is trained (appendix F.2).

    Attributes:
        alpha: Weight of the loss for the user, against the one for the generic user, [0, 1].
        linear: Whether a user's embedding is the head, instead of a prefix before the text.
    """

    alpha: float = 0.5
    linear: bool = False

    def __post_init__(self) -> None:
        TrainerSettings.__post_init__(self)
        _check_alpha(self.alpha)
        if self.linear and self.user_tokens != 1:
            raise InputError(f"A linear head is one token, but user_tokens is {self.user_tokens}.")


def _check_alpha(alpha: float) -> None:
    if not 0 <= alpha <= 1:
        raise InputError(f"alpha is a weight from 0 to 1, but got {alpha}.")


def _check_positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise InputError(f"{name} is a number above 0, but got {value}.")
