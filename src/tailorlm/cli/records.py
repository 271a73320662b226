"""What is kept about users: `profile`, `log`, `users`, `export`, `import`, `erase`."""

from __future__ import annotations

import json as jsonlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import typer

from tailorlm.cli import show
from tailorlm.cli.options import (
    EncoderOption,
    JsonOption,
    MethodOption,
    RetrieverOption,
    Setup,
    StoreOption,
    TagsOption,
    UserArgument,
    open_log,
    open_tailor,
)
from tailorlm.cli.reading import on_terminal
from tailorlm.errors import InputError

if TYPE_CHECKING:
    from tailorlm.store import Store


def profile(
    user: UserArgument,
    everything: Annotated[
        bool, typer.Option("--all", help="Show every belief, also the unlikely ones.")
    ] = False,
    json: JsonOption = False,
    store: StoreOption = None,
    method: MethodOption = None,
    encoder: EncoderOption = None,
    retriever: RetrieverOption = None,
    tags: TagsOption = None,
) -> None:
    """Show what is believed about a user, how surely, and on what evidence."""
    setup = Setup(store=store, method=method, encoder=encoder, retriever=retriever, tags=tags)
    with show.working("Reading…"), open_tailor(setup, new=False) as tailor:
        found = tailor.profile(user)
    if json:
        show.as_json(show.profile_row(found))
    else:
        show.show_profile(found, everything=everything)


def log(user: UserArgument, json: JsonOption = False, store: StoreOption = None) -> None:
    """List everything a user asked and gave, oldest first; with --json as JSON Lines."""
    with closing(open_log(Setup(store=store))) as opened:
        events = opened.events(user)
        if not json:
            show.show_log(events)
            return
        for event in events:
            show.as_json(show.log_row(event))


def users(json: JsonOption = False, store: StoreOption = None) -> None:
    """List the users; with --json as JSON Lines."""
    with closing(open_log(Setup(store=store))) as opened:
        found = opened.users()
        if not json:
            show.show_users(found)
            return
        for user in found:
            row = {"user": user.user, "events": user.events, "last_time": user.last_time}
            show.as_json(row)


def export(
    user: UserArgument,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write to a file. \\[default: print]"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="With -o, say in JSON what was written.")
    ] = False,
    store: StoreOption = None,
) -> None:
    """Write everything about a user as JSON Lines."""
    if output is not None and output.exists() and not (force and output.is_file()):
        hint = "Choose another name or add --force." if output.is_file() else "Name a file."
        raise InputError(f"{output} exists already. {hint}")
    with closing(open_log(Setup(store=store))) as opened:
        if output is None:
            for record in opened.export(user):
                show.as_json(record)
            return
        with show.working("Exporting…"):
            written = _write_all(opened, user, output)
    if json:
        show.as_json({"user": user, "file": str(output), "events": written})
    else:
        show.line(f"Wrote {show.counted(written, 'event')} of {user} to {output}.")


def import_(
    file: Annotated[
        str,
        typer.Argument(help='A file of `tailorlm export`; "-" reads it from standard input.'),
    ],
    user: Annotated[
        str | None,
        typer.Option("--user", metavar="ID", help="Give it to this user. \\[default: as exported]"),
    ] = None,
    json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Add everything of an export to the log; what is there already is skipped."""
    with _lines(file) as lines:
        records = _records(lines, file)
        first = next(records, None)
        if first is None:
            raise InputError(f"{file[:200]} is empty. Give a file that tailorlm export wrote.")
        with closing(open_log(Setup(store=store), new=True)) as opened, show.working("Importing…"):
            added = opened.restore(chain([first], records), user=user)
    name = user if user is not None else str(first.get("user"))
    if json:
        show.as_json({"user": name, "added": added})
    elif added:
        show.line(f"Added {show.counted(added, 'event')} to {name}.")
    else:
        show.line(f"Nothing to add: {name} has all of it already.")


def erase(
    user: UserArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Remove everything about a user, for good."""
    with closing(open_log(Setup(store=store))) as opened:
        if not yes:
            _confirm(opened, user)
        with show.working("Erasing…"):
            gone = opened.erase(user)
    if json:
        show.as_json({"user": user, "events": gone.events, "states": gone.states})
    else:
        show.line(
            f"Erased {user}: {show.counted(gone.events, 'event')} and "
            f"{show.counted(gone.states, 'learned state')} are gone from the database."
        )


def _confirm(store: Store, user: str) -> None:
    """Let a person type the user's id; raise `InputError` unless they do."""
    events = store.latest_position(user)
    if not on_terminal():
        raise InputError("Erasing asks first, and there is no terminal to ask on. Add --yes.")
    show.notice(f"This removes all {show.counted(events, 'event')} of {user} for good.")
    typed = typer.prompt("Type the user's id to go on", default="", show_default=False, err=True)
    if typed != user:
        raise InputError("That is not the user's id. Nothing was erased.")


def _write_all(store: Store, user: str, target: Path) -> int:
    """Write an export to a file, whole or not at all; returns its number of events."""
    records = store.export(user)
    try:
        handle, name = tempfile.mkstemp(prefix=f".{target.name[:50]}.", dir=target.parent)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror}.") from None
    temporary = Path(name)
    count = -1  # the header is no event
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            for record in records:
                file.write(jsonlib.dumps(record, ensure_ascii=False) + "\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        raise InputError(f"{target} cannot be written: {error.strerror}.") from None
    finally:
        temporary.unlink(missing_ok=True)
    return count


@contextmanager
def _lines(file: str) -> Iterator[IO[bytes]]:
    """A file or standard input, to be read line by line."""
    if file == "-":
        yield typer.get_binary_stream("stdin")
        return
    try:
        opened = Path(file).open("rb")  # noqa: SIM115 - only opening may fail here
    except OSError as error:
        raise InputError(f"The file {file[:200]} cannot be read: {error.strerror}.") from None
    with opened:
        yield opened


def _records(lines: IO[bytes], file: str) -> Iterator[dict[str, Any]]:
    """The JSON object of each line that is not blank."""
    for number, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            record = jsonlib.loads(text)
        except (ValueError, RecursionError):
            record = None
        if not isinstance(record, dict):
            raise InputError(
                f"Line {number} of {file[:200]} is not a JSON object. "
                "Give a file that tailorlm export wrote; nothing was added."
            )
        yield record
