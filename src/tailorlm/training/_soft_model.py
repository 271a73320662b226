"""A base under a user model, to be trained: scores of answers for users, prompts read once.

Scores are log-probabilities of whole answers, or rewards from a head on the state at an answer's
last token (Li et al., 2024, section 4.4 and appendix F.2).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from tailorlm.llms._soft_forward import forward_parameters
from tailorlm.training.packed import FILL, Rows
from tailorlm.training.user_models import UserModel


@dataclass(frozen=True, slots=True)
class RowTensors:
    """`Rows` on a device; the fields are the same."""

    ids: torch.Tensor
    positions: torch.Tensor
    branches: torch.Tensor
    start: int
    scored: torch.Tensor
    last: torch.Tensor
    mask: torch.Tensor
    is_packed: bool

    @classmethod
    def of(cls, rows: Rows, device: Any) -> RowTensors:
        """Rows on a device."""

        def put(array: Any) -> torch.Tensor:
            return torch.from_numpy(array).to(device)

        return cls(
            ids=put(rows.ids),
            positions=put(rows.positions),
            branches=put(rows.branches),
            start=rows.start,
            scored=put(rows.scored),
            last=put(rows.last),
            mask=put(rows.mask),
            is_packed=rows.is_packed,
        )


class SoftModel(nn.Module):  # type: ignore[misc]  # torch brings no types here
    """A base, the user model before it, and a reward head where there is one.

    With `linear`, a user's embedding is not read but is the head: the reward is its inner product
    with the state (appendix F.2, the second way).

    Args:
        base: A causal language model of transformers, with or without an adapter.
        users: Gives the prefixes.
        head: From a state of width d to a reward, or None.
        linear: Whether the users' embeddings, of one token, are the heads.
    """

    def __init__(
        self, base: Any, users: UserModel, head: nn.Linear | None = None, *, linear: bool = False
    ) -> None:
        super().__init__()
        self.base = base
        self.users = users
        self.head = head
        self.linear = linear
        # What is sharded as one, of several GPUs.
        self._no_split_modules = getattr(base, "_no_split_modules", None)

    def forward(self, rows: RowTensors, who: torch.Tensor | None) -> torch.Tensor:
        """Scores of all answers of all rows, shape (n, m), float32; 0 where there is no answer.

        Args:
            rows: n comparisons.
            who: Rows of their users in the user model, shape (n,); None for no user at all, which
                is how the reference reads.
        """
        prefix = None if who is None else self.users(who)
        read = None if self.linear else prefix
        if self.head is None and not self.linear:
            return self._log_probs(rows, read)
        states = self._last_states(rows, read)
        if self.head is not None:
            rewards = self.head(states)[..., 0]
        elif prefix is not None:
            rewards = torch.einsum("nmd,nd->nm", states, prefix[:, 0])
        else:
            rewards = states.new_zeros(states.shape[:2])
        return rewards.masked_fill(~rows.mask, 0.0)

    def _log_probs(self, rows: RowTensors, prefix: torch.Tensor | None) -> torch.Tensor:
        given = self._inputs(rows, prefix)
        kept = rows.ids.shape[1] - rows.start + 1
        if "logits_to_keep" in forward_parameters(self.base):
            given["logits_to_keep"] = kept
        logits = self.base(**given).logits[:, -kept:].float()
        row, before, token, whose = rows.scored
        # Not log_softmax, which would hold the whole vocabulary's log-probabilities.
        each = logits[row, before, token] - logits.logsumexp(-1)[row, before]
        summed = each.new_zeros(rows.mask.numel()).index_add(0, whose, each)
        return summed.view(rows.mask.shape).masked_fill(~rows.mask, 0.0)

    def _last_states(self, rows: RowTensors, prefix: torch.Tensor | None) -> torch.Tensor:
        """The last layer's states at the last tokens of answers, shape (n, m, d), float32."""
        given = self._inputs(rows, prefix) | {"output_hidden_states": True}
        if "logits_to_keep" in forward_parameters(self.base):
            given["logits_to_keep"] = 1
        states = self.base(**given).hidden_states[-1]
        offset = rows.start + (0 if prefix is None else prefix.shape[1])
        at = torch.arange(len(rows.ids), device=states.device)[:, None]
        return states[at, rows.last + offset].float()

    def _inputs(self, rows: RowTensors, prefix: torch.Tensor | None) -> dict[str, Any]:
        """The arguments of the base's call."""
        embedded = self.base.get_input_embeddings()(rows.ids)
        positions, branches = rows.positions, rows.branches
        size = 0 if prefix is None else prefix.shape[1]
        if prefix is not None and size:
            embedded = torch.cat([prefix.to(embedded.dtype), embedded], 1)
            front = torch.arange(size, device=positions.device).expand(len(positions), -1)
            positions = torch.cat([front, positions + size], 1)
            branches = torch.cat([torch.zeros_like(front), branches], 1)
        if rows.is_packed:
            mask = seen(branches)
            lowest = torch.finfo(embedded.dtype).min
            hidden = torch.zeros_like(mask, dtype=embedded.dtype).masked_fill(~mask, lowest)
            given = {"attention_mask": hidden[:, None]}
        else:
            given = {"attention_mask": (branches != FILL).long()}
        if "position_ids" in forward_parameters(self.base):
            given["position_ids"] = positions
        return given | {"inputs_embeds": embedded, "use_cache": False}


def seen(branches: torch.Tensor) -> torch.Tensor:
    """Which place each place sees: itself, and before it the prompt and its own answer.

    Args:
        branches: Shape (n, width), as in `Rows`.

    Returns:
        Shape (n, width, width), by the place that sees, then the place that is seen.
    """
    width = branches.shape[1]
    place = torch.arange(width, device=branches.device)
    of, to = branches[:, :, None], branches[:, None, :]
    earlier = place[:, None] > place
    return (((to == 0) | (to == of)) & (to != FILL) & earlier) | (place[:, None] == place)
