"""`tailorlm keys`: who may use the gateway."""

from __future__ import annotations

from contextlib import closing
from dataclasses import asdict
from typing import Annotated, cast

import typer

from tailorlm.cli import show
from tailorlm.cli.options import JsonOption, Setup, StoreOption, open_log

_SHOWN = 50


def add(
    scope: Annotated[
        str,
        typer.Argument(
            help="admin (everything), app (its own users) or user (one user).", show_default=False
        ),
    ],
    app: Annotated[str, typer.Option("--app", metavar="NAME", help="Whose users are meant.")] = "",
    user: Annotated[str, typer.Option("--user", metavar="ID", help="For the scope user.")] = "",
    label: Annotated[str, typer.Option("--label", metavar="TEXT", help="What it is for.")] = "",
    per_minute: Annotated[
        int, typer.Option("--per-minute", metavar="N", help="Requests it may make.")
    ] = 600,
    json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Make a key and show it, once."""
    from tailorlm.store.keys import Scope

    with closing(open_log(Setup(store=store), new=True)) as opened:
        key, secret = opened.keyring.add(
            cast("Scope", scope), app=app, user=user, label=label, per_minute=per_minute
        )
    if json:
        show.as_json({**asdict(key), "secret": secret})
        return
    show.line(secret)
    show.notice(f"This is key {key.id}. It is shown this once; only a hash of it is kept.")


def list_(json: JsonOption = False, store: StoreOption = None) -> None:
    """List the keys, without their secrets."""
    with closing(open_log(Setup(store=store))) as opened:
        keys = opened.keyring.all()
    if json:
        show.as_json([asdict(key) for key in keys])
        return
    if not keys:
        show.line("There are no keys, so the gateway listens to this machine only.")
    for key in keys:
        whose = " ".join(filter(None, [key.scope, key.app, key.user.partition("/")[2]]))
        state = "revoked" if key.revoked is not None else "works"
        show.line(f"{key.id}  {state}  {whose}  {key.label}".rstrip())


def revoke(
    key: Annotated[str, typer.Argument(help="The key's id, from the list.", show_default=False)],
    store: StoreOption = None,
) -> None:
    """Make a key stop working, within seconds."""
    with closing(open_log(Setup(store=store))) as opened:
        opened.keyring.revoke(key)
    show.line(f"The key {key} works no more.")


def record(json: JsonOption = False, store: StoreOption = None) -> None:
    """Show what was done with keys to whose data, the newest first."""
    with closing(open_log(Setup(store=store))) as opened:
        entries = opened.keyring.record(limit=_SHOWN)
    if json:
        show.as_json([asdict(entry) for entry in entries])
        return
    for entry in entries:
        when = show.moment(entry.time)
        show.line(f"{when}  {entry.key}  {entry.action}  {entry.user}  {entry.status}")
