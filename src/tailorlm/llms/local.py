"""A language model on this machine, by transformers: a folder, a hub name or a .gguf file.

Nothing is sent anywhere. A hub model is used if it was downloaded before, and downloaded if not.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from tailorlm.errors import InputError, LLMError, LLMResponseError
from tailorlm.hub import first_line
from tailorlm.llms._background import Emit, Stopped, in_background
from tailorlm.llms._local_load import load, parse_source
from tailorlm.llms._local_prompt import PLAIN_STOP, fitted_ids, has_template
from tailorlm.llms._local_sampling import Row, Sampler, Watch
from tailorlm.llms.base import LLM, Completion, Request, Usage

MAX_TOKENS = 512
"""Longest answer where a request does not say, in tokens."""

_UNKNOWN_CONTEXT = 2048
_UNFINISHED = "\N{REPLACEMENT CHARACTER}"


class Local(LLM):
    """A causal language model of transformers.

    A seed gives the same answer each time on the same machine. Answers are made one batch at a
    time, whichever thread asks.

    Args:
        model: A folder, a .gguf file or a hub name; with "+FOLDER" behind it, or as the folder of
            an adapter alone, the model with that LoRA adapter.
        adapter: Folder of a LoRA adapter, instead of "+FOLDER".
        temperature: For requests that do not say; 0 takes the most likely token each time.
        top_p: Only the most likely tokens that together have this probability are drawn, (0, 1].
        max_tokens: Longest answer where a request does not say, in tokens.
        context: Tokens of prompt and answer together; by default what the model was made for.
        batch_size: Requests answered at once by `complete_many`, from 1.
        device: As torch names it ("cpu", "cuda:0"); None takes a CUDA device if there is one.

    Raises:
        InputError: If the model is missing or not there, or a setting cannot be used.
        MissingExtraError: If torch or transformers is not installed.
        LLMError: If the model cannot be loaded, or is neither here nor on a hub that answers.
    """

    name = "local"
    extra = "local"

    def __init__(
        self,
        model: str,
        adapter: str | Path | None = None,
        *,
        temperature: float = 0.7,
        top_p: float = 0.95,
        max_tokens: int = MAX_TOKENS,
        context: int | None = None,
        batch_size: int = 8,
        device: str | None = None,
    ) -> None:
        if batch_size < 1 or not 0 < top_p <= 1:
            raise InputError(
                "batch_size is at least 1, and top_p above 0 and at most 1, but got "
                f"{batch_size} and {top_p}."
            )
        super().__init__(model.strip() if adapter is None else f"{model.strip()}+{adapter}")
        self.temperature = _checked_temperature(temperature)
        self.top_p = top_p
        self.max_tokens = _checked_limit("max_tokens", max_tokens)
        self.batch_size = batch_size
        loaded = load(parse_source(model, adapter), device)
        self._model = loaded.model
        self._tokenizer = loaded.tokenizer
        self._device = loaded.device
        self._ends = _end_tokens(loaded.model, loaded.tokenizer)
        self._stop = "" if has_template(loaded.tokenizer) else PLAIN_STOP
        self._lock = threading.Lock()
        own = _context_of(loaded.model, loaded.tokenizer)
        self.context = own if context is None else min(_checked_limit("context", context), own)

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
        rows = [self._row(request) for request in requests]
        answers: list[Completion] = []
        for start in range(0, len(rows), self.batch_size):
            batch = rows[start : start + self.batch_size]
            tokens = self._generate(batch)
            answers += [self._completion(*pair) for pair in zip(batch, tokens, strict=True)]
        return answers

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
        import torch

        if not request.messages:
            raise InputError("The request holds no message to answer.")
        limit = self.max_tokens if request.max_tokens is None else request.max_tokens
        limit = _checked_limit("max_tokens", limit)
        given = request.temperature
        temperature = self.temperature if given is None else _checked_temperature(given)
        room = self.context - min(limit, self.context // 2)
        ids = fitted_ids(self._tokenizer, request.messages, room, self.context - 1)
        generator = torch.Generator()
        if request.seed is None:
            generator.seed()
        else:
            generator.manual_seed(request.seed % 2**63)
        return Row(
            ids=ids,
            limit=min(limit, self.context - len(ids)),
            temperature=temperature,
            generator=generator,
        )

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

        width = max(len(row.ids) for row in rows)
        # The mask hides what fills the rows up on their left, so any token will do.
        fill = self._ends[0] if self._ends else 0
        ids = torch.full((len(rows), width), fill)
        mask = torch.zeros((len(rows), width), dtype=torch.long)
        for place, row in enumerate(rows):
            ids[place, width - len(row.ids) :] = torch.tensor(row.ids)
            mask[place, width - len(row.ids) :] = 1
        watch = Watch(
            rows, width, self._decode, stop=self._stop, stopped=stopped, on_tokens=on_tokens
        )
        settings = transformers.GenerationConfig(
            max_new_tokens=max(row.limit for row in rows),
            do_sample=False,
            eos_token_id=self._ends or None,
            pad_token_id=fill,
        )
        with self._lock, torch.inference_mode():
            if self._model is None:
                raise LLMError(f"The LLM {self.label!r} was closed. Create a new one.")
            try:
                out = self._model.generate(
                    input_ids=ids.to(self._device),
                    attention_mask=mask.to(self._device),
                    generation_config=settings,
                    logits_processor=[Sampler(rows, self.top_p)],
                    stopping_criteria=[watch],
                )
            except (RuntimeError, ValueError, MemoryError) as error:
                raise LLMError(f"The model {self.model!r} failed: {first_line(error)}.") from error
        return [
            self._cut(row, tokens)
            for row, tokens in zip(rows, out[:, width:].tolist(), strict=True)
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


def _checked_temperature(value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        raise InputError(f"The temperature is a number from 0, but got {value}.")
    return value


def _checked_limit(name: str, value: int) -> int:
    if value < 1:
        raise InputError(f"{name} is a whole number of tokens from 1, but got {value}.")
    return value
