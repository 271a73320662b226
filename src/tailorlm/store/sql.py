"""The store on SQLAlchemy: SQLite by default, PostgreSQL by URL.

Each user's row holds the next free position. A writer takes it first, which locks the row
(PostgreSQL) or the file (SQLite), so that positions have no gaps and the order of the log is the
order of the commits. No transaction stays open while the caller works.
"""

from __future__ import annotations

import os
import time as clock
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from tailorlm.errors import IdempotencyError, InputError, NotFoundError, StoreVersionError
from tailorlm.store import derived, erasing, transfer
from tailorlm.store.address import parse_address
from tailorlm.store.base import Erasure, StoredState, UserSummary
from tailorlm.store.database import Database, make_backend
from tailorlm.store.keyring import KeyRing
from tailorlm.store.migrate import bring_up_to_date, stored_revision
from tailorlm.store.queue import QueueTables, open_queue
from tailorlm.store.rows import (
    EVENT_COLUMNS,
    check_payload,
    check_time,
    event_columns,
    find_turns,
    row_event,
    row_payload,
    row_turn,
    turn_named,
)
from tailorlm.store.schema import HEAD, IS_TURN, erasures, events, users
from tailorlm.types import (
    Attribute,
    Event,
    Payload,
    Turn,
    User,
    check_feedback,
    check_id,
)

_BATCH = 128

_ATTRIBUTES = (
    sa.select(*EVENT_COLUMNS)
    .where(events.c.user_number == sa.bindparam("user_number"), events.c.kind == "attribute")
    .order_by(events.c.position)
)
_EVENT_OF_KEY = sa.select(*EVENT_COLUMNS).where(
    events.c.user_number == sa.bindparam("user_number"), events.c.key == sa.bindparam("key")
)
_INSERT_EVENT = events.insert()
_NEWEST_ERASURE = sa.select(sa.func.max(erasures.c.number))
_TURN_TAKEN = sa.select(events.c.position).where(events.c.turn_id == sa.bindparam("turn"), IS_TURN)
_USER = sa.select(users.c.number, users.c.next_position).where(users.c.id == sa.bindparam("user"))
_USER_LOCKED = _USER.with_for_update()
_TAKE_POSITION = {
    dialect: insert(users)
    .values(next_position=2)
    .on_conflict_do_update(
        index_elements=[users.c.id], set_={"next_position": users.c.next_position + 1}
    )
    .returning(users.c.number, users.c.next_position)
    for dialect, insert in (("sqlite", sqlite.insert), ("postgresql", postgresql.insert))
}


