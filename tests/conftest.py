"""What holds for every test: no network, no settings of this machine, the same examples each run.

Nothing seeds global random numbers here: code that draws from them is at fault.
"""

from __future__ import annotations

import ipaddress
import os
import signal
import socket
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest
from hypothesis import settings

_SETTINGS = ("TAILORLM_", "OPENAI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
_UNRESOLVABLE = (".invalid", ".test")
_connect = socket.socket.connect
_connect_ex = socket.socket.connect_ex
_getaddrinfo = socket.getaddrinfo
_taken: dict[str, str] = {}
_open = False

settings.register_profile("same", deadline=None, derandomize=True, print_blob=False)
settings.register_profile("search", deadline=None, max_examples=1000)


def pytest_configure(config: pytest.Config) -> None:
    """Take this machine's settings away, close the network, and fix hypothesis' examples.

    ``HYPOTHESIS_PROFILE=search pytest`` looks for new examples.
    """
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # A shell runs its background jobs so, and whatever the tests start would inherit it.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in list(os.environ):
        if name.upper().startswith(_SETTINGS):
            _taken[name] = os.environ.pop(name)
    socket.socket.connect = _guarded_connect  # type: ignore[method-assign, assignment]
    socket.socket.connect_ex = _guarded_connect_ex  # type: ignore[method-assign, assignment]
    socket.getaddrinfo = _guarded_getaddrinfo


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs torch, and the packages that its mark names, where they are not installed."""
    for mark in item.iter_markers("torch"):
        missing = [name for name in ("torch", *mark.args) if find_spec(name) is None]
        if missing:
            pytest.skip(f"needs {', '.join(missing)}: make training")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Give everything back."""
    os.environ.update(_taken)
    _taken.clear()
    socket.socket.connect = _connect  # type: ignore[method-assign]
    socket.socket.connect_ex = _connect_ex  # type: ignore[method-assign]
    socket.getaddrinfo = _getaddrinfo


@pytest.fixture(autouse=True)
def network(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Open the network, and give the settings back, for tests marked live."""
    global _open
    if request.node.get_closest_marker("live"):
        for name, value in _taken.items():
            monkeypatch.setenv(name, value)
        _open = True
    yield
    _open = False


def _guarded_connect(self: socket.socket, address: Any) -> None:
    _check(self.family, address)
    _connect(self, address)


def _guarded_connect_ex(self: socket.socket, address: Any) -> int:
    _check(self.family, address)
    return _connect_ex(self, address)


def _guarded_getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
    name = host.decode() if isinstance(host, bytes) else host
    if name and not _open and not _is_loopback(name):
        if name.endswith(_UNRESOLVABLE):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        _refuse(name)
    return _getaddrinfo(host, *args, **kwargs)


def _check(family: int, address: Any) -> None:
    internet = family in (socket.AF_INET, socket.AF_INET6)
    if internet and not _open and not _is_loopback(str(address[0])):
        _refuse(str(address[0]))


def _refuse(host: str) -> None:
    # No Exception, so that no handler of connection failures takes it for one.
    pytest.fail(f"The test talks to {host}, which is not this machine. Script it, or mark it live.")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"
