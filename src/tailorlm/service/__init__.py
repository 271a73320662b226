"""The gateway: personalization in front of any app that calls an OpenAI-compatible API.

`create_app` makes the application that `tailorlm serve` runs. It needs the extra `serve`.
"""

from __future__ import annotations

from tailorlm.service.app import create_app

__all__ = ["create_app"]
