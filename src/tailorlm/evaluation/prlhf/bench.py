"""Where trainings run: their folder and journal, and how large everything is."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path

from tailorlm.datasets.comparisons import Comparison
from tailorlm.evaluation.prlhf.journal import Journal
from tailorlm.evaluation.prlhf.trainers import (
    Asked,
    BaseRecipe,
    Recipe,
    Rewards,
    Trained,
    Trainers,
)

MODELS = "models"
Tell = Callable[[str, int, int], None]
"""Told what is trained, how many steps it took so far and how many it will take."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How large the parts with trainings are.

    Attributes:
        posts: Rows of the summaries' file that are read; None for all.
        words: Of a post that are shown.
        each: Comparisons of each of ten workers.
        each_of_many: Comparisons of each of forty; in all 1.7 times those of ten (the paper's table
            3: 1.6 times).
        steps: Of a training, about: whole passes are made; None for the passes of the recipe.
        judged: Evaluation posts.
        own: Evaluation posts of each worker.
        prompts: Posts whose answers are written, for their lengths.
        written: Longest answer written, in tokens.
        checks: Points of a curve, besides the one before training.
        seeds: Worlds in which vanilla DPO and P-DPO are compared.
        ablations: Whether settings and user models are varied, and forty workers asked.
        pairs: Other answers that a profile's answer is set against, per prompt.
        base: How the suite's own base is made.
        recipe: How models learn; what a run varies takes its place.
    """

    posts: int | None = None
    words: int = 32
    each: int = 96
    each_of_many: int = 40
    steps: int | None = 180
    judged: int = 60
    own: int = 20
    prompts: int = 50
    written: int = 64
    checks: int = 6
    seeds: int = 2
    ablations: bool = True
    pairs: int = 3
    base: BaseRecipe = field(default_factory=lambda: BaseRecipe(epochs=2))
    recipe: Recipe = field(
        default_factory=lambda: Recipe(
            learning_rate=1e-3,
            user_learning_rate=1e-2,
            lora_dropout=0.0,
            batch_size=16,
            max_tokens=192,
        )
    )

    def timed(self, recipe: Recipe, comparisons: int, share: float = 1.0) -> Recipe:
        """A recipe with as many passes as come nearest to `steps`, at least one.

        Args:
            recipe: Whose passes are kept where `steps` is None.
            comparisons: How many are learned from.
            share: Of `steps`, for comparisons that take longer.
        """
        if self.steps is None:
            return recipe
        passes = share * self.steps * recipe.batch_size / comparisons
        return replace(recipe, epochs=max(1, round(passes)))


@dataclass(frozen=True, slots=True)
class Learned:
    """A finished training.

    Attributes:
        folder: Where the model lies.
        trained: What it took.
        checks: Step and rewards of the watched comparisons, in order.
    """

    folder: str
    trained: Trained
    checks: tuple[tuple[int, Rewards], ...]

    @property
    def rewards(self) -> Rewards:
        """At the end."""
        return self.checks[-1][1]


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What trainings are run with.

    Attributes:
        trainers: Whoever trains.
        folder: Where models and the journal lie.
        journal: What is finished.
        sizes: How large everything is.
        seed: Of everything that is drawn.
        base: The base that was named, or "" for the suite's own.
        tell: Told each step.
    """

    trainers: Trainers
    folder: Path
    journal: Journal
    sizes: Sizes
    seed: int = 0
    base: str = ""
    tell: Tell = lambda what, step, total: None

    def make_base(self, texts: Sequence[Comparison]) -> tuple[str, Trained | None]:
        """The base that everything begins from, made of texts unless one was named."""
        if self.base:
            return self.base, None
        return self._base("base", texts, None)

    def tune_base(self, name: str, texts: Sequence[Comparison], base: str) -> tuple[str, Trained]:
        """A base trained further on texts."""
        return self._base(name, texts, base)

    def _base(
        self, name: str, texts: Sequence[Comparison], start: str | None
    ) -> tuple[str, Trained]:
        folder = self.folder / MODELS / name
        key = f"base/{name}"
        kept = self.journal.get(key)
        if kept is None or not Path(kept["model"]).exists():
            # A base that was begun is not gone on with: the texts may be others by now.
            shutil.rmtree(folder, ignore_errors=True)
            recipe = self.sizes.base
            tell = partial(self.tell, name)
            if start is None:
                model, trained = self.trainers.make_base(texts, folder, recipe, tell)
            else:
                model, trained = self.trainers.tune_base(texts, start, folder, recipe, tell)
            kept = {"model": model, "trained": asdict(trained)}
            self.journal.put(key, kept)
        return kept["model"], Trained(**kept["trained"])

    def prefer(
        self,
        name: str,
        comparisons: Sequence[Comparison],
        base: str,
        recipe: Recipe,
        watch: Sequence[Comparison],
    ) -> Learned:
        """A model that learned from comparisons, trained unless it was before.

        Args:
            name: What the training is called in the journal; its folder's name.
            comparisons: What it learns from.
            base: What it begins from.
            recipe: How it learns.
            watch: Comparisons whose answers are scored at every check.
        """
        folder = self.folder / MODELS / name
        if self.journal.get(f"trained/{name}") is None:
            checks = dict(self.journal.get(f"checks/{name}") or [])
            if not checks:
                # What lies there was begun with other settings or data.
                shutil.rmtree(folder, ignore_errors=True)

            def on_check(step: int, rewards: Rewards) -> None:
                checks[step] = [list(row) for row in rewards]
                self.journal.put(f"checks/{name}", sorted(checks.items()))

            trained = self.trainers.prefer(
                comparisons,
                base,
                folder,
                recipe,
                watch=watch,
                on_check=on_check,
                on_step=partial(self.tell, name),
            )
            self.journal.put(f"trained/{name}", asdict(trained))
        found = self.journal.get(f"checks/{name}") or []
        return Learned(
            str(folder),
            Trained(**(self.journal.get(f"trained/{name}") or {})),
            tuple((step, [tuple(row) for row in rewards]) for step, rewards in found),
        )

    def write(self, name: str, model: str, asked: Sequence[Asked]) -> list[str]:
        """What a model writes, written unless it was before."""
        self.tell(f"writing: {name}", 0, 1)
        texts: list[str] = self.journal.once(
            f"written/{name}",
            lambda: self.trainers.write(
                model, asked, max_tokens=self.sizes.written, seed=self.seed
            ),
        )
        return texts
