"""Opens the parts of a gateway from settings and runs it."""

from __future__ import annotations

import asyncio
import gc
import ipaddress
import os
import socket
import sys
from collections.abc import Callable
from typing import Any

import httpx
import uvicorn

from tailorlm.errors import InputError
from tailorlm.llms import create_llm
from tailorlm.llms.openai import DEFAULT_BASE_URL
from tailorlm.methods.base import Method
from tailorlm.privacy import Detector
from tailorlm.service.app import create_app
from tailorlm.service.documents import UploadLimits
from tailorlm.service.gateway import Gateway
from tailorlm.service.keys import KeyCheck
from tailorlm.service.llm_upstream import LLMUpstream
from tailorlm.service.metrics import Metrics
from tailorlm.service.upstream import HttpUpstream, Upstream
from tailorlm.tailor import Tailor

OLLAMA = "http://127.0.0.1:11434/v1"
"""Where Ollama listens unless it is told otherwise."""
GRACE = 30
"""Seconds that streams get to finish when the gateway is stopped."""
KEEP_ALIVE = 75
"""Seconds that an idle connection stays open: longer than clients keep theirs, so that none sends
a request on a connection that is just being closed."""
SWITCH = 0.0005
"""Seconds that a thread which plans may keep the others, and so all streams, waiting."""


def find_upstream(llm: str | None) -> tuple[Upstream, str]:
    """What answers, and the model of requests that name none.

    Args:
        llm: Registry name with model, such as "openai/gpt-4o-mini" or "local/./model"; None takes
            the endpoint of OPENAI_BASE_URL or OPENAI_API_KEY, else Ollama where it runs on this
            machine, else the demo writer.

    Raises:
        UnknownNameError: If there is no such language model.
    """
    base, key = os.environ.get("OPENAI_BASE_URL", ""), os.environ.get("OPENAI_API_KEY", "")
    if llm is not None and llm.partition("/")[0] != "openai":
        made = create_llm(llm)
        return LLMUpstream(made), made.label
    if llm is not None or base or key:
        return HttpUpstream(base or DEFAULT_BASE_URL, key), (llm or "").partition("/")[2]
    if model := _ollama_model():
        return HttpUpstream(OLLAMA), model
    demo = create_llm("builtin")
    return LLMUpstream(demo), demo.label


def _ollama_model() -> str:
    """The first model of an Ollama that answers at once, or ""."""
    try:
        listing = httpx.get(f"{OLLAMA}/models", timeout=0.5).json()
        return str(listing["data"][0]["id"])
    except (httpx.HTTPError, ValueError, KeyError, IndexError, TypeError):
        return ""


def check_host(host: str, *, has_keys: bool) -> None:
    """Refuse to be reached by other machines without keys.

    Raises:
        InputError: If the address is not this machine's loopback and there are no keys.
    """
    if has_keys or is_loopback(host):
        return
    raise InputError(
        f"Without API keys the gateway listens to this machine only, but --host is {host!r}. "
        "Make a key first (tailorlm keys add), or leave --host out."
    )


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def open_gateway(
    tailor: Tailor,
    make_method: Callable[[str], Method[Any]],
    llm: str | None,
    *,
    scrub: Detector | None = None,
    metrics: Metrics | None = None,
) -> Gateway:
    """A gateway over a facade; see `find_upstream` for what answers, `Gateway` for the rest."""
    upstream, model = find_upstream(llm)
    return Gateway(tailor, upstream, make_method, model=model, scrub=scrub, metrics=metrics)


def run(
    gateway: Gateway,
    host: str,
    port: int,
    *,
    started: Callable[[str], None],
    uploads: UploadLimits | None = None,
) -> None:
    """Serve until told to stop; streams that are under way may finish.

    Args:
        gateway: What is served.
        host: Address to listen on.
        port: Port to listen on; 0 takes a free one.
        started: Called with the gateway's own address once it listens.
        uploads: How much may be uploaded at once; None takes the usual limits.

    Raises:
        InputError: If the address cannot be used.
    """
    listener = _listen(host, port)
    address = f"http://{host}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        create_app(gateway, KeyCheck(gateway, local=is_loopback(host)), uploads=uploads),
        log_config=None,  # the logs are set up for all of the process
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE,
        timeout_keep_alive=KEEP_ALIVE,
        server_header=False,
    )
    server = uvicorn.Server(config)
    started(address)
    sys.setswitchinterval(SWITCH)
    # What is loaded by now stays: looking through it for garbage would stop every stream for a
    # tenth of a second now and then.
    gc.collect()
    gc.freeze()
    with asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        runner.run(server.serve([listener]))


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()  # who reads the address may connect at once
    except OSError as error:
        listener.close()
        raise InputError(
            f"The gateway cannot listen on {host}:{port} ({error.strerror or error}). "
            "Choose another --port or --host."
        ) from None
    return listener
