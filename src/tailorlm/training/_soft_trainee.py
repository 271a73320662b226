"""A personal model with the comparisons that it learns from, as a run takes it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from tailorlm.training._objectives import Objective, Scores, right_pairs
from tailorlm.training._processes import Processes
from tailorlm.training._run import Progress
from tailorlm.training._soft_base import SoftBase
from tailorlm.training._soft_model import SoftModel
from tailorlm.training._soft_scores import Scorer, reads_packed
from tailorlm.training.log import Check
from tailorlm.training.packed import parts_of
from tailorlm.training.preferences import Encoded
from tailorlm.training.settings import TrainerSettings
from tailorlm.training.user_models import write_user_model

HEAD_FILE = "reward_head.safetensors"
Summed = tuple[float, float, int, int]
"""Losses and their weights, right pairs and pairs, added up."""


@dataclass(frozen=True, slots=True)
class Lessons:
    """Comparisons in tokens, by what they are for.

    Attributes:
        learned: Learned from.
        held: Held out, to choose the best step.
        watched: Looked at after each check, for whoever asked.
    """

    learned: Sequence[Encoded]
    held: Sequence[Encoded]
    watched: Sequence[Encoded] = ()


class SoftTrainee:
    """A base, a user model and their optimizer.

    Args:
        base: The base.
        model: The base under its user model.
        lessons: What it learns from.
        objective: What is made small.
        settings: How.
        total: Steps of the whole run.
        processes: Who trains together.
    """

    def __init__(
        self,
        base: SoftBase,
        model: SoftModel,
        lessons: Lessons,
        objective: Objective,
        settings: TrainerSettings,
        total: int,
        processes: Processes,
    ) -> None:
        self._base = base
        self._lessons = lessons
        self._objective = objective
        self._settings = settings
        self._total = total
        self._processes = processes
        self.is_main = processes.is_main
        self.device = processes.device
        self._own = model.to(self.device)
        self._scorer = Scorer(
            self._own,
            is_adapted=base.is_adapted,
            bf16=settings.uses_bf16(self.device),
            part=settings.micro_batch,
            packs=reads_packed(self._own, lessons.learned),
        )
        self._references: dict[int, tuple[float, ...]] = {}
        if objective.has_reference:
            for group in (lessons.learned, lessons.held, lessons.watched):
                found = self._scorer.reference(group)
                self._references |= {
                    id(one): scores for one, scores in zip(group, found, strict=True)
                }
        # Sharded weights have no size that one process could see.
        self._own_rate = model.users.own_rate
        self._model = self._scorer.called = processes.wrapped(self._own)
        trained = [(name, w) for name, w in model.named_parameters() if w.requires_grad]
        self._names = {name for name, _ in trained}
        self._trained = [weight for _, weight in trained]
        self.parameters = sum(weight.numel() for weight in self._trained)
        self._optimizer = self._new_optimizer(trained)

    def step(self, places: Sequence[int], number: int) -> Progress:
        """Learn from the comparisons at these positions."""
        batch = [self._lessons.learned[place] for place in places]
        weight = sum(self._weight(one) for one in batch)
        self._model.train()
        self._optimizer.zero_grad(set_to_none=True)
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices=devices):
            torch.manual_seed(self._settings.seed * 1_000_003 + number)
            loss, _, right, pairs = self._through(batch, weight)
        norm = self._processes.clip(self._trained, self._settings.max_norm)
        progress = Progress(
            loss=loss / weight,
            tokens=sum(one.targets for one in batch),
            read=sum(one.length for one in batch),
            accuracy=right / pairs if pairs else None,
        )
        if not (math.isfinite(progress.loss) and math.isfinite(norm)):
            return Progress(float("nan"), progress.tokens, progress.read)
        rate = self._settings.rate(number, self._total)
        for group in self._optimizer.param_groups:
            group["lr"] = group["highest"] * rate
        self._optimizer.step()
        return progress

    def check(self) -> Check | None:
        """The loss and the accuracy on what was held out."""
        if not self._lessons.held:
            return None
        loss, weight, right, pairs = self._through(self._lessons.held, None)
        return Check(0, loss / weight, right / pairs if pairs else None)

    def is_sound(self, places: Sequence[int]) -> bool:
        """Whether the loss on these comparisons is a number."""
        batch = [self._lessons.learned[place] for place in places]
        return math.isfinite(self._through(batch, None)[0])

    def watched_rewards(self) -> list[tuple[float, ...]]:
        """What the answers of each watched comparison are worth to its user, best answer first."""
        rewards = []
        found = self._scorer.scores(self._lessons.watched)
        for one, scores in zip(self._lessons.watched, found, strict=True):
            reference = self._references.get(id(one))
            given = None if reference is None else torch.tensor(reference)
            made = self._objective.rewards(torch.tensor(scores), given)
            rewards.append(tuple(made.tolist()))
        return rewards

    def weights(self) -> dict[str, Any]:
        """A copy of what is trained."""
        state = self._processes.weights(self._model)
        return {
            name: value.detach().to("cpu", copy=True)
            for name, value in state.items()
            if name in self._names
        }

    def state(self) -> dict[str, Any]:
        """The weights, the optimizer's memory and which base it is."""
        return {
            "weights": self.weights(),
            "optimizer": self._processes.memory(self._model, self._optimizer),
            "base": self._base.identity,
        }

    def restore(self, saved: dict[str, Any]) -> None:
        """Take up the state of a checkpoint."""
        self._processes.take_weights(self._model, saved["weights"])
        self._processes.take_memory(self._model, self._optimizer, saved["optimizer"])

    def write(self, folder: Path, weights: dict[str, Any]) -> None:
        """Write the folder of a trained soft prompt, the file that tells it is whole last."""
        from safetensors.torch import save

        self._base.write(folder, weights)
        if self._own.head is not None:
            head = {"weight": weights["head.weight"].float().contiguous()}
            (folder / HEAD_FILE).write_bytes(save(head, metadata={"format": "pt"}))
        inside = "users."
        users = self._own.users.filled(
            {
                name.removeprefix(inside): value
                for name, value in weights.items()
                if name.startswith(inside)
            }
        )
        facts = users.facts(
            self._base.name,
            self._base.identity,
            adapter=self._base.is_adapted,
            user_texts=any(one.text for one in self._lessons.learned),
            rewards=self._own.linear or self._own.head is not None,
        )
        write_user_model(folder, users, facts)

    def _new_optimizer(self, trained: Sequence[tuple[str, nn.Parameter]]) -> torch.optim.AdamW:
        rate = self._settings.learning_rate
        user_rate = self._settings.user_learning_rate or rate
        own = {id(weight) for weight in self._own.users.own_parameters()}
        found: dict[float, list[nn.Parameter]] = {}
        for name, weight in trained:
            if id(weight) in own:
                highest = user_rate * self._own_rate
            else:
                highest = user_rate if name.startswith("users.") else rate
            found.setdefault(highest, []).append(weight)
        groups = [
            {"params": weights, "lr": highest, "highest": highest}
            for highest, weights in found.items()
        ]
        return torch.optim.AdamW(groups, weight_decay=0.0)

    def _weight(self, one: Encoded) -> int:
        return one.targets if self._objective.per_token else 1

    def _through(self, batch: Sequence[Encoded], weight: int | None) -> Summed:
        """The loss on a batch, in parts; with the batch's `weight`, its gradient as well."""
        is_learning = weight is not None
        places = self._processes.share(range(len(batch)))
        lengths = [batch[place].length for place in places]
        parts = [
            [places[at] for at in part] for part in parts_of(lengths, self._settings.micro_batch)
        ]
        # Every process goes through as many parts, or those with more would wait for ever.
        longest = self._processes.longest_share(len(batch))
        spare = -(-longest // self._settings.micro_batch) - len(parts)
        summed = torch.zeros(4, dtype=torch.float64)
        if not is_learning:
            self._model.eval()
        with nullcontext() if is_learning else torch.no_grad():
            for number, part in enumerate([*parts, *([[]] * spare)], start=1):
                # Of no comparison of its own, a process reads any, and counts it as nothing.
                examples = [batch[place] for place in part] or [batch[0]]
                is_last = number == len(parts) + spare
                with self._processes.without_sync(self._model, is_last=is_last):
                    losses, rewards, mask = self._losses(examples)
                    kept = losses.sum() * (1.0 if part else 0.0)
                    if weight is not None:
                        # Gradients are averaged over the processes, and should be added up.
                        (kept * (self._processes.count / weight)).backward()
                if part:
                    right, pairs = self._pairs(rewards, mask)
                    size = sum(self._weight(one) for one in examples)
                    summed += torch.tensor([float(kept.detach()), size, right, pairs])
        loss, weights, n_right, n_pairs = self._processes.total(*summed.tolist())
        return loss, weights, int(n_right), int(n_pairs)

    def _losses(self, examples: Sequence[Encoded]) -> tuple[torch.Tensor, torch.Tensor, Any]:
        """Losses of shape (n,), rewards and mask of shape (n, m)."""
        wants_generic = self._objective.alpha < 1 and self._own.users.kind != "uniform"
        is_only_generic = self._objective.alpha == 0 and wants_generic
        user, generic, mask = self._scorer.forward(
            examples, user=not is_only_generic, generic=wants_generic
        )
        reference = self._reference(examples, mask.shape[1])
        # A uniform model's user is the generic one.
        scores = Scores(user, generic if wants_generic else user, reference, mask)
        rewards = self._objective.rewards(user.detach(), reference)
        return self._objective.loss(scores), rewards, mask

    def _reference(self, examples: Sequence[Encoded], most: int) -> torch.Tensor | None:
        if not self._objective.has_reference:
            return None
        values = torch.zeros((len(examples), most))
        for row, one in enumerate(examples):
            known = self._references[id(one)]
            values[row, : len(known)] = torch.tensor(known)
        return values.to(self.device)

    def _pairs(self, rewards: torch.Tensor, mask: torch.Tensor) -> tuple[int, int]:
        return right_pairs(rewards, mask) if self._objective.compares else (0, 0)

    def _part_size(self) -> int:
        return self._settings.micro_batch
