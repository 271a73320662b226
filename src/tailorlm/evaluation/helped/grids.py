"""A finished grid, asked whom it helped: each row beside the generic one, query by query."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.evaluation.grid.journal import JOURNAL
from tailorlm.evaluation.grid.scoring import METRICS
from tailorlm.evaluation.grid.settings import GENERIC
from tailorlm.evaluation.helped.diversity import (
    LEAST_POINTS,
    Narrowing,
    mean_distance,
    narrowing,
    over_time,
)
from tailorlm.evaluation.helped.groups import LEAST_USERS, GroupGaps, group_gaps
from tailorlm.evaluation.helped.worse_off import WorseOff, worse_off

WINDOW = 5
"""Answers of one user whose distance is taken together."""
Where = tuple[str, str]
"""A row of the grid, and what was measured of it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer of a grid.

    Attributes:
        row: The row of the grid.
        task: Id of the task.
        user: Who asked.
        text: The answer; "" where nobody was asked.
        scores: By metric, turned so that higher is better; unscored ones are left out.
    """

    row: str
    task: str
    user: str
    text: str
    scores: Mapping[str, float]


def read_grid(folder: str | Path) -> list[Answered]:
    """The answers of a grid in the order in which they were given.

    Raises:
        InputError: If there is no journal of a grid, or it has no generic row.
    """
    path = Path(folder) / JOURNAL
    try:
        first, *lines = path.read_text("utf-8").splitlines()
    except (OSError, ValueError):
        raise InputError(
            f"{folder} holds no {JOURNAL} of a grid. Give the folder that `tailorlm evaluate grid` "
            "was told with --out."
        ) from None
    try:
        found = [_answered(json.loads(line)) for line in lines] if '"grid"' in first else []
    except (ValueError, KeyError, TypeError, AttributeError):
        raise InputError(
            f"{path} is damaged. Run the grid again: it fills in what is lost."
        ) from None
    if not any(one.row == GENERIC for one in found):
        raise InputError(
            f"{path} has no answers of {GENERIC!r}, so there is nothing to compare with."
        )
    return found


def _answered(words: Mapping[str, object]) -> Answered:
    scores = words["scores"]
    if not isinstance(scores, dict):
        raise TypeError
    turned = {
        name: -float(value) if name in METRICS and METRICS[name].better == "lower" else float(value)
        for name, value in scores.items()
    }
    row, task, user = (str(words[name]) for name in ("row", "task", "user"))
    return Answered(row, task, user, str(words.get("answer", "")), turned)


def worse_off_in(answered: Sequence[Answered], seed: int = 0) -> dict[Where, WorseOff]:
    """Who is worse off with each row than with the generic one, by metric."""
    return {
        where: worse_off(users, ours, theirs, np.random.default_rng(seed))
        for where, users, ours, theirs in _paired(answered)
    }


def gaps_in(
    answered: Sequence[Answered], groups: Mapping[str, Mapping[str, str]], seed: int = 0
) -> dict[Where, GroupGaps]:
    """The gaps in what each row gains on the generic one, by metric and attribute.

    Args:
        answered: Of the grid.
        groups: By attribute the value of each user. Attributes with fewer than two groups of two
            users are left out.
        seed: Of the intervals and permutations.
    """
    found = {}
    for (row, metric), users, ours, theirs in _paired(answered):
        gains = np.asarray(ours) - np.asarray(theirs)
        for attribute, group_of in groups.items():
            sizes = [group_of[user] for user in set(users) if user in group_of]
            if sum(sizes.count(group) >= LEAST_USERS for group in set(sizes)) >= 2:
                rng = np.random.default_rng(seed)
                found[row, f"{metric}, {attribute}"] = group_gaps(users, gains, group_of, rng)
    return found


def narrowing_in(
    answered: Sequence[Answered], encoder: Encoder, window: int = WINDOW, seed: int = 0
) -> dict[Where, Narrowing]:
    """Whether each user's answers grow more alike, beside the generic ones.

    The diversity is the mean distance of the answers of a window. A grid whose users have fewer
    than two windows gives nothing.
    """
    texts: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for one in answered:
        if one.text.strip():
            texts[one.row][one.user].append(one.text)
    points = {}
    for row, by_user in texts.items():
        sessions = {
            user: [[vector] for vector in encoder.encode(own) if vector.any()]
            for user, own in by_user.items()
        }
        points[row] = over_time(sessions, lambda v: mean_distance(np.stack(v)), window)
    generic = points.get(GENERIC)
    return {
        (row, f"windows of {window} answers"): narrowing(
            own, np.random.default_rng(seed), generic=None if row == GENERIC else generic
        )
        for row, own in points.items()
        if any(len(windows) >= LEAST_POINTS for windows in own.values())
    }


def load_groups(path: str | Path) -> dict[str, dict[str, str]]:
    """The attributes of users, from a JSON object of users with an object of attributes each.

    Returns:
        By attribute the value of each user.

    Raises:
        InputError: If the file cannot be read or is not as described.
    """
    try:
        data = json.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from None
    except ValueError:
        data = None
    found: dict[str, dict[str, str]] = defaultdict(dict)
    if not isinstance(data, dict) or not all(isinstance(own, dict) for own in data.values()):
        raise InputError(
            f"{path} must be a JSON object of users with their attributes, as "
            '{"ana": {"age": "30s"}}.'
        )
    for user, own in data.items():
        for attribute, value in own.items():
            found[attribute][user] = str(value)
    return dict(found)


def _paired(
    answered: Sequence[Answered],
) -> Iterator[tuple[Where, list[str], list[float], list[float]]]:
    """For each row and metric the users, its scores and the generic ones of the same tasks."""
    generic = {one.task: one.scores for one in answered if one.row == GENERIC}
    for row in dict.fromkeys(one.row for one in answered if one.row != GENERIC):
        own = [one for one in answered if one.row == row and one.task in generic]
        for metric in dict.fromkeys(name for one in own for name in one.scores):
            both = [
                (one.user, one.scores[metric], generic[one.task][metric])
                for one in own
                if metric in one.scores and metric in generic[one.task]
            ]
            if both:
                users, ours, theirs = zip(*both, strict=True)
                yield (row, metric), list(users), list(ours), list(theirs)