class SqlStore:
    """A `tailorlm.store.Store` in a SQLite file or a PostgreSQL database.

    Args:
        url: See `tailorlm.store.open_store`.

    Raises:
        InputError: If the URL cannot be understood.
        MissingExtraError: If the database's driver is not installed.
        StoreVersionError: If a newer tailorlm wrote the database.
        StoreCorruptError: If it is damaged or not ours.
        StoreError: If it cannot be opened.
    """

    def __init__(self, url: str | os.PathLike[str]) -> None:
        self._database = Database(make_backend(parse_address(url)))
        try:
            bring_up_to_date(self._database)
            self._database.settle()
        except BaseException:
            self._database.close()
            raise

    def append(
        self,
        user: str,
        payload: Payload,
        *,
        key: str | None = None,
        time: float | None = None,
        after: int = 0,
    ) -> Event:
        """Add one event to the user's log; see `tailorlm.store.Store.append`."""
        check_id(user, "user id")
        given, key = key, uuid4().hex if key is None else check_id(key, "idempotency key")
        time = clock.time() if time is None else check_time(time)
        payload = check_payload(payload)
        # A turn lasts at the latest with the feedback on it: nothing that a user gave is at stake.
        with self._database.write(lasting=not isinstance(payload, Turn)) as connection:
            number, position = _take_position(connection, user)
            if position <= after:
                raise NotFoundError("The user was erased meanwhile, so nothing was added.")
            first = given and self._event_of_key(connection, number, user, given)
            if first:
                connection.rollback()  # gives the position back
                return _same(first, payload)
            event = Event(
                id=uuid4().hex,
                user=user,
                position=position,
                time=time,
                key=key,
                payload=payload,
                turn=self._turn_of(connection, number, payload),
            )
            connection.execute(_INSERT_EVENT, event_columns(number, event))
        return event

    def events(self, user: str, *, after: int = 0) -> Iterator[Event]:
        """The user's events in order; see `tailorlm.store.Store.events`."""
        with self._database.read() as connection:
            number, latest = _find_user(connection, user)
        return self._stream(number, user, after) if after < latest else iter(())

    def feedback(self, user: str, turn: str, *, before: int) -> list[Event]:
        """The feedback given on one turn of the user at positions below `before`, in order."""
        label = self._database.label
        with self._database.read() as connection:
            number, _ = _find_user(connection, user)
            turns = find_turns(connection, number, [turn], label)
            rows = connection.execute(
                sa.select(*EVENT_COLUMNS)
                .where(
                    events.c.user_number == number,
                    events.c.turn_id == turn,
                    events.c.kind != "turn",
                    events.c.position < before,
                )
                .order_by(events.c.position)
            ).all()
        if not turns:
            raise _no_turn()
        return [row_event(row, user, turns, label) for row in rows]

    def latest_position(self, user: str) -> int:
        """Position of the user's newest event; 0 when there is none."""
        with self._database.read() as connection:
            return _find_user(connection, user)[1]

    def turn(self, user: str, turn: str) -> Turn:
        """One turn of the user, by id."""
        with self._database.read() as connection:
            number, _ = _find_user(connection, user)
            found = find_turns(connection, number, [turn], self._database.label)
        if turn not in found:
            raise _no_turn()
        return found[turn]

    def latest_turn(self, user: str) -> Turn:
        """The user's newest turn."""
        with self._database.read() as connection:
            number, _ = _find_user(connection, user)
            row = connection.execute(
                sa.select(*EVENT_COLUMNS)
                .where(events.c.user_number == number, events.c.kind == "turn")
                .order_by(events.c.position.desc())
                .limit(1)
            ).first()
        if row is None:
            raise NotFoundError("The user has no turn yet. Ask something first.")
        return row_turn(row, self._database.label)

    def user(self, user: str) -> User:
        """The user with the newest value of each attribute."""
        with self._database.read() as connection:
            number, _ = _find_user(connection, user)
            rows = connection.execute(_ATTRIBUTES, {"user_number": number}).all()
        payloads = [row_payload(row, self._database.label) for row in rows]
        return User(user, {p.name: p.value for p in payloads if isinstance(p, Attribute)})

    def users(self) -> Iterator[UserSummary]:
        """All users, by id."""
        newest = sa.and_(
            events.c.user_number == users.c.number,
            events.c.position == users.c.next_position - 1,
        )
        query = (
            sa.select(users.c.id, users.c.next_position, events.c.time)
            .join_from(users, events, newest, isouter=True)
            .order_by(users.c.id)
            .limit(_BATCH)
        )
        last = ""
        while True:
            with self._database.read() as connection:
                rows = connection.execute(query.where(users.c.id > last)).all()
            for name, next_position, time in rows:
                yield UserSummary(user=name, events=next_position - 1, last_time=time)
            if len(rows) < _BATCH:
                return
            last = rows[-1].id

    def load_state(self, user: str, method: str) -> StoredState | None:
        """The derived state of a user under a method, or None."""
        with self._database.read() as connection:
            state = derived.load_state(connection, user, method)
            if state is None:
                _find_user(connection, user)
            return state

    def save_state(self, user: str, state: StoredState) -> bool:
        """Keep a derived state; see `tailorlm.store.Store.save_state`.

        It need not last: the log gives it back.
        """
        with self._database.write(lasting=False) as connection:
            number, latest = _find_user(connection, user, lock=True)
            return derived.save_state(connection, number, latest, state)

    def drop_states(self, user: str) -> int:
        """Remove all derived state of a user; returns how many were removed."""
        with self._database.write() as connection:
            return derived.drop_states(connection, _find_user(connection, user, lock=True)[0])

    def load_population(self, method: str) -> bytes | None:
        """What a method has learned across users, or None."""
        with self._database.read() as connection:
            return derived.load_population(connection, method)

    def save_population(self, method: str, data: bytes) -> None:
        """Keep what a method has learned across users."""
        with self._database.write() as connection:
            derived.save_population(connection, method, data)

    def export(self, user: str) -> Iterator[dict[str, Any]]:
        """Everything about a user as JSON objects; see `tailorlm.store.transfer`."""
        with self._database.read() as connection:
            number, latest = _find_user(connection, user)
        return transfer.records(user, latest, self._stream(number, user, 0))

    def restore(self, records: Iterable[dict[str, Any]], *, user: str | None = None) -> int:
        """Add the events of an export; see `tailorlm.store.Store.restore`."""
        archive = transfer.check_records(records)
        name = archive.user if user is None else check_id(user, "user id")
        with self._database.write() as connection:
            number, position = _take_position(connection, name)
            new = transfer.reconcile(connection, number, archive, self._database.label)
            if new:
                placed = (replace(e, position=place) for place, e in enumerate(new, position))
                connection.execute(_INSERT_EVENT, [event_columns(number, e) for e in placed])
            connection.execute(
                users.update()
                .where(users.c.number == number)
                .values(next_position=position + len(new))
            )
        return len(new)

    def erase(self, user: str) -> Erasure:
        """Remove a user so that no byte stays; see `tailorlm.store.erasing`."""
        return erasing.erase(self._database, user)

    def erasures(self) -> int:
        """Number of the newest erasure, 0 before the first."""
        with self._database.read() as connection:
            return int(connection.execute(_NEWEST_ERASURE).scalar() or 0)

    def check(self) -> None:
        """Look whether the database can be reached and has the newest tables."""
        with self._database.read() as connection:
            found = stored_revision(connection, self._database.label)
        if found != HEAD:
            raise StoreVersionError(
                f"The tables of {self._database.label} are at {str(found)[:40]!r}, but this "
                f"tailorlm needs {HEAD!r}. Start it again to bring them up to date."
            )

    @property
    def queue(self) -> QueueTables | None:
        """The job queue of the gateways that use this store; None with SQLite."""
        return open_queue(self._database)

    @property
    def keyring(self) -> KeyRing:
        """The keys of the gateway that uses this store."""
        return KeyRing(self._database)

    def close(self) -> None:
        """Release connections; again is harmless."""
        self._database.close()

    def _stream(self, number: int, user: str, after: int) -> Iterator[Event]:
        label = self._database.label
        turns: dict[str, Turn] = {}
        query = (
            sa.select(*EVENT_COLUMNS)
            .where(events.c.user_number == number)
            .order_by(events.c.position)
            .limit(_BATCH)
        )
        while True:
            with self._database.read() as connection:
                rows = connection.execute(query.where(events.c.position > after)).all()
                fresh = {row.turn_id: row_turn(row, label) for row in rows if row.kind == "turn"}
                turns = {**turns, **fresh}
                needed = {row.turn_id for row in rows if row.turn_id is not None}
                turns |= find_turns(connection, number, needed - turns.keys(), label)
            for row in rows:
                yield row_event(row, user, turns, label)
            if len(rows) < _BATCH:
                return
            after = rows[-1].position
            turns = fresh

    def _event_of_key(
        self, connection: sa.Connection, number: int, user: str, key: str
    ) -> Event | None:
        row = connection.execute(_EVENT_OF_KEY, {"user_number": number, "key": key}).first()
        if row is None:
            return None
        label = self._database.label
        named = [] if row.kind == "turn" or row.turn_id is None else [row.turn_id]
        return row_event(row, user, find_turns(connection, number, named, label), label)

    def _turn_of(self, connection: sa.Connection, number: int, payload: Payload) -> Turn | None:
        """The turn that feedback is about, once the feedback is known to fit it."""
        if isinstance(payload, Turn):
            _check_new_turn(connection, payload.id)
            return None
        named = turn_named(payload)
        if named is None:
            return None
        turn = find_turns(connection, number, [named], self._database.label).get(named)
        if turn is None:
            raise _no_turn()
        check_feedback(payload, turn)
        return turn


