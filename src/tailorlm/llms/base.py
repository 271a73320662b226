"""What an LLM is to tailorlm: something that completes a request, whole or streamed."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import ClassVar

from tailorlm.types import Message, Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of an LLM.

    Attributes:
        messages: The conversation, ending with the message to answer.
        plan: The plan behind the messages, for writers that work from the plan itself.
        temperature: Sampling temperature, or None for the endpoint's default.
        max_tokens: Longest completion in tokens, or None for the endpoint's default.
        seed: Sampling seed where the endpoint knows one, or None.
    """

    messages: tuple[Message, ...]
    plan: Plan | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens read and written, as the endpoint counts them (0 where it does not say)."""

    prompt: int = 0
    completion: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """What an LLM answered.

    Attributes:
        text: The answer.
        llm: Registry name of the LLM with its model, as in "openai/gpt-4o-mini".
        usage: Tokens used.
        finish_reason: Why it stopped: "stop", "length", ...
    """

    text: str
    llm: str
    usage: Usage = field(default_factory=Usage)
    finish_reason: str = "stop"


class LLM(ABC):
    """Base of all LLMs. Instances are safe to call from several threads at once.

    Attributes:
        name: The registry name, equal to the module's name.
        extra: The pip extra it needs, or None.
        is_demo: True for a writer that is no language model and must be labelled as such.
        takes_model: Whether its name goes on with a model, as "openai/gpt-4o-mini" does; then
            the constructor takes the model first.
        model: The model, "" where there is none to choose.
    """

    name: ClassVar[str]
    extra: ClassVar[str | None] = None
    is_demo: ClassVar[bool] = False
    takes_model: ClassVar[bool] = True

    def __init__(self, model: str = "") -> None:
        self.model = model

    @property
    def label(self) -> str:
        """Registry name with model, as written into candidates."""
        return f"{self.name}/{self.model}" if self.model else self.name

    @abstractmethod
    def complete(self, request: Request) -> Completion:
        """Answer a request.

        Raises:
            LLMError: If no whole answer was received; the subclass says why.
        """

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Answer several requests at once; the completions are in the order of the requests.

        Each is answered in a thread of its own. One that can read a batch answers them together.

        Raises:
            LLMError: As `complete`, of the first request that failed; the others are given up.
        """
        if len(requests) < 2 or self.is_demo:
            return [self.complete(request) for request in requests]
        pool = ThreadPoolExecutor(len(requests), thread_name_prefix="tailorlm-llm")
        try:
            futures = [pool.submit(self.complete, request) for request in requests]
            done, _ = wait(futures, return_when=FIRST_EXCEPTION)
            for future in futures:
                if future in done:
                    future.result()
            return [future.result() for future in futures]
        finally:
            # Whoever interrupts, or is told of a failure, does not wait for the slowest answer.
            pool.shutdown(wait=False, cancel_futures=True)

    def answer_many(self, requests: Sequence[Request]) -> list[Completion]:
        """As `complete_many`, but what a plan has drafted already is its answer as it is.

        Raises:
            LLMError: As `complete_many`.
        """
        drafts = [drafted(request) for request in requests]
        open_requests = [r for r, draft in zip(requests, drafts, strict=True) if draft is None]
        answers = iter(self.complete_many(open_requests) if open_requests else ())
        return [next(answers) if draft is None else draft for draft in drafts]

    def stream(self, request: Request) -> Iterator[str]:
        """Answer a request piece by piece; the pieces joined are the answer.

        Raises:
            LLMError: As `complete`; also in the middle, when the answer breaks off.
        """
        yield self.complete(request).text

    def close(self) -> None:  # noqa: B027 - most writers hold nothing
        """Release connections."""


def drafted(request: Request) -> Completion | None:
    """The answer that the plan of a request has already; None where an LLM has to be asked."""
    draft = None if request.plan is None else request.plan.draft
    return None if draft is None else Completion(text=draft.text, llm=draft.llm)
