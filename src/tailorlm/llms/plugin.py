"""Every model of the `llm` library: those of its plugins, by their names and aliases.

The library's plugins bring Ollama, Anthropic, Gemini, llama.cpp and many more; install them with
`llm install`. Keys and aliases are those that `llm keys` and `llm aliases` keep.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import groupby
from typing import Any

from tailorlm.errors import (
    InputError,
    LLMAuthError,
    LLMContextError,
    LLMError,
    LLMResponseError,
    MissingExtraError,
    TailorError,
    UnknownNameError,
)
from tailorlm.hub import first_line
from tailorlm.llms._background import Emit, Stopped, in_background
from tailorlm.llms._chat_wire import is_too_long, without_echo
from tailorlm.llms.base import LLM, Completion, Request, Usage
from tailorlm.types import Message

_LIMITS = ("max_tokens", "max_output_tokens", "max_completion_tokens", "num_predict")
"""What models call the longest answer, in tokens."""


class Plugin(LLM):
    """A model of the `llm` library.

    Temperature, longest answer and seed are passed on where the model has such an option. A model
    that needs no key is taken to run on this machine: it answers one request at a time.

    Args:
        model: The model's name or an alias, as `llm models` lists them.
        key: The key; by default the one that `llm keys` keeps, or the model's own variable.

    Raises:
        InputError: If the model is missing.
        UnknownNameError: If no plugin brings that model, with a near name.
        MissingExtraError: If the `llm` library is not installed.
        LLMError: If a plugin of the library cannot be loaded.
    """

    name = "plugin"
    extra = "plugin"

    def __init__(self, model: str, key: str | None = None) -> None:
        name = model.strip()
        if not name:
            raise InputError(
                'The model is missing. Write it after the slash, as "plugin/SmolLM2"; '
                "`llm models` lists what there is."
            )
        super().__init__(name)
        self._key = key
        self._model = _find(name)
        is_remote = bool(self._model.needs_key)
        self._turn = nullcontext() if is_remote else threading.Lock()

    def complete(self, request: Request) -> Completion:
        """Answer a request.

        Raises:
            LLMAuthError: If the model needs a key and there is none.
            LLMContextError: If the request is longer than the model reads.
            LLMResponseError: If the answer is empty.
            LLMError: If the model cannot hold a conversation, or its plugin reports an error.
        """
        with self._failures(request), self._turn:
            response = self._prompt(request, stream=False)
            text: str = response.text()
            usage = response.usage()
        if not text.strip():
            raise self._nothing()
        tokens = Usage(usage.input or 0, usage.output or 0)
        return Completion(text=text, llm=self.label, usage=tokens)

    def stream(self, request: Request) -> Iterator[str]:
        """Answer a request piece by piece; a model that cannot gives its answer in one.

        Raises:
            LLMError: As `complete`; also in the middle, when the answer breaks off.
        """

        def work(emit: Emit, stopped: Stopped) -> None:
            is_blank = True
            with self._failures(request), self._turn:
                for piece in self._prompt(request, stream=bool(self._model.can_stream)):
                    if stopped():
                        return
                    is_blank = is_blank and not piece.strip()
                    emit(piece)
            if is_blank:
                raise self._nothing()

        yield from in_background(work)

    def _prompt(self, request: Request, *, stream: bool) -> Any:
        """The library's response to a request, which has yet to be read."""
        system, turns = _in_turns(request.messages)
        conversation = self._model.conversation()
        conversation.responses = _earlier(self._model, system, turns[:-1])
        settings: dict[str, Any] = {} if self._key is None else {"key": self._key}
        return conversation.prompt(
            turns[-1].content,
            system=system or None,
            stream=stream,
            options=_options(self._model, request),
            **settings,
        )

    @contextmanager
    def _failures(self, request: Request) -> Iterator[None]:
        """What a plugin raises as errors of ours, which repeat nothing of the conversation."""
        import llm

        private = tuple(message.content for message in request.messages)
        private += (self._key,) if self._key else ()
        try:
            yield
        except TailorError:
            raise
        except llm.NeedsKeyException as error:
            raise LLMAuthError(
                f"The model {self.model!r} needs a key: {without_echo(first_line(error), private)}."
            ) from None
        except llm.ConversationNotSupported:
            raise LLMError(
                f"The model {self.model!r} answers single questions only, but the request has "
                "earlier messages. Ask without a history, or choose another model."
            ) from None
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything
            note = without_echo(first_line(error), private)
            if is_too_long(note):
                raise LLMContextError(
                    f"The request is longer than {self.model!r} reads: {note}."
                ) from None
            raise LLMError(f"The model {self.model!r} of the llm library failed: {note}.") from None

    def _nothing(self) -> LLMResponseError:
        return LLMResponseError(f"The model {self.model!r} answered nothing. Ask again.")


def _find(name: str) -> Any:
    """The library's model of a name or alias."""
    try:
        import llm
    except ImportError:
        raise MissingExtraError("The LLM 'plugin'", "plugin") from None
    try:
        models = llm.get_model_aliases()
    # Loading runs the code of every plugin that is installed.
    except Exception as error:
        raise LLMError(
            f"The plugins of the llm library cannot be loaded: {first_line(error)}. "
            "`llm plugins` lists them; remove the one at fault with `llm uninstall`."
        ) from error
    if name not in models:
        raise UnknownNameError(
            "model of the llm library",
            name,
            models,
            "`llm models` lists all; more come with plugins, as by `llm install llm-ollama`.",
        )
    return models[name]


def _in_turns(messages: Sequence[Message]) -> tuple[str, list[Message]]:
    """The system messages as one text, and the others with neighbours of one role joined.

    They begin with the user, as every question of a conversation does.
    """
    if not any(message.role != "system" for message in messages):
        raise InputError("The request holds no message to answer.")
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    others = [message for message in messages if message.role != "system"]
    turns = [
        Message(role, "\n\n".join(message.content for message in group))
        for role, group in groupby(others, key=lambda message: message.role)
    ]
    return system, turns if turns[0].role == "user" else [Message("user", ""), *turns]


def _earlier(model: Any, system: str, turns: Sequence[Message]) -> list[Any]:
    """Past questions and answers as the responses of a conversation.

    Plugins read a conversation in two ways: the older ones go through its responses, the newer
    ones read the messages of the last; both find everything here.
    """
    import llm

    library: Any = llm  # its functions are typed in part only
    said = [library.system(system)] if system else []
    responses = []
    for question, answer in zip(turns[::2], turns[1::2], strict=False):
        said = [*said, library.user(question.content)]
        prompt = library.Prompt(question.content, model=model, system=system or None, messages=said)
        response = library.Response(prompt, model, stream=False)
        # The library has no call that makes a finished response, so its marks are set by hand.
        response._chunks = [answer.content]
        response._done = True
        responses.append(response)
        said = [*said, library.assistant(answer.content)]
    return responses


def _options(model: Any, request: Request) -> dict[str, Any]:
    """The request's settings under the names that the model's options have."""
    known = set(model.Options.model_fields)
    settings: dict[str, Any] = {}
    if request.temperature is not None:
        if not math.isfinite(request.temperature):
            raise InputError(f"The temperature is a finite number, but got {request.temperature}.")
        settings["temperature"] = request.temperature
    if request.seed is not None:
        settings["seed"] = request.seed
    if request.max_tokens is not None:
        limit = next((name for name in _LIMITS if name in known), "")
        settings[limit] = request.max_tokens
    return {name: value for name, value in settings.items() if name in known}
