"""The tables, the same on SQLite and PostgreSQL.

Users carry a number of their own, so that an id is stored once and a user who is erased and comes
back shares no row with the past. Ids compare by code point in both databases.
"""

from __future__ import annotations

import sqlalchemy as sa

HEAD = "0002"
"""Newest migration; a database at this revision is used as it is."""

_Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_Id = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

metadata = sa.MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)

users = sa.Table(
    "users",
    metadata,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("id", _Id, nullable=False, unique=True),
    sa.Column("next_position", sa.Integer, nullable=False),
    sqlite_autoincrement=True,
)

events = sa.Table(
    "events",
    metadata,
    sa.Column("user_number", _Number, sa.ForeignKey("users.number"), primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("id", _Id, nullable=False, unique=True),
    sa.Column("time", sa.Double, nullable=False),
    sa.Column("key", _Id, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("turn_id", _Id),
    sa.Column("payload", sa.Text, nullable=False),
    sa.UniqueConstraint("user_number", "key"),
)
"""`turn_id` is a turn's own id, or the id of the turn that feedback is about."""

IS_TURN = sa.text("kind = 'turn'")

sa.Index("ix_events_kind", events.c.user_number, events.c.kind, events.c.position)
sa.Index("ix_events_turn", events.c.user_number, events.c.turn_id, events.c.position)
sa.Index(
    "uq_events_turn",
    events.c.turn_id,
    unique=True,
    sqlite_where=IS_TURN,
    postgresql_where=IS_TURN,
)

states = sa.Table(
    "states",
    metadata,
    sa.Column("user_number", _Number, sa.ForeignKey("users.number"), primary_key=True),
    sa.Column("method", _Id, primary_key=True),
    sa.Column("fingerprint", sa.Text, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

populations = sa.Table(
    "populations",
    metadata,
    sa.Column("method", _Id, primary_key=True),
    sa.Column("data", sa.LargeBinary, nullable=False),
)

erasures = sa.Table(
    "erasures",
    metadata,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("time", sa.Double, nullable=False),
    sa.Column("events", sa.Integer, nullable=False),
    sa.Column("states", sa.Integer, nullable=False),
    sa.Column("scrubbed", sa.Boolean, nullable=False),
    sqlite_autoincrement=True,
)
"""That an erasure took place, never of whom; `scrubbed` once no byte is left in the files."""

api_keys = sa.Table(
    "api_keys",
    metadata,
    sa.Column("id", _Id, primary_key=True),
    sa.Column("hash", _Id, nullable=False, unique=True),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("app", _Id, nullable=False),
    sa.Column("user_id", _Id, nullable=False),
    sa.Column("label", sa.Text, nullable=False),
    sa.Column("per_minute", sa.Integer, nullable=False),
    sa.Column("created", sa.Double, nullable=False),
    sa.Column("revoked", sa.Double),
)
"""Keys of the gateway; of the key itself there is only a hash."""

audit = sa.Table(
    "audit",
    metadata,
    sa.Column("number", _Number, primary_key=True, autoincrement=True),
    sa.Column("time", sa.Double, nullable=False),
    sa.Column("key_id", _Id, nullable=False),
    sa.Column("action", sa.Text, nullable=False),
    sa.Column("user_id", _Id, nullable=False),
    sa.Column("status", sa.Integer, nullable=False),
    sqlite_autoincrement=True,
)
"""What was done with which key, to whom; an erasure takes the user's id out of it."""

sa.Index("ix_audit_user_id", audit.c.user_id)
