"""How a causal language model of transformers answers requests: in batches, whole or streamed.

What it reads before a prompt, if anything, is left to the LLMs that build on this.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tailorlm.errors import InputError, LLMError, LLMResponseError
from tailorlm.hub import first_line
from tailorlm.llms._background import Emit, Stopped, in_background
from tailorlm.llms._local_load import Loaded
from tailorlm.llms._local_prompt import PLAIN_STOP, fitted_ids, has_template
from tailorlm.llms._local_sampling import Row, Sampler, Watch
from tailorlm.llms.base import LLM, Completion, Request, Usage
from tailorlm.types import Message

MAX_TOKENS = 512
"""Longest answer where a request does not say, in tokens."""

_UNKNOWN_CONTEXT = 2048
_UNFINISHED = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerSettings:
    """How requests are answered; the arguments of `tailorlm.llms.local.Local` of the same names."""

    temperature: float
    top_p: float
    max_tokens: int
    context: int | None
    batch_size: int

    def __post_init__(self) -> None:
        if self.batch_size < 1 or not 0 < self.top_p <= 1:
            raise InputError(
                "batch_size is at least 1, and top_p above 0 and at most 1, but got "
                f"{self.batch_size} and {self.top_p}."
            )
        checked_temperature(self.temperature)
        checked_limit("max_tokens", self.max_tokens)
        if self.context is not None:
            checked_limit("context", self.context)


@dataclass(frozen=True, slots=True)
class Prompts:
    """What the rows of a batch are asked, for the `generate` of transformers.

    Attributes:
        arguments: Its arguments.
        width: Tokens of each row that it gives back in front of the answer.
    """

    arguments: dict[str, Any]
    width: int


class LocalAnswers(LLM):
    """Base of the LLMs that answer by a model of transformers.

    Args:
        model: What it is called after the slash.
        loaded: The model and its tokenizer.
        settings: How requests are answered.
    """

    def __init__(self, model: str, loaded: Loaded, settings: AnswerSettings) -> None:
        super().__init__(model)
        self.temperature = settings.temperature
        self.top_p = settings.top_p
        self.max_tokens = settings.max_tokens
        self.batch_size = settings.batch_size
        self._model = loaded.model
        self._tokenizer = loaded.tokenizer
        self._device = loaded.device
        self._ends = _end_tokens(loaded.model, loaded.tokenizer)
        # What fills rows up. The mask hides it, so any token will do.
        self._fill = self._ends[0] if self._ends else 0
        self._stop = "" if has_template(loaded.tokenizer) else PLAIN_STOP
        self._lock = threading.Lock()
        own = _context_of(loaded.model, loaded.tokenizer)
        self.context = own if settings.context is None else min(settings.context, own)

    def complete(self, request: Request) -> Completion:
        """Answer a request.

        Raises:
            InputError: If a setting of the request cannot be used, or the message to answer and the
                instructions are longer than the model's context.
            LLMResponseError: If the answer is empty.
            LLMError: If the model fails, for example for lack of memory.
        """
        return self.complete_many([request])[0]

    def complete_many(self, requests: Sequence[Request]) -> list[Completion]:
        """Answer requests in batches of `batch_size`, in their order.

        Raises:
            LLMError: As `complete`.
        """
        return [self._completion(row, tokens) for row, tokens in self._answered(requests)]

    def texts(self, requests: Sequence[Request]) -> list[str]:
        """What the model writes to requests, "" where it ends its answer at once.

        `complete_many` refuses such an answer, which nobody should be shown; whoever measures a
        model wants to know of it.

        Raises:
            LLMError: As `complete`.
        """
        return [self._text(tokens) for _, tokens in self._answered(requests)]

    def _answered(self, requests: Sequence[Request]) -> Iterator[tuple[Row, list[int]]]:
        """Each request's row, and the tokens of its answer."""
        rows = [self._row(request) for request in requests]
        for start in range(0, len(rows), self.batch_size):
            batch = rows[start : start + self.batch_size]
            yield from zip(batch, self._generate(batch), strict=True)

    def stream(self, request: Request) -> Iterator[str]:
        """Answer a request piece by piece.

        Raises:
            LLMError: As `complete`.
        """
        row = self._row(request)

        def work(emit: Emit, stopped: Stopped) -> None:
            sent = ""

            def on_tokens(tokens: list[int]) -> None:
                nonlocal sent
                text = self._ready(self._text(tokens))
                if len(text) > len(sent):
                    emit(text[len(sent) :])
                    sent = text

            (tokens,) = self._generate([row], stopped=stopped, on_tokens=on_tokens)
            if not stopped():
                emit(self._completion(row, tokens).text[len(sent) :])

        yield from in_background(work)

    def close(self) -> None:
        """Give the model's memory back; the instance cannot be used afterwards."""
        with self._lock:
            self._model = None

    def _row(self, request: Request) -> Row:
        """A request as a row of a batch."""
        return self._row_of(request, request.messages, self.context)

    def _row_of(self, request: Request, messages: Sequence[Message], context: int) -> Row:
        """A request as a row, for `context` tokens of prompt and answer together."""
        import torch

        if not messages:
            raise InputError("The request holds no message to answer.")
        limit = self.max_tokens if request.max_tokens is None else request.max_tokens
        limit = checked_limit("max_tokens", limit)
        given = request.temperature
        temperature = self.temperature if given is None else checked_temperature(given)
        room = context - min(limit, context // 2)
        ids = fitted_ids(self._tokenizer, messages, room, context - 1)
        generator = torch.Generator()
        if request.seed is None:
            generator.seed()
        else:
            generator.manual_seed(request.seed % 2**63)
        return Row(
            ids=ids,
            limit=min(limit, context - len(ids)),
            temperature=temperature,
            generator=generator,
        )

    def _prompts(self, rows: Sequence[Row]) -> Prompts:
        """The rows side by side, filled up on their left."""
        import torch

        width = max(len(row.ids) for row in rows)
        ids = torch.full((len(rows), width), self._fill)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for place, row in enumerate(rows):
            ids[place, width - len(row.ids) :] = torch.tensor(row.ids)
            mask[place, width - len(row.ids) :] = 1
        arguments = {"input_ids": ids.to(self._device), "attention_mask": mask.to(self._device)}
        return Prompts(arguments, width)

    def _generate(
        self,
        rows: Sequence[Row],
        *,
        stopped: Stopped | None = None,
        on_tokens: Callable[[list[int]], None] | None = None,
    ) -> list[list[int]]:
        """The tokens of each row's answer, up to and with the one that ends it."""
        import torch
        import transformers

        settings = transformers.GenerationConfig(
            max_new_tokens=max(row.limit for row in rows),
            do_sample=False,
            eos_token_id=self._ends or None,
            pad_token_id=self._fill,
        )
        with self._lock, torch.inference_mode():
            if self._model is None:
                raise LLMError(f"The LLM {self.label!r} was closed. Create a new one.")
            try:
                prompts = self._prompts(rows)
                watch = Watch(
                    rows,
                    prompts.width,
                    self._decode,
                    stop=self._stop,
                    stopped=stopped,
                    on_tokens=on_tokens,
                )
                out = self._model.generate(
                    **prompts.arguments,
                    generation_config=settings,
                    logits_processor=[Sampler(rows, self.top_p)],
                    stopping_criteria=[watch],
                )
            except (RuntimeError, ValueError, MemoryError) as error:
                raise LLMError(f"The model {self.model!r} failed: {first_line(error)}.") from error
        return [
            self._cut(row, tokens)
            for row, tokens in zip(rows, out[:, prompts.width :].tolist(), strict=True)
        ]

    def _cut(self, row: Row, tokens: list[int]) -> list[int]:
        """A row's own tokens, without what was put behind them while others went on."""
        tokens = tokens[: row.limit]
        ends = [place for place, token in enumerate(tokens) if token in self._ends]
        return tokens[: ends[0] + 1] if ends else tokens

    def _completion(self, row: Row, tokens: list[int]) -> Completion:
        text = self._text(tokens)
        if not text.strip():
            raise LLMResponseError(
                f"The model {self.model!r} answered nothing. Ask again, or with another seed."
            )
        is_ended = bool(tokens) and tokens[-1] in self._ends
        if self._stop and self._stop in self._decode(tokens):
            is_ended = True
        return Completion(
            text=text,
            llm=self.label,
            usage=Usage(len(row.ids), len(tokens)),
            finish_reason="stop" if is_ended else "length",
        )

    def _text(self, tokens: list[int]) -> str:
        """The answer that tokens say, up to the token or the text that ends it."""
        if tokens and tokens[-1] in self._ends:
            tokens = tokens[:-1]
        text = self._decode(tokens)
        return text.partition(self._stop)[0] if self._stop else text

    def _ready(self, text: str) -> str:
        """What of an unfinished answer will stay: no half character, no half ending."""
        text = text.rstrip(_UNFINISHED)
        for length in range(min(len(self._stop) - 1, len(text)), 0, -1):
            if text.endswith(self._stop[:length]):
                return text[:-length]
        return text

    def _decode(self, tokens: list[int]) -> str:
        text: str = self._tokenizer.decode(
            tokens, skip_special_tokens=True, clean_up_tokenization_spaces=False
        )
        return text


def _end_tokens(model: Any, tokenizer: Any) -> list[int]:
    """The tokens that end an answer: the tokenizer's and those that the model's makers name."""
    named = getattr(getattr(model, "generation_config", None), "eos_token_id", None)
    several = named if isinstance(named, list | tuple) else [named]
    return sorted({int(t) for t in (*several, tokenizer.eos_token_id) if t is not None})


def _context_of(model: Any, tokenizer: Any) -> int:
    """How many tokens the model was made for; some tokenizers have a huge number for unknown."""
    config = model.config.get_text_config()
    sizes = [getattr(config, name, None) for name in ("max_position_embeddings", "n_positions")]
    known = [size for size in (*sizes, tokenizer.model_max_length) if size and size < 10**8]
    return int(min(known, default=_UNKNOWN_CONTEXT))


def checked_temperature(value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"The temperature is a number from 0, but got {value}.")
    return value


def checked_limit(name: str, value: int) -> int:
    if value < 1:
        raise InputError(f"{name} is a whole number of tokens from 1, but got {value}.")
    return value
