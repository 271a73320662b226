"""`tailorlm train`: personal models, trained on this machine."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from tailorlm.cli import show
from tailorlm.cli.options import JsonOption
from tailorlm.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailorlm.training._run import OnStep
    from tailorlm.training.log import Step, TrainingLog
    from tailorlm.training.pairs import Pair

_HOW = "How it is trained"

PairsOption = Annotated[
    Path | None,
    typer.Option("--pairs", metavar="FILE", help='JSON Lines of {"input": ..., "target": ...}.'),
]
EmailsOption = Annotated[
    Path | None,
    typer.Option(
        "--emails", metavar="FILE", help="JSON Lines of mails: subject, intent, rules or body."
    ),
]
TargetOption = Annotated[
    Literal["rules", "text"],
    typer.Option("--target", help="Of mails: learn their rules, or the mails themselves."),
]
AuthorOption = Annotated[
    str | None, typer.Option("--author", metavar="NAME", help="Of mails: only this author's.")
]
BaseOption = Annotated[
    str,
    typer.Option(
        "--base",
        metavar="MODEL",
        help="The model to adapt: a folder, a .gguf file or a hub name.",
        show_default=False,
    ),
]
FolderOption = Annotated[
    Path,
    typer.Option("--out", metavar="DIR", help="Folder for the adapter.", show_default=False),
]


def _option(name: str, text: str, metavar: str | None = None, **settings: Any) -> Any:
    return typer.Option(name, help=text, metavar=metavar, rich_help_panel=_HOW, **settings)


RankOption = Annotated[int, _option("--rank", "Rank and alpha of LoRA.", "N")]
RateOption = Annotated[float, _option("--learning-rate", "Of AdamW, constant.", "X")]
EpochsOption = Annotated[int, _option("--epochs", "Passes over the pairs.", "N")]
BatchOption = Annotated[int, _option("--batch-size", "Pairs per step.", "N")]
LengthOption = Annotated[
    int, _option("--max-tokens", "Longest pair in tokens; longer targets are cut.", "N")
]
HeldOutOption = Annotated[
    float, _option("--held-out", "Share of pairs to choose the best step by; 0 for none.", "X")
]
PatienceOption = Annotated[
    int, _option("--patience", "Epochs without a better loss on them to stop after.", "N")
]
CheckpointOption = Annotated[
    int, _option("--checkpoint-every", "Steps between two checkpoints.", "N")
]
QuantizeOption = Annotated[
    bool | None,
    _option(
        "--quantize/--no-quantize",
        "4-bit weights (QLoRA). \\[default: where CUDA and bitsandbytes are]",
        show_default=False,
    ),
]
MemoryOption = Annotated[float, _option("--memory-gb", "Most memory of a CUDA device.", "X")]
DeviceOption = Annotated[
    str | None,
    _option("--device", "As torch names it. \\[default: CUDA where there is]", "NAME"),
]
SeedOption = Annotated[int, _option("--seed", "Seed of all choices.", "N", min=0)]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace what the folder holds of another run.")
]


def agent(
    base: BaseOption,
    out: FolderOption,
    pairs: PairsOption = None,
    emails: EmailsOption = None,
    target: TargetOption = "rules",
    author: AuthorOption = None,
    rank: RankOption = 16,
    learning_rate: RateOption = 2e-4,
    epochs: EpochsOption = 3,
    batch_size: BatchOption = 4,
    max_tokens: LengthOption = 1024,
    held_out: HeldOutOption = 0.1,
    patience: PatienceOption = 2,
    checkpoint_every: CheckpointOption = 50,
    quantize: QuantizeOption = None,
    memory_gb: MemoryOption = 16.0,
    device: DeviceOption = None,
    seed: SeedOption = 0,
    force: ForceOption = False,
    json: JsonOption = False,
) -> None:
    """Train a preference agent: a small model that gives the rules for a text.

    Writes a LoRA adapter, which `--llm local/DIR` uses, and training_log.json. A run that was
    interrupted goes on from its last checkpoint when it is started again with the same options.
    """
    from tailorlm.training import AgentSettings, train_agent

    settings = AgentSettings(
        rank=rank,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=batch_size,
        max_tokens=max_tokens,
        held_out=held_out,
        patience=patience,
        checkpoint_every=checkpoint_every,
        quantize=quantize,
        memory_gb=memory_gb,
        seed=seed,
    )
    found, task = _pairs(pairs, emails, target, author)
    with training_progress() as on_step:
        log = train_agent(
            found,
            base,
            out,
            settings,
            task=task,
            device=device,
            replace_old=force,
            on_step=on_step,
        )
    if json:
        show.as_json(_summary(log, out))
    else:
        _tell(log, out)


def compare(
    logs: Annotated[
        list[Path],
        typer.Argument(
            help="training_log.json of two runs or more, or the folders that hold them.",
            metavar="LOG...",
            show_default=False,
        ),
    ],
    json: JsonOption = False,
) -> None:
    """Compare training runs: where each began, what it came to, and its curve."""
    from tailorlm.training import read_log
    from tailorlm.training.compare import compare_logs

    comparison = compare_logs([read_log(path) for path in logs])
    if json:
        show.as_json(comparison.rows())
    else:
        show.stdout().print(comparison)


def _pairs(
    pairs: Path | None, emails: Path | None, target: Literal["rules", "text"], author: str | None
) -> tuple[list[Pair], str]:
    """What to learn, and what it is called in the log."""
    from tailorlm.training import email_pairs, read_pairs

    if pairs is not None and emails is None:
        if author is not None or target != "rules":
            raise InputError(
                "--author and --target go with --emails; pairs are learned as they are."
            )
        return read_pairs(pairs), "pairs"
    if emails is not None and pairs is None:
        return email_pairs(emails, target, author=author), target
    raise InputError("Say what to learn from: either --pairs FILE or --emails FILE.")


@contextlib.contextmanager
def training_progress() -> Iterator[OnStep]:
    """A bar with the latest loss, on a terminal."""
    from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    console = show.stderr()
    columns = (
        *Progress.get_default_columns()[:2],
        MofNCompleteColumn(),
        TextColumn("loss {task.fields[loss]}"),
        TimeRemainingColumn(),
    )
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as progress:
        task = progress.add_task("Loading the model", total=None, loss="–")

        def on_step(step: Step, total: int) -> None:
            progress.update(
                task,
                description="Training",
                completed=step.step,
                total=total,
                loss=f"{step.loss:.3f}",
            )

        yield on_step


def _summary(log: TrainingLog, out: Path) -> dict[str, Any]:
    checks = [check.loss for check in log.checks]
    return {
        "out": str(out),
        "task": log.task,
        "pairs": log.pairs,
        "held_out": log.held_out,
        "steps": len(log.steps),
        "first_epoch_loss": log.epoch_loss(log.epochs[0]),
        "last_epoch_loss": log.epoch_loss(log.epochs[-1]),
        "held_out_before": checks[0] if checks else None,
        "held_out_best": min(checks) if checks else None,
        "best_step": log.best_step,
        "stopped": log.stopped,
        "seconds": sum(step.seconds for step in log.steps),
    }


def _tell(log: TrainingLog, out: Path) -> None:
    """What came of it, in a few lines."""
    row = _summary(log, out)
    show.line(
        f"Learned {log.task} from {show.counted(log.pairs, 'pair')} in "
        f"{show.counted(row['steps'], 'step')} "
        f"({row['seconds']:.0f} s, {log.parameters:,} weights, on {log.device})."
    )
    show.line(
        f"Loss per token: {row['first_epoch_loss']:.3f} in the first epoch, "
        f"{row['last_epoch_loss']:.3f} in the last."
    )
    if row["held_out_best"] is not None:
        show.line(
            f"On {log.held_out} held out: {row['held_out_before']:.3f} before, "
            f"{row['held_out_best']:.3f} at step {log.best_step}, which is kept."
        )
    if log.held_out and log.best_step == 0:
        show.notice("Nothing held out got better, so the adapter changes nothing. Train longer.")
    if log.cut:
        show.notice(f"Cut to --max-tokens: {show.counted(log.cut, 'target')}.")
    if log.left_out:
        show.notice(f"Left out, too long for --max-tokens: {show.counted(log.left_out, 'pair')}.")
    show.line(f"Use it as: --llm local/{out}")
