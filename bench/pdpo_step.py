"""How long a step of preference training takes, against TRL's DPOTrainer on the same work.

    python bench/pdpo_step.py [--quick] [--json FILE]

A Llama of 6 million random weights is made on the spot, with 16 pairs to a batch: prompts of about
100 tokens, answers of about 45 and 25. Both trainers adapt it with LoRA of rank 8 by vanilla DPO,
from the same tokens, with the reference's log-probabilities computed before, in float32, without
dropout and without recomputing activations. Below it stand steps that TRL has not: P-DPO with
prefixes of ten tokens, for the user alone and with the generic user. Times are of the processor, on
one core, medians over steps after the first. The bar is 1: at least as fast.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
import warnings
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import Any

import _one_core  # noqa: F401 - before numpy and torch
from _rows import Row, print_rows, write_rows

BENCH = "pdpo_step"
BATCH = 16
LETTERS = "abcdefgh "


def write_base(folder: Path) -> None:
    """A Llama of about 6 million random weights that reads single bytes."""
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = ["<|end|>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    tokenizer = Tokenizer(models.BPE(vocab={p: n for n, p in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="<|end|>", pad_token="<|end|>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=4096,
        hidden_size=256,
        intermediate_size=704,
        num_hidden_layers=5,
        num_attention_heads=8,
        num_key_value_heads=8,
        max_position_embeddings=1024,
        bos_token_id=None,
        eos_token_id=0,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)


def made_pairs(count: int) -> list[tuple[str, str, str]]:
    """Prompts with a better and a worse answer."""
    rng = random.Random(0)

    def text(least: int, most: int) -> str:
        return "".join(rng.choice(LETTERS) for _ in range(rng.randint(least, most)))

    return [(text(70, 100), text(40, 50), text(20, 30)) for _ in range(count)]


def ours(base: str, folder: Path, pairs: list[tuple[str, str, str]], **settings: Any) -> Any:
    """Seconds of each step, and the first step's loss."""
    from tailorlm.datasets.comparisons import Comparison
    from tailorlm.training.pdpo import train_pdpo
    from tailorlm.training.preferences import Preferences
    from tailorlm.training.settings import PdpoSettings

    given = Preferences.of(
        Comparison.of_prompt(f"user {number % 10}", *pair) for number, pair in enumerate(pairs)
    )
    marks: list[float] = []
    log = train_pdpo(
        given,
        base,
        folder,
        PdpoSettings(
            batch_size=BATCH,
            epochs=1,
            held_out=0.0,
            max_tokens=512,
            lora_dropout=0.0,
            bf16=False,
            **settings,
        ),
        device="cpu",
        on_step=lambda step, total: marks.append(time.process_time()),
    )
    return [after - before for before, after in pairwise(marks)], log.steps[0]


def theirs(base: str, folder: Path, pairs: list[tuple[str, str, str]]) -> Any:
    """Seconds of each step of TRL's trainer, and the first step's loss."""
    import transformers
    from peft import LoraConfig
    from trl import DPOConfig, DPOTrainer

    from datasets import Dataset
    from tailorlm.llms._local_prompt import render
    from tailorlm.types import Message

    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    rows = [
        {"prompt": render(tokenizer, [Message("user", prompt)]), "chosen": good, "rejected": bad}
        for prompt, good, bad in pairs
    ]
    marks: list[float] = []
    found: list[float] = []

    class Clock(transformers.TrainerCallback):  # type: ignore[misc]
        def on_step_end(self, *given: Any, **named: Any) -> None:
            marks.append(time.process_time())

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            found.extend([logs["loss"]] if "loss" in logs else [])

    trainer = DPOTrainer(
        model=transformers.AutoModelForCausalLM.from_pretrained(base, dtype="float32"),
        args=DPOConfig(
            output_dir=str(folder),
            per_device_train_batch_size=BATCH,
            num_train_epochs=1,
            max_length=512,
            beta=0.1,
            learning_rate=5e-5,
            precompute_ref_log_probs=True,
            gradient_checkpointing=False,
            use_cpu=True,
            bf16=False,
            logging_steps=1,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        ),
        train_dataset=Dataset.from_list(rows),
        processing_class=tokenizer,
        peft_config=LoraConfig(
            r=8, lora_alpha=32, lora_dropout=0.0, target_modules="all-linear", task_type="CAUSAL_LM"
        ),
        callbacks=[Clock()],
    )
    trainer.train()
    return [after - before for before, after in pairwise(marks)], found[0]


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description="A step of preference training, against TRL.")
    parser.add_argument("--quick", action="store_true", help="5 steps in place of 12")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here too")
    options = parser.parse_args()
    if any(find_spec(name) is None for name in ("torch", "transformers", "peft", "trl")):
        sys.exit("This needs torch, transformers, peft and trl. Run: make training")
    warnings.simplefilter("ignore")
    pairs = made_pairs(BATCH * (5 if options.quick else 12))
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        base = str(place / "base")
        write_base(Path(base))
        peer, peer_loss = theirs(base, place / "trl", pairs)
        limit = statistics.median(peer)
        rows = [Row(BENCH, "TRL DPOTrainer, LoRA", "s per step", limit, None)]
        for case, settings in (
            ("DPO, LoRA, bar 1", {"user_model": "uniform", "user_tokens": 0}),
            ("P-DPO, 10 tokens, alpha 1", {"alpha": 1.0}),
            ("P-DPO, 10 tokens, alpha 0.5", {"alpha": 0.5}),
        ):
            seconds, first = ours(base, place / case, pairs, **settings)
            rows.append(Row(BENCH, case, "s per step", statistics.median(seconds), limit))
            if "bar" in case and abs(first.loss - peer_loss) > 1e-3:
                sys.exit(f"The first losses differ: {first.loss} here, {peer_loss} there.")
    print_rows(f"A step of {BATCH} pairs, one core", rows, "TRL")
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()