def _same(first: Event, payload: Payload) -> Event:
    """The event that a key has, if it is what the key is used for again."""
    if first.payload != payload:
        raise IdempotencyError(
            "The idempotency key was used before for something else. "
            "Give each new event a key of its own."
        )
    return first


def _no_turn() -> NotFoundError:
    return NotFoundError("The user has no turn with that id. List the user's log to see the turns.")


def _find_user(connection: sa.Connection, user: str, *, lock: bool = False) -> tuple[int, int]:
    """A user's number and newest position."""
    row = connection.execute(_USER_LOCKED if lock else _USER, {"user": user}).first()
    if row is None:
        raise NotFoundError(
            f"The store has no user {user[:40]!r}. Check the id, or ask something as this user."
        )
    return row.number, row.next_position - 1


def _take_position(connection: sa.Connection, user: str) -> tuple[int, int]:
    """A user's number and next position, with the user's row locked; adds the user if new."""
    row = connection.execute(_TAKE_POSITION[connection.dialect.name], {"id": user}).one()
    return row.number, row.next_position - 1


def _check_new_turn(connection: sa.Connection, turn: str) -> None:
    if connection.execute(_TURN_TAKEN, {"turn": turn}).first() is not None:
        raise InputError("The turn id is taken. Give each turn an id of its own.")
