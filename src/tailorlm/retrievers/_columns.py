"""The items of a memory as a few flat arrays, which are read from bytes without a copy."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

TEXTS = 3
"""Texts of an item: its kind, what it is found by, and what is shown if that differs."""
_HEAD = struct.Struct("<QQQQ")
_LEVELS = 127.0

# In the order they are stored: the widest numbers first, so that all of them lie aligned.
_TYPES = {
    "times": "<f8",
    "positions": "<i8",
    "ends": "<u4",
    "stops": "<u4",
    "scales": "<f4",
    "terms": "<u4",
    "counts": "<u2",
    "grid": "<i1",
}


@dataclass(frozen=True, eq=False)
class Columns:
    """N items with T different words in all and vectors of D dimensions.

    Attributes:
        times: (N,), seconds since 1970-01-01 UTC.
        positions: (N,), of the events that the items come from.
        ends: (3 N,), where each text ends in `blob`; an item's three texts follow each other.
        stops: (N,), where each item's words end in `terms`.
        scales: (N,), length of one step of a vector's numbers.
        terms: (T,), the different words of each item as numbers.
        counts: (T,), how often each occurs in its item.
        grid: (N, D), vectors in steps of `scales`, from -127 to 127.
        blob: All texts in UTF-8.
    """

    times: npt.NDArray[np.float64]
    positions: npt.NDArray[np.int64]
    ends: npt.NDArray[np.uint32]
    stops: npt.NDArray[np.uint32]
    scales: npt.NDArray[np.float32]
    terms: npt.NDArray[np.uint32]
    counts: npt.NDArray[np.uint16]
    grid: npt.NDArray[np.int8]
    blob: bytes

    def __len__(self) -> int:
        return len(self.times)

    @property
    def dim(self) -> int:
        """Length of a vector; 0 without an encoder."""
        return int(self.grid.shape[1])

    def text(self, item: int, which: int) -> str:
        """One of an item's texts."""
        place = TEXTS * item + which
        start = int(self.ends[place - 1]) if place else 0
        return self.blob[start : int(self.ends[place])].decode("utf-8", "replace")

    @cached_property
    def owners(self) -> npt.NDArray[np.intp]:
        """(T,): the item of each entry of `terms`."""
        return np.repeat(np.arange(len(self)), np.diff(self.stops, prepend=np.uint32(0)))

    @cached_property
    def low_bits(self) -> npt.NDArray[np.uint16]:
        """(T,): the lower half of each word's number."""
        return self.terms.astype(np.uint16)

    @cached_property
    def lengths(self) -> npt.NDArray[np.float64]:
        """(N,): words of each item, repeated ones too."""
        sums = np.bincount(self.owners, weights=self.counts, minlength=len(self))
        return np.asarray(sums, dtype=np.float64)

    def joined(self, other: Columns) -> Columns:
        """These items and then those of `other`."""
        return Columns(
            times=np.concatenate([self.times, other.times]),
            positions=np.concatenate([self.positions, other.positions]),
            ends=np.concatenate([self.ends, other.ends + np.uint32(len(self.blob))]),
            stops=np.concatenate([self.stops, other.stops + np.uint32(len(self.terms))]),
            scales=np.concatenate([self.scales, other.scales]),
            terms=np.concatenate([self.terms, other.terms]),
            counts=np.concatenate([self.counts, other.counts]),
            grid=np.concatenate([self.grid, other.grid]),
            blob=self.blob + other.blob,
        )

    def taken(self, kept: npt.NDArray[np.bool_]) -> Columns:
        """The items where `kept` (N,) is true."""
        words = kept[self.owners]
        per_item = np.diff(self.stops, prepend=np.uint32(0))[kept]
        lengths = np.diff(self.ends, prepend=np.uint32(0)).reshape(-1, TEXTS)[kept]
        last = self.ends.reshape(-1, TEXTS)[kept, -1]
        spans = zip(last - lengths.sum(axis=1, dtype=np.uint32), last, strict=True)
        return Columns(
            times=self.times[kept],
            positions=self.positions[kept],
            ends=np.cumsum(lengths.ravel(), dtype=np.uint32),
            stops=np.cumsum(per_item, dtype=np.uint32),
            scales=self.scales[kept],
            terms=self.terms[words],
            counts=self.counts[words],
            grid=self.grid[kept],
            blob=b"".join(self.blob[start:end] for start, end in spans),
        )

    def to_bytes(self) -> bytes:
        """Sizes, the arrays in little-endian order, and the texts."""
        head = _HEAD.pack(len(self), len(self.terms), self.dim, len(self.blob))
        arrays = (
            np.ascontiguousarray(getattr(self, name), kind).tobytes()
            for name, kind in _TYPES.items()
        )
        return b"".join((head, *arrays, self.blob))

    @classmethod
    def from_bytes(cls, data: bytes) -> Columns:
        """The columns of `to_bytes`; the arrays share its memory.

        Raises:
            ValueError: If the bytes are damaged; `struct.error` if they are too few.
        """
        items, terms, dim, n_blob = _HEAD.unpack_from(data)
        sizes = {
            "ends": TEXTS * items,
            "terms": terms,
            "counts": terms,
            "grid": items * dim,
        }
        place, arrays = _HEAD.size, {}
        for name, kind in _TYPES.items():
            size = sizes.get(name, items)
            arrays[name] = np.frombuffer(data, kind, size, place)
            place += size * np.dtype(kind).itemsize
        if len(data) != place + n_blob:
            raise ValueError("its length is wrong")
        arrays["grid"] = arrays["grid"].reshape(items, dim)
        columns = cls(**arrays, blob=data[place:])
        columns.check()
        return columns

    def check(self) -> None:
        """Raises ValueError unless the columns fit each other."""
        for name, bounds, size in (
            ("texts", self.ends, len(self.blob)),
            ("words", self.stops, len(self.terms)),
        ):
            end = int(bounds[-1]) if len(bounds) else 0
            if end != size or (np.diff(bounds.astype(np.int64)) < 0).any():
                raise ValueError(f"the bounds of its {name} are wrong")
        if not (np.isfinite(self.times).all() and np.isfinite(self.scales).all()):
            raise ValueError("one of its numbers is not finite")


def no_items(dim: int = 0) -> Columns:
    """Columns of no item."""
    arrays = {name: np.zeros(0, kind) for name, kind in _TYPES.items() if name != "grid"}
    return Columns(**arrays, grid=np.zeros((0, dim), np.int8), blob=b"")


def quantized(
    vectors: npt.NDArray[np.float32],
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float32]]:
    """Vectors (N, D) in 255 steps, and the steps' lengths (N,)."""
    largest = np.abs(vectors).max(axis=1, initial=0.0)
    scales = (largest / _LEVELS).astype(np.float32)
    steps = np.where(scales > 0, scales, 1.0).astype(np.float32)
    return np.rint(vectors / steps[:, None]).astype(np.int8), scales


def blob_of(texts: Sequence[str]) -> tuple[bytes, npt.NDArray[np.uint32]]:
    """Texts in UTF-8 one after the other, and where each ends."""
    parts = [text.encode("utf-8", "replace") for text in texts]
    ends = np.cumsum([len(part) for part in parts], dtype=np.uint32)
    return b"".join(parts), ends
