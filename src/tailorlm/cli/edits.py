"""`tailorlm evaluate edits`: what is learned from users' edits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.evaluate import FolderOption, ForceOption
from tailorlm.cli.options import EncoderOption, SeedOption, Setup

_MARKS = {True: "met", False: "not met", None: "not measured"}

RecordedOption = Annotated[
    Path,
    typer.Option(
        "--recordings",
        metavar="FILE",
        help="Recorded edits in JSON Lines, plain or .gz, with the users' preferences.",
        show_default=False,
    ),
]
RewritesOption = Annotated[
    Path | None,
    typer.Option(
        "--rewrites", metavar="FILE", help="Rewritten mails of POPQUORN as CSV, plain or .gz."
    ),
]
WriterOption = Annotated[
    str, typer.Option("--llm", metavar="NAME", help="Language model that writes the mails.")
]
QuickOption = Annotated[
    bool, typer.Option("--quick", help="Rewrites of 40 people, fewer resamples.")
]


def edits(
    recordings: RecordedOption,
    out: FolderOption,
    rewrites: RewritesOption = None,
    quick: QuickOption = False,
    llm: WriterOption = "builtin",
    force: ForceOption = False,
    encoder: EncoderOption = None,
    seed: SeedOption = None,
) -> None:
    """Learn from users' first edits, and hold the later ones against what was learned.

    Writes a page for people and the numbers for programs.
    """
    from rich.progress import Progress

    from tailorlm.datasets.recorded_edits import load_hidden_preferences, load_recorded_edits
    from tailorlm.datasets.rewrites import load_rewrites
    from tailorlm.encoders import create_encoder
    from tailorlm.evaluation.edits import Settings, run_edits
    from tailorlm.evaluation.report import check_folder, write_report
    from tailorlm.llms import create_llm

    setup = Setup(encoder=encoder, seed=seed).settings()
    check_folder(out, replace=force)
    console = show.stderr()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Learning from edits", total=None)
        report = run_edits(
            load_recorded_edits(recordings),
            load_hidden_preferences(recordings),
            [] if rewrites is None else load_rewrites(rewrites),
            create_encoder(setup.encoder),
            create_llm(llm),
            Settings(seed=setup.seed, quick=quick),
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    json_path, html_path = write_report(report, out, replace=force)
    for bar in report.bars:
        show.line(f"{_MARKS[bar.met]:>12}  {bar.name}: {bar.measured}")
    show.line(f"Wrote {html_path} and {json_path}.")
