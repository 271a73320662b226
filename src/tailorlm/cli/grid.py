"""`tailorlm evaluate grid` and `report`: methods on your own data, and several runs as a page."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailorlm.cli import show
from tailorlm.cli.options import (
    EncoderOption,
    LLMOption,
    RetrieverOption,
    SeedOption,
    TagsOption,
)
from tailorlm.errors import InputError

if TYPE_CHECKING:
    from tailorlm.cli.grid_request import Request
    from tailorlm.evaluation.grid import Settings

MethodsOption = Annotated[
    str | None,
    typer.Option("--methods", metavar="A,B,C", help="What is compared, by name, with commas."),
]
DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="FILE",
        help='JSON Lines, a row per user and query (plain or .gz); "example"; or a data set.',
    ),
]
FolderOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        envvar="TAILORLM_DATA",
        help="Where data sets are that are named. \\[default: here]",
        show_envvar=False,
    ),
]
OutOption = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder for everything.")
]
ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", metavar="FILE", help="YAML with the same keys; options come first."),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers", min=1, metavar="N", help="Run side by side. \\[default: the cores, at most 8]"
    ),
]
EngineOption = Annotated[
    str | None,
    typer.Option(
        "--engine",
        metavar="NAME",
        help="auto, threads, processes, or ray (tailorlm\\[ray]). \\[default: auto]",
    ),
]
PooledOption = Annotated[
    str | None,
    typer.Option(
        "--pooled",
        metavar="METHOD",
        help="Learns from everybody as if they were one. \\[default: the first that learns]",
    ),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Begin anew: forget what the folder holds.")
]


def grid(
    methods: MethodsOption = None,
    data: DataOption = None,
    data_dir: FolderOption = None,
    out: OutOption = None,
    config: ConfigOption = None,
    workers: WorkersOption = None,
    engine: EngineOption = None,
    pooled: PooledOption = None,
    force: ForceOption = False,
    llm: LLMOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    tags: TagsOption = None,
    seed: SeedOption = None,
) -> None:
    """Compare methods on your own data: each learns every user's history and answers the queries.

    Beside them run the generic answer, everybody's history pooled, and the history in the prompt.
    Writes a page for people, the numbers for programs, and every prompt and answer. A run that was
    interrupted goes on where it stopped.
    """
    from tailorlm.cli.grid_request import Request, read_config

    words: dict[str, Any] = {} if config is None else read_config(config)
    given = {"methods": methods, "data": data, "out": out, "workers": workers, "engine": engine}
    given |= {"pooled": pooled, "llm": llm, "encoder": encoder, "retriever": retriever}
    given |= {"tags": tags, "seed": seed, "data-dir": data_dir}
    words |= {name: value for name, value in given.items() if value is not None}
    request = Request.of(words)
    text = None if force else request.finished()
    if text is None:
        text = _run(request, force)
    show.line(text.rstrip("\n"))
    show.line(f"\nWrote {request.out / 'report.html'} and {request.out / 'report.json'}.")


def _run(request: Request, force: bool) -> str:
    """Run the grid, and write its report; returns the summary."""
    # Units run side by side, so each process keeps to one core.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from rich.live import Live

    from tailorlm.evaluation import plots
    from tailorlm.evaluation.grid import forget, run_grid
    from tailorlm.evaluation.grid.board import Board
    from tailorlm.evaluation.grid.page import summary, write_grid

    plots.check_installed()
    settings = _settings(request)
    if force:
        forget(settings)
    stamp = request.begin()
    board, console = Board(), show.stderr()
    with Live(board, console=console, transient=True, refresh_per_second=4) as live:
        if not console.is_terminal:
            live.stop()
        done = run_grid(
            settings,
            engine=request.engine,
            workers=request.workers,
            on_start=board.start,
            on_given=board.add,
        )
    with show.working("Writing the report"):
        write_grid(done)
    text = summary(done)
    request.finish(text, stamp)
    return text


def _settings(request: Request) -> Settings:
    from tailorlm.evaluation.grid import Settings
    from tailorlm.evaluation.grid.settings import IN_CONTEXT
    from tailorlm.registry import METHODS, find

    learning = (name for name in request.methods if find(METHODS, name).accepts)
    return Settings(
        methods=request.methods,
        data=request.data,
        folder=request.folder,
        out=request.out,
        llm=request.llm,
        encoder=request.encoder,
        retriever=request.retriever,
        tags=request.tags,
        seed=request.seed,
        pooled=request.pooled or next(learning, IN_CONTEXT),
    )


def report(
    folders: Annotated[
        list[Path],
        typer.Argument(
            metavar="DIR...",
            help="Folders of finished runs, with their report.json.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="Folder for report.json and report.html.")
    ],
    force: Annotated[
        bool, typer.Option("--force", help="Replace a report that is there already.")
    ] = False,
) -> None:
    """Make one page with plots from several runs: of suites, of grids, or both."""
    from tailorlm.evaluation.report import check_folder, write_report
    from tailorlm.evaluation.runs import load_run, report_of_runs

    if any(folder.resolve() == out.resolve() for folder in folders):
        raise InputError(f"{out} is one of the runs. Give another folder to --out.")
    runs = [load_run(folder) for folder in folders]
    check_folder(out, replace=force)
    with show.working("Drawing"):
        json_path, html_path = write_report(report_of_runs(runs), out, replace=force)
    show.line(f"Wrote {html_path} and {json_path}.")
