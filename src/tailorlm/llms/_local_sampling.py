"""What steers a generation of transformers: how tokens are drawn, row by row, and when it ends."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from tailorlm.llms._background import Stopped

_TAIL = 16
"""Tokens at the end of an answer that are searched for the text that ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One request of a batch.

    Attributes:
        ids: The prompt's tokens.
        limit: Longest answer, in tokens, from 1.
        temperature: From 0, which takes the most likely token each time.
        generator: A random generator of torch, of this row alone.
        front: What is read before the prompt, as the LLM that puts it there describes it, or None.
    """

    ids: list[int]
    limit: int
    temperature: float
    generator: Any
    front: Any = None


class Sampler:
    """Makes the most likely token of the scores a draw from the model's distribution.

    The Gumbel-max trick: the argmax of log p plus standard Gumbel noise is distributed as p. So
    each row has a temperature and a seed of its own within one batch.

    Args:
        rows: The batch.
        top_p: Only the most likely tokens that together have this probability are drawn, (0, 1].
    """

    def __init__(self, rows: Sequence[Row], top_p: float) -> None:
        self._rows = rows
        self._top_p = top_p

    def __call__(self, input_ids: Any, scores: Any) -> Any:
        """Scores of shape (rows, vocabulary) to draw from by their argmax."""
        import torch

        drawn = scores.float().clone()
        for place, row in enumerate(self._rows):
            if row.temperature > 0:
                logits = _nucleus(drawn[place] / row.temperature, self._top_p)
                # Drawn on the CPU, so that a seed means the same on every device.
                waits = torch.empty(logits.shape, dtype=torch.float32)
                waits.exponential_(generator=row.generator)
                drawn[place] = logits - waits.log().to(logits.device)
        return drawn


class Watch:
    """Tells a generation which rows have ended, and a reader what the first one says.

    Args:
        rows: The batch.
        width: Tokens of the padded prompts.
        decode: From tokens to text.
        stop: A text that ends an answer, or "".
        stopped: Whether nobody waits for the answers any more.
        on_tokens: Told the first row's tokens after each step, or None.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        width: int,
        decode: Callable[[list[int]], str],
        *,
        stop: str = "",
        stopped: Stopped | None = None,
        on_tokens: Callable[[list[int]], None] | None = None,
    ) -> None:
        self._rows = rows
        self._width = width
        self._decode = decode
        self._stop = stop
        self._stopped = stopped
        self._on_tokens = on_tokens

    def __call__(self, input_ids: Any, scores: Any, **_: Any) -> Any:
        """For each row whether it has ended, as a tensor of bools."""
        import torch

        ends = [self._has_ended(place, input_ids) for place in range(len(self._rows))]
        if self._on_tokens is not None:
            self._on_tokens(input_ids[0, self._width :].tolist())
        return torch.tensor(ends, device=input_ids.device)

    def _has_ended(self, place: int, input_ids: Any) -> bool:
        if self._stopped is not None and self._stopped():
            return True
        if input_ids.shape[1] - self._width >= self._rows[place].limit:
            return True
        if not self._stop:
            return False
        start = max(self._width, input_ids.shape[1] - _TAIL)
        return self._stop in self._decode(input_ids[place, start:].tolist())


def _nucleus(logits: Any, top_p: float) -> Any:
    """Logits with those outside the nucleus at minus infinity; the most likely token stays."""
    if top_p >= 1:
        return logits
    ordered, order = logits.sort(descending=True)
    chances = ordered.softmax(-1)
    outside = chances.cumsum(-1) - chances >= top_p
    return logits.masked_fill(outside.scatter(-1, order, outside), float("-inf"))
