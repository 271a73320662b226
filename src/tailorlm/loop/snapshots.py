"""States of a user as they were a while ago, from which a correction is learned again.

Without one, correcting a ranking costs as much as the whole log. They are kept in the memory of a
process only: what it does not have any more is learned from the log.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence

from tailorlm.forgetting import forgettable
from tailorlm.store.base import StoredState

NEWEST = 3
"""Newest states of a user that are all kept; the older ones lie further and further apart."""
MOST = 10
"""States of one user."""
BYTES = 32 << 20
"""Size of all of them, about."""

_Key = tuple[str, str]


class Snapshots:
    """The states of recent users, each a step of the same reading of the log.

    That a state is still right is told by its successor: as long as the newest state here is the
    one in the store, nobody else has learned about the user, and nothing before it was corrected.
    Otherwise all of the user's are dropped.

    Args:
        most_bytes: When they take more, those of the users seen longest ago leave.
    """

    def __init__(self, most_bytes: int = BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._known: OrderedDict[_Key, list[StoredState]] = OrderedDict()
        self._lock = threading.Lock()
        forgettable(self)

    def add(self, user: str, earlier: Sequence[StoredState], newest: StoredState) -> None:
        """Note a state that was just kept.

        Args:
            user: Whose it is.
            earlier: The states that it goes on from, oldest first: the stored one, or those on the
                way of a reading of all the log.
            newest: The state.
        """
        key = (user, newest.method)
        with self._lock:
            found = self._take(key)
            if not found or list(earlier) != found[-1:]:
                found = list(earlier)
            self._put(key, _thinned([*found, newest]))

    def before(self, user: str, stored: StoredState, position: int) -> StoredState | None:
        """The newest state from before a position; later ones are dropped.

        Args:
            user: Whose log it is.
            stored: The state that the store holds.
            position: Of the first event that does not count any more.
        """
        key = (user, stored.method)
        with self._lock:
            found = self._take(key)
            if not found or found[-1] != stored:
                return None
            found = [state for state in found if state.position < position]
            self._put(key, found)
            return found[-1] if found else None

    def cache_clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()
            self._bytes = 0

    def _take(self, key: _Key) -> list[StoredState]:
        found = self._known.pop(key, [])
        self._bytes -= sum(len(state.data) for state in found)
        return found

    def _put(self, key: _Key, found: list[StoredState]) -> None:
        if not found:
            return
        self._known[key] = found
        self._bytes += sum(len(state.data) for state in found)
        while self._bytes > self._most_bytes:
            self._take(next(iter(self._known)))


def _thinned(found: list[StoredState]) -> list[StoredState]:
    """At most `MOST` states: of the older ones that leaves whose gap is smallest for its age."""
    if len(found) <= MOST:
        return found
    newest = found[-1].position

    def gap(place: int) -> float:
        before, after = found[place - 1].position, found[place + 1].position
        return (after - before) / (newest - before)

    least = min(range(1, len(found) - NEWEST), key=gap)
    return [*found[:least], *found[least + 1 :]]
