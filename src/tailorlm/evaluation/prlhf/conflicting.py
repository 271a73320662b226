"""Conflicting preferences: workers who want longer summaries, others who want shorter ones.

The paper is "Personalized Language Modeling from Personalized Human Feedback" (Li et al., 2024),
section 5.1 and appendix C. Nobody's preference is in any text: it can only be learned from who
preferred what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tailorlm.datasets.comparisons import Comparison
from tailorlm.datasets.worker_summaries import WorkerSummary
from tailorlm.evaluation.prlhf import paper
from tailorlm.evaluation.prlhf.bench import Bench, Learned
from tailorlm.evaluation.prlhf.measures import Accuracies, accuracies, to_watch
from tailorlm.evaluation.prlhf.trainers import VANILLA_TOKENS, Asked, Recipe, Trained
from tailorlm.evaluation.prlhf.worlds import (
    NOBODY,
    LengthPair,
    World,
    draw_world,
    length_pairs,
    size,
    split_posts,
)

FEW, MANY = 10, 40
WRITE_A_POST = "Write a post."
_POST_WORDS = 40
"""Words of a post that the suite's own base learns to write."""

Variant = tuple[str, dict[str, object]]
MAIN: tuple[Variant, ...] = (
    (paper.VANILLA, {"user_model": "uniform", "user_tokens": VANILLA_TOKENS}),
    (paper.INDIVIDUAL, {}),
)
CLUSTERED: Variant = (paper.CLUSTER_5, {"user_model": "cluster", "clusters": 5})
ABLATIONS: tuple[Variant, ...] = (
    CLUSTERED,
    (paper.SHORT_PREFIX, {"user_tokens": 1}),
    (paper.ONLY_OWN, {"alpha": 1.0}),
    (paper.WITHOUT_SHARED, {"generic": False}),
    (paper.CLUSTER_2, {"user_model": "cluster", "clusters": 2}),
)


@dataclass(frozen=True, slots=True)
class Run:
    """One training and what it was measured to be.

    Attributes:
        model: What is trained, as `paper` names it.
        workers: How many were learned from.
        world: The workers and posts.
        learned: The training.
        is_personal: Whether it knows users.
        curve: Step and accuracies at each check.
    """

    model: str
    workers: int
    world: World
    learned: Learned
    is_personal: bool
    curve: tuple[tuple[int, Accuracies], ...]

    @property
    def final(self) -> Accuracies:
        """At the end."""
        return self.curve[-1][1]


@dataclass(frozen=True, slots=True)
class Written:
    """What models wrote about the same posts, in one world.

    Attributes:
        prompts: The posts, as asked.
        sft: By the base.
        vanilla: By vanilla DPO.
        generic: By P-DPO for nobody in particular.
        again: By the same, drawn once more.
        by_worker: By P-DPO for each worker.
        world: The workers.
    """

    prompts: tuple[str, ...]
    sft: tuple[str, ...]
    vanilla: tuple[str, ...]
    generic: tuple[str, ...]
    again: tuple[str, ...]
    by_worker: tuple[tuple[str, ...], ...]
    world: World

    def words(self, *, prefers_longer: bool) -> list[float]:
        """Mean length of the answers for each worker of one preference, in words."""
        return [
            float(np.mean([size(text) for text in texts]))
            for worker, texts in zip(self.world.workers, self.by_worker, strict=True)
            if worker.prefers_longer == prefers_longer
        ]


