"""What a method keeps of a user to look things up in: an immutable collection that grows."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tailorlm.encoders.base import MAX_READ, Encoder
from tailorlm.errors import InputError, StateError
from tailorlm.retrievers._columns import Columns, blob_of, no_items, quantized
from tailorlm.retrievers._words import count_words, hash_of, words_of

LIMIT = 2000
"""Items that a memory keeps unless it is told otherwise."""
_HEAD = struct.Struct("<4sIII")
_MAGIC = b"TLM1"
_KIND, _TEXT, _SHOWN = range(3)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a user wrote, said, was shown or that was learned of them.

    Attributes:
        text: What it is found by. Its first 10,000 characters are kept.
        shown: What a prompt shows instead; "" shows `text`.
        kind: "turn", "document", "statement", "edit", "rule", or a word of the method's own.
        time: Seconds since 1970-01-01 UTC.
        position: Of the event it comes from in the user's log. Several items may share one.
    """

    text: str
    shown: str = ""
    kind: str = "turn"
    time: float = 0.0
    position: int = 0

    @property
    def wording(self) -> str:
        """What a prompt shows."""
        return self.shown or self.text


@dataclass(frozen=True, slots=True)
class Matches:
    """Where words of a query occur in a memory's items: M places.

    Attributes:
        items: (M,), the item of each place.
        words: (M,), the word of each place, as its place among the query's different words.
        counts: (M,), how often the word occurs in the item.
        repeats: How often each different word occurs in the query.
    """

    items: npt.NDArray[np.intp]
    words: npt.NDArray[np.intp]
    counts: npt.NDArray[np.float64]
    repeats: npt.NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Memory:
    """Items in the order they came, with what is needed to find them by words and by meaning.

    Nothing changes a memory: each call that adds or removes gives a new one. Adding reads only
    the new items, so a memory that grew item by item equals one that was filled at once.

    Attributes:
        limit: Most items kept, from 1; when there are more, the oldest leave.
        stem: Whether words are found by their singular.
        columns: The items. Made by `add`, `replace` and `from_bytes`.
    """

    limit: int = LIMIT
    stem: bool = True
    columns: Columns = field(default_factory=no_items, repr=False)

    def __post_init__(self) -> None:
        if not 1 <= self.limit < 2**31:
            raise InputError(f"A memory keeps at least one item, but its limit is {self.limit}.")

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, index: int) -> Item:
        """The item at a place, counted from 0, the oldest first."""
        if not 0 <= index < len(self):
            raise IndexError(f"There is no item {index}; the memory has {len(self)}.")
        text = self.columns.text
        return Item(
            text=text(index, _TEXT),
            shown=text(index, _SHOWN),
            kind=text(index, _KIND),
            time=float(self.columns.times[index]),
            position=int(self.columns.positions[index]),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Memory):
            return NotImplemented
        return self.to_bytes() == other.to_bytes()

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The kind of each item."""
        return tuple(self.columns.text(index, _KIND) for index in range(len(self)))

    @property
    def times(self) -> npt.NDArray[np.float64]:
        """When each item came, shape (items,)."""
        return self.columns.times

    @cached_property
    def vectors(self) -> npt.NDArray[np.float32]:
        """Vectors of the items, shape (items, dim), each number within 1/254 of the largest."""
        return self.columns.grid * self.columns.scales[:, None]

    @property
    def lengths(self) -> npt.NDArray[np.float64]:
        """Words of each item, shape (items,)."""
        return self.columns.lengths

    def add(self, items: Iterable[Item], encoder: Encoder | None) -> Memory:
        """The memory with more items, the newest last.

        Args:
            items: In the order they came.
            encoder: Makes their vectors; None for a memory that is only searched by words.

        Raises:
            InputError: If the encoder's vectors do not fit those of the memory, or a time is not
                a number.
        """
        new = list(items)
        if not new:
            return self
        fresh = self._columns_of(new[-self.limit :], encoder)
        kept = self.columns
        if len(kept) == 0:
            kept = no_items(fresh.dim)
        elif kept.dim != fresh.dim:
            raise InputError(
                f"The memory's vectors have {kept.dim} dimensions and the encoder's {fresh.dim}. "
                "Fill a new memory from the log."
            )
        room = self.limit - len(fresh)
        if len(kept) > room:
            kept = kept.taken(np.arange(len(kept)) >= len(kept) - room)
        return self._with(kept.joined(fresh))

    def forget(self, positions: Collection[int]) -> Memory:
        """The memory without what came from the events at these positions."""
        gone = np.isin(self.columns.positions, np.array(sorted(positions), dtype=np.int64))
        return self._with(self.columns.taken(~gone)) if gone.any() else self

    def replace(self, position: int, items: Iterable[Item], encoder: Encoder | None) -> Memory:
        """The memory with `items` as its newest instead of what came from the event at a position.

        Raises:
            InputError: As `add`.
        """
        return self.forget((position,)).add(items, encoder)

    def only(self, *kinds: str) -> Memory:
        """The memory with items of these kinds alone."""
        kept = np.array([kind in kinds for kind in self.kinds], dtype=np.bool_)
        return self if kept.all() else self._with(self.columns.taken(kept))

    def matches(self, query: str) -> Matches:
        """Where the words of a query occur."""
        words = words_of(query[:MAX_READ], stem=self.stem)
        wanted, repeats = np.unique(hash_of(words), return_counts=True)
        # Most entries are told apart by half of their number; only the rest is looked up.
        wished = np.zeros(2**16, dtype=np.bool_)
        wished[wanted & 0xFFFF] = True
        near = np.flatnonzero(wished[self.columns.low_bits])
        terms = self.columns.terms[near]
        place = np.minimum(np.searchsorted(wanted, terms), max(len(wanted) - 1, 0))
        same = wanted[place] == terms if len(wanted) else np.zeros(0, dtype=np.bool_)
        found = near[same]
        return Matches(
            items=np.searchsorted(self.columns.stops, found, side="right"),
            words=place[same],
            counts=self.columns.counts[found].astype(np.float64),
            repeats=repeats.astype(np.float64),
        )

    def to_bytes(self) -> bytes:
        """The memory as bytes; equal memories give equal bytes."""
        head = _HEAD.pack(_MAGIC, self.limit, self.stem, 0)
        return head + self.columns.to_bytes()

    @classmethod
    def from_bytes(cls, data: bytes) -> Memory:
        """The memory of `to_bytes`. Texts are decoded when they are asked for.

        Raises:
            StateError: If the bytes are damaged.
        """
        try:
            magic, limit, stem, rest = _HEAD.unpack_from(data)
            if magic != _MAGIC or stem > 1 or rest or not 1 <= limit < 2**31:
                raise ValueError("it does not begin like one")
            columns = Columns.from_bytes(data[_HEAD.size :])
        except (struct.error, ValueError, OverflowError) as error:
            raise StateError(f"The memory is damaged ({error}). Rebuild it from the log.") from None
        return cls(limit, bool(stem), columns)

    def _with(self, columns: Columns) -> Memory:
        return Memory(self.limit, self.stem, columns)

    def _columns_of(self, items: Sequence[Item], encoder: Encoder | None) -> Columns:
        texts = [item.text[:MAX_READ] for item in items]
        counted = [count_words(text, stem=self.stem) for text in texts]
        blob, ends = blob_of(
            [
                part
                for item, text in zip(items, texts, strict=True)
                for part in (item.kind, text, "" if item.shown == item.text else item.shown)
            ]
        )
        times = np.array([item.time for item in items], dtype=np.float64)
        if not np.isfinite(times).all():
            raise InputError("The time of an item is not a number. Give seconds since 1970.")
        grid, scales = quantized(_vectors(texts, encoder))
        return Columns(
            times=times,
            positions=np.array([item.position for item in items], dtype=np.int64),
            ends=ends,
            stops=np.cumsum([len(terms) for terms, _ in counted], dtype=np.uint32),
            scales=scales,
            terms=np.concatenate([terms for terms, _ in counted]),
            counts=np.concatenate([counts for _, counts in counted]),
            grid=grid,
            blob=blob,
        )


def _vectors(texts: Sequence[str], encoder: Encoder | None) -> npt.NDArray[np.float32]:
    """Vectors one text at a time: in a batch, rounding would depend on a text's neighbours."""
    if encoder is None:
        return np.zeros((len(texts), 0), dtype=np.float32)
    return np.concatenate([encoder.encode([text]) for text in texts])
