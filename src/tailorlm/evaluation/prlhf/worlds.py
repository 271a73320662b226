"""Workers who want opposite things: pairs of a longer and a shorter summary, and who prefers which.

The paper is "Personalized Language Modeling from Personalized Human Feedback" (Li et al., 2024),
section 5.1 and appendix C. It takes pairs of two summaries that a model wrote. Ours come from
recorded summaries: where two of different lengths were recorded for a post, they are the pair; else
the shorter one is the first sentence of the recorded one. Posts with a single summary of one
sentence are left out.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tailorlm.datasets.comparisons import Comparison
from tailorlm.datasets.worker_summaries import WorkerSummary
from tailorlm.errors import InputError

NOBODY = ""
"""The user of whom nothing is known."""
_ENDS = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True, kw_only=True)
class LengthPair:
    """Two summaries of a post.

    Attributes:
        post_id: Which post.
        prompt: What the model is asked.
        longer: The summary with more words.
        shorter: The other one.
    """

    post_id: str
    prompt: str
    longer: str
    shorter: str

    def comparison(self, user: str, *, prefers_longer: bool = True) -> Comparison:
        """The pair as a user prefers it."""
        best, worst = (self.longer, self.shorter) if prefers_longer else (self.shorter, self.longer)
        return Comparison.of_prompt(user, self.prompt, best, worst)


def prompt_of(post: str, words: int) -> str:
    """What is asked about a post: its first words, and to sum them up."""
    return f"{' '.join(post.split()[:words])}\n\nTL;DR:"


def length_pairs(summaries: Sequence[WorkerSummary], *, words: int) -> list[LengthPair]:
    """One pair for each post that has one, in the order of the posts.

    Args:
        summaries: Recorded ones.
        words: Of a post that are shown.
    """
    by_post: defaultdict[str, list[WorkerSummary]] = defaultdict(list)
    for one in summaries:
        by_post[one.post_id].append(one)
    pairs = []
    for post_id, recorded in by_post.items():
        texts = sorted({one.summary for one in recorded}, key=lambda text: (-size(text), text))
        longer, shorter = texts[0], texts[-1]
        if size(longer) == size(shorter):
            shorter = first_sentence(longer)
        if 0 < size(shorter) < size(longer):
            prompt = prompt_of(recorded[0].post, words)
            pairs.append(LengthPair(post_id=post_id, prompt=prompt, longer=longer, shorter=shorter))
    return pairs


def first_sentence(text: str) -> str:
    """What stands before the first stop, question mark or exclamation mark, and that mark."""
    return _ENDS.split(text, maxsplit=1)[0]


def size(text: str) -> int:
    """Length in words."""
    return len(text.split())


@dataclass(frozen=True, slots=True)
class Worker:
    """Who compares; seven of ten prefer the longer summary."""

    name: str
    prefers_longer: bool


@dataclass(frozen=True, slots=True)
class World:
    """Workers, what they compared, and what they are measured on.

    Attributes:
        workers: Who compared.
        learned: Their comparisons of training posts.
        evaluated: Places in `judged` of each worker's own posts, in the order of `workers`.
        judged: Pairs of evaluation posts, which new workers judge whole.
    """

    workers: tuple[Worker, ...]
    learned: tuple[Comparison, ...]
    evaluated: tuple[tuple[int, ...], ...]
    judged: tuple[LengthPair, ...]


def workers(count: int, kind: str = "worker") -> tuple[Worker, ...]:
    """So many workers; of each ten, numbers 4, 5 and 6 prefer shorter, as in the paper."""
    return tuple(
        Worker(f"{kind} {number}", number % 10 not in (4, 5, 6)) for number in range(1, count + 1)
    )


def split_posts(
    pairs: Sequence[LengthPair], held_out: int, seed: int
) -> tuple[list[LengthPair], list[LengthPair]]:
    """Pairs to train on and pairs to evaluate on, of different posts.

    Raises:
        InputError: If there are not more posts than are to be held out.
    """
    if len(pairs) <= held_out:
        raise InputError(
            f"There are {len(pairs)} posts with two summaries, and {held_out} are to be held out. "
            "Give a file with more."
        )
    order = np.random.default_rng([seed, 1]).permutation(len(pairs)).tolist()
    return [pairs[i] for i in order[held_out:]], [pairs[i] for i in order[:held_out]]


def draw_world(
    train: Sequence[LengthPair],
    judged: Sequence[LengthPair],
    *,
    count: int,
    each: int,
    own: int,
    seed: int,
) -> World:
    """Draw which worker compared which posts.

    Args:
        train: Pairs of training posts.
        judged: Pairs of evaluation posts.
        count: Workers.
        each: Comparisons of a worker, of different posts as far as there are enough.
        own: Evaluation posts of a worker.
        seed: Of the draw.
    """
    rng = np.random.default_rng([seed, count])
    everybody = workers(count)
    learned, evaluated = [], []
    for worker in everybody:
        posts = rng.permutation(len(train))[:each].tolist()
        learned += [
            train[i].comparison(worker.name, prefers_longer=worker.prefers_longer) for i in posts
        ]
        evaluated.append(tuple(sorted(rng.permutation(len(judged))[:own].tolist())))
    return World(everybody, tuple(learned), tuple(evaluated), tuple(judged))
