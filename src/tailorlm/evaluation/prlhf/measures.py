"""Accuracies of implicit rewards, as appendix C.3 defines them, from what was scored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailorlm.datasets.comparisons import Comparison
from tailorlm.evaluation.prlhf.heads import Tally
from tailorlm.evaluation.prlhf.trainers import Rewards
from tailorlm.evaluation.prlhf.worlds import NOBODY, Worker, World, workers

FloatArray = npt.NDArray[np.float64]

NEW_WORKERS = 10
"""Workers who were not learned from, seven of whom prefer longer."""


def to_watch(world: World, *, is_personal: bool) -> list[Comparison]:
    """What is scored: all evaluation posts for nobody, then each worker's own, longer first.

    Args:
        world: The workers and their posts.
        is_personal: Whether the model knows users; one that does not scores posts alike for all.
    """
    watched = [pair.comparison(NOBODY) for pair in world.judged]
    if is_personal:
        watched += [
            world.judged[place].comparison(worker.name)
            for worker, places in zip(world.workers, world.evaluated, strict=True)
            for place in places
        ]
    return watched


@dataclass(frozen=True, slots=True)
class Accuracies:
    """How often the summary that a worker prefers has the higher reward.

    Attributes:
        seen: Of each worker learned from.
        new: Of each new worker.
        prefers_longer: Which of the workers learned from do, shape (workers,).
    """

    seen: Tally
    new: Tally
    prefers_longer: npt.NDArray[np.bool_]

    @property
    def top(self) -> float:
        """Accuracy-top: of all comparisons of workers learned from."""
        return float(self.seen.right.sum() / self.seen.pairs.sum())

    @property
    def generic(self) -> float:
        """Accuracy-generic: of all comparisons of new workers."""
        return float(self.new.right.sum() / self.new.pairs.sum())

    def group(self, *, prefers_longer: bool) -> Tally:
        """Of the workers learned from, those of one preference."""
        chosen = self.prefers_longer == prefers_longer
        return Tally(self.seen.right[chosen], self.seen.pairs[chosen])


def accuracies(world: World, rewards: Rewards, *, is_personal: bool) -> Accuracies:
    """What rewards of `to_watch` come to; equal rewards count one half."""
    gaps = np.array([longer - shorter for longer, shorter in rewards])
    nobody, own = gaps[: len(world.judged)], gaps[len(world.judged) :]
    seen = []
    for worker, places in zip(world.workers, world.evaluated, strict=True):
        if is_personal:
            mine, own = own[: len(places)], own[len(places) :]
        else:
            mine = nobody[list(places)]
        seen.append(_right(worker, mine))
    new = [_right(worker, nobody) for worker in workers(NEW_WORKERS, "new worker")]
    return Accuracies(
        seen=_tally(seen, [len(places) for places in world.evaluated]),
        new=_tally(new, [len(nobody)] * len(new)),
        prefers_longer=np.array([worker.prefers_longer for worker in world.workers]),
    )


def standard_error(values: Sequence[float] | FloatArray) -> float | None:
    """Of a mean; None of fewer than two values."""
    found = np.asarray(values, dtype=np.float64)
    return None if len(found) < 2 else float(found.std(ddof=1) / np.sqrt(len(found)))


def joined(tallies: Sequence[Tally]) -> Tally:
    """Users of several worlds, side by side."""
    return Tally(
        np.concatenate([tally.right for tally in tallies]),
        np.concatenate([tally.pairs for tally in tallies]),
    )


def _right(worker: Worker, gaps: FloatArray) -> float:
    higher = gaps > 0 if worker.prefers_longer else gaps < 0
    return float(higher.sum() + 0.5 * (gaps == 0).sum())


def _tally(right: Sequence[float], pairs: Sequence[int]) -> Tally:
    return Tally(np.array(right, dtype=np.float64), np.array(pairs, dtype=np.float64))
