"""Replay recorded rankings: predict each one before learning from it.

Three predictors run side by side over the same turns: `none`, which has no opinion and so gets
half of the pairs; `pooled`, the method as one user who gave everybody's rankings; and the method
itself, with a state per user. What is compared is therefore the gain from telling users apart.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from tailorlm.datasets.ranking_tager import RankedTurn
from tailorlm.errors import InputError
from tailorlm.evaluation.intervals import RESAMPLES, ratio_interval
from tailorlm.evaluation.replay_report import FoundTag, ReplayReport, Score, UserTags
from tailorlm.methods.base import Method, with_context
from tailorlm.tags import TagLibrary, library_of
from tailorlm.types import Candidate, Context, Draft, Event, Payload, Plan, Ranking, Turn, User

MethodFactory = Callable[[TagLibrary], Method[Any]]
"""Makes the method for users whose answers are written under the tags of a library."""

Half = Literal["first", "second"]
HALVES: tuple[Half, ...] = ("first", "second")
NONE = "none"
POOLED = "pooled"

_TIE = 1e-9
_HOUR = 3600.0


def replay(
    turns: Sequence[RankedTurn],
    method_factory: MethodFactory,
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
    on_turn: Callable[[], None] | None = None,
) -> ReplayReport:
    """Predict, score and then learn every ranking, in file order.

    A method sees a turn as in the real loop: the candidates in the order in which they were
    shown, then the ranking. It sees neither the user's hidden tags nor anything that stands later
    in the file, except for the tag library, which a user has from the start. The recordings have
    no times; turns are taken to be an hour apart.

    Args:
        turns: Recorded turns; those of one user in the order in which they happened.
        method_factory: Makes the method for a tag library.
        seed: Seed of the bootstrap.
        resamples: Rounds of the bootstrap.
        on_turn: Called after each turn, to show progress.

    Raises:
        InputError: If there are no turns, the method does not learn from rankings, or what it
            predicts is not one finite number per candidate.
    """
    if not turns:
        raise InputError("There are no turns to replay.")
    libraries = _libraries(turns)
    learners = {user: _Learner(method_factory, tags, user) for user, tags in libraries.items()}
    everything = dict.fromkeys(tag for tags in libraries.values() for tag in tags)
    pooled = _Learner(method_factory, tuple(everything), POOLED)
    name = pooled.method.name
    tally = _Tally(_halves(turns))
    for turn in turns:
        shown, ranking = recorded(turn, name)
        own = learners[turn.user]
        tally.add(NONE, turn, agreement(None, ranking))
        tally.add(POOLED, turn, agreement(pooled.predict(shown), ranking))
        tally.add(name, turn, agreement(own.predict(shown), ranking))
        pooled.learn(shown, ranking)
        own.learn(shown, ranking)
        if on_turn is not None:
            on_turn()
    rng = np.random.default_rng(seed)
    return ReplayReport(
        method=name,
        turns=len(turns),
        scores=tuple(
            tally.score(method, half, rng, resamples)
            for method in (NONE, POOLED, name)
            for half in HALVES
        ),
        difference=ratio_interval(*tally.gain(name, POOLED, "second"), rng, resamples=resamples),
        tags=tuple(_tags_found(learner, turns) for learner in learners.values()),
        annotators=_second_annotator(turns),
    )


def recorded(turn: RankedTurn, method: str) -> tuple[Turn, Ranking]:
    """A recorded turn as the loop would have logged it, and its ranking.

    The file numbers candidates as it lists them; the turn holds them as they were shown. So the
    ranking's positions are translated from the one to the other.

    Args:
        turn: As read from the file.
        method: Name of the method that the plans are given to.
    """
    place = {listed: shown for shown, listed in enumerate(turn.shown_order)}
    listed = [turn.candidates[position] for position in turn.shown_order]
    messages = with_context(Context(turn.query))
    candidates = tuple(
        Candidate(
            plan=Plan(
                messages=messages,
                method=method,
                purpose="explore",
                tags=candidate.tags,
                draft=Draft(candidate.response, "recorded"),
            ),
            text=candidate.response,
            llm="recorded",
        )
        for candidate in listed
    )
    groups = tuple((place[position],) for position in turn.ranking)
    return Turn(id=turn.id, query=turn.query, candidates=candidates), Ranking(turn.id, groups)


def agreement(utility: npt.NDArray[np.float64] | None, ranking: Ranking) -> tuple[float, int]:
    """Pairs that a prediction orders as the ranking does, ties counted half, and all pairs.

    Args:
        utility: Shape (candidates,), larger is better; None for no opinion.
        ranking: One candidate per group, best first.
    """
    order = [position for group in ranking.groups for position in group]
    pairs = len(order) * (len(order) - 1) // 2
    if utility is None:
        return pairs / 2, pairs
    right = 0.0
    for better, worse in combinations(order, 2):
        gap = utility[better] - utility[worse]
        right += 0.5 if abs(gap) <= _TIE else float(gap > 0)
    return right, pairs


class _Learner:
    """One method with one state, fed as the loop feeds it."""

    def __init__(self, factory: MethodFactory, tags: tuple[str, ...], user: str) -> None:
        self.method = factory(library_of(tags))
        if Ranking not in self.method.accepts:
            raise InputError(
                f"Method {self.method.name!r} does not learn from rankings, so there is nothing "
                "to replay. Choose one that does, as 'bayes_tags'."
            )
        self.user = user
        self.state = self.method.initial(User(user))
        self.position = 0

    def predict(self, turn: Turn) -> npt.NDArray[np.float64] | None:
        """Expected utility of each candidate, shape (candidates,), or None."""
        plans = [candidate.plan for candidate in turn.candidates]
        utility = self.method.utility(self.state, turn.context, plans)
        if utility is not None and not (
            utility.shape == (len(plans),) and np.isfinite(utility).all()
        ):
            raise InputError(
                f"Method {self.method.name!r} must predict one finite number for each of "
                f"{len(plans)} candidates of turn {turn.id!r}, but gave {utility!r:.80}."
            )
        return utility

    def learn(self, turn: Turn, ranking: Ranking) -> None:
        """Observe the turn, then its ranking."""
        self._observe(turn, None)
        self._observe(ranking, turn)

    def _observe(self, payload: Payload, turn: Turn | None) -> None:
        self.position += 1
        event = Event(
            id=f"{self.user}-{self.position}",
            user=self.user,
            position=self.position,
            time=_HOUR * self.position,
            key=f"{self.user}-{self.position}",
            payload=payload,
            turn=turn,
        )
        self.state = self.method.observe(self.state, event)


@dataclass(frozen=True)
class _Tally:
    """Pairs predicted right, by method, half and user.

    Attributes:
        half: Which half of its user's turns each turn is in, by its id.
        right: Pairs predicted right, by (method, half) and user.
        pairs: All pairs, likewise.
    """

    half: dict[str, Half]
    right: dict[tuple[str, Half], dict[str, float]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(float))
    )
    pairs: dict[tuple[str, Half], dict[str, int]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(int))
    )

    def add(self, method: str, turn: RankedTurn, agreed: tuple[float, int]) -> None:
        """Count one turn's pairs."""
        key = (method, self.half[turn.id])
        self.right[key][turn.user] += agreed[0]
        self.pairs[key][turn.user] += agreed[1]

    def score(self, method: str, half: Half, rng: np.random.Generator, resamples: int) -> Score:
        """Pairwise accuracy of a method in one half, over all users."""
        right, pairs = self.right[method, half], self.pairs[method, half]
        interval = ratio_interval(
            list(right.values()), list(pairs.values()), rng, resamples=resamples
        )
        return Score(method, half, interval, sum(pairs.values()))

    def gain(self, one: str, other: str, half: Half) -> tuple[list[float], list[int]]:
        """Per user: pairs that `one` predicts right beyond `other`, and all pairs."""
        baseline = self.right[other, half]
        gains = [right - baseline[user] for user, right in self.right[one, half].items()]
        return gains, list(self.pairs[one, half].values())


