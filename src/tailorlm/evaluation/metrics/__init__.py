"""Metrics that compare a text with the true one, or with its author's other texts.

Each is a pure function of texts. Blank input raises; what cannot be compared is `Unscored`.
"""

from tailorlm.evaluation.metrics.bert import TokenWeights, bert_baseline, bert_score
from tailorlm.evaluation.metrics.meteor import meteor
from tailorlm.evaluation.metrics.rouge import ROUGE_KINDS, RougeKind, rouge
from tailorlm.evaluation.metrics.scored import Overlap, Unscored

__all__ = [
    "ROUGE_KINDS",
    "Overlap",
    "RougeKind",
    "TokenWeights",
    "Unscored",
    "bert_baseline",
    "bert_score",
    "meteor",
    "rouge",
]
