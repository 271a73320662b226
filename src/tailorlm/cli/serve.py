"""`tailorlm serve`: the gateway."""

from __future__ import annotations

from enum import StrEnum
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
    upstream_detector,
)
from tailorlm.errors import MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tailorlm.methods.base import Method
    from tailorlm.tailor import Tailor


class LogForm(StrEnum):
    """How logs look."""

    text = "text"
    json = "json"


HostOption = Annotated[str, typer.Option("--host", metavar="ADDRESS", help="Address to listen on.")]
PortOption = Annotated[
    int, typer.Option("--port", min=0, max=65535, metavar="N", help="Port; 0 takes a free one.")
]
LogOption = Annotated[
    LogForm, typer.Option("--log", help="Logs on standard error, one line per request.")
]
OtelOption = Annotated[
    bool, typer.Option("--otel", help="Send spans to OTEL_EXPORTER_OTLP_ENDPOINT.")
]
UploadOption = Annotated[
    int,
    typer.Option(
        "--max-upload-mb",
        min=1,
        max=10_000,
        metavar="N",
        help="Largest upload of a user's texts, in MiB.",
    ),
]


def serve(
    host: HostOption = "127.0.0.1",
    port: PortOption = 8600,
    log: LogOption = LogForm.text,
    otel: OtelOption = False,
    max_upload_mb: UploadOption = 25,
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
        from tailorlm.service import logs, start, tracing
        from tailorlm.service.documents import UploadLimits
        from tailorlm.service.metrics import Metrics
    except ModuleNotFoundError:
        raise MissingExtraError("The gateway", "serve") from None
    logs.set_up(log.value)
    metrics = Metrics(tracing.open_tracer() if otel else None)
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
    gateway = start.open_gateway(
        tailor,
        _method_maker(tailor),
        llm,
        scrub=upstream_detector(setup),
        metrics=metrics,
    )
    if gateway.upstream.notice:
        show.notice(gateway.upstream.notice)
    uploads = UploadLimits(request=max_upload_mb << 20)
    start.run(gateway, host, port, started=_say, uploads=uploads)


def _method_maker(tailor: Tailor) -> Callable[[str], Method[Any]]:
    """Makes a method of a name from the parts of the one in use."""

    def make(name: str) -> Method[Any]:
        from tailorlm.methods import create_method

        return create_method(name, tailor.method.parts)

    return make


def _say(address: str) -> None:
    show.line(f"tailorlm answers at {address}/v1 (OpenAI-compatible). Stop it with Ctrl-C.")
