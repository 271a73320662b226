"""What a key of the gateway is, and what keeps keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

Scope = Literal["admin", "app", "user"]
SCOPES: tuple[Scope, ...] = ("admin", "app", "user")
PREFIX = "tlm_"
"""How every key begins, so that scanners for leaked secrets can find one."""
PER_MINUTE = 600
"""Requests per minute of a new key, unless it is told otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key, without its secret.

    Attributes:
        id: What it is called in listings and in the record.
        scope: "admin" may do everything, "app" acts for its own users, "user" for one of them.
        app: Whose users are meant; "" for an admin.
        user: For the scope "user", the one user's id in the store.
        label: What it is for, in the words of whoever made it.
        per_minute: Requests per minute it may make.
        created: When it was made.
        revoked: When it was revoked, or None.
    """

    id: str
    scope: Scope
    app: str
    user: str
    label: str
    per_minute: int
    created: float
    revoked: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the record."""

    time: float
    key: str
    action: str
    user: str
    status: int


class Keys(Protocol):
    """Keys in a store."""

    def add(
        self,
        scope: Scope,
        *,
        app: str = "",
        user: str = "",
        label: str = "",
        per_minute: int = PER_MINUTE,
    ) -> tuple[Key, str]:
        """Make a key.

        Returns:
            The key, and its secret, which cannot be had again.

        Raises:
            InputError: If the scope does not go with the app and the user.
        """
        ...

    def find(self, secret: str) -> Key | None:
        """The key of a secret; None for one that is unknown or revoked."""
        ...

    def all(self) -> list[Key]:
        """All keys, the oldest first, revoked ones among them."""
        ...

    def any(self) -> bool:
        """Whether there is a key that works."""
        ...

    def revoke(self, key: str) -> None:
        """Make a key stop working, by its id.

        Raises:
            NotFoundError: If there is none of that id that works.
        """
        ...

    def note(self, key: str, action: str, user: str, status: int) -> None:
        """Record that something was done with a key."""
        ...

    def record(self, *, limit: int = 100) -> list[Entry]:
        """The newest lines of the record, the newest first."""
        ...