def _halves(turns: Iterable[RankedTurn]) -> dict[str, Half]:
    """The half of its user's turns that each turn is in; of an odd number the middle is second."""
    by_user: dict[str, list[str]] = defaultdict(list)
    for turn in turns:
        by_user[turn.user].append(turn.id)
    return {
        turn: "first" if place < len(ids) // 2 else "second"
        for ids in by_user.values()
        for place, turn in enumerate(ids)
    }


def _libraries(turns: Iterable[RankedTurn]) -> dict[str, tuple[str, ...]]:
    """Each user's tags, in order of first appearance."""
    tags: dict[str, dict[str, None]] = defaultdict(dict)
    for turn in turns:
        tags[turn.user].update(dict.fromkeys(turn.tag_library))
    return {user: tuple(found) for user, found in tags.items()}


def _tags_found(learner: _Learner, turns: Iterable[RankedTurn]) -> UserTags:
    """A user's most probable tags, as many as the file says the user likes (at its last turn)."""
    hidden = [turn.user_tags for turn in turns if turn.user == learner.user][-1]
    profile = learner.method.explain(learner.state, learner.user)
    tags = [belief for belief in profile.beliefs if belief.kind == "tag"][: len(hidden)]
    top = tuple(FoundTag(tag.name, tag.probability, tag.name in hidden) for tag in tags)
    named = {tag.name for tag in tags}
    missed = tuple(tag for tag in hidden if tag not in named)
    return UserTags(learner.user, top, missed)


def _second_annotator(turns: Iterable[RankedTurn]) -> tuple[float, int]:
    """Pairs on which a second annotator agrees with the first, and all pairs ranked by both."""
    right, pairs = 0.0, 0
    for turn in turns:
        if turn.second_ranking is not None:
            places = np.empty(len(turn.ranking))
            places[list(turn.second_ranking)] = np.arange(len(turn.ranking), 0, -1)
            groups = tuple((position,) for position in turn.ranking)
            agreed = agreement(places, Ranking(turn.id, groups))
            right, pairs = right + agreed[0], pairs + agreed[1]
    return right, pairs
