"""Comparisons as rows in which a prompt is read once for all its answers: arithmetic alone.

A row is text, prompt, first answer, second answer and so on. Every answer continues the prompt and
does not see the others, which the mask says; so a pair takes one row instead of two. Rows are
filled up between nothing and text on the left, and behind the answers on the right, so that the
answers of all rows begin in the same column and a model's last layer is needed for those columns
alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailorlm.training.preferences import Encoded

FILL = -1
"""Branch of what rows are filled up with."""

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Rows:
    """n comparisons with at most m answers, side by side.

    Attributes:
        ids: Tokens, shape (n, width).
        positions: Place of each token in what its answer continues, from 0, same shape.
        branches: 0 for text and prompt, k for answer k from 1, `FILL` for filling, same shape.
        start: The column where answers begin.
        scored: Of each answer's token: row, column of the position that foretells it counted from
            the one before `start`, the token, and its answer as row * m + k, shape (4, targets).
        last: Column of each answer's last token, counted from `start`, shape (n, m).
        mask: Which answers there are, shape (n, m).
    """

    ids: Ints
    positions: Ints
    branches: Ints
    start: int
    scored: Ints
    last: Ints
    mask: npt.NDArray[np.bool_]

    @property
    def is_packed(self) -> bool:
        """Whether a row holds more than one answer, which an ordinary mask cannot say."""
        return bool(self.branches.max(initial=0) > 1)


def pack(examples: Sequence[Encoded], *, with_text: bool = True) -> Rows:
    """Examples side by side.

    Args:
        examples: At least one.
        with_text: Whether the users' texts are read.
    """
    contexts = [(*(one.text if with_text else ()), *one.prompt) for one in examples]
    start = max(len(context) for context in contexts)
    width = start + max(one.targets for one in examples)
    most = max(len(one.answers) for one in examples)
    ids = np.zeros((len(examples), width), dtype=np.int64)
    positions = np.zeros_like(ids)
    branches = np.full_like(ids, FILL)
    last = np.zeros((len(examples), most), dtype=np.int64)
    mask = np.zeros((len(examples), most), dtype=np.bool_)
    scored: list[Ints] = []
    for row, (one, context) in enumerate(zip(examples, contexts, strict=True)):
        begin = start - len(context)
        ids[row, begin:start] = context
        positions[row, begin:start] = np.arange(len(context))
        branches[row, begin:start] = 0
        at = start
        for number, answer in enumerate(one.answers):
            size = len(answer)
            ids[row, at : at + size] = answer
            positions[row, at : at + size] = np.arange(len(context), len(context) + size)
            branches[row, at : at + size] = number + 1
            # The first token is foretold by the prompt's last one, wherever the answer stands.
            before = np.concatenate([[0], np.arange(at - start + 1, at - start + size)])
            whose = np.full(size, row * most + number)
            scored.append(np.stack([np.full(size, row), before, np.asarray(answer), whose]))
            last[row, number] = at - start + size - 1
            mask[row, number] = True
            at += size
    return Rows(ids, positions, branches, start, np.concatenate(scored, 1), last, mask)


def one_each(examples: Sequence[Encoded]) -> list[Encoded]:
    """Each answer as an example of its own, for models that cannot read packed rows."""
    return [
        Encoded(one.user, one.text, one.prompt, (answer,))
        for one in examples
        for answer in one.answers
    ]


def parts_of(lengths: Sequence[int], size: int) -> list[list[int]]:
    """Positions in parts of at most `size`, similar lengths together, the longest first."""
    order = sorted(range(len(lengths)), key=lambda place: (-lengths[place], place))
    return [order[at : at + size] for at in range(0, len(order), size)]
