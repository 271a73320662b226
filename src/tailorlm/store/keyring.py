"""Keys of the gateway, each with its scope, and the record of what was done with them."""

from __future__ import annotations

import hashlib
import secrets
import time

import sqlalchemy as sa

from tailorlm.errors import InputError, NotFoundError
from tailorlm.store.database import Database
from tailorlm.store.keys import PER_MINUTE, PREFIX, SCOPES, Entry, Key, Scope
from tailorlm.store.schema import api_keys, audit
from tailorlm.types import check_id

_SECRET_BYTES = 32
_LONGEST_LABEL = 200


class KeyRing:
    """The `Keys` in a database.

    Args:
        database: Where they are.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        scope: Scope,
        *,
        app: str = "",
        user: str = "",
        label: str = "",
        per_minute: int = PER_MINUTE,
    ) -> tuple[Key, str]:
        """Make a key; see `Keys.add`."""
        _check(scope, app, user, label, per_minute)
        secret = PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        key = Key(
            id=secrets.token_hex(6),
            scope=scope,
            app=app,
            user=f"{app}/{user}" if user else "",
            label=label,
            per_minute=per_minute,
            created=time.time(),
            revoked=None,
        )
        with self._database.write() as connection:
            connection.execute(
                api_keys.insert().values(
                    id=key.id,
                    hash=hash_of(secret),
                    scope=scope,
                    app=app,
                    user_id=key.user,
                    label=label,
                    per_minute=per_minute,
                    created=key.created,
                )
            )
        return key, secret

    def find(self, secret: str) -> Key | None:
        """The key of a secret; None for one that is unknown or revoked."""
        with self._database.read() as connection:
            row = connection.execute(
                sa.select(api_keys).where(
                    api_keys.c.hash == hash_of(secret), api_keys.c.revoked.is_(None)
                )
            ).one_or_none()
        return None if row is None else _key(row)

    def all(self) -> list[Key]:
        """All keys, the oldest first, revoked ones among them."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(api_keys).order_by(api_keys.c.created, api_keys.c.id)
            ).all()
        return [_key(row) for row in rows]

    def any(self) -> bool:
        """Whether there is a key that works."""
        with self._database.read() as connection:
            found = connection.execute(
                sa.select(sa.literal(1)).where(api_keys.c.revoked.is_(None)).limit(1)
            ).first()
        return found is not None

    def revoke(self, key: str) -> None:
        """Make a key stop working; see `Keys.revoke`."""
        with self._database.write() as connection:
            changed = connection.execute(
                api_keys.update()
                .where(api_keys.c.id == key, api_keys.c.revoked.is_(None))
                .values(revoked=time.time())
            ).rowcount
        if not changed:
            raise NotFoundError(
                f"There is no working key {key[:40]!r}. See which there are: tailorlm keys list"
            )

    def note(self, key: str, action: str, user: str, status: int) -> None:
        """Record that something was done with a key."""
        with self._database.write() as connection:
            connection.execute(
                audit.insert().values(
                    time=time.time(), key_id=key, action=action, user_id=user, status=status
                )
            )

    def record(self, *, limit: int = 100) -> list[Entry]:
        """The newest lines of the record, the newest first."""
        with self._database.read() as connection:
            rows = connection.execute(
                sa.select(audit).order_by(audit.c.number.desc()).limit(limit)
            ).all()
        return [
            Entry(time=r.time, key=r.key_id, action=r.action, user=r.user_id, status=r.status)
            for r in rows
        ]


def hash_of(secret: str) -> str:
    """What is stored of a secret. It is random and long, so that a plain hash cannot be guessed."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _check(scope: str, app: str, user: str, label: str, per_minute: int) -> None:
    if scope not in SCOPES:
        raise InputError(f"A key's scope is one of {', '.join(SCOPES)}, but got {scope[:40]!r}.")
    if scope == "admin" and (app or user):
        raise InputError("An admin key is for no app and no user. Leave them out.")
    if scope != "admin":
        check_id(app, "app")
        if "/" in app:
            raise InputError(f"An app's name has no slash, but got {app[:40]!r}.")
    if scope == "user":
        check_id(user, "user id")
    elif user:
        raise InputError(f"A key of the scope {scope!r} is for no single user. Leave the user out.")
    if len(label) > _LONGEST_LABEL:
        raise InputError(f"A label has at most {_LONGEST_LABEL} characters.")
    if not 1 <= per_minute <= 1_000_000:
        raise InputError(f"per_minute is 1 to 1,000,000, but got {per_minute}.")


def _key(row: sa.Row[tuple[object, ...]]) -> Key:
    return Key(
        id=row.id,
        scope=row.scope,
        app=row.app,
        user=row.user_id,
        label=row.label,
        per_minute=row.per_minute,
        created=row.created,
        revoked=row.revoked,
    )
