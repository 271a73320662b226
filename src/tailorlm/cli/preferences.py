"""`tailorlm evaluate preferences`: hidden preferences, and what a prompt carries of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.options import EncoderOption, SeedOption, Setup

_MARKS = {True: "met", False: "not met", None: "not measured"}

DataOption = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="TAILORLM_DATA",
        help="Folder with PrefEval's files, or with a folder prefeval that has them.",
        show_default=False,
        show_envvar=False,
    ),
]
FolderOption = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="Folder for report.json and report.html."),
]
QuickOption = Annotated[
    bool,
    typer.Option("--quick", help="Every tenth preference, in the largest haystacks only."),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace a report that is there already.")
]


def preferences(
    data: DataOption,
    out: FolderOption,
    quick: QuickOption = False,
    force: ForceOption = False,
    encoder: EncoderOption = None,
    seed: SeedOption = None,
) -> None:
    """Hide each preference of PrefEval among 10, 100 and 300 turns.

    Measures how often a prompt of 500 tokens carries it, for each retriever and for the composed
    prompt, and writes a page for people and the numbers for programs.
    """
    from rich.progress import Progress

    from tailorlm.encoders import create_encoder
    from tailorlm.evaluation.preferences import Settings, run_preferences
    from tailorlm.evaluation.report import check_folder, write_report

    setup = Setup(encoder=encoder, seed=seed).settings()
    check_folder(out, replace=force)
    settings = Settings(data=data, quick=quick, seed=setup.seed)
    console = show.stderr()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Hiding preferences", total=None)
        report = run_preferences(
            create_encoder(setup.encoder),
            settings,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )
    json_path, html_path = write_report(report, out, replace=force)
    for bar in report.bars:
        show.line(f"{_MARKS[bar.met]:>12}  {bar.name}: {bar.measured}")
    show.line(f"Wrote {html_path} and {json_path}.")
