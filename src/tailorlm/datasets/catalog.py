"""All data sets that can be read, by name.

Nothing is listed by hand: the modules of this folder that have ``CARDS`` say what they read.
"""

from __future__ import annotations

import functools
import importlib
import pkgutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from tailorlm.datasets.card import Card
from tailorlm.errors import InputError, UnknownNameError
from tailorlm.hub import download_dataset

_FOLDER = "tailorlm.datasets"
_announced: set[str] = set()


@functools.cache
def cards() -> Mapping[str, Card]:
    """Every card by name, sorted."""
    folder = importlib.import_module(_FOLDER)
    modules = sorted(module.name for module in pkgutil.iter_modules(folder.__path__))
    found = [
        card
        for module in modules
        for card in getattr(importlib.import_module(f"{_FOLDER}.{module}"), "CARDS", ())
    ]
    return {card.name: card for card in sorted(found, key=lambda card: card.name)}


def find_card(name: str) -> Card:
    """The card of a name; case, blanks and hyphens make no difference.

    Raises:
        UnknownNameError: If no data set has that name, with a near one.
    """
    wanted = name.strip().casefold().replace("-", "_").replace(" ", "_")
    known = cards()
    if wanted not in known:
        raise UnknownNameError("data set", name, known, "tailorlm data list names them all.")
    return known[wanted]


def open_dataset(
    name: str,
    data: str | Path,
    split: str = "",
    *,
    say: Callable[[str], object] | None = None,
) -> Iterator[Any]:
    """The rows of a data set, as the dataclasses of its module.

    The licence is said when a data set is first opened, and never twice in a process.

    Args:
        name: Which data set.
        data: The folder that holds data sets, each in a folder of its name, or the folder of this
            one.
        split: Which split; "" for the first of the card.
        say: Told the licence; None to write it to standard error.

    Raises:
        InputError: If there is no such data set or split, it is not in the folder, or its files
            are not as described, with the row.
    """
    card = find_card(name)
    if split and split not in card.splits:
        raise UnknownNameError(f"split of {card.name}", split, card.splits)
    folder = card.where(data) or (Path(data) if card.is_in(data) else None)
    if folder is None:
        raise InputError(missing(card, data))
    announce_licence(card, say)
    return iter(card.open(folder, split or card.splits[0]))


def announce_licence(card: Card, say: Callable[[str], object] | None = None) -> None:
    """Say what a data set may be used for, the first time in this process that it is asked for."""
    if card.name in _announced:
        return
    _announced.add(card.name)
    text = f"{card.name}: {card.licence}"
    if say is None:
        sys.stderr.write(f"{text}\n")
    else:
        say(text)


def get_dataset(name: str, out: str | Path) -> Path:
    """Download a data set from the hub.

    Args:
        name: Which data set.
        out: The folder that its files go to.

    Returns:
        The folder.

    Raises:
        UnknownNameError: If no data set has that name.
        InputError: If the hub does not have it or cannot be reached; says what to do instead.
        MissingExtraError: If the hub's library is not installed.
    """
    card = find_card(name)
    out = Path(out)
    if not card.hub:
        raise InputError(
            f"{card.name} is not on the hub. Get it from {card.source} and put "
            f"{' or '.join(card.files)} into {out}." + (f" {card.note}" if card.note else "")
        )
    download_dataset(card.hub, out, card.hub_files)
    return out


def missing(card: Card, data: str | Path) -> str:
    """What to do when a data set is not in a folder."""
    way = f"Run: tailorlm data get {card.name} --out {Path(data) / card.name}"
    if not card.hub:
        way = f"Get it from {card.source}"
    names = " or ".join(repr(name) for name in dict.fromkeys((card.name, *card.folders)) if name)
    return (
        f"{data} does not hold {card.name}: expected {' or '.join(card.files)} in its folder "
        f"{names}. {way}."
    )
