"""Who calls, and on whose behalf."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass

from fastapi import Request

from tailorlm.errors import TailorError
from tailorlm.service.failures import ServiceError, as_service_error
from tailorlm.store.keys import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who makes a request.

    Attributes:
        scope: "admin" may do everything, "app" acts for its own users, "user" for one user.
        app: Whose users are meant; "" without keys.
        user: For the scope "user", the one user.
        key: Id of the key; "" without one.
    """

    scope: Scope
    app: str = ""
    user: str = ""
    key: str = ""

    def user_id(self, user: str) -> str:
        """The id in the store of a user as the caller names them; users of two apps never meet.

        Raises:
            ServiceError: If the caller may not act for this user (403).
        """
        if self.user and user != self.user:
            raise ServiceError(403, "This key belongs to another user.", code="wrong_user")
        return f"{self.app}/{user}" if self.app else user

    def own_name(self, user_id: str) -> str | None:
        """How the caller names a user of the store; None for another app's user."""
        if not self.app:
            return user_id
        app, _, user = user_id.partition("/")
        return user if app == self.app else None


OPEN = Caller(scope="admin")
"""Everybody who reaches a gateway without keys, which listens to this machine only."""


async def caller(request: Request) -> Caller:
    """Who makes this request.

    Raises:
        ServiceError: If it carries no key, or an unknown one, where keys are needed (401).
    """
    found: Caller = await request.app.state.identify(request)
    return found


def acting_for(request: Request, by: Caller, user: str) -> str:
    """The id in the store of the user whom a request is about; noted for the record.

    Args:
        request: The request.
        by: Who makes it.
        user: The user as the caller names them; "" for the one user of a key.

    Raises:
        ServiceError: If the caller may not act for this user (403).
    """
    found = by.user_id(user or by.user)
    request.state.user = found
    return found


async def on_record(request: Request) -> AsyncIterator[None]:
    """Records who did what to whose data, where keys tell who it was."""
    status = 200
    try:
        yield
    except ServiceError as error:
        status = error.status
        raise
    except TailorError as error:
        status = as_service_error(error).status
        raise
    finally:
        key = getattr(request.state, "key", "")
        if key:
            gateway = request.app.state.gateway
            action = f"{request.method} {request.url.path}"
            user = getattr(request.state, "user", "")
            await gateway.in_thread(gateway.tailor.store.keyring.note, key, action, user, status)
