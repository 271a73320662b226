"""`tailorlm evaluate helped`: whether personalization helps everyone."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.evaluate import FolderOption, ForceOption
from tailorlm.cli.options import EncoderOption, SeedOption, Setup
from tailorlm.errors import InputError

RunOption = Annotated[
    Path | None,
    typer.Option("--run", metavar="DIR", help="Folder of a finished grid: who was worse off."),
]
GroupsOption = Annotated[
    Path | None,
    typer.Option(
        "--groups",
        metavar="FILE",
        help='Attributes of its users as JSON, as {"ana": {"age": "30s"}}: gaps between groups.',
    ),
]
PrefevalOption = Annotated[
    Path | None,
    typer.Option(
        "--data", metavar="DIR", help="Folder with PrefEval's files: wishes out of place."
    ),
]
MethodsOption = Annotated[
    str | None,
    typer.Option(
        "--methods",
        metavar="NAMES",
        help="Methods whose prompts are looked at, and answered with --llm, separated by commas.",
    ),
]
WriterOption = Annotated[
    str | None,
    typer.Option(
        "--llm",
        metavar="NAME",
        help="Language model that is asked about facts, and by users who say who they are.",
    ),
]
AskedOption = Annotated[
    int | None,
    typer.Option(
        "--asked",
        min=1,
        metavar="N",
        help="Facts, questions and requests of each kind that it is asked. \\[default: all]",
    ),
]
RowsOption = Annotated[
    int, typer.Option("--rows", min=1, metavar="N", help="Wishes that are crossed.")
]


def helped(
    out: FolderOption,
    run: RunOption = None,
    groups: GroupsOption = None,
    data: PrefevalOption = None,
    methods: MethodsOption = None,
    rows: RowsOption = 100,
    llm: WriterOption = None,
    asked: AskedOption = None,
    force: ForceOption = False,
    encoder: EncoderOption = None,
    seed: SeedOption = None,
) -> None:
    """Ask whether personalization helps everyone.

    From a finished grid: users and queries that are worse off than without personalization, gaps
    between groups, and answers that grow alike. From PrefEval: wishes in the prompts of questions
    that they have nothing to do with. From a language model: agreement with facts stated wrongly,
    and whether it is as useful and as safe whoever the user says they are. What it said is kept in
    answers.jsonl and not asked again.
    """
    from rich.progress import Progress

    from tailorlm.datasets.prefeval import load_prefeval
    from tailorlm.encoders import create_encoder
    from tailorlm.evaluation.helped import Settings, run_helped
    from tailorlm.evaluation.helped.grids import load_groups, read_grid
    from tailorlm.evaluation.helped.suite import ANSWERS, METHODS
    from tailorlm.evaluation.judges import Answers
    from tailorlm.evaluation.report import check_folder, write_report
    from tailorlm.llms import create_llm

    setup = Setup(encoder=encoder, seed=seed).settings()
    if run is None and (groups is not None or (data is None and llm is None)):
        raise InputError(
            "There is nothing to measure. Give --run with the folder of a grid, which --groups "
            "needs as well, --data with PrefEval's files or --llm with a language model."
        )
    settings = Settings(
        methods=METHODS if methods is None else _names(methods),
        rows=rows,
        groups={} if groups is None else load_groups(groups),
        asked=asked,
        seed=setup.seed,
    )
    check_folder(out, replace=force)
    console = show.stderr()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Looking at prompts", total=None)
        report = run_helped(
            [] if run is None else read_grid(run),
            [] if data is None else load_prefeval(data, "explicit"),
            create_encoder(setup.encoder),
            settings,
            lambda done, total: progress.update(task, completed=done, total=total),
            create_llm(llm) if llm else None,
            Answers(out / ANSWERS) if llm else None,
        )
    json_path, html_path = write_report(report, out, replace=force)
    show.line(f"Wrote {html_path} and {json_path}.")


def _names(listed: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in listed.split(",") if name.strip())
