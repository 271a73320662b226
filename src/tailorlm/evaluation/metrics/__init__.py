"""Metrics: of texts, rankings, ratings, labels, raters, comparisons and opinions.

Each is a pure function. Empty input raises; what cannot be scored is `Unscored`, never 0.
"""

from tailorlm.evaluation.metrics.author import AuthorClassifier
from tailorlm.evaluation.metrics.bert import TokenWeights, bert_baseline, bert_score
from tailorlm.evaluation.metrics.bleu import corpus_bleu, sentence_bleu
from tailorlm.evaluation.metrics.comparisons import Wins, tag_accuracy, win_rate
from tailorlm.evaluation.metrics.correlation import kendall_tau_b, spearman_rho
from tailorlm.evaluation.metrics.labels import Confusion, accuracy, confusion, macro_f1, micro_f1
from tailorlm.evaluation.metrics.mail import greeting_match, length_error, sign_off_match
from tailorlm.evaluation.metrics.meteor import meteor
from tailorlm.evaluation.metrics.mover import relaxed_word_movers_distance, word_movers_distance
from tailorlm.evaluation.metrics.opinions import (
    alignment,
    consistency,
    representativeness,
    steerability,
    wasserstein_distance,
)
from tailorlm.evaluation.metrics.personalization import (
    Personalization,
    PersonalTexts,
    egises,
    perseval,
    word_divergence,
)
from tailorlm.evaluation.metrics.ranking import (
    Ranking,
    hit_ratio_at_k,
    hits_at_k,
    ndcg_at_k,
    precision_at_k,
    recall_at_k,
    reciprocal_rank,
)
from tailorlm.evaluation.metrics.raters import cohen_kappa, krippendorff_alpha
from tailorlm.evaluation.metrics.ratings import mae, rmse
from tailorlm.evaluation.metrics.rouge import ROUGE_KINDS, RougeKind, rouge
from tailorlm.evaluation.metrics.scored import Overlap, Unscored, mean_scored
from tailorlm.evaluation.metrics.style import StyleProfile, StyleScale, style_distance

__all__ = [
    "ROUGE_KINDS",
    "AuthorClassifier",
    "Confusion",
    "Overlap",
    "PersonalTexts",
    "Personalization",
    "Ranking",
    "RougeKind",
    "StyleProfile",
    "StyleScale",
    "TokenWeights",
    "Unscored",
    "Wins",
    "accuracy",
    "alignment",
    "bert_baseline",
    "bert_score",
    "cohen_kappa",
    "confusion",
    "consistency",
    "corpus_bleu",
    "egises",
    "greeting_match",
    "hit_ratio_at_k",
    "hits_at_k",
    "kendall_tau_b",
    "krippendorff_alpha",
    "length_error",
    "macro_f1",
    "mae",
    "mean_scored",
    "meteor",
    "micro_f1",
    "ndcg_at_k",
    "perseval",
    "precision_at_k",
    "recall_at_k",
    "reciprocal_rank",
    "relaxed_word_movers_distance",
    "representativeness",
    "rmse",
    "rouge",
    "sentence_bleu",
    "sign_off_match",
    "spearman_rho",
    "steerability",
    "style_distance",
    "tag_accuracy",
    "wasserstein_distance",
    "win_rate",
    "word_divergence",
    "word_movers_distance",
]
