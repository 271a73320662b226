"""How long it takes to choose among the candidates of a turn, and to learn from their ranking.

    python bench/best_of_n.py [--quick] [--json FILE]

Choosing is measured as a turn does it: the method is sent the LLM's answers and gives its plan, so
that features, vectors, rewards and what to show are all in it. It stands beside its limit, 5 ms,
and beside encoding the same texts alone, in the same run. Times are those of the processor, one
core, so that other programs disturb them less.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import _one_core  # noqa: F401 - before numpy
import numpy as np
from _rows import Row, print_rows, write_rows

from tailorlm.encoders import create_encoder
from tailorlm.llms.base import Completion
from tailorlm.methods._reward_state import RewardState
from tailorlm.methods.base import Parts
from tailorlm.methods.best_of_n import BestOfN
from tailorlm.tags import premium_library
from tailorlm.types import Candidate, Context, Event, Plan, Ranking, Turn, User

BENCH = "best_of_n"
LIMIT_MS = 5.0
LEARN_LIMIT_MS = 5.0
NEW_USER_LIMIT_MS = 1000.0
CANDIDATES, WORDS = 8, 80
QUERY = "How should I spend a free weekend?"
_TEXT = (
    "one could start the day with a long walk along the river and then read something by the "
    "window while it rains or else bake bread for friends who come over in the evening because "
    "good company makes any weekend better than plans which nobody has asked for anyway"
)
_VOCABULARY = _TEXT.split()


def answers(rng: np.random.Generator, n: int) -> list[str]:
    """Made-up answers of about `WORDS` words in sentences."""
    made = []
    for _ in range(n):
        words = rng.choice(_VOCABULARY, size=int(rng.integers(WORDS // 2, 3 * WORDS // 2)))
        sentences = [" ".join(words[i : i + 12]).capitalize() for i in range(0, len(words), 12)]
        made.append(". ".join(sentences) + ".")
    return made


def times_ms(work: Callable[[int], object], repeats: int) -> tuple[float, float]:
    """Median and 95th percentile of a call in milliseconds, after one that is not counted."""
    work(0)
    times = []
    for number in range(repeats):
        start = time.process_time()
        work(number)
        times.append(1000 * (time.process_time() - start))
    return float(np.median(times)), float(np.quantile(times, 0.95))


def ranked(rng: np.random.Generator, number: int) -> Event:
    """A turn of three answers, the shortest ranked first."""
    texts = answers(rng, 3)
    plan = Plan(messages=(), method=BENCH, purpose="explore")
    turn = Turn(
        id=f"t{number}",
        query=QUERY,
        candidates=tuple(Candidate(plan=plan, text=text, llm="x") for text in texts),
    )
    order = tuple((int(i),) for i in np.argsort([len(text) for text in texts]))
    return Event(
        id=f"e{number}",
        user="ana",
        position=number + 1,
        time=1.7e9 + number,
        key=f"k{number}",
        payload=Ranking(turn.id, order),
        turn=turn,
    )


def choose(method: BestOfN, state: RewardState, texts: list[str]) -> float:
    """Milliseconds from the LLM's answers to the plan."""
    proposal = method.propose(state, Context(QUERY), 1, np.random.default_rng(0))
    if isinstance(proposal, list):
        raise SystemExit("Nothing was asked of the LLM: the user is not known yet.")
    next(proposal)
    completions = tuple(Completion(text=text, llm="x") for text in texts)
    start = time.process_time()
    try:
        proposal.send(completions)
    except StopIteration:
        return 1000 * (time.process_time() - start)
    raise SystemExit("The method asked for more than one round of answers.")


def rows(repeats: int) -> list[Row]:
    """All figures."""
    rng = np.random.default_rng(0)
    method = BestOfN(Parts(encoder=create_encoder("static"), library=premium_library()))
    events = [ranked(rng, number) for number in range(40)]
    state = method.initial(User("ana"))
    for event in events:
        state = method.observe(state, event)
    batches = [answers(rng, CANDIDATES) for _ in range(repeats)]
    encode = times_ms(lambda i: method.parts.encoder.encode(batches[i]), repeats)
    choose(method, state, batches[0])
    chosen = [choose(method, state, batch) for batch in batches]
    learn = times_ms(lambda i: method.observe(state, events[i % 40]), repeats)
    start = time.process_time()
    new = method.initial(User("ben"))
    for event in events[:20]:
        new = method.observe(new, event)
    taught = 1000 * (time.process_time() - start)
    p50, p95 = float(np.median(chosen)), float(np.quantile(chosen, 0.95))
    case = f"{CANDIDATES} candidates of about {WORDS} words"
    return [
        Row(BENCH, case, "choosing, p50, ms", p50, LIMIT_MS),
        Row(BENCH, case, "choosing, p95, ms", p95, LIMIT_MS),
        Row(BENCH, case, "choosing beside encoding alone, p50, ms", p50, encode[0]),
        Row(BENCH, case, "choosing beside encoding alone, p95, ms", p95, encode[1]),
        Row(BENCH, "a ranking of 3", "learning, p50, ms", learn[0], LEARN_LIMIT_MS),
        Row(BENCH, "20 rankings", "a new user, ms", taught, NEW_USER_LIMIT_MS),
        Row(BENCH, "40 rankings", "state, bytes", len(method.dump(state)), 24 * 1024),
    ]


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description="How long choosing among candidates takes.")
    parser.add_argument("--quick", action="store_true", help="fewer repeats")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here too")
    options = parser.parse_args()
    found = rows(30 if options.quick else 300)
    print_rows("best_of_n", found, "limit")
    write_rows(options.json, found)


if __name__ == "__main__":
    main()
