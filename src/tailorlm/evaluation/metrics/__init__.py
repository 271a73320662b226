"""Metrics that compare a text with the true one, or with its author's other texts.

Each is a pure function of texts. Blank input raises; what cannot be compared is `Unscored`.
"""

from tailorlm.evaluation.metrics.author import AuthorClassifier
from tailorlm.evaluation.metrics.bert import TokenWeights, bert_baseline, bert_score
from tailorlm.evaluation.metrics.mail import greeting_match, length_error, sign_off_match
from tailorlm.evaluation.metrics.meteor import meteor
from tailorlm.evaluation.metrics.rouge import ROUGE_KINDS, RougeKind, rouge
from tailorlm.evaluation.metrics.scored import Overlap, Unscored
from tailorlm.evaluation.metrics.style import StyleProfile, StyleScale, style_distance

__all__ = [
    "ROUGE_KINDS",
    "AuthorClassifier",
    "Overlap",
    "RougeKind",
    "StyleProfile",
    "StyleScale",
    "TokenWeights",
    "Unscored",
    "bert_baseline",
    "bert_score",
    "greeting_match",
    "length_error",
    "meteor",
    "rouge",
    "sign_off_match",
    "style_distance",
]
