"""`tailorlm evaluate prlhf`: personal models and rewards, as P-RLHF learns them."""

from __future__ import annotations

import os
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.evaluate import FolderOption, ForceOption
from tailorlm.cli.options import EncoderOption, SeedOption, Setup

if TYPE_CHECKING:
    from tailorlm.evaluation.prlhf.trainers import Trainers

_MARKS = {True: "met", False: "not met", None: "not measured"}
_NEEDED = ("torch", "transformers", "peft", "accelerate")

DataOption = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="DIR",
        envvar="TAILORLM_DATA",
        help="Holds the folders tldr_worker_best, popquorn and squality.",
        show_default=False,
        show_envvar=False,
    ),
]
RecordingsOption = Annotated[
    Path | None,
    typer.Option(
        "--recordings",
        metavar="DIR",
        help="Holds profiles.jsonl and profiles_users.json. \\[default: recordings beside --data]",
        show_default=False,
    ),
]
QuickOption = Annotated[bool, typer.Option("--quick", help="Everything small, in a minute or two.")]
BaseOption = Annotated[
    str,
    typer.Option(
        "--base",
        metavar="MODEL",
        help="Begin from this model instead of a small one made here: a folder, .gguf or hub name.",
        show_default=False,
    ),
]
StepsOption = Annotated[
    int | None,
    typer.Option("--steps", min=1, metavar="N", help="With --base: steps of each training."),
]
SeedsOption = Annotated[
    int | None,
    typer.Option(
        "--seeds",
        min=1,
        metavar="N",
        help="Worlds in which P-DPO and vanilla DPO are compared. \\[default: 2]",
    ),
]
PartOption = Annotated[
    list[str] | None,
    typer.Option(
        "--part",
        metavar="NAME",
        help="Only this part (conflicting, profiles, users, safety); may be given several times.",
    ),
]


def prlhf(
    data: DataOption,
    out: FolderOption,
    recordings: RecordingsOption = None,
    quick: QuickOption = False,
    base: BaseOption = "",
    steps: StepsOption = None,
    seeds: SeedsOption = None,
    part: PartOption = None,
    force: ForceOption = False,
    encoder: EncoderOption = None,
    seed: SeedOption = None,
) -> None:
    """Repeat the experiments of P-RLHF: conflicting preferences, profiles, many users, safety.

    Writes a page for people and the numbers for programs. Models are trained in the folder; a run
    that was interrupted goes on where it stopped when it is started again with the same options.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from rich.progress import MofNCompleteColumn, Progress, TimeElapsedColumn

    from tailorlm.encoders import create_encoder
    from tailorlm.evaluation.prlhf import Settings, run_prlhf
    from tailorlm.evaluation.report import write_report

    setup = Setup(encoder=encoder, seed=seed).settings()
    beside = data.parent / "recordings"
    settings = Settings(
        data=data,
        recordings=recordings or (beside if beside.is_dir() else None),
        quick=quick,
        base=base,
        steps=steps,
        seeds=seeds,
        seed=setup.seed,
        parts=tuple(part or ()),
    )
    console = show.stderr()
    columns = (*Progress.get_default_columns()[:2], MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("Reading", total=None)
        report = run_prlhf(
            out,
            create_encoder(setup.encoder),
            _trainers(),
            settings,
            replace_old=force,
            tell=lambda what, step, total: progress.update(
                task, description=show.plain(what), completed=step, total=total
            ),
        )
    json_path, html_path = write_report(report, out, replace=force)
    for bar in report.bars:
        show.line(f"{_MARKS[bar.met]:>12}  {bar.name}: {bar.measured}")
    show.line(f"Wrote {html_path} and {json_path}.")


def _trainers() -> Trainers | None:
    """Whoever trains here; None where what that needs is not installed."""
    if any(find_spec(package) is None for package in _NEEDED):
        return None
    from tailorlm.cli.prlhf_trainers import LocalTrainers

    return LocalTrainers()
