"""The gateway from Python: `Client`, and `AsyncClient` for programs that await."""

from tailorlm.client._calls import (
    Answer,
    Call,
    Entry,
    LeftOut,
    Receipt,
    ShownTurn,
    Uploaded,
    UserRow,
    WhatIf,
)
from tailorlm.client.asynchronous import AsyncClient
from tailorlm.client.synchronous import Client

__all__ = [
    "Answer",
    "AsyncClient",
    "Call",
    "Client",
    "Entry",
    "LeftOut",
    "Receipt",
    "ShownTurn",
    "Uploaded",
    "UserRow",
    "WhatIf",
]
