"""What the suite found, for people."""

from __future__ import annotations

from collections.abc import Sequence

from tailorlm.evaluation.preferences.composers import COMPOSED, EVERY_SIZE, STEPS
from tailorlm.evaluation.report import Cell, Grid, Row, Section, measured, side_by_side

_COUNTED = {
    "there": "in the prompt at all",
    "carried": "carried",
    "with_reason": "carried with its reason",
    "verbatim": "word for word",
}
_SIDE_BY_SIDE = (
    "Recency, BM25, TF-IDF, dense and hybrid retrieval (BM25 and dense by reciprocal rank fusion) "
    "search all messages and put the best into the prompt word for word, as many as fit. "
    "“Composed” is described below. In “explicit” every other message states a preference too; in "
    "“explicit, with questions” it may as well be a question; the implicit forms have the messages "
    "of conversations, and the one that says most of the preference has to be carried.\n\n"
    "Small print is a 95% interval from resampling topics."
)
_STEPS = (
    "Each column adds one thing to the one before. “Wishes only” leaves out messages that say "
    "nothing of the user's wishes. “Shortened” puts the wishes in fewer words, “grouped” says a "
    "word that several share once, and “composed” searches a second time for what is like the "
    "first ten found. “With coverage” also minds how unlike the items are (maximal marginal "
    "relevance, 0.1 of the weight); it is not used."
)
_MEASURES = (
    "A preference is carried if the wording in the prompt has at least three quarters of the words "
    "that tell what it is about, and says that something is not wanted where the preference does. "
    "The words of its reason (“because …”, “due to …”) need not be there; the third column asks "
    "for them too. The last column counts only messages that stand there word for word, which "
    "shortening gives up."
)


def sections(rows: Sequence[Row], sizes: Sequence[int]) -> tuple[Section, ...]:
    """The parts of the page."""
    largest = f", {max(sizes)} turns"
    shares = [row for row in rows if row.metric == "carried"]
    return (
        Section(
            "Retrievers side by side",
            _SIDE_BY_SIDE,
            (
                side_by_side(
                    [row for row in shares if row.method in EVERY_SIZE],
                    [(name, name) for name in EVERY_SIZE],
                    caption="Share of preferences that the prompt carries",
                    label="hidden in",
                    digits=3,
                ),
            ),
        ),
        Section(
            "What each step adds",
            _STEPS,
            (
                side_by_side(
                    [r for r in shares if r.method in STEPS and r.case.endswith(largest)],
                    [(name, name) for name in STEPS],
                    caption="Share of preferences that the prompt carries",
                    label="hidden in",
                    digits=3,
                ),
            ),
        ),
        Section("How it is counted", _MEASURES, (_counted(rows),)),
    )


def _counted(rows: Sequence[Row]) -> Grid:
    """The composed prompt by each way of counting."""
    found = {(row.case, row.metric): row for row in rows if row.method == COMPOSED}
    lines = [
        (Cell(case), *(measured(found.get((case, metric)), 3) for metric in _COUNTED))
        for case in dict.fromkeys(case for case, _ in found)
    ]
    return Grid("The composed prompt", ("hidden in", *_COUNTED.values()), tuple(lines))
