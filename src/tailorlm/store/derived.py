"""What methods have learned, beside the log: states per user, populations across users."""

from __future__ import annotations

import sqlalchemy as sa

from tailorlm.store.base import StoredState
from tailorlm.store.schema import populations, states, users

_STATE_OF = (
    sa.select(
        states.c.method,
        states.c.fingerprint,
        states.c.position,
        states.c.data,
        users.c.next_position,
    )
    .join_from(users, states, users.c.number == states.c.user_number)
    .where(users.c.id == sa.bindparam("user"), states.c.method == sa.bindparam("method"))
)


def load_state(connection: sa.Connection, user: str, method: str) -> StoredState | None:
    """The state of a user under a method, or None."""
    row = connection.execute(_STATE_OF, {"user": user, "method": method}).first()
    if row is None:
        return None
    return StoredState(
        method=row.method,
        fingerprint=row.fingerprint,
        position=row.position,
        data=bytes(row.data),
        latest=row.next_position - 1,
    )


def save_state(
    connection: sa.Connection, user_number: int, latest: int, state: StoredState
) -> bool:
    """Keep a state; the user's row must be locked.

    Args:
        connection: In a writing transaction.
        user_number: The user's number.
        latest: Position of the user's newest event. A state beyond it was learned from a log that
            has been erased since, and is refused.
        state: What to keep.

    Returns:
        Whether it was kept.
    """
    if state.position > latest:
        return False
    row = connection.execute(
        sa.select(states.c.fingerprint, states.c.position).where(
            states.c.user_number == user_number, states.c.method == state.method
        )
    ).first()
    values = {"fingerprint": state.fingerprint, "position": state.position, "data": state.data}
    if row is None:
        connection.execute(
            states.insert().values(user_number=user_number, method=state.method, **values)
        )
        return True
    if row.fingerprint == state.fingerprint and row.position > state.position:
        return False
    connection.execute(
        states.update()
        .where(states.c.user_number == user_number, states.c.method == state.method)
        .values(**values)
    )
    return True


def drop_states(connection: sa.Connection, user_number: int) -> int:
    """Remove all states of a user; returns how many there were."""
    return connection.execute(states.delete().where(states.c.user_number == user_number)).rowcount


def load_population(connection: sa.Connection, method: str) -> bytes | None:
    """What a method has learned across users, or None."""
    query = sa.select(populations.c.data).where(populations.c.method == method)
    data = connection.execute(query).scalar()
    return None if data is None else bytes(data)


def save_population(connection: sa.Connection, method: str, data: bytes) -> None:
    """Replace what a method has learned across users."""
    connection.execute(populations.delete().where(populations.c.method == method))
    connection.execute(populations.insert().values(method=method, data=data))
