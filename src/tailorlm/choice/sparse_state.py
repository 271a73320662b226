"""What the sparse learner knows of one user, in fixed point, and its compact versioned bytes.

Everything the next update reads is stored in the precision it is kept in (16-bit fixed point),
so that a state that went through bytes goes on exactly as one that did not.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from tailorlm.choice.lattice import IndexArray, distinct_tags
from tailorlm.errors import StateError

FloatArray = NDArray[np.float64]
FixedArray = NDArray[np.int16]

UNIT = 1024
"""Fixed-point steps per nat."""
MAGIC = b"tlsp"
VERSION = 1
_HEADER = struct.Struct("<4sHHHHHHI")
_RECORD = struct.Struct("<BBB")


def to_fixed(values: FloatArray) -> FixedArray:
    """Fixed point, clipped to 30 nats either way."""
    return np.rint(np.clip(values, -30.0, 30.0) * UNIT).astype(np.int16)


def from_fixed(values: FixedArray) -> FloatArray:
    """Nats."""
    floats: FloatArray = values.astype(np.float64) / UNIT
    return floats


@dataclass(frozen=True)
class Record:
    """A recent ranking and what it contributed.

    Attributes:
        sets: Tag indices of each ranked candidate, best first.
        sizes: Candidates per group of the ranking.
        relevance: Shape (m,), fixed point, in the order of `sets`; None where unknown.
        sites: Shape (g, 2, u), fixed point: log-odds of disliked and liked against neutral that
            this ranking adds to each of its distinct tags, as far as it still counts.
        fade: Shape (g,), fixed point: how far it still counts, from 1 down to 0.
    """

    sets: tuple[IndexArray, ...]
    sizes: tuple[int, ...]
    relevance: FixedArray | None
    sites: FixedArray
    fade: FixedArray

    @property
    def tags(self) -> IndexArray:
        """Shape (u,): the distinct tags, in the order of `sites`."""
        return distinct_tags(self.sets)

    @property
    def pattern(self) -> tuple[tuple[int, ...], ...]:
        """Which candidates share which tags: the sets as positions in `tags`."""
        place: dict[int, int] = {}
        return tuple(
            tuple(place.setdefault(tag, len(place)) for tag in tags.tolist()) for tags in self.sets
        )

    @property
    def n_bytes(self) -> int:
        """Length of `to_bytes`."""
        candidates = len(self.sets) * (1 if self.relevance is None else 3)
        tags = 2 * sum(len(tags) for tags in self.sets)
        return (
            _RECORD.size
            + len(self.sizes)
            + candidates
            + tags
            + 2 * (self.sites.size + self.fade.size)
        )

    def to_bytes(self) -> bytes:
        """See `SparseState.to_bytes`."""
        known = self.relevance is not None
        head = _RECORD.pack(len(self.sets), len(self.sizes), known)
        lengths = bytes([*self.sizes, *(len(tags) for tags in self.sets)])
        tags = np.concatenate(self.sets).astype("<u2").tobytes()
        relevance = b"" if self.relevance is None else self.relevance.astype("<i2").tobytes()
        return (
            head
            + lengths
            + tags
            + relevance
            + self.sites.astype("<i2").tobytes()
            + self.fade.astype("<i2").tobytes()
        )


@dataclass(frozen=True)
class SparseState:
    """What was learned about one user.

    Attributes:
        odds: Shape (g, 2, n), fixed point: log-odds of disliked and of liked against neutral,
            under each hypothesis.
        weights: Shape (g,), fixed point: log-evidence of the hypotheses, the largest 0.
        relevance: Shape (g, r), fixed point: log-probability of each relevance weight.
        coupling: Shape (k,), fixed point: log-probability of each coupling strength.
        usual: Shape (g,), fixed point: how many liked tags used to be known.
        events: How many rankings were learned from.
        records: The most recent rankings, oldest first.
    """

    odds: FixedArray
    weights: FixedArray
    relevance: FixedArray
    coupling: FixedArray
    usual: FixedArray
    events: int
    records: tuple[Record, ...]

    @cached_property
    def read(self) -> dict[object, FloatArray]:
        """What learners have read from this state, by learner, for as long as the state lives."""
        return {}

    @property
    def n_tags(self) -> int:
        """Number of tags in the library."""
        return int(self.odds.shape[2])

    @property
    def n_bytes(self) -> int:
        """Length of `to_bytes`."""
        arrays = (
            self.odds.size
            + self.weights.size
            + self.relevance.size
            + self.coupling.size
            + self.usual.size
        )
        return _HEADER.size + 2 * arrays + sum(record.n_bytes for record in self.records)

    def to_bytes(self) -> bytes:
        """A compact, versioned form."""
        hypotheses, _, tags = self.odds.shape
        head = _HEADER.pack(
            MAGIC,
            VERSION,
            hypotheses,
            self.relevance.shape[1],
            len(self.coupling),
            tags,
            len(self.records),
            self.events,
        )
        arrays = (self.odds, self.weights, self.relevance, self.coupling, self.usual)
        parts = [array.astype("<i2").tobytes() for array in arrays]
        return b"".join([head, *parts, *(record.to_bytes() for record in self.records)])

    @classmethod
    def from_bytes(cls, data: bytes) -> SparseState:
        """The state that `to_bytes` wrote.

        Raises:
            StateError: If the bytes are not such a state, are damaged or of another version.
        """
        if len(data) < _HEADER.size or data[:4] != MAGIC:
            raise StateError("These bytes are no sparse tag state. Rebuild it from the log.")
        _, version, g, nodes, couplings, tags, n_records, events = _HEADER.unpack_from(data)
        if version != VERSION:
            raise StateError(
                f"The sparse tag state has version {version}, this program reads {VERSION}. "
                "Rebuild it from the log."
            )
        reader = _Reader(data, _HEADER.size)
        odds = reader.fixed(g, 2, tags)
        weights, relevance = reader.fixed(g), reader.fixed(g, nodes)
        coupling, usual = reader.fixed(couplings), reader.fixed(g)
        records = tuple(reader.record(g) for _ in range(n_records))
        reader.finish()
        return cls(odds, weights, relevance, coupling, usual, events, records)


class _Reader:
    """Takes arrays and records off a byte string, front to back."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data = data
        self.at = at

    def take(self, size: int) -> bytes:
        if self.at + size > len(self.data):
            raise StateError("The sparse tag state is cut short. Rebuild it from the log.")
        self.at += size
        return self.data[self.at - size : self.at]

    def fixed(self, *shape: int) -> FixedArray:
        raw = self.take(2 * math.prod(shape))
        return np.frombuffer(raw, dtype="<i2").astype(np.int16, copy=False).reshape(shape)

    def record(self, hypotheses: int) -> Record:
        m, n_groups, known = _RECORD.unpack(self.take(_RECORD.size))
        sizes = tuple(self.take(n_groups))
        lengths = tuple(self.take(m))
        tags = np.frombuffer(self.take(2 * sum(lengths)), dtype="<u2").astype(np.intp)
        ends = list(accumulate(lengths))
        sets = tuple(tags[end - length : end] for length, end in zip(lengths, ends, strict=True))
        relevance = self.fixed(m) if known else None
        sites = self.fixed(hypotheses, 2, len(distinct_tags(sets)))
        return Record(sets, sizes, relevance, sites, self.fixed(hypotheses))

    def finish(self) -> None:
        if self.at != len(self.data):
            raise StateError("The sparse tag state has a tail. Rebuild it from the log.")


def faded(records: tuple[Record, ...], kept: FloatArray) -> tuple[Record, ...]:
    """Records after an event: `kept`, shape (g, g), says what each hypothesis takes from which."""
    if not records:
        return records
    edges = np.cumsum([record.sites.shape[2] for record in records])[:-1]
    every = from_fixed(np.concatenate([record.sites for record in records], axis=2))
    sites = np.split(to_fixed(np.einsum("gh,hsn->gsn", kept, every)), edges, axis=2)
    fades = to_fixed(from_fixed(np.stack([record.fade for record in records])) @ kept.T)
    return tuple(
        replace(record, sites=own, fade=fade)
        for record, own, fade in zip(records, sites, fades, strict=True)
    )
