"""The learning curve of a user: how well each ranking was foreseen before it was learned from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tailorlm.loop.fold import Learned, effective
from tailorlm.tailor import Tailor
from tailorlm.types import Event, Pick, Ranking, User

MOST = 200
"""Newest comparisons that are looked at."""
_LEAST = 3
_WINDOW = 10
_WIDTH, _HEIGHT, _LEFT, _BOTTOM, _TOP = 420, 200, 44, 170, 12


def curve_of(tailor: Tailor, user: str) -> list[float]:
    """Shares of the pairs of each comparison that were put in the user's order, oldest first.

    The log is read again and every comparison is predicted before the method learns from it. Pairs
    that the method finds equal count one half.
    """
    events = effective(list(tailor.log(user)))
    compared = [event for event in events if isinstance(event.payload, Ranking | Pick)]
    first = compared[-MOST].position if len(compared) > MOST else 0
    learner = tailor.loop.learner
    population = tailor.store.load_population(tailor.method.name)
    learned = Learned(tailor.method.initial(User(user), population), learner.gate.initial(), 0)
    shares = []
    for event in events:
        if event.position >= first:
            share = _foreseen(tailor, learned.state, event)
            shares += [] if share is None else [share]
        learned = learner.observe(learned, event)
    return shares


def drawn(shares: Sequence[float]) -> str:
    """The curve as an SVG; "" where there is too little to draw."""
    if len(shares) < _LEAST:
        return ""
    smooth = [float(np.mean(shares[max(i - _WINDOW + 1, 0) : i + 1])) for i in range(len(shares))]
    step = (_WIDTH - _LEFT - 10) / (len(smooth) - 1)
    points = " ".join(f"{_LEFT + i * step:.1f},{_y(share):.1f}" for i, share in enumerate(smooth))
    marks = "".join(
        f'<text x="4" y="{_y(share) + 4:.0f}">{share:.0%}</text>' for share in (0.0, 0.5, 1.0)
    )
    return (
        f'<svg class="curve" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="From {smooth[0]:.0%} at first to {smooth[-1]:.0%} now">'
        f'<line class="axis" x1="{_LEFT}" y1="{_y(0):.0f}" x2="{_WIDTH}" y2="{_y(0):.0f}"/>'
        f'<line class="half" x1="{_LEFT}" y1="{_y(0.5):.0f}" x2="{_WIDTH}" y2="{_y(0.5):.0f}"/>'
        f'<polyline class="line" points="{points}"/>{marks}'
        f'<text x="{_LEFT}" y="{_HEIGHT - 6}">first</text>'
        f'<text x="{_WIDTH - 80}" y="{_HEIGHT - 6}">ranking {len(smooth)}</text></svg>'
    )


def _y(share: float) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * share


def _foreseen(tailor: Tailor, state: object, event: Event) -> float | None:
    """Share of a comparison's pairs that the method puts in the user's order."""
    turn = event.turn
    groups = () if turn is None else _groups(event.payload, len(turn.candidates))
    if turn is None or not groups:
        return None
    plans = [candidate.plan for candidate in turn.candidates]
    worth = tailor.method.utility(state, turn.context, plans)
    if worth is None:
        return None
    pairs = [
        float(worth[a] > worth[b]) + 0.5 * float(worth[a] == worth[b])
        for place, better in enumerate(groups)
        for worse in groups[place + 1 :]
        for a in better
        for b in worse
    ]
    return float(np.mean(pairs)) if pairs else None


def _groups(payload: object, n: int) -> tuple[tuple[int, ...], ...]:
    """The order that a comparison states; empty for anything else."""
    if isinstance(payload, Ranking):
        return payload.groups
    if isinstance(payload, Pick):
        return (payload.candidate,), tuple(i for i in range(n) if i != payload.candidate)
    return ()
