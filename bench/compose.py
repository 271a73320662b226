"""How long a prompt takes to compose over a user's history, without a language model.

    python bench/compose.py [--quick] [--json FILE]

The user has 1,000 statements and 1,000 documents of about 100 words. Composing is what a turn
needs before the language model: encode the question, find the best items, and fit them into 500
tokens. It is timed with the memory at hand, and with the memory read from its bytes first, as from
the database. Each figure is the 95th percentile over questions; the limit is 10 ms. Times are of
the processor: nothing here waits for anything else, so on an idle machine they are the time that
passes, and on a busy one they stay what they are.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import _one_core  # noqa: F401 - before numpy
import numpy as np
from _rows import Row, print_rows, write_rows

from tailorlm.encoders import create_encoder
from tailorlm.encoders.base import Encoder
from tailorlm.methods.base import count_tokens
from tailorlm.retrievers import Item, Memory, Retriever, create_retriever
from tailorlm.retrievers.prompts import fit
from tailorlm.retrievers.wording import shortened

BENCH = "compose"
LIMIT_MS = 10.0
EACH = 1000
WORDS = 100
FOUND = 100
FRAMES = ("I dislike {}.", "I prefer {} to {}.", "I avoid {} because of {}.", "I only like {}.")
QUESTIONS = ("What {} would you recommend?", "Can you help me plan {}?", "How do I choose {}?")
WORD_STEMS = (
    "bread music travel garden hotel train novel tea museum film winter summer city river chair"
    " phone budget letter dinner recipe holiday marathon language painting concert history science"
    " market street island mountain coffee school office meeting project report family friend dog"
)
STEMS = WORD_STEMS.split()


def things(rng: np.random.Generator) -> str:
    """A made-up thing of two words; 9,000 different ones are possible."""
    first, second = rng.choice(STEMS, 2)
    return f"{first}{int(rng.integers(6)) or ''} {second}s"


def items(rng: np.random.Generator) -> list[Item]:
    """The user's history: statements and documents by turns."""
    found = []
    for number in range(EACH):
        frame = FRAMES[number % len(FRAMES)]
        said = frame.format(*(things(rng) for _ in range(frame.count("{}"))))
        written = " ".join(things(rng) for _ in range(WORDS // 2))
        place = 2 * number
        found.append(Item(said, shortened(said), "statement", 1.7e9 + place, place))
        found.append(Item(written, written[:200], "document", 1.7e9 + place + 1, place + 1))
    return found


def percentile_ms(work: Callable[[str], object], questions: Sequence[str]) -> float:
    """95th percentile of a call's processor time over questions, in milliseconds."""
    work(questions[0])
    times = []
    for question in questions:
        start = time.process_time()
        work(question)
        times.append(time.process_time() - start)
    return float(np.quantile(times, 0.95)) * 1000


def compose(memory: Memory, retriever: Retriever, question: str) -> str:
    """The personal part of a prompt of at most 500 tokens."""
    hits = retriever.rank(memory, question, FOUND)
    return fit(memory, hits, 500, count=count_tokens, title="About the user:", grouped=True).text


def read_and_compose(data: bytes, retriever: Retriever, question: str) -> str:
    """As `compose`, from the memory's bytes."""
    return compose(Memory.from_bytes(data), retriever, question)


def compose_rows(encoder: Encoder, repeats: int) -> list[Row]:
    """Composing with each retriever, and growing, storing and reading a memory."""
    rng = np.random.default_rng(0)
    history = items(rng)
    memory = Memory().add(history, encoder)
    data = memory.to_bytes()
    questions = [QUESTIONS[n % len(QUESTIONS)].format(things(rng)) for n in range(repeats)]
    case = f"{EACH:,} statements and {EACH:,} documents"
    rows = []
    for name in ("hybrid", "dense", "bm25", "tfidf"):
        retriever = create_retriever(name, encoder)
        at_hand = percentile_ms(partial(compose, memory, retriever), questions)
        read = percentile_ms(partial(read_and_compose, data, retriever), questions)
        rows.append(Row(BENCH, case, f"compose, {name}, p95 ms", at_hand, LIMIT_MS))
        rows.append(Row(BENCH, case, f"read memory and compose, {name}, p95 ms", read, LIMIT_MS))
    grown = percentile_ms(lambda q: memory.add([Item(q)], encoder), questions)
    rows.append(Row(BENCH, case, "add an item to a full memory, p95 ms", grown, LIMIT_MS))
    read = percentile_ms(lambda q: Memory.from_bytes(data), questions)
    rows.append(Row(BENCH, case, "read a memory, p95 ms", read, None))
    written = percentile_ms(lambda q: memory.to_bytes(), questions)
    rows.append(Row(BENCH, case, "write a memory, p95 ms", written, None))
    rows.append(Row(BENCH, case, "memory, MiB", len(data) / 2**20, None))
    return rows


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description="How long a prompt takes to compose.")
    parser.add_argument("--quick", action="store_true", help="fewer questions, under a minute")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here too")
    options = parser.parse_args()
    rows = compose_rows(create_encoder("static"), 100 if options.quick else 500)
    print_rows("Composing a prompt of 500 tokens, one core", rows, "limit")
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()
