"""`tailorlm replay`: how well a method would have predicted recorded rankings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.options import (
    EncoderOption,
    JsonOption,
    MethodOption,
    RetrieverOption,
    SeedOption,
    Setup,
)


def replay(
    file: Annotated[
        Path,
        typer.Argument(
            help="Recorded rankings in JSON Lines, plain or .gz.",
            metavar="FILE",
            show_default=False,
        ),
    ],
    json: JsonOption = False,
    method: MethodOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    seed: SeedOption = None,
) -> None:
    """Replay recorded rankings: predict each before learning from it.

    Shows how much a method gains by telling users apart. Nothing is stored.
    """
    from rich.progress import Progress

    from tailorlm import evaluation
    from tailorlm.datasets import load_ranked_turns
    from tailorlm.encoders import create_encoder
    from tailorlm.methods import Method, Parts, create_method
    from tailorlm.retrievers import create_retriever
    from tailorlm.tags import TagLibrary

    settings = Setup(method=method, encoder=encoder, retriever=retriever, seed=seed).settings()
    turns = load_ranked_turns(file)
    encode = create_encoder(settings.encoder)
    retrieve = create_retriever(settings.retriever, encode)

    def make(library: TagLibrary) -> Method[object]:
        return create_method(
            settings.method, Parts(encoder=encode, library=library, retriever=retrieve)
        )

    console = show.stderr()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Replaying", total=len(turns))
        report = evaluation.replay(
            turns, make, seed=settings.seed, on_turn=lambda: progress.advance(task)
        )
    if json:
        show.as_json(report.rows())
    else:
        show.stdout().print(report)
