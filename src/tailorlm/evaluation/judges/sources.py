"""What judges are calibrated on: pairs of answers that people have compared.

Of each source the first half says what is known of the users, and the second half is judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from types import MappingProxyType

from tailorlm.datasets.ranking_tager import RankedTurn
from tailorlm.datasets.summary_reviews import SummaryReview
from tailorlm.errors import InputError
from tailorlm.evaluation.judges.base import Pair, PastTurn, Person

RANKINGS, REVIEWS, TRUTH = "rankings", "squality", "squality, with a truth"
WRITTEN_BY_HAND = "human"
"""The system of SQuALITY whose summaries people wrote."""
_QUERY = "Summarise the story in answer to this question about it: {question}."


@dataclass(frozen=True, kw_only=True)
class Source:
    """Pairs with what people said of them.

    Attributes:
        name: What reports call it.
        people: What is known of each user.
        pairs: What is judged.
        preferred: By the id of each pair, what its user prefers: 1 for the first answer, 0 for the
            second, 0.5 for neither.
        second: The same by another person, for the pairs that one has compared.
    """

    name: str
    people: Mapping[str, Person]
    pairs: tuple[Pair, ...]
    preferred: Mapping[str, float]
    second: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))


def ranked_source(turns: Sequence[RankedTurn], name: str = RANKINGS) -> Source:
    """Every pair of candidates in the second half of each user's recorded rankings.

    A user is known by the tags they like, if the file has them, and by the best and the worst
    answer of each turn in the first half.

    Raises:
        InputError: If no user has two turns.
    """
    by_user: dict[str, list[RankedTurn]] = defaultdict(list)
    for turn in turns:
        by_user[turn.user].append(turn)
    people: dict[str, Person] = {}
    pairs: list[Pair] = []
    preferred: dict[str, float] = {}
    second: dict[str, float] = {}
    for user, own in by_user.items():
        half = len(own) // 2
        past = tuple(_past(turn) for turn in own[:half])
        people[user] = Person(likes=own[0].user_tags, turns=past)
        for turn in own[half:] if half else ():
            for one, other in combinations(range(len(turn.candidates)), 2):
                pair = _pair(turn, one, other)
                pairs.append(pair)
                preferred[pair.id] = _before(turn.ranking, one, other)
                if turn.second_ranking is not None:
                    second[pair.id] = _before(turn.second_ranking, one, other)
    return _checked(Source(
        name=name, people=people, pairs=tuple(pairs), preferred=preferred, second=second
    ))  # fmt: skip


def reviewed_sources(reviews: Sequence[SummaryReview]) -> tuple[Source, Source]:
    """Summaries of the second half of the passages, as each of their reviewers rated them.

    A reviewer is known by the summaries that they rated highest and lowest in the first half. The
    second source has the pairs of summaries that models wrote, with the human one as what the user
    would have written. Another person's view is that of the next reviewer of the same question.

    Raises:
        InputError: If there are fewer than two passages, or nothing to compare.
    """
    passages = list(dict.fromkeys(review.passage for review in reviews))
    known = set(passages[: len(passages) // 2])
    rated: dict[tuple[str, str], dict[str, SummaryReview]] = defaultdict(dict)
    for review in reviews:
        rated[review.question, review.reviewer][review.system] = review
    turns: dict[str, list[PastTurn]] = {review.reviewer: [] for review in reviews}
    judged: dict[str, dict[str, dict[str, SummaryReview]]] = defaultdict(dict)
    for (question, reviewer), own in rated.items():
        if next(iter(own.values())).passage not in known:
            judged[question][reviewer] = own
        elif (turn := _extremes(question, own)) is not None:
            turns[reviewer].append(turn)
    people = {reviewer: Person(turns=tuple(own)) for reviewer, own in turns.items()}
    plain = _reviewed(judged, people, REVIEWS, with_truth=False)
    return plain, _reviewed(judged, people, TRUTH, with_truth=True)


def _reviewed(
    judged: Mapping[str, Mapping[str, Mapping[str, SummaryReview]]],
    people: Mapping[str, Person],
    name: str,
    *,
    with_truth: bool,
) -> Source:
    """The pairs of one question, by each of its reviewers."""
    pairs: list[Pair] = []
    preferred: dict[str, float] = {}
    second: dict[str, float] = {}
    for question, by_reviewer in judged.items():
        reviewers = list(by_reviewer)
        for place, reviewer in enumerate(reviewers):
            own = by_reviewer[reviewer]
            after = by_reviewer[reviewers[(place + 1) % len(reviewers)]]
            truth = own[WRITTEN_BY_HAND].text if WRITTEN_BY_HAND in own else ""
            if with_truth and not truth:
                continue
            systems = [s for s in own if not (with_truth and s == WRITTEN_BY_HAND)]
            for one, other in combinations(systems, 2):
                pair = Pair(
                    id=f"{name}/{question}/{reviewer}/{one}/{other}",
                    user=reviewer,
                    query=_QUERY.format(question=question),
                    one=own[one].text,
                    other=own[other].text,
                    truth=truth if with_truth else "",
                )
                pairs.append(pair)
                preferred[pair.id] = _higher(own[one].rating, own[other].rating)
                if after is not own and one in after and other in after:
                    second[pair.id] = _higher(after[one].rating, after[other].rating)
    return _checked(Source(
        name=name, people=people, pairs=tuple(pairs), preferred=preferred, second=second
    ))  # fmt: skip


def _checked(source: Source) -> Source:
    if not any(preferred != 0.5 for preferred in source.preferred.values()):
        raise InputError(
            f"{source.name}: there is no pair to judge. Half of the data says what is known of "
            "the users, so two turns of a user, or two passages, are needed."
        )
    return source


def _past(turn: RankedTurn) -> PastTurn:
    best, worst = turn.ranking[0], turn.ranking[-1]
    return PastTurn(turn.query, turn.candidates[best].response, turn.candidates[worst].response)


def _pair(turn: RankedTurn, one: int, other: int) -> Pair:
    return Pair(
        id=f"{turn.id}/{one}-{other}",
        user=turn.user,
        query=turn.query,
        one=turn.candidates[one].response,
        other=turn.candidates[other].response,
    )


def _before(ranking: Sequence[int], one: int, other: int) -> float:
    return float(ranking.index(one) < ranking.index(other))


def _higher(one: float, other: float) -> float:
    return 0.5 if one == other else float(one > other)


def _extremes(question: str, own: Mapping[str, SummaryReview]) -> PastTurn | None:
    """The highest and the lowest rated summary; None where all are rated alike."""
    ordered = sorted(own.values(), key=lambda review: review.rating)
    lowest, highest = ordered[0], ordered[-1]
    if lowest.rating == highest.rating:
        return None
    return PastTurn(_QUERY.format(question=question), highest.text, lowest.text)
