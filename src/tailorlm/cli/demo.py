"""`tailorlm demo`: a simulated person's taste is learned while you watch, offline."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailorlm.cli import show
from tailorlm.cli.options import JsonOption

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from tailorlm.cli.demo_session import Session

_PAUSE = 0.25


def demo(
    seed: Annotated[int, typer.Option("--seed", min=0, help="Another seed, another person.")] = 7,
    turns: Annotated[
        int, typer.Option("--turns", min=1, max=200, help="How many questions are asked.")
    ] = 30,
    fast: Annotated[
        bool, typer.Option("--fast", help="Do not pause between turns on a terminal.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Watch tailorlm learn a simulated person's taste.

    Everything happens on this machine, in a temporary database.
    """
    from tailorlm.cli.demo_session import make_person, run_session

    if json:
        session = run_session(
            make_person(seed), turns, seed, on_before=lambda _: None, on_step=lambda _: None
        )
        show.as_json(_row(session))
    else:
        _show(show.stdout(), seed, turns, pause=0.0 if fast else _PAUSE)


def _show(console: Console, seed: int, turns: int, *, pause: float) -> None:
    """Run the session on a console: moving on a terminal, its end state elsewhere."""
    from rich.live import Live

    from tailorlm.cli import demo_view
    from tailorlm.cli.demo_session import Step, make_person, run_session

    console.width = min(console.width, demo_view.WIDTH)
    user = make_person(seed)
    _print(console, demo_view.introduction(user))
    live = Live(console=console, auto_refresh=False, transient=True)

    def on_before(text: str) -> None:
        _print(console, demo_view.answer("Before", text))
        live.start()

    def on_step(steps: list[Step]) -> None:
        if console.is_terminal:
            live.update(view(steps), refresh=True)
            time.sleep(pause)

    def view(steps: list[Step]) -> Any:
        return demo_view.progress(user, steps, turns, ascii_only=console.options.ascii_only)

    try:
        session = run_session(user, turns, seed, on_before=on_before, on_step=on_step)
    finally:
        live.stop()
    drawn = ", ".join(session.after_tags) or "nothing personal; the generic answer was given"
    _print(console, view(list(session.steps)))
    _print(console, demo_view.answer("After", session.after, f"Drawn on: {drawn}."))
    _print(console, demo_view.conclusion(session, _program()))


def _print(console: Console, what: RenderableType) -> None:
    """Print something; without the blanks at line ends where it is no terminal."""
    if console.is_terminal:
        console.print(what)
        return
    with console.capture() as captured:
        console.print(what)
    typer.echo("\n".join(line.rstrip() for line in captured.get().splitlines()))


def _program() -> str:
    """How the reader can call tailorlm: by name, or as it was called where that is a path."""
    called = sys.argv[0]
    is_path = Path(called).name == "tailorlm" and shutil.which("tailorlm") is None
    return called if is_path else "tailorlm"


def _row(session: Session) -> dict[str, Any]:
    """The session as JSON."""
    from tailorlm.cli.demo_session import PERSON, QUERY, WRITER

    return {
        "person": PERSON,
        "simulated": True,
        "likes": list(session.user.likes),
        "writer": WRITER,
        "demo": True,
        "query": QUERY,
        "before": session.before,
        "after": session.after,
        "after_tags": list(session.after_tags),
        "rankings": session.rankings,
        "certainty": session.profile.certainty,
        "turns": [
            {"query": step.query, "shown": step.shown, "matching": step.matching}
            for step in session.steps
        ],
        "beliefs": [
            {"tag": tag.name, "probability": tag.probability, "evidence": tag.evidence}
            for tag in session.tags
        ],
    }
