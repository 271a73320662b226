"""Users of recorded profiles: does a linear reward know whose answer is whose on new prompts?

P-RLHF, section 5.2, with the personalized reward model of appendix F.2. A user of a profile prefers
the profile's answer to every other answer to the same prompt. Prompts are held out in turn: neither
the user's head nor the population has seen a held-out prompt.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tailorlm.choice.comparisons import Comparisons
from tailorlm.choice.reward_population import (
    Population,
    PopulationSettings,
    fit_population,
    posteriors,
)
from tailorlm.datasets.profile_answers import GENERIC, ProfileAnswers
from tailorlm.encoders.base import Encoder
from tailorlm.evaluation.prlhf.heads import FloatArray, Tally, folds, told_right
from tailorlm.writing.answer_features import AnswerFeatures

MODELS = ("uniform", "individual", "cluster")
CLUSTERS = 3


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers as features.

    Attributes:
        names: The profiles, the generic answer last.
        features: Shape (prompts, answers, p).
        scales: Shape (p,): assumed standard deviations of the weights.
        styled: Number of leading features that are about how an answer is written.
    """

    names: tuple[str, ...]
    features: FloatArray
    scales: FloatArray
    styled: int

    @classmethod
    def of(cls, prompts: Sequence[ProfileAnswers], encoder: Encoder) -> Answers:
        """Measure and encode all answers."""
        features = AnswerFeatures(encoder)
        profiles = [name for name in prompts[0].answers if name != GENERIC]
        names = (*profiles, GENERIC)
        rows = [features.of(one.prompt, [one.answers[n] for n in names]) for one in prompts]
        return cls(names, np.array(rows), features.scales, len(features.named))

    def only(self, columns: slice) -> Answers:
        """With some of the features."""
        styled = len(range(*columns.indices(len(self.scales))))
        kept = min(styled, self.styled) if columns.start in (None, 0) else 0
        return Answers(self.names, self.features[:, :, columns], self.scales[columns], kept)

    @property
    def users(self) -> tuple[str, ...]:
        """The profiles: each is a user."""
        return self.names[:-1]

    def comparisons(self, user: str, prompts: Sequence[int]) -> Comparisons:
        """The user's own answer before each other one."""
        own = self.names.index(user)
        others = [place for place in range(len(self.names)) if place != own]
        rows = self.features[list(prompts)]
        worse = rows[:, others].reshape(-1, rows.shape[2])
        better = np.repeat(rows[:, own], len(others), axis=0)
        return Comparisons.pairs(better, worse)


@dataclass(frozen=True, slots=True)
class Known:
    """How well the users' held-out prompts are told.

    Attributes:
        users: Their names.
        tallies: By model, summed over the folds.
        folds: By model, the accuracy of each user in each fold, shape (folds, users).
    """

    users: tuple[str, ...]
    tallies: dict[str, Tally]
    folds: dict[str, FloatArray]


def known_users(
    answers: Answers, n_folds: int, seed: int, tell: Callable[[], None] = lambda: None
) -> Known:
    """Cross-validate all user models, and the individual one with each part of the features."""
    variants = {model: (answers, model) for model in MODELS}
    variants["individual, style alone"] = (answers.only(slice(answers.styled)), "individual")
    variants["individual, encoder alone"] = (
        answers.only(slice(answers.styled, None)),
        "individual",
    )
    fold_of = folds(len(answers.features), n_folds, np.random.default_rng(seed))
    tallies = {name: Tally.none(len(answers.users)) for name in variants}
    by_fold: dict[str, list[FloatArray]] = {name: [] for name in variants}
    for fold in range(n_folds):
        seen, held = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        for name, (view, model) in variants.items():
            told = told_right(
                heads_of(view, model, seen.tolist()),
                [view.comparisons(u, held.tolist()) for u in view.users],
            )
            tallies[name] = tallies[name].plus(told)
            by_fold[name].append(told.by_user)
        tell()
    return Known(answers.users, tallies, {name: np.array(f) for name, f in by_fold.items()})


def heads_of(answers: Answers, model: str, seen: Sequence[int]) -> list[FloatArray]:
    """Each user's expected weights from the prompts seen."""
    users = [answers.comparisons(user, seen) for user in answers.users]
    common = population(answers, model, seen)
    return [
        head.weights(state) for head, state in posteriors(common, users, np.zeros((len(users), 0)))
    ]


def population(answers: Answers, model: str, seen: Sequence[int]) -> Population:
    """What the users have in common, learned from the prompts seen."""
    settings = PopulationSettings(
        model=model,  # type: ignore[arg-type]  # of `MODELS`
        clusters=CLUSTERS,
        rounds=3,
        spread=1.0,
    )
    users = [answers.comparisons(user, seen) for user in answers.users]
    return fit_population(users, answers.scales, settings)
