"""How close written mails come to the true ones, and to how their writer writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from tailorlm.encoders.base import Encoder
from tailorlm.evaluation.agents.mails import Sample, Writers
from tailorlm.evaluation.metrics import (
    AuthorClassifier,
    StyleScale,
    TokenWeights,
    Unscored,
    bert_baseline,
    bert_score,
    greeting_match,
    length_error,
    meteor,
    rouge,
    sign_off_match,
)

AUTHOR = "author probability"
MASKED = "author probability, words masked"
STYLE = "style distance"
PER_MAIL = (
    "ROUGE-1",
    "ROUGE-L",
    "METEOR",
    "BERTScore",
    "length error",
    "greeting match",
    "sign-off match",
    AUTHOR,
    MASKED,
)
"""What every mail is scored on, in the order of the report."""
METRICS = (*PER_MAIL[:-2], STYLE, AUTHOR, MASKED)
LESS_IS_BETTER = frozenset({"length error", STYLE})


@dataclass(frozen=True, slots=True)
class Scores:
    """How one system did on one writer's mails.

    Attributes:
        values: For each metric of `PER_MAIL` a number per mail, None where it cannot be scored.
        style: Distance of all the texts to the writer's training mails, from 0.
        empty: Texts that were empty; they count in no metric.
    """

    values: Mapping[str, tuple[float | None, ...]]
    style: float
    empty: int = 0

    @classmethod
    def mean(cls, draws: Sequence[Scores]) -> Scores:
        """The mean of several draws, mail by mail."""
        values = {
            metric: tuple(
                _mean(values) for values in zip(*(s.values[metric] for s in draws), strict=True)
            )
            for metric in PER_MAIL
        }
        style = float(np.mean([scores.style for scores in draws]))
        return cls(values, style, sum(scores.empty for scores in draws))


class Judge:
    """Scores texts; everything it knows is learned from training mails.

    Args:
        writers: The measured writers.
        encoder: Gives the vectors of BERTScore.
        rng: Divides the classifier's cross-validation and draws the pairs of BERTScore's baseline.
    """

    def __init__(self, writers: Writers, encoder: Encoder, rng: np.random.Generator) -> None:
        texts = [sample.text for sample in writers.train]
        names = [sample.writer for sample in writers.train]
        self.classifiers = {
            AUTHOR: AuthorClassifier.fit(texts, names, rng),
            MASKED: AuthorClassifier.fit(texts, names, rng, masked=True),
        }
        scale = StyleScale.fit(texts)
        self._profiles = {
            writer.name: scale.profile([sample.text for sample in writer.train])
            for writer in writers.measured
        }
        self._encoder = encoder
        self._weights = TokenWeights(texts)
        self._baseline = bert_baseline(texts, encoder, rng, weights=self._weights)

    def scores(self, samples: Sequence[Sample], texts: Sequence[str]) -> Scores:
        """How texts do that were written for samples of one writer, in their order."""
        written = [place for place, text in enumerate(texts) if text.strip()]
        values: dict[str, list[float | None]] = {name: [None] * len(texts) for name in PER_MAIL}
        if not written:
            return Scores({name: tuple(v) for name, v in values.items()}, np.nan, len(texts))
        given = [texts[place] for place in written]
        true = [samples[place].text for place in written]
        alike = bert_score(
            given, true, self._encoder, weights=self._weights, baseline=self._baseline
        )
        for place, text, overlap in zip(written, given, alike, strict=True):
            values["BERTScore"][place] = None if isinstance(overlap, Unscored) else overlap.f1
            for name, value in self._of_mail(samples[place], text).items():
                values[name][place] = value
        distance = self._profiles[samples[0].writer].distance(given)
        return Scores(
            {name: tuple(v) for name, v in values.items()}, distance, len(texts) - len(written)
        )

    def author(self, samples: Sequence[Sample], texts: Sequence[str], metric: str) -> float:
        """Mean probability that the samples' writer wrote the texts; empty ones count as 0."""
        found = [
            self.classifiers[metric].probability(text)[sample.writer] if text.strip() else 0.0
            for sample, text in zip(samples, texts, strict=True)
        ]
        return float(np.mean(found))

    def _of_mail(self, sample: Sample, text: str) -> Mapping[str, float | None]:
        overlaps = rouge(text, sample.text)
        one, longest = overlaps["rouge1"], overlaps["rougeL"]
        plain: dict[str, Callable[[str, str], object]] = {
            "METEOR": meteor,
            "length error": length_error,
            "greeting match": greeting_match,
            "sign-off match": sign_off_match,
        }
        found: dict[str, float | None] = {
            "ROUGE-1": None if isinstance(one, Unscored) else one.f1,
            "ROUGE-L": None if isinstance(longest, Unscored) else longest.f1,
        }
        for name, metric in plain.items():
            value = metric(text, sample.text)
            found[name] = value if isinstance(value, float) else None
        for name, classifier in self.classifiers.items():
            found[name] = classifier.probability(text)[sample.writer]
        return found


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
