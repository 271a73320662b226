"""Connections to an upstream, by aiohttp, which takes a third of what httpx's own ones take."""

from __future__ import annotations

from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

_IDLE_SECONDS = 5.0


def connections(url: httpx.URL) -> httpx.AsyncBaseTransport:
    """As many connections as there are requests at once; idle ones are kept for a while.

    Args:
        url: Where they lead; the environment's proxy is used for it, as httpx does.
    """
    proxy = None if proxy_bypass(url.host) else getproxies().get(url.scheme)
    verify = httpx.create_ssl_context()

    def session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_IDLE_SECONDS, ssl=verify)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    return AiohttpTransport(
        verify=verify, client=session, proxy=None if proxy is None else httpx.Proxy(proxy)
    )


def timed_out(error: httpx.RequestError) -> bool:
    """Whether a request failed for lack of time.

    The transport calls a connection that was refused or cut a timeout as well, but keeps what
    aiohttp said of it.
    """
    if isinstance(error.__cause__, aiohttp.ClientError):
        return isinstance(error.__cause__, TimeoutError)
    return isinstance(error, httpx.TimeoutException)
