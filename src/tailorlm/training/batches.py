"""Tokens, masks and order of what is trained on: arithmetic alone, without a model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

IGNORED = -100
"""Label of a token that does not count in the loss."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Example:
    """A pair in tokens.

    Attributes:
        ids: The prompt's tokens, and the target's behind them.
        prompt: How many are the prompt's; they are read, and not learned.
    """

    ids: tuple[int, ...]
    prompt: int

    @property
    def targets(self) -> int:
        """How many tokens are learned."""
        return len(self.ids) - self.prompt


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples side by side, each filled up on its right.

    Attributes:
        ids: Tokens, shape (examples, width).
        mask: 1 where there is a token and 0 where the row is filled up, same shape.
        labels: The tokens to learn, `IGNORED` elsewhere, same shape.
        targets: How many tokens are learned.
    """

    ids: Ints
    mask: Ints
    labels: Ints
    targets: int


def fit_example(prompt: Sequence[int], target: Sequence[int], longest: int) -> Example | None:
    """A pair within `longest` tokens, its target cut at the end if need be.

    Returns:
        None where not even one token of the target has room.
    """
    if not target or len(prompt) >= longest:
        return None
    return Example((*prompt, *target[: longest - len(prompt)]), len(prompt))


def collate(examples: Sequence[Example], fill: int) -> Batch:
    """Examples as one batch.

    Args:
        examples: At least one.
        fill: The token that shorter rows are filled up with; the mask hides it.
    """
    shape = (len(examples), max(len(example.ids) for example in examples))
    ids = np.full(shape, fill, dtype=np.int64)
    mask = np.zeros(shape, dtype=np.int64)
    labels = np.full(shape, IGNORED, dtype=np.int64)
    for row, example in enumerate(examples):
        width = len(example.ids)
        ids[row, :width] = example.ids
        mask[row, :width] = 1
        labels[row, example.prompt : width] = example.ids[example.prompt :]
    return Batch(ids, mask, labels, sum(example.targets for example in examples))


def hold_out(count: int, share: float, seed: int) -> tuple[list[int], list[int]]:
    """Positions to learn from and to hold out, each in order, drawn by the seed.

    At least one is held out if `share` is above 0 and two are there, and one is always learned.
    """
    size = 0 if share <= 0 or count < 2 else min(max(1, round(share * count)), count - 1)
    drawn = np.random.default_rng([seed, 0]).permutation(count)
    return sorted(drawn[size:].tolist()), sorted(drawn[:size].tolist())


def epoch_order(count: int, seed: int, epoch: int) -> list[int]:
    """Positions in the order of an epoch (from 1): the same for the same seed and epoch."""
    order: list[int] = np.random.default_rng([seed, epoch]).permutation(count).tolist()
    return order


def steps_per_epoch(count: int, batch_size: int) -> int:
    """Steps that one pass over `count` examples takes."""
    return -(-count // batch_size)