@dataclass(frozen=True, slots=True)
class Ground:
    """What trainings begin from.

    Attributes:
        base: The base.
        trained: How it was made; None where one was named.
        train: Pairs of training posts.
        judged: Pairs of evaluation posts.
    """

    base: str
    trained: Trained | None
    train: tuple[LengthPair, ...]
    judged: tuple[LengthPair, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """All that was trained and written.

    Attributes:
        runs: The trainings.
        written: In each world of the main comparison.
        base_trained: How the base was made; None where one was named.
    """

    runs: tuple[Run, ...]
    written: tuple[Written, ...]
    base_trained: Trained | None


def prepare(bench: Bench, summaries: Sequence[WorkerSummary]) -> Ground:
    """Divide the posts, and make the base unless one was named."""
    sizes = bench.sizes
    summaries = summaries[: sizes.posts]
    pairs = length_pairs(summaries, words=sizes.words)
    train, judged = split_posts(pairs, min(sizes.judged, len(pairs) // 3), bench.seed)
    base, trained = bench.make_base(base_texts(summaries, train))
    return Ground(base, trained, tuple(train), tuple(judged))


def run_conflict(bench: Bench, ground: Ground) -> Conflict:
    """Train every model in its worlds, and let the main ones write."""
    sizes, base = bench.sizes, ground.base
    runs: list[Run] = []
    written: list[Written] = []
    for number in range(sizes.seeds):
        seed = bench.seed + number
        world = _world(bench, ground, FEW, seed)
        vanilla, personal = (_run(bench, variant, world, FEW, base, seed) for variant in MAIN)
        runs += [vanilla, personal]
        written.append(_write(bench, base, world, vanilla, personal, seed))
    if sizes.ablations:
        for count, variants in ((FEW, ABLATIONS), (MANY, (*MAIN, CLUSTERED))):
            world = _world(bench, ground, count, bench.seed)
            runs += [_run(bench, variant, world, count, base, bench.seed) for variant in variants]
    return Conflict(tuple(runs), tuple(written), ground.trained)


def base_texts(summaries: Sequence[WorkerSummary], train: Sequence[LengthPair]) -> list[Comparison]:
    """What the suite's own base reads: training posts, and both summaries of each.

    It has to have read summaries of either length: where a model would never end an answer, there
    is nothing that preferences could make likelier.
    """
    posts = {one.post_id: one.post for one in summaries}
    told = [
        Comparison.of_prompt(
            NOBODY, WRITE_A_POST, " ".join(posts[pair.post_id].split()[:_POST_WORDS])
        )
        for pair in train
    ]
    for pair in train:
        told += [
            Comparison.of_prompt(NOBODY, pair.prompt, text) for text in (pair.longer, pair.shorter)
        ]
    return told


def _world(bench: Bench, ground: Ground, count: int, seed: int) -> World:
    sizes = bench.sizes
    each = sizes.each if count == FEW else sizes.each_of_many
    own = sizes.own if count == FEW else max(1, sizes.own * FEW // count)
    return draw_world(ground.train, ground.judged, count=count, each=each, own=own, seed=seed)


def _run(bench: Bench, variant: Variant, world: World, count: int, base: str, seed: int) -> Run:
    model, changed = variant
    recipe: Recipe = replace(bench.sizes.recipe, seed=seed, **changed)  # type: ignore[arg-type]
    if count == FEW:
        recipe = replace(recipe, checks=bench.sizes.checks)
    recipe = bench.sizes.timed(recipe, len(world.learned))
    is_personal = model != paper.VANILLA
    learned = bench.prefer(
        f"{_folder(model)}-{count}-{seed}",
        world.learned,
        base,
        recipe,
        to_watch(world, is_personal=is_personal),
    )
    curve = tuple(
        (step, accuracies(world, rewards, is_personal=is_personal))
        for step, rewards in learned.checks
    )
    return Run(model, count, world, learned, is_personal, curve)


def _write(
    bench: Bench, base: str, world: World, vanilla: Run, personal: Run, seed: int
) -> Written:
    prompts = tuple(pair.prompt for pair in world.judged[: bench.sizes.prompts])
    nobody = [Asked(NOBODY, prompt) for prompt in prompts]
    each = [Asked(worker.name, prompt) for worker in world.workers for prompt in prompts]
    told = bench.write(f"individual-{seed}", personal.learned.folder, [*nobody, *nobody, *each])
    n = len(prompts)
    rows = [tuple(told[start : start + n]) for start in range(0, len(told), n)]
    return Written(
        prompts=prompts,
        sft=tuple(bench.write("sft", base, nobody)),
        vanilla=tuple(bench.write(f"vanilla-{seed}", vanilla.learned.folder, nobody)),
        generic=rows[0],
        again=rows[1],
        by_worker=tuple(rows[2:]),
        world=world,
    )


def _folder(model: str) -> str:
    """A name for a folder: letters, figures and hyphens of a model's name."""
    kept = "".join(
        letter if letter.isascii() and letter.isalnum() else "-" for letter in model.lower()
    )
    return "-".join(part for part in kept.split("-") if part)
