"""What users do to texts on average, and how far they differ: where a new user starts."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from tailorlm.errors import StateError
from tailorlm.forgetting import forgettable
from tailorlm.methods._edit_series import (
    Amounts,
    FloatArray,
    log_sum,
    student_log_density,
)
from tailorlm.writing.differences import Form

AMOUNTS = ("words", "sentence_words")
"""Numbers of a form that are modelled, as logarithms."""
_STRENGTHS = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_DOUBT = 4.0
"""Mean of the prior of a strength."""
_LEAST_USERS = 2
"""Users that must share a value before others may be told of it."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One text that a user left, with what it was made from.

    Attributes:
        position: Of the event in the user's log.
        time: Of the event.
        kind: "edit", "document" or "choice".
        weight: How much it counts, from 0 to 1.
        before: The form of what was given; None for a text of the user's own.
        after: The form of what the user left.
        topics: How far it is about each topic; rounded.
    """

    position: int
    time: float
    kind: str
    weight: float
    before: Form | None
    after: Form
    topics: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """How an amount after an edit follows from the one before, both as logarithms.

    Attributes:
        slope: Of the line.
        level: Its value at 0.
        spread: Standard deviation of a user's entries about the user's own line.
        strength: Entries that the line at large counts for when a user's own level is judged.
        mean: Of the amounts after, whatever was before.
        wide: Their standard deviation.
    """

    slope: float
    level: float
    spread: float
    strength: float
    mean: float
    wide: float


@dataclass(frozen=True, slots=True)
class Population:
    """What is known of all users.

    Attributes:
        users: How many there were.
        moves: Facet to value before to value after to share, each row adding up to 1. The value
            before is "" for all of them together, the value after "" for those of single users.
        strengths: Facet to the entries that this counts for beside a user's own.
        lines: One for each of `AMOUNTS`.
    """

    users: int = 0
    moves: Mapping[str, Mapping[str, Mapping[str, float]]] = field(default_factory=dict)
    strengths: Mapping[str, float] = field(default_factory=dict)
    lines: Mapping[str, Line] = field(default_factory=dict)

    def values(self, facet: str) -> tuple[str, ...]:
        """The values that texts have after edits, as far as several users share them."""
        return tuple(value for value in self.moves.get(facet, {}).get("", {}) if value)

    def shares(self, facet: str, before: str, values: Sequence[str]) -> FloatArray:
        """How often each value is made of a value ("" for any); the rest is shared out evenly."""
        rows = self.moves[facet]
        row = rows.get(before) or rows[""]
        shares = np.array([row.get(value, 0.0) for value in values]) + 0.01
        result: FloatArray = shares / shares.sum()
        return result

    def to_bytes(self) -> bytes:
        """The population as JSON."""
        lines = {
            name: [line.slope, line.level, line.spread, line.strength, line.mean, line.wide]
            for name, line in self.lines.items()
        }
        return json.dumps([self.users, self.moves, self.strengths, lines], sort_keys=True).encode()


@forgettable
@lru_cache(maxsize=16)
def read_population(data: bytes) -> Population:
    """The population of `Population.to_bytes`; b"" is one of nobody.

    Raises:
        StateError: If the bytes are something else.
    """
    if not data:
        return Population()
    try:
        users, moves, strengths, lines = json.loads(data)
        named = {str(name): Line(*map(float, line)) for name, line in lines.items()}
        known = {str(facet): float(strength) for facet, strength in strengths.items()}
        checked = {
            str(facet): {
                str(before): {str(after): float(share) for after, share in row.items()}
                for before, row in rows.items()
            }
            for facet, rows in moves.items()
        }
        return Population(int(users), checked, known, named)
    except (ValueError, TypeError, AttributeError) as error:
        raise StateError(
            f"The population of edit_rules is damaged ({type(error).__name__}). Fit it again."
        ) from None


def fit_population(histories: Mapping[str, Sequence[Entry]]) -> Population:
    """Pool what several users did; a value that only one user has is not told to others."""
    users = [history for history in histories.values() if history]
    facets = sorted({facet for history in users for e in history for facet in e.after.values})
    moves = {facet: rows for facet in facets if (rows := _moves(facet, users))}
    pooled = Population(len(users), moves)
    strengths = {facet: _strength(facet, users, pooled) for facet in moves}
    lines = {name: line for name in AMOUNTS if (line := _line(name, users))}
    return Population(len(users), moves, strengths, lines)


def amount(form: Form, name: str) -> float:
    """A number of a form as a logarithm."""
    return float(np.log(max(float(getattr(form, name)), 1.0)))


def _moves(facet: str, users: Sequence[Sequence[Entry]]) -> dict[str, dict[str, float]]:
    """Shares of values after by value before, each user counting for 1 in each row."""
    holders: Counter[str] = Counter()
    rows: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for history in users:
        own: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        for entry in history:
            if facet not in entry.after.values:
                continue
            after = entry.after.values[facet]
            own[""][after] += entry.weight
            if entry.before is not None and facet in entry.before.values:
                own[entry.before.values[facet]][after] += entry.weight
        holders.update(own[""].keys())
        for before, counts in own.items():
            # Users with more edits under a value say more of it, but no user says it all.
            total = sum(counts.values())
            for after, count in counts.items():
                rows[before][after] += count / total * min(total, 10.0)
    shared = {value for value, n in holders.items() if n >= _LEAST_USERS}
    result = {}
    for before, counts in rows.items():
        if before in shared or not before:
            told: dict[str, float] = defaultdict(float)
            for after, count in sorted(counts.items()):
                told[after if after in shared else ""] += count / sum(counts.values())
            result[before] = dict(told)
    return result if shared else {}


def _strength(facet: str, users: Sequence[Sequence[Entry]], pooled: Population) -> float:
    """The strength under which users' entries, each predicted from those before, are likeliest."""
    values = (*pooled.values(facet), "")
    place = {value: i for i, value in enumerate(values)}
    totals = np.zeros(len(_STRENGTHS))
    for history in users:
        counts, expected = np.zeros(len(values)), np.zeros(len(values))
        for entry in history:
            if facet not in entry.after.values:
                continue
            after = place.get(entry.after.values[facet], len(values) - 1)
            before = "" if entry.before is None else entry.before.values.get(facet, "")
            base = pooled.shares(facet, before, values)
            for i, strength in enumerate(_STRENGTHS):
                totals[i] += np.log(tilted(base, counts, expected, strength)[after])
            counts[after] += 1.0
            expected += base
    return _likeliest(totals)


