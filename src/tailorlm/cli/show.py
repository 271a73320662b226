"""What people and programs see: candidates, profiles and logs, as text or as JSON.

People count from 1. JSON says both: `number` from 1 and `position` from 0.
"""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tailorlm.codec import describe, encode_payload
from tailorlm.types import (
    Belief,
    Candidate,
    Edit,
    Event,
    Pick,
    Profile,
    Ranking,
    Rating,
    Turn,
    history_of,
    kind_of,
)

if TYPE_CHECKING:
    from tailorlm.store import UserSummary
    from tailorlm.tailor import ShownTurn

SHORT_ID = 8
"""How much of a turn's id people see; `--turn` takes it."""
_PLAIN_WIDTH = 100
_FEW, _MANY = 5, 10
"""How many beliefs a profile shows at least, if it has them, and at most."""
_MOVED = 0.01
"""Least change of a probability that is worth mentioning."""


def stdout() -> Console:
    """Standard output: no colour and a fixed width where it is no terminal."""
    return Console(width=None if sys.stdout.isatty() else _PLAIN_WIDTH)


def stderr() -> Console:
    """Standard error, for notices, errors and spinners."""
    return Console(stderr=True, width=None if sys.stderr.isatty() else _PLAIN_WIDTH)


def working(what: str) -> AbstractContextManager[object]:
    """A spinner that says what takes its time; only on a terminal."""
    console = stderr()
    return console.status(plain(what)) if console.is_terminal else nullcontext()


def plain(text: str) -> str:
    """Text without the control characters that could steer a terminal."""
    return "".join(c if c in "\n\t" or unicodedata.category(c) != "Cc" else "�" for c in text)


def counted(count: int, word: str) -> str:
    """How many of something, as "1 event" or "2 events"."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def line(text: str, style: str = "") -> None:
    """Print text as it is, to standard output; long lines are the terminal's to wrap."""
    if style and sys.stdout.isatty():
        stdout().print(Text(plain(text), style=style), soft_wrap=True)
    else:
        typer.echo(plain(text))


def notice(text: str) -> None:
    """Print a remark to standard error, apart from the result."""
    stderr().print(Text(plain(text), style="yellow"), soft_wrap=True)


def as_json(value: object) -> None:
    """Print one JSON document on one line, or one line of JSON Lines."""
    typer.echo(json.dumps(value, ensure_ascii=False, allow_nan=False))


def show_turn(shown: ShownTurn, *, why: bool) -> None:
    """Print the candidates in the order shown, without a hint of which is thought best."""
    for number, candidate in enumerate(shown.candidates, start=1):
        line(f"[{number}]", "bold cyan")
        line(candidate.text.rstrip())
        if why:
            reasons = [*candidate.plan.tags, *candidate.plan.rules]
            line(f"    Drawing on: {', '.join(reasons) or 'nothing about this user'}", "dim")
        line("")


def turn_row(shown: ShownTurn, *, demo: bool) -> dict[str, Any]:
    """A turn with its candidates, as JSON."""
    return {
        "user": shown.user,
        "turn": shown.id,
        "query": shown.turn.query,
        "demo": demo,
        "candidates": [_candidate_row(i, c) for i, c in enumerate(shown.candidates)],
    }


def _candidate_row(position: int, candidate: Candidate) -> dict[str, Any]:
    plan = candidate.plan
    return {
        "number": position + 1,
        "position": position,
        "text": candidate.text,
        "llm": candidate.llm,
        "method": plan.method,
        "purpose": plan.purpose,
        "tags": list(plan.tags),
        "rules": list(plan.rules),
    }


def event_row(event: Event) -> dict[str, Any]:
    """An event of the log, as JSON."""
    payload = event.payload
    row: dict[str, Any] = {
        "event": event.id,
        "user": event.user,
        "log_position": event.position,
        "time": event.time,
        "key": event.key,
        "kind": kind_of(payload),
        "turn": payload.id if isinstance(payload, Turn) else event.turn and event.turn.id,
    }
    if isinstance(payload, Ranking):
        row["numbers"] = [[i + 1 for i in group] for group in payload.groups]
        row["positions"] = [list(group) for group in payload.groups]
    elif isinstance(payload, Pick | Edit | Rating):
        row["number"] = payload.candidate + 1
        row["position"] = payload.candidate
    return row


def show_log(events: Iterable[Event]) -> None:
    """Print a line per event, oldest first."""
    for event in events:
        turn = event.payload if isinstance(event.payload, Turn) else event.turn
        about = f"  (turn {turn.id[:SHORT_ID]})" if turn else ""
        line(f"{event.position:>5}  {moment(event.time)}  {describe(event.payload)}{about}")


def log_row(event: Event) -> dict[str, Any]:
    """An event of the log with its whole content, as JSON."""
    return event_row(event) | {"payload": encode_payload(event.payload)}


