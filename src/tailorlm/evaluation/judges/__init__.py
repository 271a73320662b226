"""Judges: which of two answers to a query is the better one for a user."""

from tailorlm.evaluation.judges.asking import Answers, Spent, ask, spent
from tailorlm.evaluation.judges.base import LLMJudge, Pair, PastTurn, Person, Reading, Verdict
from tailorlm.evaluation.judges.offline import (
    AuthorJudge,
    InterestJudge,
    LengthJudge,
    OfflineJudge,
    SimilarityJudge,
    StyleJudge,
)
from tailorlm.evaluation.judges.prompted import AnnotatorJudge, ClosestJudge, RolePlayJudge
from tailorlm.evaluation.judges.rubric import CRITERIA, RubricJudge
from tailorlm.evaluation.judges.suite import Settings, run_judges

__all__ = [
    "CRITERIA",
    "AnnotatorJudge",
    "Answers",
    "AuthorJudge",
    "ClosestJudge",
    "InterestJudge",
    "LLMJudge",
    "LengthJudge",
    "OfflineJudge",
    "Pair",
    "PastTurn",
    "Person",
    "Reading",
    "RolePlayJudge",
    "RubricJudge",
    "Settings",
    "SimilarityJudge",
    "Spent",
    "StyleJudge",
    "Verdict",
    "ask",
    "run_judges",
    "spent",
]
