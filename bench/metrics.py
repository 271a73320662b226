"""Our metrics against the libraries that define them: time for the same cases, and agreement.

    python bench/metrics.py [--quick] [--json FILE]

Every case is new to both sides, as they remember texts. Each time is the best of four rounds, and
the difference is the largest over all cases that are scored. Without ranx, which brings numba and
pandas and is in no dependency group, its rows are left out (`pip install ranx`).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import _one_core  # noqa: F401 - before numpy
import numpy as np
import numpy.typing as npt
import sacrebleu
from _rows import Row, print_rows, write_rows
from nltk.metrics.agreement import AnnotationTask
from nltk.metrics.distance import binary_distance
from nltk.translate.meteor_score import meteor_score
from rouge_score.rouge_scorer import RougeScorer
from scipy import stats
from scipy.optimize import linprog
from sklearn import metrics as sklearn

from tailorlm.encoders import create_encoder
from tailorlm.evaluation import metrics as ours
from tailorlm.evaluation.metrics import Unscored
from tailorlm.evaluation.metrics.tokens import tokens, words

BENCH = "metrics"
ROUNDS = 4
"""Each side is first in half of them: the second finds its numbers in the processor's cache."""
ITEMS = 30
"""Items, ratings or labels of a case."""
LONG = 100_000
COMMON = """
the a of and to in is was for that it with as on be at by report budget meeting meetings roof plan
plans planned lunch price prices school council vote voted letter letters garden winter summer
train trains car road house music book books write writing written call calls called new old small
large quick quickly careful carefully yes no why 12 1,000 3.5 don't well-known
"""
VOCABULARY = COMMON.split()
MARKS = ["", "", "", ",", ".", "!", "?"]

Case = tuple[Any, ...]
Scores = Sequence[float | Unscored] | npt.NDArray[np.float64]


class NoSynonyms:
    """Stands for nltk's WordNet, which METEOR is here without."""

    def synsets(self, word: str) -> list[str]:
        """None."""
        return []


@dataclass(frozen=True)
class Contest:
    """The same cases for ours and for a reference.

    Attributes:
        name: What is measured.
        reference: The library.
        cases: Makes that many from a generator.
        ours: Scores of all cases.
        theirs: The reference's scores of them.
        share: Part of the cases that are run where the reference is slow.
    """

    name: str
    reference: str
    cases: Callable[[np.random.Generator, int], list[Case]]
    ours: Callable[[list[Case]], Scores]
    theirs: Callable[[list[Case]], Scores]
    share: float = 1.0


def each(score: Callable[..., Any]) -> Callable[[list[Case]], Scores]:
    """One call per case."""
    return lambda cases: [score(*case) for case in cases]


def text(rng: np.random.Generator, longest: int = 40) -> str:
    """A text of up to that many words."""
    picked = rng.choice(VOCABULARY, size=rng.integers(5, longest))
    return " ".join(w + m for w, m in zip(picked, rng.choice(MARKS, size=len(picked)), strict=True))


def texts(rng: np.random.Generator, n: int) -> list[Case]:
    """Pairs of texts."""
    return [(text(rng), text(rng)) for _ in range(n)]


def labels(rng: np.random.Generator, n: int) -> list[Case]:
    """Right and predicted labels, as lists of words."""
    kinds = np.array(VOCABULARY[:6])
    return [tuple(kinds[rng.integers(6, size=(2, ITEMS))].tolist()) for _ in range(n)]


