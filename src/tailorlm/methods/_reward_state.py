"""What `best_of_n` knows of one user, and as bytes."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tailorlm.choice.reward_head import HeadPrior, HeadState
from tailorlm.errors import StateError
from tailorlm.methods._memories import pack, unpack
from tailorlm.methods._said import Said

FloatArray = npt.NDArray[np.float64]
_NAME = "best_of_n"


@dataclass(frozen=True, eq=False)
class RewardPrior:
    """Where a user starts, in the few numbers of `Population.compact`.

    Attributes:
        mean: Shape (p,): expected weights.
        own: Shape (p,): standard deviation of each weight by itself.
        shared: Shape (p, q): directions in which users differ beyond that.
    """

    mean: FloatArray
    own: FloatArray
    shared: FloatArray

    @classmethod
    def alone(cls, scales: FloatArray) -> RewardPrior:
        """Without a population: nothing is expected, and weights have these scales."""
        p = len(scales)
        return cls(np.zeros(p), _half(scales), np.zeros((p, 0)))

    @cached_property
    def head(self) -> HeadPrior:
        """The prior as the head takes it."""
        return HeadPrior(self.mean, np.concatenate([np.diag(self.own), self.shared], axis=1))

    def to_bytes(self) -> bytes:
        """The numbers in float16."""
        p, q = self.shared.shape
        columns = (self.mean[:, None], self.own[:, None], self.shared)
        return struct.pack("<II", p, q) + _packed(np.concatenate(columns, axis=1))

    @classmethod
    def from_bytes(cls, data: bytes) -> RewardPrior:
        """The prior of `to_bytes`.

        Raises:
            StateError: If the bytes are something else.
        """
        try:
            p, q = struct.unpack_from("<II", data)
            values = _unpacked(data[8:], (p, q + 2))
        except (struct.error, ValueError):
            raise StateError(f"The {_NAME} population is damaged. Learn it anew.") from None
        return cls(values[:, 0], values[:, 1], values[:, 2:])


@dataclass(frozen=True, slots=True, eq=False)
class RewardState:
    """What is known of one user. All arrays hold numbers of float16.

    Attributes:
        prior: Where the user started.
        head: The posterior.
        recent: Shape (n, p): features of the answers shown last, oldest first.
        evidence: Rankings, picks, edits and ratings that were learned from.
        last_seen: Time of the newest of them, 0 for none.
        usual_score: The user's usual rating.
        ratings: Ratings behind it.
        said: What the user said.
    """

    prior: RewardPrior
    head: HeadState
    recent: FloatArray
    evidence: int = 0
    last_seen: float = 0.0
    usual_score: float = 3.0
    ratings: int = 0
    said: Said = field(default_factory=Said)

    def rounded(self) -> RewardState:
        """With the precision of storage, so that storing and loading changes nothing."""
        head = HeadState(_half(self.head.mean), _half(self.head.known), self.head.events)
        usual = float(np.float32(self.usual_score))
        return replace(self, head=head, recent=_half(self.recent), usual_score=usual)

    def to_bytes(self) -> bytes:
        """Counts as JSON, numbers as float16, and what was said."""
        counts = [
            self.head.events,
            self.evidence,
            self.last_seen,
            self.usual_score,
            self.ratings,
            list(self.head.known.shape),
            len(self.recent),
        ]
        return pack(
            json.dumps(counts).encode(),
            self.prior.to_bytes(),
            _packed(self.head.mean),
            _packed(self.head.known),
            _packed(self.recent),
            self.said.to_bytes(),
        )

    @classmethod
    def from_bytes(cls, data: bytes, width: int) -> RewardState:
        """The state of `to_bytes`.

        Args:
            data: The bytes.
            width: Number of features, p.

        Raises:
            StateError: If the bytes are damaged or of other features.
        """
        counts, prior_bytes, mean, known, recent, said = unpack(data, 6, _NAME)
        prior = RewardPrior.from_bytes(prior_bytes)
        if len(prior.mean) != width:
            raise StateError(
                f"The {_NAME} state is about {len(prior.mean)} features, but answers have {width} "
                "with this encoder. Rebuild it from the log."
            )
        try:
            events, evidence, seen, usual, ratings, (k, r), rows = json.loads(counts)
            if k != width + prior.shared.shape[1]:
                raise ValueError("its sizes differ")
            return cls(
                prior,
                HeadState(_unpacked(mean, (k,)), _unpacked(known, (k, r)), int(events)),
                _unpacked(recent, (rows, width)),
                int(evidence),
                float(seen),
                float(usual),
                int(ratings),
                Said.from_bytes(said),
            )
        except (ValueError, TypeError, AttributeError):
            raise StateError(f"The {_NAME} state is damaged. Rebuild it from the log.") from None


def _half(values: FloatArray) -> FloatArray:
    """Numbers as float16 has them."""
    return values.astype(np.float16).astype(np.float64)


def _packed(values: FloatArray) -> bytes:
    return values.astype("<f2").tobytes()


def _unpacked(data: bytes, shape: tuple[int, ...]) -> FloatArray:
    return np.frombuffer(data, "<f2").astype(np.float64).reshape(shape)
