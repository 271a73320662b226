"""What is told about the recorded profiles: rows, tables, a curve and bars."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tailorlm.datasets.profile_answers import ProfileAnswers
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import Interval
from tailorlm.evaluation.prlhf.heads import Draws, FloatArray, Part, row
from tailorlm.evaluation.prlhf.newcomer import ALONE, CLEAR, COUNTS, Newcomer, newcomer
from tailorlm.evaluation.prlhf.profiles import CLUSTERS, MODELS, Answers, Known, known_users
from tailorlm.evaluation.report import (
    Bar,
    Cell,
    Curve,
    Grid,
    Plot,
    Row,
    Section,
    number,
    side_by_side,
)

KNOWN, NEW = "Profiles", "A seventh user"
ALL = "all users"
ACCURACY, ERROR = "accuracy on unseen prompts", "standard error over users"
MEAN_BAR, USER_BAR, NEW_BAR, NEW_COUNT = 0.97, 0.92, 0.90, 10
_LABELS = {"uniform": "pooled", "individual": "individual", "cluster": f"cluster, K = {CLUSTERS}"}
_PARTS = ("individual, style alone", "individual, encoder alone")
_STARTS = {"population": "from the population", "clusters": "from clusters", ALONE: "from nothing"}
_LEAST_PROMPTS = 4


def profile_pages(
    prompts: Sequence[ProfileAnswers],
    encoder: Encoder,
    *,
    seed: int = 0,
    quick: bool = False,
    resamples: int = 10_000,
    tell: Callable[[], None] = lambda: None,
) -> Part:
    """Measure the reward heads on recorded profiles.

    Args:
        prompts: Each answered under all profiles.
        encoder: Makes the vectors of answers.
        seed: Of folds, draws and intervals.
        quick: Two folds and fewer draws.
        resamples: Rounds of the bootstrap.
        tell: Called after each fold, `folds_of(quick)` times in all.

    Raises:
        InputError: If there are fewer than four prompts.
    """
    if len(prompts) < _LEAST_PROMPTS:
        raise InputError(f"At least {_LEAST_PROMPTS} prompts are needed, but got {len(prompts)}.")
    answers = Answers.of(prompts, encoder)
    n_folds, draws = (2, 3) if quick else (5, 10)
    known = known_users(answers, n_folds, seed, tell)
    new = newcomer(prompts, answers, n_folds, draws, seed, tell)
    rows = [*_known_rows(known, Draws(seed, resamples)), *_new_rows(new)]
    sections = (_known_section(rows, len(prompts), n_folds), _new_section(rows, new))
    return Part(tuple(rows), sections, (*_known_bars(known), *_new_bars(new)))


def folds_of(*, quick: bool) -> int:
    """How often `profile_pages` tells that it goes on."""
    return 4 if quick else 10


def _known_rows(known: Known, draws: Draws) -> list[Row]:
    rows = []
    for name, tally in known.tallies.items():
        for place, user in enumerate(known.users):
            share = float(tally.right[place] / tally.pairs[place])
            by_fold = known.folds[name][:, place]
            error = 1.96 * float(by_fold.std(ddof=1)) / len(by_fold) ** 0.5
            spread = Interval(share, max(share - error, 0.0), min(share + error, 1.0), 1)
            rows.append(row(KNOWN, user, name, ACCURACY, spread))
        rows.append(row(KNOWN, ALL, name, ACCURACY, draws.accuracy(tally)))
        shares = tally.by_user
        error = float(shares.std(ddof=1)) / len(shares) ** 0.5
        rows.append(row(KNOWN, ALL, name, ERROR, Interval(error, None, None, len(shares))))
        if name != "uniform":
            gain = draws.gain(tally, known.tallies["uniform"])
            rows.append(row(KNOWN, ALL, name, "gain over pooled", gain))
    return rows


def _known_section(rows: Sequence[Row], prompts: int, n_folds: int) -> Section:
    columns = [*((model, _LABELS[model]) for model in MODELS), *((part, part) for part in _PARTS)]
    chosen = [one for one in rows if one.table == KNOWN and one.metric == ACCURACY]
    grid = side_by_side(
        chosen, columns, caption="Pairs of unseen prompts told right", label="user", digits=3
    )
    return Section(
        KNOWN,
        f"{prompts} prompts were answered under each profile and once plainly. A user prefers the "
        "own profile's answer to each other one: six pairs a prompt. The prompts were cut into "
        f"{n_folds} parts, and each part was held out once from everything that is learned. The "
        "pooled model has one reward for all, and users who want opposite things leave it little "
        "above chance (0.5). The individual model is given by all features, by those of style "
        "alone and by the encoder's vectors alone. Small print beside a user is 1.96 standard "
        "errors over the parts, beside all users a 95% interval from resampling users. The prompts "
        "are unseen to the weights, not to us: which features of style there are was decided while "
        "looking at answers like these, so other texts may be told less well.",
        (grid,),
    )


def _known_bars(known: Known) -> tuple[Bar, ...]:
    shares = known.tallies["individual"].by_user
    error = float(shares.std(ddof=1)) / len(shares) ** 0.5
    worst = int(shares.argmin())
    return (
        Bar(
            f"individual reward heads tell at least {MEAN_BAR} of the pairs of unseen prompts",
            f"{shares.mean():.3f} (standard error {error:.3f} over users); pooled "
            f"{known.tallies['uniform'].by_user.mean():.3f}",
            bool(shares.mean() >= MEAN_BAR),
        ),
        Bar(
            f"no user of a profile is told in less than {USER_BAR} of the pairs",
            f"the lowest is {known.users[worst]} with {shares[worst]:.3f}",
            bool(shares.min() >= USER_BAR),
        ),
    )


def _new_rows(new: Newcomer) -> list[Row]:
    rows = []
    for case, curves in (("clear pairs", new.clear), ("all pairs", new.any_pair)):
        for start, values in curves.items():
            for place, count in enumerate(COUNTS):
                metric = f"accuracy after {count} comparisons"
                rows.append(row(NEW, case, start, metric, _over_folds(values[:, :, place])))
    return rows


def _over_folds(values: FloatArray) -> Interval:
    """The mean over folds and draws, with 1.96 standard errors of the folds' means."""
    means = values.mean(axis=1)
    error = 1.96 * float(means.std(ddof=1)) / len(means) ** 0.5
    mean = float(means.mean())
    return Interval(mean, max(mean - error, 0.0), min(mean + error, 1.0), 1)


