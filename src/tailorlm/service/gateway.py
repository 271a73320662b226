"""The loop, driven for many requests at once: its database work in threads, its answers awaited."""

from __future__ import annotations

import asyncio
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import anyio
import anyio.to_thread

from tailorlm.errors import NotFoundError, StoreError, UnknownNameError
from tailorlm.llms.base import Completion, Request
from tailorlm.loop.effects import Complete, Steps
from tailorlm.loop.turn import HowMany
from tailorlm.methods.base import Method
from tailorlm.privacy import Detector
from tailorlm.registry import METHODS, names
from tailorlm.service.drafted_upstream import DraftedUpstream
from tailorlm.service.failures import ServiceError
from tailorlm.service.jobs import FORGET_EVERY, forget_erased, open_jobs
from tailorlm.service.metrics import Metrics
from tailorlm.service.protocol import on_the_way
from tailorlm.service.relay import usage_of
from tailorlm.service.scrubbing import ScrubbingUpstream
from tailorlm.service.upstream import Upstream
from tailorlm.service.watched_upstream import WatchedUpstream
from tailorlm.tailor import Tailor
from tailorlm.types import Context, Event, Plan

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A turn that is planned and waits for its answers.

    Attributes:
        turn: Id that the turn will have.
        user: Whose turn it is.
        method: The method that planned it.
        requests: One per candidate, in the order in which they are shown.
        certainty: How sure the method is of its best answer, from 0 to 1.
        steps: The loop, stopped where it wants its answers.
    """

    turn: str
    user: str
    method: str
    requests: tuple[Request, ...]
    certainty: float
    steps: Steps[Event]


class Gateway:
    """Plans, records and learns for the routes.

    Args:
        tailor: The facade with the store and the method in use.
        upstream: What answers.
        make_method: Makes the method of a name, for requests that choose one.
        model: The model of requests that name none, or "".
        scrub: Finds the personal data that is kept from the upstream; None keeps none.
        threads: Database work that may go on at once.
        metrics: Counts and times what happens; None makes them without spans.
    """

    def __init__(
        self,
        tailor: Tailor,
        upstream: Upstream,
        make_method: Callable[[str], Method[Any]],
        *,
        model: str = "",
        scrub: Detector | None = None,
        threads: int = 16,
        metrics: Metrics | None = None,
    ) -> None:
        self.metrics = metrics or Metrics()
        watched = WatchedUpstream(upstream, self.metrics)
        self.upstream: Upstream = watched if scrub is None else ScrubbingUpstream(watched, scrub)
        self.tailor = tailor
        self.model = model
        self._make_method = make_method
        self._tailors = {tailor.method.name: tailor}
        self.jobs = open_jobs(tailor.store.queue, self.learn, self.metrics.jobs_waiting)
        self._learning_apart(tailor)
        self._limiter = anyio.CapacityLimiter(threads)
        self._planning = threading.Lock()
        self.methods = frozenset(names(METHODS))

    def using(self, method: str = "") -> Tailor:
        """The facade of a method, "" for the one in use; all share one store.

        Raises:
            UnknownNameError: If there is no such method.
        """
        if not method:
            return self.tailor
        if method not in self.methods:
            raise UnknownNameError("method", method, self.methods)
        if method not in self._tailors:
            main = self.tailor
            made = Tailor(
                main.store,
                llm=main.llm,
                method=self._make_method(method),
                gate=main.loop.gate,
                policy=main.loop.policy,
                seed=main.loop.seed,
                keep=main.keep,
            )
            self._learning_apart(made)
            self._tailors[method] = made
        return self._tailors[method]

    async def _ready(self, method: str) -> Tailor:
        """As `using`; only the first use of a method takes long enough for a thread."""
        if (name := method or self.tailor.method.name) in self._tailors:
            return self._tailors[name]
        return await self.in_thread(self.using, method)

    async def upstream_for(self, user: str) -> Upstream:
        """What answers for a user, "" for nobody: where it is scrubbed, it knows their names."""
        if not user or not isinstance(self.upstream, ScrubbingUpstream):
            return DraftedUpstream(self.upstream)
        knowing = self.upstream.knowing(await self.in_thread(self._names_of, user))
        return DraftedUpstream(knowing)

    async def in_thread(self, work: Callable[..., Result], *args: Any, **kwargs: Any) -> Result:
        """Run what waits for the database without holding up other requests."""
        return await anyio.to_thread.run_sync(partial(work, *args, **kwargs), limiter=self._limiter)

    async def plan(
        self,
        user: str,
        context: Context,
        n: HowMany,
        *,
        method: str = "",
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Planned:
        """Plan a turn up to the point where its answers are wanted.

        Args:
            user: Id of the user.
            context: What is asked.
            n: How many candidates.
            method: The method, "" for the one in use.
            body: The client's request, for what a method asks of the model on the way.
            headers: The client's headers.

        Raises:
            TailorError: As `Loop.ask`.
            ServiceError: If what the method asked on the way is not answered.
        """
        tailor = await self._ready(method)
        turn = uuid.uuid4().hex
        steps = tailor.loop.ask(user, context, n, turn)
        with self.metrics.stage("plan"):
            wanted = await self._until_shown(tailor, steps, user, body, headers)
        if not isinstance(wanted, Complete):
            raise ServiceError(500, "The turn ended without being answered.")
        self.metrics.planned(wanted.requests)
        return Planned(
            turn=turn,
            user=user,
            method=tailor.method.name,
            requests=wanted.requests,
            certainty=1.0 if wanted.certainty is None else wanted.certainty,
            steps=steps,
        )

    async def preview(
        self,
        user: str,
        context: Context,
        *,
        method: str = "",
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> tuple[Plan, Plan]:
        """The generic plan and the method's best one; nothing is recorded. Arguments as `plan`."""
        tailor = await self._ready(method)
        steps = tailor.loop.preview(user, context)
        found = await self._until_shown(tailor, steps, user, body, headers)
        if isinstance(found, Complete):
            raise ServiceError(500, "The preview asked for answers to show.")
        return found

    async def record(self, planned: Planned, completions: Sequence[Completion]) -> Event:
        """Record a planned turn with its answers, in the order of its requests."""
        tailor = self.using(planned.method)
        with self.metrics.stage("record"):
            event = await self.in_thread(
                _advance, tailor, planned.steps, tuple(completions), nullcontext()
            )
        if not isinstance(event, Event):
            raise ServiceError(500, "The turn was answered, but not recorded.")
        return event

    async def learn(self, method: str, user: str) -> None:
        """Learn what came of a user's log since; training asks the upstream, if it has a model.

        Raises:
            TailorError: If it cannot be learned or kept.
        """
        tailor = await self.in_thread(self.using, method)
        steps = tailor.loop.learner.learn(user)
        answers: object = None
        with self.metrics.stage("learn"):
            while isinstance(
                wanted := await self.in_thread(_advance, tailor, steps, answers, nullcontext()),
                Complete,
            ):
                answers = await self._for_training(tailor, wanted, user)

    async def beside(self) -> None:
        """What goes on beside the requests, until it is cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.jobs.run())
            newest = partial(self.in_thread, self.tailor.store.erasures)
            group.create_task(forget_erased(newest, FORGET_EVERY))

    async def close(self) -> None:
        """Release the upstream and the store."""
        await self.upstream.close()
        await self.in_thread(self.tailor.close)

    def _learning_apart(self, tailor: Tailor) -> None:
        """Take training out of the requests of methods that train."""
        if tailor.method.trains:
            tailor.learn_apart(partial(self.jobs.add, tailor.method.name))

    async def _for_training(
        self, tailor: Tailor, wanted: Complete, user: str
    ) -> tuple[Completion, ...]:
        """What training asks of a model: the gateway's own, else that of the facade."""
        if self.model:
            with suppress(ServiceError):
                return await self._on_the_way(wanted.requests, user, {"model": self.model}, {})
        return tuple(await self.in_thread(tailor.llm.complete_many, wanted.requests))

    async def _until_shown(
        self,
        tailor: Tailor,
        steps: Steps[Result],
        user: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> Complete | Result:
        """Drive the loop until it wants answers to show, or is done.

        One thread at a time computes, while others wait for the database: more would only take
        the interpreter from each other, which cost as much again as the planning itself.
        """
        answers: object = None
        while True:
            wanted = await self.in_thread(_advance, tailor, steps, answers, self._planning)
            if not isinstance(wanted, Complete) or wanted.certainty is not None:
                return wanted
            answers = await self._on_the_way(wanted.requests, user, body, headers)

    async def _on_the_way(
        self,
        requests: Sequence[Request],
        user: str,
        body: Mapping[str, Any],
        headers: Mapping[str, str],
    ) -> tuple[Completion, ...]:
        """What a method asks the model before it plans, all at once."""
        upstream = await self.upstream_for(user)
        answers = await asyncio.gather(
            *(
                upstream.complete(on_the_way(body, request), request, headers)
                for request in requests
            )
        )
        model = str(body.get("model"))
        return tuple(completion_of(answer, upstream.label, model) for answer in answers)

    def _names_of(self, user: str) -> tuple[str, ...]:
        """The names that a user's attributes tell; none while they cannot be read."""
        try:
            attributes = self.tailor.store.user(user).attributes
        except (NotFoundError, StoreError):
            return ()
        return tuple(value for name, value in attributes.items() if "name" in name.lower())


def completion_of(answer: Mapping[str, Any], label: str, model: str) -> Completion:
    """The text of a chat completion object, "" where its first choice has none."""
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else {}
    message = choice.get("message") if isinstance(choice, dict) else None
    content = message.get("content") if isinstance(message, dict) else None
    return Completion(
        text=content if isinstance(content, str) else "",
        llm=f"{label}/{model}" if model else label,
        usage=usage_of(dict(answer)),
        finish_reason=str(choice.get("finish_reason") or "stop")
        if isinstance(choice, dict)
        else "",
    )


def _advance(
    tailor: Tailor,
    steps: Steps[Result],
    answer: object,
    computing: AbstractContextManager[Any],
) -> Complete | Result:
    """Drive the loop until it wants answers of a model, or is done.

    Args:
        tailor: The facade, which does what the loop asks of the outside.
        steps: The loop.
        answer: What it waits for.
        computing: Held while the loop computes.
    """
    while True:
        try:
            with computing:
                effect = steps.send(answer)
        except StopIteration as stop:
            result: Result = stop.value
            return result
        if isinstance(effect, Complete):
            return effect
        answer = tailor.perform(effect)
