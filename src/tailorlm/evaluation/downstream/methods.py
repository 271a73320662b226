"""A method of a task: what it tries, how the best is chosen without the test, and what it predicts.

Settings are chosen by hiding each user's last rating of the training part: whatever has the least
loss on these is fitted again to all of the training part. The test has no say in it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tailorlm.evaluation.downstream.ratings import Predict, Ratings
from tailorlm.evaluation.downstream.splits import Split

Setting = tuple[float, ...]
Fitted = Callable[[Setting], Predict]
"""Makes predictions with a setting, of what was learned."""
Kind = Literal["generic", "pooled", "personal"]
"""One answer for all, one that is learned from all, or one that is learned from the user."""
Loss = Callable[[Predict, Split], float]
"""How far off predictions are on the test of a split; less is better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """One way to predict.

    Attributes:
        name: What reports call it.
        kind: What its predictions depend on.
        learn: Learns from ratings, and is then asked for predictions with one setting or more.
        words: What the numbers of a setting are.
        settings: What is tried, one at least.
        needs_history: Whether it can say nothing of users without ratings.
    """

    name: str
    kind: Kind
    learn: Callable[[Ratings], Fitted]
    words: tuple[str, ...] = ()
    settings: tuple[Setting, ...] = ((),)
    needs_history: bool = False

    def thinned(self, most: int) -> Method:
        """The same, of whose settings at most as many are tried, spread evenly over them."""
        n = len(self.settings)
        if n <= most:
            return self
        return replace(self, settings=tuple(self.settings[i * n // most] for i in range(most)))


@dataclass(frozen=True, slots=True)
class Chosen:
    """A method with the setting that was chosen, fitted to the training part.

    Attributes:
        method: The method.
        setting: Of least loss.
        predict: Its predictions, learned from all of the training part.
        early: The same, learned without what was hidden.
    """

    method: Method
    setting: Setting
    predict: Predict
    early: Predict

    @property
    def described(self) -> str:
        """The setting in words; "" where there is none."""
        parts = zip(self.method.words, self.setting, strict=True)
        return ", ".join(f"{word} {value:g}" for word, value in parts)


def choose(methods: Sequence[Method], train: Ratings, hidden: Split, loss: Loss) -> list[Chosen]:
    """Fit every method, with the setting that predicts hidden ratings best.

    Args:
        methods: The methods.
        train: The training part.
        hidden: The training part in two: what is learned from, and what is hidden.
        loss: Of predictions.
    """
    return [_choose(method, train, hidden, loss) for method in methods]


def _choose(method: Method, train: Ratings, hidden: Split, loss: Loss) -> Chosen:
    fitted = method.learn(hidden.train)
    setting = method.settings[0]
    if len(method.settings) > 1:
        setting = min(method.settings, key=lambda one: loss(fitted(one), hidden))
    return Chosen(method, setting, method.learn(train)(setting), fitted(setting))