def long_labels(rng: np.random.Generator, n: int) -> list[Case]:
    """Two arrays of numbers for each hundred cases."""
    return [tuple(rng.integers(6, size=(2, LONG))) for _ in range(max(n // 100, 1))]


def ratings(rng: np.random.Generator, n: int) -> list[Case]:
    """Given and predicted ratings, as arrays with ties."""
    return [tuple(rng.integers(1, 6, size=(2, ITEMS)).astype(float)) for _ in range(n)]


def opinions(rng: np.random.Generator, n: int) -> list[Case]:
    """Two distributions over five answers."""
    return [(one, other) for one, other in rng.random((n, 2, 5))]


def units(rng: np.random.Generator, n: int) -> list[Case]:
    """What three raters said of ten units."""
    return [(rng.integers(1, 5, size=(3, 10)).tolist(),) for _ in range(n)]


def lists(rng: np.random.Generator, n: int) -> list[Case]:
    """Scores and relevance of the same items."""
    return [(rng.normal(size=ITEMS), rng.choice([0, 0, 1, 2], size=ITEMS)) for _ in range(n)]


def text_contests() -> Iterator[Contest]:
    """Metrics of texts."""
    yield Contest(
        "BLEU of sentences",
        "sacrebleu",
        texts,
        each(ours.sentence_bleu),
        each(lambda one, other: sacrebleu.sentence_bleu(one, [other]).score),
    )
    yield Contest(
        "BLEU of a corpus",
        "sacrebleu",
        texts,
        lambda cases: [ours.corpus_bleu(*zip(*cases, strict=True))],
        lambda cases: [sacrebleu.corpus_bleu([a for a, _ in cases], [[b for _, b in cases]]).score],
    )
    for stem in (False, True):
        scorer = RougeScorer(["rouge1", "rouge2", "rougeL"], use_stemmer=stem)
        yield Contest(
            "ROUGE-1, 2 and L" + (" of stems" if stem else ""),
            "rouge-score",
            texts,
            each(lambda one, other, stem=stem: total_f1(ours.rouge(one, other, stem=stem))),
            each(
                lambda one, other, scorer=scorer: sum(
                    score.fmeasure for score in scorer.score(other, one).values()
                )
            ),
        )
    no_synonyms = NoSynonyms()
    yield Contest(
        "METEOR",
        "nltk",
        texts,
        each(ours.meteor),
        each(lambda a, b: meteor_score([tokens(b)], tokens(a), wordnet=no_synonyms)),
    )
    encoder = create_encoder("static")
    yield Contest(
        "Word Mover's Distance",
        "scipy's linprog",
        texts,
        lambda cases: ours.word_movers_distance(
            [one for one, _ in cases], [other for _, other in cases], encoder
        ),
        each(lambda one, other: transported(one, other, encoder)),
        share=0.1,
    )


def total_f1(scores: Any) -> float:
    """Sum of the three kinds of ROUGE."""
    return float(sum(score.f1 for score in scores.values()))


def transported(one: str, other: str, encoder: Any) -> float:
    """Word Mover's Distance as one linear program over all words of both texts."""
    here, there = Counter(words(one)), Counter(words(other))
    left, right = (encoder.encode(list(c)).astype(np.float64) for c in (here, there))
    known = left.any(axis=1), right.any(axis=1)
    counts = [np.array([*c.values()])[k] for c, k in zip((here, there), known, strict=True)]
    far = np.linalg.norm(left[known[0]][:, None] - right[known[1]], axis=2)
    n, m = far.shape
    sums = np.vstack([np.kron(np.eye(n), np.ones(m)), np.kron(np.ones(n), np.eye(m))])
    shares = np.concatenate([count / count.sum() for count in counts])
    found: Any = linprog(far.ravel(), A_eq=sums[:-1], b_eq=shares[:-1])
    return float(found.fun)


Pair = Callable[[Any, Any], Any]
LABEL_METRICS: tuple[tuple[str, Pair, Pair], ...] = (
    ("accuracy", ours.accuracy, sklearn.accuracy_score),
    ("macro F1", ours.macro_f1, lambda a, b: sklearn.f1_score(a, b, average="macro")),
    ("micro F1", ours.micro_f1, lambda a, b: sklearn.f1_score(a, b, average="micro")),
    ("Cohen's kappa", ours.cohen_kappa, sklearn.cohen_kappa_score),
)
RATING_METRICS: tuple[tuple[str, Pair, Pair], ...] = (
    ("MAE", ours.mae, sklearn.mean_absolute_error),
    ("RMSE", ours.rmse, sklearn.root_mean_squared_error),
)
RANK_METRICS: tuple[tuple[str, Pair, Pair], ...] = (
    ("Kendall's tau-b", ours.kendall_tau_b, stats.kendalltau),
    ("Spearman's rho", ours.spearman_rho, stats.spearmanr),
)


def statistic(test: Pair) -> Callable[[list[Case]], Scores]:
    """The statistic of one of scipy's tests."""
    return each(lambda a, b: float(test(a, b).statistic))


def label_contests() -> Iterator[Contest]:
    """Metrics of labels, ratings and raters."""
    library = "scikit-learn"
    for name, mine, theirs in LABEL_METRICS:
        yield Contest(name, library, labels, each(mine), each(theirs))
        yield Contest(f"{name} of {LONG:,} items", library, long_labels, each(mine), each(theirs))
    for weights in ("linear", "quadratic"):
        yield Contest(
            f"Cohen's kappa, {weights}",
            library,
            labels,
            each(lambda a, b, w=weights: ours.cohen_kappa(a, b, weights=w)),
            each(lambda a, b, w=weights: sklearn.cohen_kappa_score(a, b, weights=w)),
        )
    yield Contest(
        "Krippendorff's alpha",
        "nltk",
        units,
        each(ours.krippendorff_alpha),
        each(nominal_alpha),
    )
    for name, mine, theirs in RATING_METRICS:
        yield Contest(name, library, ratings, each(mine), each(theirs))
    for name, mine, test in RANK_METRICS:
        tested = statistic(test)
        yield Contest(name, "scipy", ratings, each(mine), tested)
        yield Contest(f"{name} of {LONG:,} values", "scipy", long_labels, each(mine), tested)
    answers = np.arange(5)
    yield Contest(
        "Wasserstein distance",
        "scipy",
        opinions,
        lambda cases: ours.wasserstein_distance(*np.array(cases).transpose(1, 0, 2)),
        each(lambda one, other: stats.wasserstein_distance(answers, answers, one, other)),
    )


def nominal_alpha(rated: list[list[int]]) -> float:
    """Krippendorff's alpha by nltk."""
    triples = [
        (str(rater), str(unit), value)
        for rater, row in enumerate(rated)
        for unit, value in enumerate(row)
    ]
    return float(AnnotationTask(triples, distance=binary_distance).alpha())


def ranking_contests() -> Iterator[Contest]:
    """Metrics of ranked lists."""
    yield Contest(
        "NDCG@10",
        "scikit-learn",
        lists,
        lambda cases: ours.ndcg_at_k(ours.Ranking.of_scores(*zip(*cases, strict=True)), 10),
        each(lambda scores, graded: sklearn.ndcg_score([graded], [scores], k=10)),
    )
    try:
        import ranx
    except ImportError:
        return
    names = {
        "recall": ours.recall_at_k,
        "precision": ours.precision_at_k,
        "hit_rate": ours.hit_ratio_at_k,
        "ndcg": ours.ndcg_at_k,
    }

    def mine(cases: list[Case]) -> Scores:
        ranking = ours.Ranking.of_items(*zip(*map(ranked, cases), strict=True))
        return np.concatenate([metric(ranking, 10) for metric in names.values()])

    def theirs(cases: list[Case]) -> Scores:
        qrels = ranx.Qrels({f"q{n:06}": relevant(graded) for n, (_, graded) in enumerate(cases)})
        run = ranx.Run({f"q{n:06}": scored(scores) for n, (scores, _) in enumerate(cases)})
        found = ranx.evaluate(qrels, run, [f"{name}@10" for name in names], return_mean=False)
        return np.concatenate(list(found.values()))

    yield Contest("recall, precision, hits, NDCG at 10", "ranx", lists, mine, theirs)


def scored(scores: npt.NDArray[np.float64]) -> dict[str, float]:
    """Items by name, with their scores."""
    return {f"d{item}": score for item, score in enumerate(scores.tolist())}


def relevant(graded: npt.NDArray[np.int64]) -> dict[str, int]:
    """Relevant items by name; something always is."""
    return {
        f"d{item}": grade or 1 for item, grade in enumerate(graded.tolist()) if grade or not item
    }


def ranked(case: Case) -> tuple[list[str], dict[str, int]]:
    """The same, with the items put in order of their scores."""
    given = scored(case[0])
    return sorted(given, key=lambda item: -given[item]), relevant(case[1])


def held(contest: Contest, n_cases: int) -> Iterator[Row]:
    """Time for a thousand cases on both sides, and how far they differ."""
    n = max(int(n_cases * contest.share), 1)
    seconds: list[list[float]] = [[], []]
    difference = 0.0
    for turn in range(ROUNDS + 1):
        cases = contest.cases(np.random.default_rng(turn), n if turn else 2)
        found: dict[int, Scores] = {}
        for side in (0, 1) if turn % 2 else (1, 0):
            start = time.perf_counter()
            found[side] = (contest.ours, contest.theirs)[side](cases)
            seconds[side].append((time.perf_counter() - start) / len(cases))
        for mine, other in zip(found[0], found[1], strict=True):
            if not isinstance(mine, Unscored):
                difference = max(difference, abs(float(mine) - float(other)))
    fastest = [min(side[1:]) * 1e6 for side in seconds]
    name = f"{contest.name} ({contest.reference})"
    yield Row(BENCH, name, "ms per 1,000 cases", *fastest)
    yield Row(BENCH, name, "largest difference", difference, None)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="100 cases in place of 1,000")
    parser.add_argument("--json", type=Path, default=None)
    options = parser.parse_args()
    warnings.simplefilter("ignore")  # scikit-learn's and numba's
    rows: list[Row] = []
    for contests in (text_contests(), label_contests(), ranking_contests()):
        for contest in contests:
            rows += held(contest, 100 if options.quick else 1000)
    timed = [row for row in rows if row.metric.startswith("ms")]
    print_rows("Metrics against their references", timed, "reference")
    far = max((row for row in rows if row not in timed), key=lambda row: row.value)
    print(f"Largest difference: {far.value:.1e}, {far.case}")
    write_rows(options.json, rows)


if __name__ == "__main__":
    main()
