"""The app: its commands, and how every one of them ends when something goes wrong."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable
from typing import Annotated, Any, NoReturn

import typer

from tailorlm import __version__
from tailorlm.cli import (
    agents,
    ask,
    backup,
    coldstart,
    data,
    data_sets,
    demo,
    downstream,
    edits,
    evaluate,
    feedback,
    grid,
    helped,
    judges,
    keys,
    lamp,
    pairs,
    preferences,
    prlhf,
    records,
    replay,
    serve,
    train,
    train_personal,
)
from tailorlm.cli.show import plain, stderr
from tailorlm.cli.start import INTERRUPTED, run
from tailorlm.errors import FormatError, TailorError

__all__ = ["app", "run"]

BUG = 70
"""Exit code of an error that tailorlm did not foresee."""
BROKEN_PIPE = 141
"""Exit code when the reader of the output went away."""

_ASKING = "Ask and answer back"
_LOOKING = "Look and manage"
_TRYING = "Try and measure"

app = typer.Typer(
    name="tailorlm",
    help="Learns how each user wants to be answered, and steers any LLM with it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"tailorlm {__version__}")
        raise typer.Exit


@app.callback()
def _about(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Learns how each user wants to be answered, and steers any LLM with it."""


def guarded(command: Callable[..., None]) -> Callable[..., None]:
    """A command that ends every failure with one line and an exit code."""

    @functools.wraps(command)
    def run_guarded(*args: Any, **kwargs: Any) -> None:
        try:
            command(*args, **kwargs)
            sys.stdout.flush()
        except (typer.Exit, typer.BadParameter):
            raise
        except (KeyboardInterrupt, typer.Abort):
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            _quiet_stdout()
            raise typer.Exit(BROKEN_PIPE) from None
        except FormatError as error:
            _fail(error.problem, error.exit_code, below=error.form)
        except TailorError as error:
            _fail(str(error), error.exit_code)
        except OSError as error:
            place = f" {error.filename}" if error.filename else ""
            _quiet_stdout()
            _fail(f"The system refused to read or write{place}: {error.strerror or error}.", 1)
        except Exception as error:  # noqa: BLE001 - whatever it is, people get one line
            _fail(
                f"This is a bug in tailorlm ({type(error).__name__}). Everything accepted so far "
                "is kept. Set TAILORLM_DEBUG=1 and run it again to see the traceback.",
                BUG,
            )

    return run_guarded


def _fail(message: str, code: int, below: str = "") -> NoReturn:
    """Print one line and what stands below it, and exit; when debugging, the exception before."""
    if os.environ.get("TAILORLM_DEBUG", "") not in {"", "0"}:
        traceback.print_exc()
    console = stderr()
    console.print("Error:", style="bold red", end=" ")
    console.print(plain(" ".join(message.split())), markup=False, highlight=False, soft_wrap=True)
    if below:
        console.print(f"\n{below}", markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(code)


def _quiet_stdout() -> None:
    """Point standard output nowhere, so that the interpreter's own last flush cannot fail."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        return
    finally:
        os.close(nowhere)


for _command, _panel in (
    (ask.ask, _ASKING),
    (feedback.rank, _ASKING),
    (feedback.pick, _ASKING),
    (feedback.edit, _ASKING),
    (feedback.rate, _ASKING),
    (feedback.say, _ASKING),
    (feedback.write, _ASKING),
    (feedback.describe, _ASKING),
    (feedback.correct, _ASKING),
    (records.profile, _LOOKING),
    (records.log, _LOOKING),
    (records.users, _LOOKING),
    (records.export, _LOOKING),
    (records.import_, _LOOKING),
    (records.erase, _LOOKING),
    (backup.backup, _LOOKING),
    (demo.demo, _TRYING),
    (replay.replay, _TRYING),
    (serve.serve, _ASKING),
):
    app.command(_command.__name__.rstrip("_"), rich_help_panel=_panel)(guarded(_command))

_GROUPS: tuple[tuple[str, str, tuple[Callable[..., None], ...]], ...] = (
    (
        "evaluate",
        "Measure annotators and methods.",
        (
            evaluate.calibrate,
            evaluate.premium,
            lamp.lamp,
            preferences.preferences,
            edits.edits,
            coldstart.coldstart,
            downstream.downstream,
            agents.agents,
            prlhf.prlhf,
            judges.judges,
            helped.helped,
            grid.grid,
            grid.report,
        ),
    ),
    (
        "data",
        "Find published data sets and make your own.",
        (
            data_sets.list_,
            data_sets.info,
            data_sets.get,
            data_sets.head,
            data.build_tager,
            pairs.pairs,
        ),
    ),
    (
        "keys",
        "Say who may use the gateway.",
        (keys.add, keys.list_, keys.revoke, keys.record),
    ),
    (
        "train",
        "Train personal models on this machine.",
        (
            train.agent,
            train_personal.sft,
            train_personal.pdpo,
            train_personal.pipo,
            train_personal.prm,
            train_personal.oppu,
            train_personal.users,
            train.compare,
        ),
    ),
)
for _group, _help, _parts in _GROUPS:
    _sub = typer.Typer(help=_help, no_args_is_help=True, rich_markup_mode="rich")
    for _part in _parts:
        _sub.command(_part.__name__.strip("_").replace("_", "-"))(guarded(_part))
    app.add_typer(_sub, name=_group, rich_help_panel=_TRYING)
