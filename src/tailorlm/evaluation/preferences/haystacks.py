"""A preference hidden among what other users said, as memories to search.

A turn here is one message of a user. Each haystack holds the messages of one preference (the
needle) and 10, 100 or 300 messages drawn without replacement from other preferences of the data
set, never from one that is worded alike. The larger haystacks hold the smaller ones. All messages
of a form are put in one random order, which is that of time, so that the needle may be new or old.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from tailorlm.datasets.prefeval import FORMS, Form, HeldPreference
from tailorlm.encoders.base import Encoder
from tailorlm.errors import InputError
from tailorlm.retrievers import Item, Memory
from tailorlm.retrievers.wording import shortened, wishes

SIZES = (10, 100, 300)
"""Messages of others that a preference is hidden among."""

Haystack = Literal["explicit", "explicit, with questions", "choice", "persona"]
HAYSTACKS: tuple[Haystack, ...] = ("explicit", "explicit, with questions", "choice", "persona")
"""In "explicit", every other message states a preference. In "explicit, with questions" it may as
well be the question that goes with one. The implicit forms have the messages of conversations."""

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Message:
    """A message of some user.

    Attributes:
        row: Place of the preference it belongs to.
        text: What the user wrote.
        before: The message before it in the same conversation; "" if there is none.
        hides: Whether it is among the messages that a haystack hides when its preference is asked
            for; questions of "explicit, with questions" are not.
    """

    row: int
    text: str
    before: str = ""
    hides: bool = True


@dataclass(frozen=True)
class World:
    """All messages of a haystack's kind, in the order of time, and what is kept of them.

    Attributes:
        messages: In order; the position of an item is its place here.
        verbatim: Every message as it was written.
        short: What the messages say of wishes, shown in fewer words; the others are not in it.
        stated: As `short`, shown as it was written.
    """

    messages: tuple[Message, ...]
    verbatim: Memory
    short: Memory
    stated: Memory


def messages_of(rows: Sequence[HeldPreference], haystack: Haystack) -> list[Message]:
    """The messages that a haystack is made of, row by row."""
    found = []
    for place, row in enumerate(rows):
        before = ""
        for text in row.messages:
            found.append(Message(place, text, before))
            before = text
        if haystack == "explicit, with questions":
            found.append(Message(place, row.question, hides=False))
    return found


def make_world(
    rows: Sequence[HeldPreference],
    haystack: Haystack,
    encoder: Encoder,
    rng: np.random.Generator,
) -> World:
    """The messages of all rows in a random order, and memories of them."""
    listed = messages_of(rows, haystack)
    messages = tuple(listed[place] for place in rng.permutation(len(listed)))
    items = [
        Item(message.text, kind="turn", time=_DAY * place, position=place)
        for place, message in enumerate(messages)
    ]
    said = [
        (found_by(message), wish, item)
        for message, item in zip(messages, items, strict=True)
        if (wish := wishes(message.text))
    ]
    stated = [
        Item(text, shown=wish, kind="statement", time=item.time, position=item.position)
        for text, wish, item in said
    ]
    short = [
        Item(text, shown=shortened(wish), kind="statement", time=item.time, position=item.position)
        for text, wish, item in said
    ]
    # All at once, since a model takes them faster so; memories then find them remembered.
    encoder.encode([item.text for item in (*items, *stated)])
    empty = Memory(limit=max(len(items), 1))
    return World(
        messages=messages,
        verbatim=empty.add(items, encoder),
        short=empty.add(short, encoder),
        stated=empty.add(stated, encoder),
    )


def found_by(message: Message) -> str:
    """What a message with a wish is found by: the wish, and what a choice was about."""
    wish = wishes(message.text)
    return f"{message.before} {wish}" if message.before and _chooses(wish) else wish


def _chooses(wish: str) -> bool:
    folded = wish.casefold()
    return any(word in folded for word in ("option", "go with", "other ones", "others", "choice"))


def needles(world: World, row: int) -> list[int]:
    """Positions of the messages that are hidden when a row's preference is asked for."""
    return [
        place
        for place, message in enumerate(world.messages)
        if message.row == row and message.hides
    ]


def distractors(
    world: World, rows: Sequence[HeldPreference], row: int, rng: np.random.Generator
) -> npt.NDArray[np.intp]:
    """Positions of messages of others in the order they are drawn, at most the largest size.

    Raises:
        InputError: If there are too few others for the smallest haystack.
    """
    alike = {place for place, other in enumerate(rows) if other.preference == rows[row].preference}
    others = np.array(
        [place for place, message in enumerate(world.messages) if message.row not in alike],
        dtype=np.intp,
    )
    if len(others) < min(SIZES):
        raise InputError(
            f"A preference is hidden among at least {min(SIZES)} messages of others, but there are "
            f"{len(others)}. Give more data."
        )
    return rng.permutation(others)[: max(SIZES)]


def within(memory: Memory, positions: Sequence[int]) -> Memory:
    """The memory with what came from these positions alone."""
    kept = set(positions)
    return memory.forget([p for p in memory.columns.positions.tolist() if p not in kept])


def form_of(haystack: Haystack) -> Form:
    """The form of the data set that a haystack is made of."""
    return next(form for form in FORMS if haystack.startswith(form))
