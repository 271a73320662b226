"""What a store is to tailorlm: an append-only log per user, and derived state beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from tailorlm.store.keys import Keys
from tailorlm.types import Event, Payload, Turn, User


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredState:
    """Derived state of one user under one method.

    Attributes:
        method: Name of the method.
        fingerprint: `Method.fingerprint` at the time of writing.
        position: Position of the last event folded into it.
        data: The bytes of `Method.dump`.
        latest: Of a state that was read: position of the user's newest event at that moment.
    """

    method: str
    fingerprint: str
    position: int
    data: bytes
    latest: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """What an erasure removed.

    Attributes:
        user: The user's id.
        events: Number of events removed.
        states: Number of derived states removed.
    """

    user: str
    events: int
    states: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSummary:
    """One line of a listing of users."""

    user: str
    events: int
    last_time: float | None


class Queue(Protocol):
    """Where the job queue of the gateways is; see `tailorlm.store.queue`."""

    def prepare(self) -> None:
        """Create or upgrade the tables if needed.

        Raises:
            StoreError: If they cannot be created.
        """
        ...

    def connect_arguments(self) -> dict[str, Any]:
        """What the database's driver connects with to find them."""
        ...

    def number_of(self, user: str) -> int | None:
        """What jobs call a user; None for one who is not known."""
        ...

    def user_of(self, number: int) -> str | None:
        """The user whom jobs call so; None for one who was erased."""
        ...

    def waiting(self) -> int:
        """Jobs that wait for a worker, retries among them."""
        ...


class Store(Protocol):
    """An append-only log of events per user. Safe to use from several threads and processes.

    Every method that names a user who is not in the store raises `NotFoundError`, except
    `append` and `restore`, which add the user. `events` and `export` raise it when called, not
    when iterated, and hold no lock while the caller works.
    """

    def append(
        self,
        user: str,
        payload: Payload,
        *,
        key: str | None = None,
        time: float | None = None,
        after: int = 0,
    ) -> Event:
        """Add one event to the user's log and return it as stored, once it is durable.

        Args:
            user: Id of the user, added if new.
            payload: The turn or feedback. Feedback on a turn is checked against that turn.
            key: Idempotency key. The same key and payload again return the first event and
                add nothing. None makes a key of its own.
            time: Seconds since 1970-01-01 UTC; None for now.
            after: Position that the log had when the payload was made. A log that does not reach
                it has been erased since, and takes nothing that was made from what it held.

        Raises:
            NotFoundError: If feedback names a turn that is not this user's, or if the log has
                been erased since `after`.
            FeedbackError: If it does not fit its turn.
            IdempotencyError: If the key was used for another payload.
            StoreError: If the database cannot be written.
        """
        ...

    def events(self, user: str, *, after: int = 0) -> Iterator[Event]:
        """The user's events with a position above `after`, in order, each with its turn."""
        ...

    def feedback(self, user: str, turn: str, *, before: int) -> list[Event]:
        """The feedback given on one turn of the user at positions below `before`, in order.

        Raises:
            NotFoundError: If the user has no such turn; another user's reads the same.
        """
        ...

    def latest_position(self, user: str) -> int:
        """Position of the user's newest event; 0 when there is none."""
        ...

    def turn(self, user: str, turn: str) -> Turn:
        """One turn of the user, by id. Another user's turn is not found."""
        ...

    def latest_turn(self, user: str) -> Turn:
        """The user's newest turn."""
        ...

    def user(self, user: str) -> User:
        """The user with the attributes given so far (the newest value of each name)."""
        ...

    def users(self) -> Iterator[UserSummary]:
        """All users, by id."""
        ...

    def load_state(self, user: str, method: str) -> StoredState | None:
        """The derived state of a user under a method, or None."""
        ...

    def save_state(self, user: str, state: StoredState) -> bool:
        """Keep a derived state, unless one of a later position and the same fingerprint is there.

        A state of a position that the log does not reach is not kept either: it was learned from
        a log that has been erased since.

        Returns:
            Whether it was kept.
        """
        ...

    def drop_states(self, user: str) -> int:
        """Remove all derived state of a user; returns how many were removed."""
        ...

    def load_population(self, method: str) -> bytes | None:
        """What a method has learned across users, or None."""
        ...

    def save_population(self, method: str, data: bytes) -> None:
        """Keep what a method has learned across users, replacing what was there."""
        ...

    def export(self, user: str) -> Iterator[dict[str, Any]]:
        """Everything about a user as JSON objects: a header, then one object per event."""
        ...

    def restore(self, records: Iterable[dict[str, Any]], *, user: str | None = None) -> int:
        """Add the events of an export, under another user id if given; all of them or none.

        Events that are there already (same key and payload) are skipped, so that restoring
        twice adds nothing. Turn and event ids that are taken in this store are issued anew, and
        feedback follows its turn.

        Returns:
            Number of events added.

        Raises:
            InputError: If the records are no export, with the number of the record.
            IdempotencyError: If the user's log has another event under the same key.
        """
        ...

    def erase(self, user: str) -> Erasure:
        """Remove a user's events, texts and derived state so that no byte stays in the database.

        What was learned across users is dropped too: it may have learned from this user.

        Raises:
            StoreError: If the events are gone but bytes stay in the files, because another program
                stands in the way. Erasing again finishes it.
        """
        ...

    def erasures(self) -> int:
        """Number of the newest erasure, 0 before the first; it grows with every one."""
        ...

    def check(self) -> None:
        """Look whether the database can be reached and has the newest tables.

        Raises:
            StoreError: If not.
        """
        ...

    @property
    def queue(self) -> Queue | None:
        """The job queue of the gateways that use this store; None where the database has none."""
        ...

    @property
    def keyring(self) -> Keys:
        """The keys of the gateway that uses this store."""
        ...

    def close(self) -> None:
        """Release connections."""
        ...