def _likeliest(totals: FloatArray) -> float:
    """The strength of these log likelihoods, few users' agreement not being taken for everybody's.

    Averaged in the logarithm, since neighbours are often as likely.
    """
    posterior = totals - np.array(_STRENGTHS) / _DOUBT
    weights = np.exp(posterior - log_sum(posterior))
    return float(np.exp(weights @ np.log(_STRENGTHS)))


def tilted(
    base: FloatArray, counts: FloatArray, expected: FloatArray, strength: float
) -> FloatArray:
    """Shares for a user whose values came `counts` times where `expected` were to be, (V,).

    Observed over expected, both with `strength` entries at the expected shares beside them, as in
    indirect standardisation; with no entries it is `base`.
    """
    usual = expected / expected.sum() if expected.sum() > 0 else base
    ratio = (counts + strength * usual) / (expected + strength * usual)
    weighed = base * ratio
    shares: FloatArray = weighed / weighed.sum()
    return shares


def _line(name: str, users: Sequence[Sequence[Entry]]) -> Line | None:
    """The line through all users' amounts, and how far users lie apart from it."""
    groups = [np.array(pairs) for history in users if (pairs := _pairs(name, history))]
    if len(groups) < _LEAST_USERS:
        return None
    x, y = np.concatenate(groups).T
    about = x - x.mean()
    # Ridge to a slope of 1, which is leaving texts as long as they were.
    slope = float((about @ (y - y.mean()) + 1.0) / (about @ about + 1.0))
    level = float(y.mean() - slope * x.mean())
    residuals = [group[:, 1] - level - slope * group[:, 0] for group in groups]
    within = np.concatenate([r - r.mean() for r in residuals])
    freedom = max(len(within) - len(groups), 1)
    spread = float(np.sqrt(within @ within / freedom)) + 0.02
    strength = _line_strength(residuals, spread)
    wide = float(y.std()) + 0.05
    return Line(slope, level, spread, strength, float(y.mean()), wide)


def _pairs(name: str, history: Sequence[Entry]) -> list[tuple[float, float]]:
    return [
        (amount(entry.before, name), amount(entry.after, name))
        for entry in history
        if entry.before is not None and entry.kind == "edit"
    ]


def _line_strength(residuals: Sequence[npt.NDArray[Any]], spread: float) -> float:
    """The strength under which each residual is likeliest given those before it."""
    totals = np.zeros(len(_STRENGTHS))
    for i, strength in enumerate(_STRENGTHS):
        for series in residuals:
            family = Amounts(series, np.ones(len(series)), 0.0, spread, strength)
            before = np.cumsum(family.rows(), axis=0) - family.rows()
            totals[i] += student_log_density(series, family.predicted(before)).sum()
    return _likeliest(totals)
