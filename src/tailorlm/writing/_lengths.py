"""How long a writer's texts are for what they have to say: a regression that grows text by text."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_SLOPE, _OFFSET = 0.85, 0.75
"""Of the line that is expected before any text: e^0.75 n^0.85 words for an intent of n words."""
_PRIOR_TEXTS = 4.0
"""Texts that the expected line, or another writer's, counts for."""
_SPREAD = 1.0
"""Variance of the logarithm of the size that those texts are taken to have."""
_PER_KIND = 6.0
"""Texts of a kind from which its own offset counts for more than none."""


@dataclass(frozen=True, slots=True)
class Lengths:
    """Sums over texts of x = ln(1 + words of the intent) and y = ln(1 + words of the text).

    Attributes:
        n: Texts.
        x: Sum of x.
        y: Sum of y.
        xx: Sum of x squared.
        xy: Sum of x times y.
        kinds: By kind of text: n, sum of x, sum of y.
    """

    n: float = 0.0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    kinds: Mapping[str, tuple[float, float, float]] = field(default_factory=dict)

    def add(self, size: int, words: int, kind: str) -> Lengths:
        """The sums with one more text."""
        x, y = math.log1p(size), math.log1p(words)
        n_kind, x_kind, y_kind = self.kinds.get(kind, (0.0, 0.0, 0.0))
        kinds = {**self.kinds, kind: (n_kind + 1, x_kind + x, y_kind + y)}
        return Lengths(self.n + 1, self.x + x, self.y + y, self.xx + x * x, self.xy + x * y, kinds)

    def plus(self, other: Lengths) -> Lengths:
        """The sums of both."""
        kinds = dict(self.kinds)
        for kind, (n, x, y) in other.kinds.items():
            n_kind, x_kind, y_kind = kinds.get(kind, (0.0, 0.0, 0.0))
            kinds[kind] = (n_kind + n, x_kind + x, y_kind + y)
        return Lengths(
            self.n + other.n,
            self.x + other.x,
            self.y + other.y,
            self.xx + other.xx,
            self.xy + other.xy,
            kinds,
        )

    def line(self, others: Lengths | None = None) -> tuple[float, float]:
        """Slope and offset of y on x: ridge regression towards the line of others.

        With the sums S and the slope b and offset a of the line of others, the slope is
        ``(S_xy' + k v b) / (S_xx' + k v)``, where the primes are sums about the means, k is
        `_PRIOR_TEXTS` and v `_SPREAD`; the offset is the mean of y - slope x, with k texts that lie
        on the line of others.
        """
        slope, offset = (_SLOPE, _OFFSET) if others is None else others.line()
        if self.n == 0:
            return slope, offset
        mean_x, mean_y = self.x / self.n, self.y / self.n
        centred_xx = max(self.xx - self.n * mean_x**2, 0.0)
        centred_xy = self.xy - self.n * mean_x * mean_y
        strength = _PRIOR_TEXTS * _SPREAD
        own = (centred_xy + strength * slope) / (centred_xx + strength)
        expected = slope * mean_x + offset
        at_mean = (self.n * mean_y + _PRIOR_TEXTS * expected) / (self.n + _PRIOR_TEXTS)
        return own, at_mean - own * mean_x

    def words(self, size: int, kind: str = "", others: Lengths | None = None) -> int:
        """Words that a text is expected to have, at least 1: the median of the regression.

        Args:
            size: Words of its intent; 0 where unknown takes the writer's usual one.
            kind: Its kind, whose mean deviation from the line is added, shrunk towards 0.
            others: What is known of other writers.
        """
        slope, offset = self.line(others)
        known = self if self.n else others
        usual = known.x / known.n if known is not None and known.n else math.log1p(40)
        x = math.log1p(size) if size else usual
        n, x_kind, y_kind = self.kinds.get(kind, (0.0, 0.0, 0.0))
        beside = (y_kind - slope * x_kind - offset * n) / (n + _PER_KIND)
        return max(round(math.expm1(slope * x + offset + beside)), 1)

    def as_json(self) -> list[Any]:
        """What JSON can hold."""
        return [
            self.n,
            self.x,
            self.y,
            self.xx,
            self.xy,
            {k: list(v) for k, v in self.kinds.items()},
        ]

    @classmethod
    def of_json(cls, data: Any) -> Lengths:
        """The sums of `as_json`.

        Raises:
            ValueError: If the data is something else, or TypeError.
        """
        *sums, kinds = data
        n, x, y, xx, xy = map(_number, sums)
        read = {
            str(kind): (_number(n_kind), _number(x_kind), _number(y_kind))
            for kind, (n_kind, x_kind, y_kind) in kinds.items()
        }
        return cls(n, x, y, xx, xy, read)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError("a sum is a finite number")
    return float(value)
