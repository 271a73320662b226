"""A seventh user of the recorded profiles, who wants short and friendly answers at once.

What an answer is worth to this user is measured on its text: the friendliness of its words less the
logarithm of its length, each in standard deviations over all answers. Friendly are exclamation
marks, contractions, words for speaker and reader, and words of warmth, as a share of all words. No
profile asks for both, so that nobody has seen such a user.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tailorlm.choice.comparisons import Comparisons
from tailorlm.choice.reward_head import HeadPrior, RewardHead
from tailorlm.datasets.profile_answers import ProfileAnswers
from tailorlm.evaluation.prlhf.heads import FloatArray, folds, told_right
from tailorlm.evaluation.prlhf.profiles import Answers, population
from tailorlm.writing.traits import words_of

COUNTS = (0, 1, 2, 5, 10, 20)
"""Comparisons that are given of the new user."""
CLEAR = 1.0
"""Least difference in worth of a pair that counts as clear, in standard deviations."""
STARTS = {"population": "individual", "clusters": "cluster"}
ALONE = "alone"
"""Where the new user starts: from users on average and how they differ, or from nothing."""
_FRIENDLY = """
ah cheers cute darling enjoy friend friends fun funny glad great happy hey hi honestly imagine love
lovely luckily mate nice okay pal party promise sorry sweet thank thanks trust wow yay yes yep
i me my we us our you your
"""
_WARM = frozenset(_FRIENDLY.split())


@dataclass(frozen=True, slots=True)
class Newcomer:
    """How well the new user is told from few comparisons.

    Attributes:
        clear: By start, accuracy on pairs of held-out prompts that differ clearly, after
            comparisons that do; shape (folds, draws, len(COUNTS)).
        any_pair: The same with all pairs that differ at all.
        seconds: The longest that learning from the most comparisons took.
    """

    clear: dict[str, FloatArray]
    any_pair: dict[str, FloatArray]
    seconds: float


def worth_of(prompts: Sequence[ProfileAnswers], names: Sequence[str]) -> FloatArray:
    """What each answer is worth to the new user, shape (prompts, answers)."""
    texts = [[one.answers[name] for name in names] for one in prompts]
    friendly = np.array([[friendliness(text) for text in row] for row in texts])
    length = np.array([[math.log1p(len(words_of(text))) for text in row] for row in texts])
    return _standard(friendly) - _standard(length)


def friendliness(text: str) -> float:
    """Exclamation marks, contractions and friendly words as a share of all words."""
    words = [word.casefold().replace("’", "'") for word in words_of(text)]
    found = sum(word in _WARM or "'" in word for word in words)
    return (text.count("!") + found) / max(len(words), 1)


def newcomer(
    prompts: Sequence[ProfileAnswers],
    answers: Answers,
    n_folds: int,
    draws: int,
    seed: int,
    tell: Callable[[], None] = lambda: None,
) -> Newcomer:
    """Teach the new user by drawn comparisons on prompts that were seen; test on the others.

    The population is learned from the other users on the same prompts.

    Args:
        prompts: The prompts with their answers.
        answers: The same as features.
        n_folds: Parts of the prompts, each held out once.
        draws: How often comparisons are drawn for each part.
        seed: Of folds and draws.
        tell: Called after each fold.
    """
    worth = worth_of(prompts, answers.names)
    rng = np.random.default_rng(seed)
    fold_of = folds(len(answers.features), n_folds, rng)
    found: dict[float, dict[str, list[list[FloatArray]]]] = {
        margin: {name: [] for name in (*STARTS, ALONE)} for margin in (CLEAR, 0.0)
    }
    longest = 0.0
    for fold in range(n_folds):
        seen, held = np.flatnonzero(fold_of != fold), np.flatnonzero(fold_of == fold)
        heads = {
            name: RewardHead(population(answers, m, seen.tolist()).prior())
            for name, m in STARTS.items()
        }
        heads[ALONE] = RewardHead(HeadPrior.independent(answers.scales))
        for margin, by_start in found.items():
            taught, asked = (_pairs(answers, worth, part, margin) for part in (seen, held))
            orders = [rng.permutation(len(taught))[: COUNTS[-1]] for _ in range(draws)]
            for name, head in heads.items():
                curves = [_curve(head, taught, order, asked) for order in orders]
                by_start[name].append([curve for curve, _ in curves])
                longest = max(longest, *(seconds for _, seconds in curves))
        tell()
    clear, any_pair = (
        {name: np.array(values) for name, values in found[margin].items()}
        for margin in (CLEAR, 0.0)
    )
    return Newcomer(clear, any_pair, longest)


def _curve(
    head: RewardHead, taught: Comparisons, order: npt.NDArray[np.intp], asked: Comparisons
) -> tuple[FloatArray, float]:
    """Accuracy after each of `COUNTS` comparisons, and how long the last learning took."""
    accuracies, seconds = [], 0.0
    for count in COUNTS:
        chosen = order[:count]
        some = Comparisons(taught.gaps[chosen], taught.present[chosen], taught.weights[chosen])
        began = time.perf_counter()
        weights = head.weights(head.observe(head.initial(), some))
        seconds = time.perf_counter() - began
        told = told_right([weights], [asked])
        accuracies.append(float(told.right[0] / told.pairs[0]))
    return np.array(accuracies), seconds


def _pairs(
    answers: Answers, worth: FloatArray, prompts: npt.NDArray[np.intp], margin: float
) -> Comparisons:
    """All pairs of answers to a prompt that differ in worth by more than a margin."""
    better, worse = [], []
    for prompt in prompts:
        gaps = worth[prompt][:, None] - worth[prompt]
        won, lost = np.nonzero(gaps > margin)
        better.append(answers.features[prompt, won])
        worse.append(answers.features[prompt, lost])
    return Comparisons.pairs(np.concatenate(better), np.concatenate(worse))


def _standard(values: FloatArray) -> FloatArray:
    scaled: FloatArray = (values - values.mean()) / max(float(values.std()), 1e-9)
    return scaled
