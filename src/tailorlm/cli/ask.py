"""`tailorlm ask`: a query answered, and what to do with the answers."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.options import (
    EncoderOption,
    JsonOption,
    LLMOption,
    MethodOption,
    RetrieverOption,
    SeedOption,
    Setup,
    StoreOption,
    TagsOption,
    UserArgument,
    open_tailor,
)
from tailorlm.cli.reading import read_stdin
from tailorlm.errors import InputError

if TYPE_CHECKING:
    from tailorlm.loop.turn import HowMany
    from tailorlm.tailor import ShownTurn


def ask(
    user: UserArgument,
    query: Annotated[
        str, typer.Argument(help='What is asked; "-" reads standard input.', show_default=False)
    ],
    n: Annotated[
        str,
        typer.Option(
            "-n",
            metavar="N|auto",
            help="How many candidates, 1 to 10; auto shows several while ranking them is worth it.",
        ),
    ] = "auto",
    why: Annotated[bool, typer.Option("--why", help="Say what each candidate draws on.")] = False,
    json: JsonOption = False,
    store: StoreOption = None,
    llm: LLMOption = None,
    method: MethodOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    tags: TagsOption = None,
    seed: SeedOption = None,
) -> None:
    """Answer a query as this user likes it.

    While the user is not known well enough, it shows several candidates to rank.
    """
    count = _count(n)
    text = read_stdin("query").rstrip("\n") if query == "-" else query
    setup = Setup(
        store=store,
        llm=llm,
        method=method,
        encoder=encoder,
        retriever=retriever,
        tags=tags,
        seed=seed,
    )
    with show.working("Answering…"), open_tailor(setup, new=True, answers=True) as tailor:
        demo = tailor.llm.is_demo
        shown = tailor.ask(user, text, n=count)
    if demo:
        from tailorlm.llms.builtin import NOTICE

        show.notice(NOTICE)
    if json:
        show.as_json(show.turn_row(shown, demo=demo))
        return
    show.show_turn(shown, why=why)
    _show_next(shown, setup)


def _show_next(shown: ShownTurn, setup: Setup) -> None:
    """Say what the user can do now; the example order is always the same."""
    show.line(f"Turn {shown.id[: show.SHORT_ID]}.", "dim")
    who, rest = shlex.quote(shown.user), setup.repeated()
    count = len(shown.candidates)
    if count == 1:
        show.line(f"Say how good it is, 1 to 5:   tailorlm rate {who} 1 4{rest}")
        show.line(f"Or write it as you would:     tailorlm edit {who} 1{rest}")
        return
    order = " ".join(str(number) for number in (2, 1, *range(3, count + 1)))
    show.line(f"Rank them, best first:    tailorlm rank {who} {order}{rest}")
    show.line(f"Or just pick the best:    tailorlm pick {who} 2{rest}")


def _count(n: str) -> HowMany:
    """How many candidates `-n` asks for."""
    if n == "auto":
        return "auto"
    try:
        return int(n)
    except ValueError:
        raise InputError(f"-n takes a number from 1 to 10, or auto, but got {n[:40]!r}.") from None
