"""What the tests of personal models share: comparisons of users who disagree, and tiny bases."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.llms.tiny_llm import byte_tokenizer

from tailorlm.datasets.comparisons import Comparison
from tailorlm.training.log import Step, TrainingLog
from tailorlm.training.preferences import Preferences

LONG, SHORT = "A long answer.", "No."
QUICK: dict[str, Any] = {
    "batch_size": 4,
    "epochs": 2,
    "user_tokens": 2,
    "lora_rank": 2,
    "learning_rate": 1e-2,
    "warmup_steps": 1,
    "max_tokens": 64,
}


def disagreeing(count: int = 6, users: tuple[str, ...] = ("ana", "bo")) -> Preferences:
    """Comparisons of the same answers, of which every second user prefers the other one."""
    return Preferences.of(
        Comparison.of_prompt(user, f"Q{n}?", *((LONG, SHORT) if at % 2 == 0 else (SHORT, LONG)))
        for n in range(count)
        for at, user in enumerate(users)
    )


class StoppedError(Exception):
    """Stands for what interrupts a run."""


def stop_at(number: int) -> Callable[[Step, int], None]:
    def on_step(step: Step, total: int) -> None:
        if step.step == number:
            raise StoppedError

    return on_step


def losses(log: TrainingLog) -> list[float]:
    return [step.loss for step in log.steps]


def files(folder: Path) -> dict[str, bytes]:
    """The content of every file of a folder but the log, which has times."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "training_log.json"
    }


def write_base(folder: Path, kind: str) -> Path:
    """Write a tiny model of an architecture into a folder, which is returned.

    Its tokenizer has neither a token for padding nor a chat template.
    """
    import torch
    import transformers

    tokenizer = byte_tokenizer(None)
    tokenizer.pad_token = None
    sizes: dict[str, Any] = {"vocab_size": len(tokenizer), "bos_token_id": None, "eos_token_id": 0}
    if kind == "gpt2":
        config = transformers.GPT2Config(n_embd=32, n_layer=2, n_head=4, n_positions=128, **sizes)
    else:
        of_kind = {"llama": transformers.LlamaConfig, "qwen2": transformers.Qwen2Config}[kind]
        config = of_kind(
            hidden_size=32,
            intermediate_size=64,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            initializer_range=0.3,
            **sizes,
        )
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = transformers.AutoModelForCausalLM.from_config(config)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
