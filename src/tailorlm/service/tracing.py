"""Spans for OpenTelemetry, from the extra `otel`.

Where they go is set as OpenTelemetry sets it everywhere, by OTEL_EXPORTER_OTLP_ENDPOINT and its
siblings. A span holds a stage's name and time, and nothing of a request.
"""

from __future__ import annotations

from tailorlm import __version__
from tailorlm.errors import MissingExtraError
from tailorlm.service.metrics import Tracer


def open_tracer() -> Tracer:
    """A tracer that sends spans by OTLP over HTTP, in the background.

    Raises:
        MissingExtraError: If the extra is not installed.
    """
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ModuleNotFoundError:
        raise MissingExtraError("Tracing", "otel") from None
    resource = Resource.create({"service.name": "tailorlm", "service.version": __version__})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer: Tracer = provider.get_tracer("tailorlm", __version__)
    return tracer
