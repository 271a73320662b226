"""How much faster a soft prompt's answer is with what the model keeps of it, than without a cache.

    python bench/soft_prompt.py [--quick] [--base MODEL] [--tokens N] [--json FILE]

A Llama of random weights is made on the spot, with a user model of ten tokens for two users, who
are asked in one batch; `--base` measures a real model too (a folder, a .gguf file or a hub name).
Both ways write the same number of tokens, greedily, in this run, and the answers have to be the
same. With the cache, the users' prefixes are there from an earlier answer, as they are in use.
Without, each token is written after reading everything anew. The bar is 8 times. On a CPU, times
are of the processor and on one core, so that they stay what they are on a busy machine. Without a
cache 256 tokens take about a minute, and with SmolLM2-135M about five.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import _one_core  # noqa: F401 - before numpy and torch
from _rows import Row, print_rows, write_rows

BENCH = "soft_prompt"
BAR = 8.0
USERS = ("ana", "ben")
USER_TOKENS = 10
QUESTION = "What could I do this evening that costs nothing and is good for my back? Say why."


def write_small_base(folder: Path) -> None:
    """A Llama of about 20 million random weights that reads single bytes."""
    import torch
    import transformers
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={p: n for n, p in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.LlamaConfig(
        vocab_size=8192,
        hidden_size=384,
        intermediate_size=1152,
        num_hidden_layers=8,
        num_attention_heads=8,
        num_key_value_heads=4,
        max_position_embeddings=1024,
        bos_token_id=None,
        eos_token_id=None,
    )
    transformers.LlamaForCausalLM(config).save_pretrained(folder)


def write_soft_prompt(folder: Path, base: str) -> None:
    """A folder as training writes it, with users that begin apart."""
    from tailorlm.llms._local_load import load, parse_source
    from tailorlm.llms._soft_prefixes import base_identity
    from tailorlm.training.user_models import embedding_scale, make_user_model, write_user_model

    model = load(parse_source(base)).model
    weight = model.get_input_embeddings().weight
    users = make_user_model(
        "individual",
        USERS,
        tokens=USER_TOKENS,
        width=weight.shape[1],
        generic=False,
        scale=embedding_scale(weight),
    )
    write_user_model(folder, users, users.facts(base, base_identity(model)))


def with_cache(llm: Any, rows: Any, tokens: int) -> Any:
    """The most likely answers of `tokens` tokens, as the LLM writes them but for their ends."""
    import transformers

    settings = transformers.GenerationConfig(
        max_new_tokens=tokens, min_new_tokens=tokens, do_sample=False, pad_token_id=0
    )
    prompts = llm._prompts(rows)
    out = llm._model.generate(**prompts.arguments, generation_config=settings)
    return out[:, prompts.width :]


def without_cache(llm: Any, rows: Any, tokens: int) -> Any:
    """The same answers, every token from reading prefix, prompt and answer anew."""
    import torch

    from tailorlm.llms._soft_forward import Reading, inputs_of

    prefixes = llm._rows[[row.front.row for row in rows]]
    ends = llm._ends
    answers: list[list[int]] = [[] for _ in rows]
    for _ in range(tokens):
        readings = [Reading(tuple(r.ids), tuple(a)) for r, a in zip(rows, answers, strict=True)]
        given = inputs_of(llm._model, readings, prefixes).for_model(llm._model)
        logits = llm._model(**given, use_cache=False, logits_to_keep=1).logits[:, -1]
        logits[:, ends] = float("-inf")
        for answer, token in zip(answers, logits.argmax(-1).tolist(), strict=True):
            answer.append(token)
    return torch.tensor(answers, device=llm._device)


def timed(write: Callable[[Any, Any, int], Any], *given: Any, runs: int) -> tuple[float, Any]:
    """The fastest of some runs, in seconds, and the answers."""
    import torch

    clock = time.perf_counter if torch.cuda.is_available() else time.process_time
    seconds = []
    answers: Any = None
    for _ in range(runs):
        started = clock()
        with torch.inference_mode():
            answers = write(*given)
            # Reading a number waits for the device.
            int(answers[0, 0])
        seconds.append(clock() - started)
    return min(seconds), answers


def rows_of(folder: Path, case: str, tokens: int) -> list[Row]:
    """The figures of one trained folder."""
    from tailorlm.llms.base import Request
    from tailorlm.llms.soft_prompt import SoftPrompt
    from tailorlm.types import Message, Plan

    llm = SoftPrompt(str(folder))
    messages = (Message("user", QUESTION),)
    rows = [
        llm._row(
            Request(
                messages=messages,
                plan=Plan(messages=messages, method=BENCH, soft_prompt=user),
                max_tokens=tokens,
            )
        )
        for user in USERS
    ]
    kept, found = timed(with_cache, llm, rows, tokens, runs=2)
    anew, expected = timed(without_cache, llm, rows, tokens, runs=1)
    if not bool((found == expected).all()):
        sys.exit("The answers with and without a cache differ.")
    weights = sum(weight.numel() for weight in llm._model.parameters())
    case = f"{case}, {weights / 1e6:.0f}M weights, {len(USERS)} users, {llm._device}"
    return [
        Row(BENCH, case, f"{tokens} tokens without a cache, s", anew, None),
        Row(BENCH, case, f"{tokens} tokens with the kept prefix, s", kept, anew),
        Row(BENCH, case, "times as fast, bar 8", anew / kept, BAR),
    ]


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description="Soft prompts, with and without a cache.")
    parser.add_argument("--quick", action="store_true", help="64 tokens in place of 256")
    parser.add_argument("--base", metavar="MODEL", help="measure a real model too")
    parser.add_argument("--tokens", type=int, metavar="N", help="length of an answer")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here too")
    options = parser.parse_args()
    if any(find_spec(name) is None for name in ("torch", "transformers")):
        sys.exit("This needs torch and transformers. Run: pip install 'tailorlm[local]'")
    tokens = options.tokens or (64 if options.quick else 256)
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as name:
        small, trained, real = (Path(name) / each for each in ("base", "trained", "real"))
        for folder in (small, trained, real):
            folder.mkdir()
        write_small_base(small)
        write_soft_prompt(trained, str(small))
        rows += rows_of(trained, "made on the spot", tokens)
        if options.base:
            write_soft_prompt(real, options.base)
            rows += rows_of(real, Path(options.base).stem, tokens)
    print_rows(f"Answers under a soft prompt of {USER_TOKENS} tokens", rows, "reference")
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()
