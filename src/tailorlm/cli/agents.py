"""`tailorlm evaluate agents`: preference agents on real mail."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.evaluate import FolderOption, ForceOption
from tailorlm.cli.options import EncoderOption, SeedOption, Setup

if TYPE_CHECKING:
    from tailorlm.llms.base import LLM

_MARKS = {True: "met", False: "not met", None: "not measured"}

DataOption = Annotated[
    Path,
    typer.Option(
        "--data",
        metavar="FOLDER",
        envvar="TAILORLM_DATA",
        help="Holds the folder enron_aeslc with aeslc_sent.jsonl.gz.",
        show_default=False,
        show_envvar=False,
    ),
]
RecordingsOption = Annotated[
    Path | None,
    typer.Option(
        "--recordings",
        metavar="FILE",
        help="Recorded intents, zero-shot mails and rules in JSON Lines.",
    ),
]
QuickOption = Annotated[bool, typer.Option("--quick", help="Fewer mails, in two minutes.")]
SendersOption = Annotated[
    int, typer.Option("--senders", min=2, max=26, metavar="N", help="Senders that are measured.")
]
MailsOption = Annotated[
    int | None,
    typer.Option(
        "--mails", min=2, metavar="N", help="Most test mails per sender. \\[default: all]"
    ),
]
WriterOption = Annotated[
    str | None,
    typer.Option("--llm", metavar="NAME", help="Language model that writes as well."),
]
AgentOption = Annotated[
    str | None,
    typer.Option("--agent", metavar="NAME", help="Language model that was trained to give rules."),
]
NaiveOption = Annotated[
    str | None,
    typer.Option("--naive", metavar="NAME", help="Language model that was trained on the texts."),
]
SmallOption = Annotated[
    str | None,
    typer.Option("--small", metavar="NAME", help="The small language model, untrained."),
]


def agents(
    out: FolderOption,
    data: DataOption,
    recordings: RecordingsOption = None,
    quick: QuickOption = False,
    senders: SendersOption = 5,
    mails: MailsOption = None,
    llm: WriterOption = None,
    agent: AgentOption = None,
    naive: NaiveOption = None,
    small: SmallOption = None,
    force: ForceOption = False,
    encoder: EncoderOption = None,
    seed: SeedOption = None,
) -> None:
    """Write unseen mails as their senders would, by rules of preference agents.

    Compares the agents with zero-shot and few-shot on sent mail, and every agent on the mails of
    every other sender. Writes a page for people and the numbers for programs.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    from rich.progress import Progress

    from tailorlm.encoders import create_encoder
    from tailorlm.evaluation.agents import Settings, matrix_text, run_agents
    from tailorlm.evaluation.report import write_report

    setup = Setup(encoder=encoder, seed=seed).settings()
    settings = Settings(
        data=data,
        recordings=recordings,
        quick=quick,
        writers=senders,
        mails=mails,
        seed=setup.seed,
        llm=_model(llm),
        agent=_model(agent),
        naive=_model(naive),
        small=_model(small),
    )
    console = show.stderr()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Reading mails", total=None)
        report = run_agents(
            out,
            create_encoder(setup.encoder),
            settings,
            replace=force,
            on_step=lambda what: progress.update(task, description=show.plain(what)),
        )
    json_path, html_path = write_report(report, out, replace=force)
    show.line("Permutation, author probability, normalised by agent:")
    show.line(matrix_text(report.rows))
    for bar in report.bars:
        show.line(f"{_MARKS[bar.met]:>12}  {bar.name}: {bar.measured}")
    show.line(f"Wrote {html_path} and {json_path}.")


def _model(name: str | None) -> LLM | None:
    from tailorlm.llms import create_llm

    return None if name is None else create_llm(name)
