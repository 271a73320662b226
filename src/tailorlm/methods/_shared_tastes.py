"""What users have in common, for the method `hierarchy`: one taste for all, and one per group.

Pooling takes rankings of several users for those of one, so that it is far too sure of what another
user likes. How much of a pooled taste carries over is therefore measured: tastes are learned from
some users, and scaled so that they foresee the rankings of the others best. A scale of 0 says that
others tell nothing about this user.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.special import logsumexp

from tailorlm.choice import plackett_luce
from tailorlm.choice.levels import posterior_weights
from tailorlm.encoders.base import encode_query
from tailorlm.methods._tag_plans import FloatArray, compared
from tailorlm.methods.base import Parts
from tailorlm.methods.population_tags import PopulationTags
from tailorlm.types import Context, Event, Plan, User

Logs = Mapping[str, Sequence[Event]]
_SCALES = np.array([0.0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.7, 1.0])
_UNTESTED = 0.5
"""Scale where there is one user, so that there is nobody to test on."""
_FOLDS = 4


@dataclass(frozen=True, eq=False)
class Shared:
    """What is believed of all users, and of each group of them.

    Attributes:
        sizes: Shape (groups,): users in each group.
        relevance: Shape (1 + groups,): weight of an answer's relevance; all users first.
        worths: Shape (1 + groups, n): expected worth of each tag and style, in Gumbel units.
        chances: Shape (1 + groups, n): probability that it is worth something.
    """

    sizes: npt.NDArray[np.uint32]
    relevance: npt.NDArray[np.float32]
    worths: npt.NDArray[np.float16]
    chances: npt.NDArray[np.float16]

    @property
    def shares(self) -> FloatArray:
        """Shape (groups,): part of the users that are in each group."""
        sizes = self.sizes.astype(np.float64)
        shares: FloatArray = sizes / sizes.sum()
        return shares

    def scaled(self, everybody: float, groups: float) -> Shared:
        """The same, each taste moved towards none: 1 leaves it as it is, 0 leaves nothing of it."""
        scales = np.array([everybody, *(groups for _ in self.sizes)])
        return Shared(
            self.sizes,
            (self.relevance * scales).astype(np.float32),
            (self.worths * scales[:, None]).astype(np.float16),
            (0.5 + (self.chances - 0.5) * scales[:, None]).astype(np.float16),
        )

    def to_bytes(self) -> bytes:
        """All numbers, little-endian."""
        return b"".join(
            (
                self.sizes.astype("<u4").tobytes(),
                self.relevance.astype("<f4").tobytes(),
                self.worths.astype("<f2").tobytes(),
                self.chances.astype("<f2").tobytes(),
            )
        )

    @classmethod
    def from_bytes(cls, data: bytes, groups: int, n: int) -> tuple[Shared, bytes]:
        """What `to_bytes` wrote, and the bytes after it; ValueError where it is damaged."""
        counts = (("<u4", groups), ("<f4", 1 + groups), *(("<f2", (1 + groups) * n),) * 2)
        arrays = []
        for kind, count in counts:
            arrays.append(np.frombuffer(data, kind, count))
            data = data[arrays[-1].nbytes :]
        sizes, relevance, worths, chances = arrays
        if not all(np.isfinite(array).all() for array in arrays) or not sizes.all():
            raise ValueError("values that are no numbers, or an empty group")
        shape = (1 + groups, n)
        found = cls(
            sizes.astype(np.uint32),
            relevance.astype(np.float32),
            worths.astype(np.float16).reshape(shape),
            chances.astype(np.float16).reshape(shape),
        )
        return found, data


@dataclass(frozen=True)
class Tastes:
    """Learns what users have in common.

    Attributes:
        parts: Of the method.
        groups: Most groups; each has two users or more on average.
    """

    parts: Parts
    groups: int

    @cached_property
    def pool(self) -> PopulationTags:
        """Learns from users as from one."""
        return PopulationTags(self.parts)

    def learn(self, logs: Logs, rng: np.random.Generator) -> Shared | None:
        """The tastes of all users and of groups, scaled by how far they carry over.

        Users are grouped by Ward's clustering of the worths of tags, each user's learned from that
        user alone. Scales are those under which tastes learned from three quarters of the users
        give the rankings of the others the highest probability.

        Args:
            logs: The users' logs by user id.
            rng: Orders the rankings that are pooled, and divides the users.

        Returns:
            The tastes; None where nobody has compared anything.
        """
        told = {user: [e for e in logs[user] if len(compared(e)) > 1] for user in sorted(logs)}
        heard = {user: events for user, events in told.items() if events}
        if not heard:
            return None
        alone = {user: self._pooled({user: log}, rng)[1] for user, log in heard.items()}
        scales = self._scales(heard, alone, rng)
        return self._tastes(heard, alone, rng).scaled(*scales)

    def utility(self, shared: Shared, context: Context, plans: Sequence[Plan]) -> FloatArray:
        """What each plan's answer is worth to all users and to each group.

        Returns:
            Shape (1 + groups, len(plans)), in Gumbel units.
        """
        library = self.parts.library
        held = np.zeros((len(plans), len(self.pool.known)))
        for place, plan in enumerate(plans):
            held[place, [library.index[tag] for tag in plan.tags if tag in library.index]] = 1.0
        query = encode_query(self.parts.encoder, context.query)
        near = (self.pool.vectors @ query).astype(np.float64)
        near[len(library.tags) :] = 0.0
        relevance = held @ near / np.maximum(held.sum(axis=1), 1.0)
        worths: FloatArray = shared.worths.astype(np.float64) @ held.T
        worths += shared.relevance.astype(np.float64)[:, None] * relevance
        return worths

    def _tastes(
        self, logs: Logs, alone: Mapping[str, FloatArray], rng: np.random.Generator
    ) -> Shared:
        each = np.array([alone[user] for user in logs])
        group_of = _grouped(each, min(self.groups, max(len(logs) // 2, 1)))
        members = [
            {user: logs[user] for user, own in zip(logs, group_of, strict=True) if own == group}
            for group in np.unique(group_of)
        ]
        found = [self._pooled(logs_of, rng) for logs_of in (logs, *members)]
        return Shared(
            np.array([len(logs_of) for logs_of in members], dtype=np.uint32),
            np.array([relevance for relevance, _, _ in found], dtype=np.float32),
            np.array([worth for _, worth, _ in found], dtype=np.float16),
            np.array([chance for _, _, chance in found], dtype=np.float16),
        )

    def _pooled(self, logs: Logs, rng: np.random.Generator) -> tuple[float, FloatArray, FloatArray]:
        """Weight of relevance, worth and probability of each tag, all of these users as one."""
        state = self.pool.initial(User("everybody"), self.pool.fit(logs, rng))
        table = state.table.astype(np.float64)
        return state.relevance, table[0], np.clip(table[3], 0.0, 1.0)

    def _scales(
        self, logs: Logs, alone: Mapping[str, FloatArray], rng: np.random.Generator
    ) -> tuple[float, float]:
        """How far the taste of all, and those of groups, carry over to users not learned from."""
        if len(logs) < 2:
            return _UNTESTED, _UNTESTED
        fold_of = rng.permutation(np.arange(len(logs)) % min(_FOLDS, len(logs)))
        total = np.zeros((2, len(_SCALES)))
        for fold in range(int(fold_of.max()) + 1):
            others = {
                u: log for (u, log), f in zip(logs.items(), fold_of, strict=True) if f != fold
            }
            shared = self._tastes(others, alone, rng)
            for user in logs.keys() - others.keys():
                total += self._foreseen(shared, logs[user])
        everybody, groups = _SCALES[total.argmax(axis=1)]
        return float(everybody), float(groups)

    def _foreseen(self, shared: Shared, log: Sequence[Event]) -> FloatArray:
        """Log-probability of a user's rankings under each scale, shape (2, scales).

        First that of everybody's taste, then that of the groups', of which the user is a mixture
        that follows the rankings.
        """
        total = np.zeros((2, len(_SCALES)))
        weights = np.tile(shared.shares, (len(_SCALES), 1))
        for event in log:
            if event.turn is None:
                continue
            plans = [candidate.plan for candidate in event.turn.candidates]
            worths = self.utility(shared, event.turn.context, plans)
            told = plackett_luce.log_likelihood(_SCALES[:, None, None] * worths, compared(event))
            total[0] += told[:, 0]
            total[1] += logsumexp(told[:, 1:], b=weights, axis=1)
            weights = posterior_weights(weights, told[:, 1:])
        return total


def _grouped(worths: FloatArray, most: int) -> npt.NDArray[np.intp]:
    """The group of each user, by Ward's clustering of their worths (users, n)."""
    if len(worths) < 2 or most < 2:
        return np.zeros(len(worths), dtype=np.intp)
    joined = fcluster(linkage(worths, "ward"), most, "maxclust")
    groups: npt.NDArray[np.intp] = joined.astype(np.intp)
    return groups