def show_users(users: Iterable[UserSummary]) -> None:
    """Print a line per user."""
    table = _table("User", "Events", "Last seen")
    for user in users:
        seen = moment(user.last_time) if user.last_time is not None else "never"
        table.add_row(Text(plain(user.user)), str(user.events), seen)
    if table.row_count:
        stdout().print(table)
    else:
        line("There are no users yet.")


def show_profile(profile: Profile, *, everything: bool) -> None:
    """Print what is believed about a user and what they said; what matters little only if asked."""
    line(profile.summary)
    learned = [belief for belief in profile.beliefs if belief.since is None]
    beliefs = learned if everything else _that_matter(learned)
    if beliefs:
        table = _table("Learned", "Probability", "Effect (95% interval)", "Evidence", "Last seen")
        for belief in beliefs:
            table.add_row(*_belief_cells(belief))
        stdout().print(table)
    said = profile.said if everything else profile.said[:_MANY]
    if said:
        line("Said:", "bold")
    for belief in said:
        style = "" if belief.superseded is None else "dim"
        line(f"  {belief.name} ({history_of(belief, day)})", style)
    line(f"Certainty of the best answer: {profile.certainty:.0%} (method {profile.method}).")
    left_out = len(profile.beliefs) - len(beliefs) - len(said)
    if left_out:
        line(f"{left_out} more with --all.", "dim")


def _belief_cells(belief: Belief) -> list[str | Text]:
    name = belief.name if belief.kind == "tag" else f"{belief.name} ({belief.kind})"
    if belief.correction:
        name = f"{name}, {belief.correction}"
    effect = f"{belief.effect:+.2f} ({belief.low:+.2f} to {belief.high:+.2f})"
    if belief.effect == belief.low == belief.high == 0:
        effect = "–"
    seen = day(belief.last_seen) if belief.last_seen is not None else "–"
    return [Text(plain(name)), f"{belief.probability:.0%}", effect, str(belief.evidence), seen]


def profile_row(profile: Profile) -> dict[str, Any]:
    """A profile, as JSON."""
    return {
        "user": profile.user,
        "method": profile.method,
        "certainty": profile.certainty,
        "summary": profile.summary,
        "beliefs": [asdict(belief) for belief in profile.beliefs],
    }


def changes(before: Profile, after: Profile) -> list[dict[str, Any]]:
    """The beliefs that moved between two profiles, the most moved first, as JSON."""
    old = {(b.kind, b.name): b.probability for b in before.beliefs}
    rows: list[dict[str, Any]] = [
        {
            "kind": belief.kind,
            "name": belief.name,
            "before": old.get((belief.kind, belief.name)),
            "after": belief.probability,
        }
        for belief in after.beliefs
    ]
    moved = [row for row in rows if _step(row) >= _MOVED]
    return sorted(moved, key=_step, reverse=True)


def changes_line(moved: list[dict[str, Any]]) -> str:
    """One line about what moved."""
    if not moved:
        return "Learned from it; no belief moved by as much as a percentage point."
    parts = [_move(row) for row in moved[:3]]
    more = f", and {len(moved) - 3} more" if len(moved) > 3 else ""
    return f"Learned: {', '.join(parts)}{more}."


def _move(row: dict[str, Any]) -> str:
    if row["before"] is None:
        return f"{row['kind']} {row['name'][:60]!r} ({row['after']:.0%})"
    if row["kind"] in ("statement", "attribute") and row["after"] == 0:
        return f"{row['name'][:60]!r} is replaced"
    return f"{row['name']} {row['before']:.0%} → {row['after']:.0%}"


def moment(time: float) -> str:
    """A time for a person, in their own zone."""
    return _local(time, "%Y-%m-%d %H:%M")


def day(time: float) -> str:
    """A day for a person, in their own zone."""
    return _local(time, "%Y-%m-%d")


def _local(time: float, form: str) -> str:
    try:
        return datetime.fromtimestamp(time).astimezone().strftime(form)
    except (OverflowError, ValueError, OSError):  # an import may hold any number
        return f"at {time:g} s"


def _step(row: dict[str, Any]) -> float:
    """How far a belief moved; a new one moved all the way."""
    return 1.0 if row["before"] is None else abs(row["after"] - row["before"])


def _that_matter(beliefs: Iterable[Belief]) -> list[Belief]:
    """Beliefs that are likely or whose effect is surely not nothing, and a few with evidence."""
    ranked = sorted(beliefs, key=lambda b: (not _matters(b), b.evidence == 0))
    surely = sum(_matters(belief) for belief in ranked)
    return ranked[: min(max(surely, _FEW), _MANY)]


def _matters(belief: Belief) -> bool:
    likely = belief.probability >= 0.5 or belief.low > 0 or belief.high < 0
    return likely or bool(belief.correction)


def _table(first: str, *others: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(first, overflow="fold")
    for name in others:
        table.add_column(name, justify="right", no_wrap=True)
    return table
