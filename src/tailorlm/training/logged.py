"""What users gave while they used the system, as comparisons to train on."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import product

from tailorlm.datasets.comparisons import Comparison
from tailorlm.loop.fold import effective
from tailorlm.types import Edit, Event, Message, Pick, Ranking, Rating, Turn, kind_of

Groups = Sequence[Sequence[str]]
"""Texts of answers, best group first; those in one group are tied."""


def logged_comparisons(
    events: Sequence[Event], counts: Counter[str] | None = None
) -> Iterator[Comparison]:
    """Comparisons in one user's log; feedback that was corrected later is not there any more.

    A ranking without ties is one comparison of all answers it orders. With ties, each answer
    against each in a lower group. A pick is the picked answer against each other one. An edit is
    what the user wrote against what was shown. Ratings of several answers of a turn are a ranking,
    where the turn was not ranked as well. Pairs of the same text are left out.

    Args:
        events: The user's whole log, in order.
        counts: Filled with how much feedback of each kind was used ("ranking", "pick", "edit",
            "rating"), and under "equal" and "alone" how many pairs were left out because both
            texts are the same, and how many ratings because nothing stands beside them.
    """
    counts = Counter() if counts is None else counts
    ratings: dict[str, list[Event]] = defaultdict(list)
    ordered: set[str] = set()
    for event in effective(events):
        payload, turn = event.payload, event.turn
        if turn is None or not isinstance(payload, Ranking | Pick | Edit | Rating):
            continue
        if isinstance(payload, Rating):
            ratings[payload.turn].append(event)
            continue
        if not isinstance(payload, Edit):
            ordered.add(payload.turn)
        counts[kind_of(payload)] += 1
        yield from _made(event.user, turn, _groups(payload, turn), counts)
    for name, rated in ratings.items():
        turn = rated[0].turn
        if turn is None or name in ordered:
            continue
        groups = _rated(rated, turn)
        counts["rating"] += len(rated) if len(groups) > 1 else 0
        counts["alone"] += len(rated) if len(groups) < 2 else 0
        yield from _made(rated[0].user, turn, groups, counts)


def _groups(payload: Ranking | Pick | Edit, turn: Turn) -> Groups:
    texts = [candidate.text for candidate in turn.candidates]
    if isinstance(payload, Ranking):
        return [[texts[place] for place in group] for group in payload.groups]
    if isinstance(payload, Edit):
        return [[payload.text], [texts[payload.candidate]]]
    others = [text for place, text in enumerate(texts) if place != payload.candidate]
    return [[texts[payload.candidate]], others]


def _rated(events: Sequence[Event], turn: Turn) -> Groups:
    by_score: dict[float, list[str]] = defaultdict(list)
    for event in events:
        if isinstance(event.payload, Rating):
            by_score[event.payload.score].append(turn.candidates[event.payload.candidate].text)
    return [by_score[score] for score in sorted(by_score, reverse=True)]


def _made(user: str, turn: Turn, groups: Groups, counts: Counter[str]) -> Iterator[Comparison]:
    messages = (*turn.history, Message("user", turn.query))
    different = {text.strip() for group in groups for text in group}
    if all(len(group) == 1 for group in groups) and len(different) == len(groups) > 1:
        texts = tuple(text for group in groups for text in group)
        yield Comparison(user=user, messages=messages, responses=texts)
        return
    for place, group in enumerate(groups):
        lower = [text for other in groups[place + 1 :] for text in other]
        for better, worse in product(group, lower):
            if better.strip() == worse.strip():
                counts["equal"] += 1
            else:
                yield Comparison(user=user, messages=messages, responses=(better, worse))
