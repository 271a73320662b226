"""`tailorlm evaluate downstream`: rating prediction, classification and recommendation."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.evaluate import FolderOption, ForceOption
from tailorlm.cli.options import EncoderOption, SeedOption, Setup

_MARKS = {True: "met", False: "not met", None: "not measured"}

DataOption = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="TAILORLM_DATA",
        help="Holds the folders ml_latest_small and tmdb5000_overviews; files plain or .gz.",
        show_default=False,
        show_envvar=False,
    ),
]
QuickOption = Annotated[
    bool, typer.Option("--quick", help="100 users, fewer settings and resamples; half a minute.")
]
AskedOption = Annotated[
    str | None,
    typer.Option(
        "--llm",
        metavar="NAME",
        help="Language model that is asked for stars and orders as well, as openai/MODEL.",
    ),
]
UsersOption = Annotated[
    int,
    typer.Option(
        "--llm-users", min=1, metavar="N", help="Users about whom a language model is asked."
    ),
]


def downstream(
    data: DataOption,
    out: FolderOption,
    quick: QuickOption = False,
    llm: AskedOption = None,
    llm_users: UsersOption = 20,
    force: ForceOption = False,
    encoder: EncoderOption = None,
    seed: SeedOption = None,
) -> None:
    """Predict stars and likes, and recommend, on films that people rated.

    Most popular, means, BM25, dense retrieval and matrix factorisation beside reward heads, pooled
    and of each user; each user's last rating held out, and all ratings after one moment. With --llm
    a language model does the same; what it said is kept in answers.jsonl and not asked again.
    """
    from rich.progress import Progress

    from tailorlm.datasets.rated_films import load_rated_films
    from tailorlm.encoders import create_encoder
    from tailorlm.evaluation.downstream import Settings, run_downstream
    from tailorlm.evaluation.downstream.suite import ANSWERS
    from tailorlm.evaluation.judges.asking import Answers
    from tailorlm.evaluation.plots import check_installed
    from tailorlm.evaluation.report import check_folder, write_report
    from tailorlm.llms import create_llm

    setup = Setup(encoder=encoder, seed=seed).settings()
    asked = create_llm(llm) if llm else None
    read = load_rated_films(data)
    check_installed()
    check_folder(out, replace=force)
    console = show.stderr()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Reading", total=None)
        report = run_downstream(
            read,
            create_encoder(setup.encoder),
            Settings(seed=setup.seed, quick=quick, llm_users=llm_users),
            lambda step: progress.update(task, description=step),
            asked,
            None if asked is None else Answers(out / ANSWERS),
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    json_path, html_path = write_report(report, out, replace=force)
    for bar in report.bars:
        show.line(f"{_MARKS[bar.met]:>12}  {bar.name}: {bar.measured}")
    show.line(f"Wrote {html_path} and {json_path}.")
