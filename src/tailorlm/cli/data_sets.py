"""`tailorlm data list|info|get|head`: published data sets, here and elsewhere."""

from __future__ import annotations

from dataclasses import asdict, is_dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tailorlm.cli import show
from tailorlm.cli.options import JsonOption

if TYPE_CHECKING:
    from tailorlm.datasets.card import Card

NameArgument = Annotated[
    str, typer.Argument(metavar="NAME", help="A name that data list gives.", show_default=False)
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="FOLDER",
        envvar="TAILORLM_DATA",
        help="Holds data sets, each in a folder of its name. \\[default: TAILORLM_DATA]",
        show_default=False,
        show_envvar=False,
    ),
]


def list_(data: DataOption = None, json: JsonOption = False) -> None:
    """List the data sets that can be read: what they are for, their licence, and which are here."""
    from rich.table import Table

    from tailorlm.datasets.catalog import cards

    found = cards().values()
    if json:
        show.as_json([_row(card, data) for card in found])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("name", "here", "use", "licence"):
        table.add_column(title, no_wrap=title in ("name", "here"))
    for card in found:
        here = "yes" if _where(card, data) else "-"
        table.add_row(card.name, here, card.use, card.terms)
    show.stdout().print(table)
    if data is None:
        show.notice("Name the folder that holds data sets by --data or TAILORLM_DATA.")


def info(name: NameArgument, data: DataOption = None, json: JsonOption = False) -> None:
    """Say what a data set is: its fields, source, citation, licence and splits."""
    from tailorlm.datasets.catalog import find_card

    card = find_card(name)
    row = _row(card, data)
    if json:
        show.as_json(row)
        return
    show.line(f"{card.name}: {card.title}", "bold")
    for label in ("use", "licence", "citation", "source", "hub", "splits", "files", "here", "note"):
        value = row[label]
        text = ", ".join(value) if isinstance(value, list) else str(value or "")
        if text or label == "here":
            show.line(f"{label + ':':<10}{text or 'no'}")
    show.line("fields:")
    for field, meaning in card.fields.items():
        show.line(f"  {field}: {meaning}")


def get(
    name: NameArgument,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="FOLDER", help="Where its files go.", show_default=False),
    ],
) -> None:
    """Download a data set from the Hugging Face hub; it needs the extra `hub`.

    What is not on the hub, or cannot be reached, is not downloaded: the message says where it is
    and where its files go.
    """
    from tailorlm.datasets.catalog import announce_licence, find_card, get_dataset

    card = find_card(name)
    if card.hub:
        announce_licence(card, show.notice)
    with show.working(f"Downloading {card.hub}"):
        folder = get_dataset(card.name, out)
    show.line(f"{folder}: {card.name}")


def head(
    name: NameArgument,
    n: Annotated[int, typer.Option("-n", min=1, metavar="N", help="How many. \\[default: 3]")] = 3,
    split: Annotated[
        str,
        typer.Option("--split", metavar="NAME", help="Which split. \\[default: the first]"),
    ] = "",
    data: DataOption = None,
) -> None:
    """Print the first rows of a data set as JSON Lines."""
    from tailorlm.datasets.catalog import find_card, open_dataset
    from tailorlm.errors import InputError

    card = find_card(name)
    if data is None:
        raise InputError(f"Name the folder that holds {card.name} by --data or TAILORLM_DATA.")
    for row in islice(open_dataset(card.name, data, split, say=show.notice), n):
        show.as_json(asdict(row) if is_dataclass(row) and not isinstance(row, type) else row)


def _where(card: Card, data: Path | None) -> Path | None:
    return None if data is None else card.where(data)


def _row(card: Card, data: Path | None) -> dict[str, Any]:
    """A card as JSON."""
    here = _where(card, data)
    return {
        "name": card.name,
        "title": card.title,
        "use": card.use,
        "terms": card.terms,
        "licence": card.licence,
        "citation": card.citation,
        "source": card.source,
        "hub": card.hub or None,
        "splits": list(card.splits),
        "files": [*card.files, *card.also],
        "fields": dict(card.fields),
        "here": None if here is None else str(here),
        "note": card.note or None,
    }
