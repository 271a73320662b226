"""What a personal reward sees of an answer: how it is written, and what it is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tailorlm.writing.answer_style import ANSWER_STYLES, MOST_READ, answer_style

FloatArray = npt.NDArray[np.float64]

NEARNESS = "keeping to the question"
"""Name of the feature that is the similarity of question and answer."""
_NEAR = (0.5, 0.2)
_MOST_QUERY = 10_000


class Encodes(Protocol):
    """What is needed of an encoder; see `tailorlm.encoders.base.Encoder`."""

    dim: int

    def encode(self, texts: Sequence[str]) -> npt.NDArray[np.float32]:
        """Unit vectors of texts, shape (len(texts), dim)."""
        ...


@dataclass(frozen=True, eq=False)
class AnswerFeatures:
    """Answers to features, so that a reward may be linear in them.

    First come the numbers of `ANSWER_STYLES`, then the similarity of question and answer, then the
    encoder's vector of the answer. All can be told from the question and the answer alone.

    Attributes:
        encoder: Makes the vectors.
        style_scale: Standard deviation of the weight of a number of style, before anything is
            known of a user, in Gumbel units.
        topic_scale: That of the weight of a direction of the encoder, for vectors of length 1.
    """

    encoder: Encodes
    style_scale: float = 0.7
    topic_scale: float = 3.0

    @property
    def named(self) -> tuple[str, ...]:
        """Names of the features that have one: they come first."""
        return (*ANSWER_STYLES, NEARNESS)

    @cached_property
    def scales(self) -> FloatArray:
        """Shape (p,): assumed standard deviation of each weight across users."""
        style = np.full(len(self.named), self.style_scale)
        return np.concatenate([style, np.full(self.encoder.dim, self.topic_scale)])

    @property
    def width(self) -> int:
        """Number of features, p."""
        return len(self.named) + self.encoder.dim

    def of(self, query: str, answers: Sequence[str]) -> FloatArray:
        """Features of answers to a query, shape (len(answers), p).

        Of long texts the beginning is read: 10,000 characters of the query, 20,000 of an answer.
        """
        texts = [query[:_MOST_QUERY], *(answer[:MOST_READ] for answer in answers)]
        vectors = self.encoder.encode(texts).astype(np.float64)
        centre, scale = _NEAR
        near = (vectors[1:] @ vectors[0] - centre) / scale
        styles = [answer_style(text) for text in texts[1:]]
        rows = np.array(styles).reshape(len(answers), len(ANSWER_STYLES))
        return np.concatenate([rows, near[:, None], vectors[1:]], axis=1)
