"""Trainers without torch: they learn which of two answers a user wants by length, and count calls.

With them come posts, summaries and profiles that are made up.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from tailorlm.datasets.comparisons import Comparison
from tailorlm.evaluation.prlhf.bench import Sizes
from tailorlm.evaluation.prlhf.trainers import (
    Asked,
    BaseRecipe,
    OnCheck,
    OnStep,
    Recipe,
    Trained,
)

PROFILES = ("P1A", "P1B", "P2A", "P2B", "P3A", "P3B")
SMALL = Sizes(
    words=12, each=4, each_of_many=2, judged=6, own=3, prompts=3, written=8, checks=2, seeds=2
)


class InterruptedSuiteError(Exception):
    """Somebody pulled the plug."""


class FakeTrainers:
    """Knows after training how much longer each user likes answers to be.

    Args:
        most: Trainings after which it is interrupted; None for never.
    """

    def __init__(self, most: int | None = None) -> None:
        self.made: list[str] = []
        self.most = most
        self._liked: dict[str, dict[str, float]] = {}

    def make_base(
        self,
        texts: Sequence[Comparison],
        folder: Path,
        recipe: BaseRecipe,
        on_step: OnStep | None = None,
    ) -> tuple[str, Trained]:
        return self.tune_base(texts, "", folder, recipe, on_step)

    def tune_base(
        self,
        texts: Sequence[Comparison],
        base: str,
        folder: Path,
        recipe: BaseRecipe,
        on_step: OnStep | None = None,
    ) -> tuple[str, Trained]:
        assert all(len(one.responses) == 1 for one in texts)
        folder.mkdir(parents=True)
        self.made.append(folder.name)
        return str(folder), _trained(len(texts))

    def prefer(
        self,
        comparisons: Sequence[Comparison],
        base: str,
        folder: Path,
        recipe: Recipe,
        *,
        watch: Sequence[Comparison],
        on_check: OnCheck,
        on_step: OnStep | None = None,
    ) -> Trained:
        if self.most is not None and len(self.made) >= self.most:
            raise InterruptedSuiteError
        gaps: defaultdict[str, list[float]] = defaultdict(list)
        for one in comparisons:
            better, worse = (len(text) for text in one.responses[:2])
            gaps["" if recipe.user_model == "uniform" else one.user].append(better - worse)
        liked = {user: sum(found) / len(found) for user, found in gaps.items()}
        liked.setdefault("", sum(liked.values()) / len(liked))
        for number in range(recipe.checks + 1):
            on_check(number, [self._rewards(liked, one, number) for one in watch])
        folder.mkdir(parents=True)
        (folder / "liked.json").write_text(json.dumps(liked))
        self.made.append(folder.name)
        return _trained(len(comparisons))

    def write(self, model: str, asked: Sequence[Asked], *, max_tokens: int, seed: int) -> list[str]:
        path = Path(model) / "liked.json"
        liked = json.loads(path.read_text()) if path.exists() else {"": 0.0}
        return [_words(one.prompt, liked.get(one.user, liked[""])) for one in asked]

    def _rewards(self, liked: dict[str, float], one: Comparison, number: int) -> tuple[float, ...]:
        sign = liked.get(one.user, liked[""])
        return tuple(number * sign * len(text) for text in one.responses)


def _words(prompt: str, liked: float) -> str:
    words = prompt.split()
    return " ".join(words[:2] if liked < 0 else words[:8] if liked > 0 else words[:4])


def _trained(comparisons: int) -> Trained:
    return Trained(
        steps=2, seconds=0.5, parameters=10, comparisons=comparisons, device="none", loss=1.0
    )


def write_summaries(path: Path, posts: int = 30) -> Path:
    """A file of posts with summaries, some of them with two."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["doc_id", "doc_text", "uid", "summary_text", "summary_rating"])
        for number in range(posts):
            post = (
                f"My neighbour number {number} plays drums every night until {number} o'clock. " * 3
            )
            writer.writerow([f"t{number}", post, "a", f"Neighbour {number} plays drums. Help.", 7])
            if number % 5 == 0:
                writer.writerow([f"t{number}", post, "b", f"Drums at {number}.", 6])
    return path


def write_profiles(folder: Path, prompts: int = 8) -> Path:
    """A folder of answers under six profiles, each longer than the one before."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(prompts):
        answers = {
            name: " ".join([f"Answer {number} of {name} about tides."] * (place + 1))
            for place, name in enumerate((*PROFILES, "generic"))
        }
        rows.append(
            {"id": f"k{number}", "prompt": f"Explain tides {number}?", "responses": answers}
        )
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "profiles.jsonl").write_text(text, "utf-8")
    words = dict.fromkeys(PROFILES, "somehow")
    (folder / "profiles_users.json").write_text(json.dumps(words), "utf-8")
    return folder
