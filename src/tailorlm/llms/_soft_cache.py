"""What a model has computed of users' prefixes: kept, and put together for a batch of users."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tailorlm.llms._soft_forward import Reading, forward_parameters, inputs_of


@dataclass(frozen=True, slots=True)
class Front:
    """What is read before a prompt.

    Attributes:
        row: Row of the user's implicit prefix; 0 is the unknown user's.
        text: Tokens of what is known of the user as text, read behind the prefix.
        length: Tokens of both.
    """

    row: int
    text: tuple[int, ...]
    length: int


@dataclass(frozen=True, slots=True)
class _Keys:
    """Keys and values of one front, for each layer, of shape (heads, length, d)."""

    layers: tuple[tuple[Any, Any], ...]

    @property
    def size(self) -> int:
        """In bytes."""
        return sum(each.numel() * each.element_size() for pair in self.layers for each in pair)


class PrefixCache:
    """Keys and values of prefixes, computed once for each user and text, and kept while they fit.

    The keys carry their positions already, so a prefix may lie anywhere in a batch's cache, with
    filling before and behind it that the mask hides.

    Args:
        rows: Implicit prefixes of all users, shape (m + 1, T_u, d).
        max_bytes: Room for what is kept; the least recently used leaves first.

    Attributes:
        computed: Prefixes that the model was asked for so far.
    """

    def __init__(self, rows: Any, max_bytes: int) -> None:
        self.computed = 0
        self._rows = rows
        self._max_bytes = max_bytes
        self._kept: OrderedDict[Front, _Keys] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._kept)

    def cache_clear(self) -> None:
        """Forget everything that was computed."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0

    def batch(self, model: Any, fronts: Sequence[Front]) -> tuple[Any, Any]:
        """The prefixes of a batch, right-aligned, as a new cache that generation may write to.

        Args:
            model: Computes what is not kept.
            fronts: One for each row, at least one of them longer than 0.

        Returns:
            The cache, and its mask of shape (n, longest front).
        """
        import torch
        from torch.nn.functional import pad
        from transformers import DynamicCache

        wanted = {front: self._keys(model, front) for front in set(fronts) if front.length}
        longest = max(front.length for front in fronts)
        empty = _Keys(tuple((keys[:, :0], values[:, :0])
                            for keys, values in next(iter(wanted.values())).layers))  # fmt: skip
        rows = [wanted.get(front, empty) for front in fronts]
        cache = DynamicCache()
        for layer in range(len(empty.layers)):
            keys, values = (
                torch.stack(
                    [
                        pad(row.layers[layer][part], (0, 0, longest - front.length, 0))
                        for row, front in zip(rows, fronts, strict=True)
                    ]
                )
                for part in (0, 1)
            )
            cache.update(keys, values, layer)
        lengths = torch.tensor([front.length for front in fronts])
        mask = (torch.arange(longest) >= longest - lengths[:, None]).long()
        return cache, mask

    def _keys(self, model: Any, front: Front) -> _Keys:
        with self._lock:
            kept = self._kept.get(front)
            if kept is not None:
                self._kept.move_to_end(front)
                return kept
        keys = self._compute(model, front)
        with self._lock:
            self.computed += 1
            if keys.size <= self._max_bytes and front not in self._kept:
                self._kept[front] = keys
                self._bytes += keys.size
                while self._bytes > self._max_bytes:
                    _, oldest = self._kept.popitem(last=False)
                    self._bytes -= oldest.size
        return keys

    def _compute(self, model: Any, front: Front) -> _Keys:
        from transformers import DynamicCache

        cache = DynamicCache()
        prefix = self._rows[front.row : front.row + 1]
        batch = inputs_of(model, [Reading((), (), front.text)], prefix)
        given = batch.for_model(model) | {cache_argument(model): cache, "use_cache": True}
        if "logits_to_keep" in forward_parameters(model):
            given["logits_to_keep"] = 1
        model(**given)
        return _Keys(tuple((layer.keys[0], layer.values[0]) for layer in cache.layers))


def cache_argument(model: Any) -> str:
    """What the model's call names its cache, which differs between versions of transformers."""
    return "cache" if "cache" in forward_parameters(model) else "past_key_values"


def can_reuse(model: Any) -> bool:
    """Whether a prefix can be computed apart: every layer attends to all tokens before.

    Layers that see a window alone count the filling between a prefix and its prompt as tokens, and
    recurrent ones keep no keys. Such models read the prefix with each prompt.
    """
    from transformers import DynamicCache
    from transformers.cache_utils import DynamicLayer

    if getattr(model, "_is_stateful", False):
        return False
    layers = DynamicCache(config=model.config.get_text_config(decoder=True)).layers
    return all(type(layer) is DynamicLayer for layer in layers)
