"""`tailorlm data pairs`: what users gave, as comparisons to train on."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tailorlm.cli import show
from tailorlm.cli.options import JsonOption, Setup, StoreOption, open_log

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tailorlm.datasets.comparisons import Comparison
    from tailorlm.store import Store

_KINDS = ("ranking", "pick", "edit", "rating")

OutOption = Annotated[
    Path,
    typer.Option("--out", metavar="FILE", help="The file, JSON Lines.", show_default=False),
]
UserOption = Annotated[
    list[str] | None,
    typer.Option("--user", metavar="ID", help="Only this user; may be given again."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace the file if it exists.")]


def pairs(
    out: OutOption,
    user: UserOption = None,
    force: ForceOption = False,
    json: JsonOption = False,
    store: StoreOption = None,
) -> None:
    """Write what users preferred as comparisons, which `tailorlm train` learns from.

    Rankings, picks, edits and ratings of the log; where feedback was corrected, the newest counts.
    """
    from tailorlm.datasets.comparisons import write_comparisons

    counts: Counter[str] = Counter()
    with closing(open_log(Setup(store=store))) as opened, show.working("Reading…"):
        names = user or [found.user for found in opened.users()]
        written = write_comparisons(out, _found(opened, names, counts), replace=force)
    if json:
        used = {kind: counts[kind] for kind in _KINDS}
        left = {"equal": counts["equal"], "alone": counts["alone"]}
        row = {"file": str(out), "comparisons": written, "users": counts["users"]}
        show.as_json(row | {"used": used, "left_out": left})
        return
    used_text = ", ".join(show.counted(counts[kind], kind) for kind in _KINDS if counts[kind])
    show.line(
        f"{out}: {show.counted(written, 'comparison')} of {show.counted(counts['users'], 'user')}"
        + (f", from {used_text}." if used_text else ".")
    )
    if counts["equal"]:
        show.notice(f"Left out, both texts the same: {show.counted(counts['equal'], 'pair')}.")
    if counts["alone"]:
        show.notice(
            f"Left out, nothing to compare with: {show.counted(counts['alone'], 'rating')}."
        )


def _found(store: Store, users: list[str], counts: Counter[str]) -> Iterator[Comparison]:
    """The comparisons of users, one after the other; `counts` also has who gave any."""
    from tailorlm.training.logged import logged_comparisons

    for user in users:
        is_counted = False
        for comparison in logged_comparisons(list(store.events(user)), counts):
            counts["users"] += not is_counted
            is_counted = True
            yield comparison
