"""`tailorlm backup`: a copy of the database while it is in use."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.options import Setup, StoreOption


def backup(
    file: Annotated[Path, typer.Argument(help="Where the copy goes.", show_default=False)],
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is there already.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Copy the database to a file; the gateway and other commands may go on meanwhile.

    The copy is a database: name it with --store. It holds everybody's data, and an erasure does not
    reach it.
    """
    from tailorlm.store.backup import back_up

    size = back_up(Setup(store=store).settings().store, file, replace=force)
    show.line(f"{file}: {size:,} bytes.")
