"""`tailorlm serve`: the gateway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailorlm.cli import show
from tailorlm.cli.options import (
    DetectorOption,
    EncoderOption,
    LLMOption,
    MethodOption,
    RetrieverOption,
    ScrubOption,
    SeedOption,
    Setup,
    StoreOption,
    TagsOption,
    open_tailor,
)
from tailorlm.errors import MissingExtraError

if TYPE_CHECKING:
    from tailorlm.methods.base import Method


def serve(
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")
    ] = "127.0.0.1",
    port: Annotated[
        int, typer.Option("--port", min=0, max=65535, metavar="N", help="Port; 0 takes a free one.")
    ] = 8600,
    store: StoreOption = None,
    llm: LLMOption = None,
    method: MethodOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    tags: TagsOption = None,
    seed: SeedOption = None,
    scrub: ScrubOption = None,
    detector: DetectorOption = None,
) -> None:
    """Run the gateway: an OpenAI-compatible API that answers each user as they like it.

    Without --llm it passes requests on to OPENAI_BASE_URL, else to Ollama where it runs on this
    machine, else to the demo writer.
    """
    try:
        from tailorlm.privacy import create_detector
        from tailorlm.service import start
    except ModuleNotFoundError:
        raise MissingExtraError("The gateway", "serve") from None
    setup = Setup(
        store=store,
        method=method,
        encoder=encoder,
        retriever=retriever,
        tags=tags,
        seed=seed,
        scrub=scrub,
        detector=detector,
    )
    tailor = open_tailor(setup, new=True)
    start.check_host(host, has_keys=tailor.store.keyring.any())

    def make_method(name: str) -> Method[Any]:
        from tailorlm.methods import create_method

        return create_method(name, tailor.method.parts)

    settings = setup.settings()
    hides = "upstream" in settings.scrub
    gateway = start.open_gateway(
        tailor, make_method, llm, scrub=create_detector(settings.detector) if hides else None
    )
    if gateway.upstream.notice:
        show.notice(gateway.upstream.notice)

    def say(address: str) -> None:
        show.line(f"tailorlm answers at {address}/v1 (OpenAI-compatible). Stop it with Ctrl-C.")

    start.run(gateway, host, port, started=say)
