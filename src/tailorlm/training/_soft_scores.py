"""Scores of comparisons in parts that fit the memory: by users, by nobody, by the reference."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext

import torch
from torch import nn

from tailorlm.errors import TrainingError
from tailorlm.hub import first_line
from tailorlm.training._soft_model import RowTensors, SoftModel
from tailorlm.training.packed import one_each, pack, parts_of
from tailorlm.training.preferences import Encoded

_TOLERANCE = {torch.float32: 1e-3, torch.float16: 0.02, torch.bfloat16: 0.05}
"""How far a token's log-probability may be off in a packed row, by the precision of the model."""


class Scorer:
    """A model under a user model, asked for scores.

    Args:
        model: The model.
        is_adapted: Whether the base has an adapter, without which it is the reference.
        bf16: Whether the arithmetic is in bfloat16 where the weights are not.
        part: Comparisons in memory at once.
        packs: Whether the answers of a comparison share a row; see `reads_packed`.

    Attributes:
        called: What is called for scores: the model, or what it is wrapped in.
    """

    def __init__(
        self, model: SoftModel, *, is_adapted: bool, bf16: bool, part: int, packs: bool
    ) -> None:
        self.called: nn.Module = model
        self._model = model
        self._is_adapted = is_adapted
        self._bf16 = bf16
        self._part = part
        self._packs = packs
        self._device = model.base.get_input_embeddings().weight.device

    def forward(
        self, examples: Sequence[Encoded], *, user: bool = True, generic: bool = False
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Scores under the users and the generic user, as far as asked, and which there are.

        What was not asked for is what the other one is. Each is of shape (n, m).
        """
        count, most = len(examples), max(len(one.answers) for one in examples)
        read = examples if self._packs else one_each(examples)
        users = self._model.users.rows([one.user for one in read])
        who = torch.cat([users] * user + [torch.zeros_like(users)] * generic)
        rows = RowTensors.of(pack([*read] * (user + generic)), self._device)
        found = self._call(rows, who.to(self._device))
        mask = torch.zeros((count, most), dtype=torch.bool)
        for row, one in enumerate(examples):
            mask[row, : len(one.answers)] = True
        mask = mask.to(self._device)
        parts = found
        if not self._packs:
            flat = mask.expand(user + generic, -1, -1)
            parts = found.new_zeros(flat.shape).masked_scatter(flat, found[:, 0])
        parts = parts.view(user + generic, count, most)
        return parts[0], parts[-1], mask

    def scores(
        self, examples: Sequence[Encoded], *, generic: bool = False
    ) -> list[tuple[float, ...]]:
        """Scores of every answer, best answer first, without learning."""
        found: list[tuple[float, ...]] = [()] * len(examples)
        self._model.eval()
        with torch.no_grad():
            for part in parts_of([one.length for one in examples], self._part):
                chosen = [examples[place] for place in part]
                scores = self.forward(chosen, user=not generic, generic=generic)[0].tolist()
                for place, row in zip(part, scores, strict=True):
                    found[place] = tuple(row[: len(examples[place].answers)])
        return found

    def reference(self, examples: Sequence[Encoded]) -> list[tuple[float, ...]]:
        """Scores by the base without adapter, prefix and texts of users."""
        found: list[tuple[float, ...]] = [()] * len(examples)
        self._model.eval()
        plain = self._model.base.disable_adapter() if self._is_adapted else nullcontext()
        with torch.no_grad(), plain:
            for part in parts_of([one.length for one in examples], self._part):
                chosen = [examples[place] for place in part]
                read = chosen if self._packs else one_each(chosen)
                rows = RowTensors.of(pack(read, with_text=False), self._device)
                flat = self._call(rows, None)[rows.mask].tolist()
                for place in part:
                    size = len(examples[place].answers)
                    found[place] = tuple(flat[:size])
                    flat = flat[size:]
        return found

    def _call(self, rows: RowTensors, who: torch.Tensor | None) -> torch.Tensor:
        try:
            with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16):
                scores: torch.Tensor = self.called(rows, who)
            return scores
        except torch.cuda.OutOfMemoryError as error:
            raise TrainingError(
                f"The device's memory is used up: {first_line(error)}. Lower --micro-batch (now "
                f"{self._part}) or --max-tokens."
            ) from error


def reads_packed(model: SoftModel, examples: Sequence[Encoded]) -> bool:
    """Whether a base scores answers that share a row as it scores each by itself.

    Most do. One that takes no positions, or whose layers do not keep to the mask they are given,
    does not. It is tried on the shortest example.
    """
    shortest = min(examples, key=lambda one: one.length)
    if len(shortest.answers) < 2:
        return True
    device = next(model.parameters()).device
    who = torch.zeros(1, dtype=torch.long, device=device)
    tolerance = _TOLERANCE.get(model.base.get_input_embeddings().weight.dtype, 0.05)
    model.eval()
    try:
        with torch.no_grad():
            together = model(RowTensors.of(pack([shortest]), device), who)[0]
            alone = [
                model(RowTensors.of(pack([one]), device), who)[0, 0] for one in one_each([shortest])
            ]
    except Exception:  # noqa: BLE001 - models raise what they like for a mask they do not know
        return False
    off = (together - torch.stack(alone)).abs().max()
    longest = max(len(answer) for answer in shortest.answers)
    return bool(off <= tolerance * longest)