def _new_section(rows: Sequence[Row], new: Newcomer) -> Section:
    found = {(one.case, one.method, one.metric): one for one in rows if one.table == NEW}
    lines, curves = [], []
    for case in ("clear pairs", "all pairs"):
        for start, label in _STARTS.items():
            own = [found[case, start, f"accuracy after {count} comparisons"] for count in COUNTS]
            lines.append((Cell(f"{case}, {label}"), *(Cell(number(one.value, 3)) for one in own)))
            if case == "clear pairs":
                values = [[float(x or 0.0) for x in (o.value, o.low, o.high)] for o in own]
                y, low, high = (tuple(column) for column in zip(*values, strict=True))
                curves.append(Curve(label, COUNTS, y, low, high))
    header = ("pairs and start", *(str(count) for count in COUNTS))
    grid = Grid("Accuracy on unseen prompts after so many comparisons", header, tuple(lines))
    plot = Plot("A new user, clear pairs", "comparisons", "accuracy", tuple(curves))
    return Section(
        NEW,
        "A seventh user wants short and friendly answers at once, which no profile asks for. What "
        "an answer is worth is measured on it: the friendliness of its words (exclamation marks, "
        "contractions, words for speaker and reader, words of warmth, per word) less the logarithm "
        "of its length, each in standard deviations over all answers. Comparisons are pairs of "
        "answers to a prompt that was seen, drawn at random. Clear pairs differ in worth by at "
        f"least {CLEAR:g}, in teaching and in testing; all pairs differ at all. Some features of "
        "the reward count the same words, so this says how fast a head learns, not how well it "
        "reads. It is the third way in which such a user was made up: one defined by the profiles' "
        "labels (friendly and short ones above the rest) was told in about 0.70 of pairs after ten "
        "comparisons, and one measured on the text in about 0.85 with pairs of every difference. "
        f"Learning from {COUNTS[-1]} comparisons took {1000 * new.seconds:.0f} ms at most.",
        (grid,),
        (plot,),
    )


def _new_bars(new: Newcomer) -> tuple[Bar, ...]:
    place = COUNTS.index(NEW_COUNT)
    means = {start: float(values[:, :, place].mean()) for start, values in new.clear.items()}
    every = {start: float(values[:, :, place].mean()) for start, values in new.any_pair.items()}
    told = ", ".join(f"{_STARTS[start]} {value:.3f}" for start, value in means.items())
    best = max(means, key=means.__getitem__)
    return (
        Bar(
            f"a seventh, mixed user is told in {NEW_BAR} of clear pairs after {NEW_COUNT} "
            "comparisons",
            f"{told}; of all pairs {_STARTS[best]} {every[best]:.3f}",
            max(means.values()) >= NEW_BAR,
        ),
        Bar(
            "a new user's head is learned in under a second",
            f"{1000 * new.seconds:.0f} ms at most",
            bool(np.isfinite(new.seconds) and new.seconds < 1.0),
        ),
    )
