"""What the gateway counts and times, for Prometheus and as spans; nothing in it tells of a user."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Literal, Protocol, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from tailorlm.llms.base import Request

Stage = Literal["plan", "upstream_first_byte", "upstream_whole", "record", "feedback", "learn"]
STAGES: tuple[Stage, ...] = get_args(Stage)
"""What is timed; "learn" is what is learned apart from requests."""
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Tracer(Protocol):
    """The part of OpenTelemetry's tracer that is used."""

    def start_as_current_span(self, name: str) -> AbstractContextManager[Any]:
        """A span around the block, the parent of those inside it."""
        ...

    def start_span(self, name: str) -> Any:
        """A span that is ended by hand."""
        ...


class Metrics:
    """Counts and times of one process.

    Labels are stages, kinds, statuses and route templates: what a client writes is never one.

    Args:
        tracer: Takes the same stages as spans; None for no tracing.
    """

    def __init__(self, tracer: Tracer | None = None) -> None:
        self._tracer = tracer
        self._registry = CollectorRegistry()
        stages = Histogram(
            "tailorlm_stage_seconds",
            "Seconds by stage; a stage that failed is not in it.",
            ["stage"],
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._stages = {stage: stages.labels(stage) for stage in STAGES}
        self._upstream_errors = self._counter(
            "upstream_errors", "Failed calls upstream, by the status that the client got.", "status"
        )
        self._feedback = self._counter("feedback", "Feedback recorded, by kind.", "kind")
        self._turns = self._counter(
            "turns", "Turns planned, by whether several answers asked the user to choose.", "asked"
        )
        self._gate = self._counter(
            "gate", "Turns with one answer, by which plan the gate let through.", "decision"
        )
        self._requests = self._counter(
            "requests", "Requests answered.", "method", "route", "status"
        )
        self._jobs = Gauge(
            "tailorlm_jobs_waiting",
            "Users who wait to be learned about; with PostgreSQL those of all gateways together.",
            registry=self._registry,
        )
        for asked in ("yes", "no"):
            self._turns.labels(asked)
        for decision in ("personal", "generic"):
            self._gate.labels(decision)

    @contextmanager
    def stage(self, stage: Stage) -> Iterator[None]:
        """Times a block that does the work of a stage."""
        clock = self.clock(stage)
        try:
            yield
        except BaseException:
            clock.failed()
            raise
        clock.done()

    def clock(self, stage: Stage) -> Clock:
        """Times a stage that no block encloses, from now on."""
        span = None if self._tracer is None else self._tracer.start_span(f"tailorlm.{stage}")
        return Clock(self._stages[stage], span)

    def request_span(self, method: str) -> AbstractContextManager[Any]:
        """The span around a request, the parent of those of its stages."""
        if self._tracer is None:
            return nullcontext()
        return self._tracer.start_as_current_span(f"tailorlm.request {method}")

    def answered(self, method: str, route: str, status: int) -> None:
        """Count a request, by the template of its route."""
        self._requests.labels(method, route, str(status)).inc()

    def upstream_failed(self, status: int) -> None:
        """Count a call upstream that failed."""
        self._upstream_errors.labels(str(status)).inc()

    def given(self, kind: str) -> None:
        """Count feedback that was recorded."""
        self._feedback.labels(kind).inc()

    def jobs_waiting(self, count: int) -> None:
        """Note how many users wait to be learned about."""
        self._jobs.set(count)

    def planned(self, requests: Sequence[Request]) -> None:
        """Count a planned turn: whether it asks, and what the gate made of a single answer."""
        self._turns.labels("yes" if len(requests) > 1 else "no").inc()
        if len(requests) == 1 and (plan := requests[0].plan) is not None:
            self._gate.labels("generic" if plan.purpose == "generic" else "personal").inc()

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self._registry)

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"tailorlm_{name}", text, labels, registry=self._registry)


class Clock:
    """A stage that is under way.

    Args:
        seconds: Where its time goes.
        span: Its span, or None.
    """

    def __init__(self, seconds: Histogram, span: Any) -> None:
        self._seconds = seconds
        self._span = span
        self._start = time.perf_counter()
        self._open = True

    def done(self) -> None:
        """The stage has done its work; again is harmless."""
        if self._open:
            self._seconds.observe(time.perf_counter() - self._start)
            self._end()

    def failed(self) -> None:
        """The stage has not done its work; after `done` that is nothing new."""
        if self._open:
            self._end()

    def _end(self) -> None:
        self._open = False
        if self._span is not None:
            self._span.end()
