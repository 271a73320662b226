"""A memory grows without changing, is the same however it grew, and survives bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.methods.logs import HashEncoder

from tailorlm.encoders.base import MAX_READ
from tailorlm.errors import InputError, StateError
from tailorlm.retrievers import Item, Memory

ENCODER = HashEncoder()
ITEMS = (
    Item("I prefer tea", "tea", "statement", 10.0, 3),
    Item("A letter to Ms. Sato about the lease", "", "document", 20.0, 5),
    Item("", "", "turn", 30.0, 6),
    Item("ünïcode 東京 हिन्दी \ud800", "東", "turn", 40.0, 6),
    Item("tea tea tea", "", "rule", 50.0, 9),
)

items = st.builds(
    Item,
    text=st.text(max_size=40),
    shown=st.text(max_size=10),
    kind=st.sampled_from(["turn", "document", "rule"]),
    time=st.floats(-1e12, 1e12),
    position=st.integers(0, 9),
)


@given(st.lists(items, max_size=12), st.integers(0, 12), st.integers(1, 8), st.booleans())
def test_growing_item_by_item_equals_filling_at_once(
    new: list[Item], cut: int, limit: int, stem: bool
) -> None:
    whole = Memory(limit, stem).add(new, ENCODER)
    halves = Memory(limit, stem).add(new[:cut], ENCODER).add(new[cut:], ENCODER)
    single = Memory(limit, stem)
    for item in new:
        single = Memory.from_bytes(single.add([item], ENCODER).to_bytes())
    assert whole == halves == single
    assert len(whole) == min(len(new), limit)
    assert whole == Memory.from_bytes(whole.to_bytes())


@given(st.lists(items, max_size=12), st.sets(st.integers(0, 9)))
def test_forgetting_equals_never_having_added(new: list[Item], gone: set[int]) -> None:
    left = [item for item in new if item.position not in gone]
    # What an empty memory never saw, it cannot have the vectors' length of.
    expected = Memory().add([*left, Item("end")], ENCODER)
    assert Memory().add(new, ENCODER).forget(gone).add([Item("end")], ENCODER) == expected


def test_items_come_back_as_they_were_given() -> None:
    memory = Memory().add(ITEMS, ENCODER)
    assert [memory[i] for i in (0, 1, 2, 4)] == [ITEMS[i] for i in (0, 1, 2, 4)]
    assert memory[3].text == "ünïcode 東京 हिन्दी ?"
    assert [item.wording for item in (memory[0], memory[1])] == ["tea", ITEMS[1].text]
    assert memory.kinds == ("statement", "document", "turn", "turn", "rule")
    assert memory.times.tolist() == [10, 20, 30, 40, 50]
    with pytest.raises(IndexError, match="the memory has 5"):
        memory[5]


def test_nothing_changes_a_memory() -> None:
    memory = Memory(limit=4).add(ITEMS[:4], ENCODER)
    before = memory.to_bytes()
    for other in (
        memory.add(ITEMS[4:], ENCODER),
        memory.forget([6]),
        memory.replace(5, ITEMS[4:], ENCODER),
        memory.only("turn"),
    ):
        assert other != memory
    assert memory.to_bytes() == before
    assert memory.add([], ENCODER) is memory
    assert memory.forget([99]) is memory
    assert memory != "memory"


def test_the_oldest_leave_a_full_memory() -> None:
    memory = Memory(limit=3).add(ITEMS, ENCODER)
    assert [memory[i].position for i in range(3)] == [6, 6, 9]
    assert memory == Memory(limit=3).add(ITEMS[2:], ENCODER)


def test_replacing_takes_out_all_items_of_an_event() -> None:
    memory = Memory().add(ITEMS, ENCODER).replace(6, [Item("new", position=6)], ENCODER)
    assert [memory[i].position for i in range(len(memory))] == [3, 5, 9, 6]


def test_only_some_kinds() -> None:
    memory = Memory().add(ITEMS, ENCODER)
    assert memory.only("turn") == Memory().add(ITEMS[2:4], ENCODER)
    assert memory.only("statement", "document", "turn", "rule") is memory
    assert len(memory.only("none")) == 0


def test_vectors_are_near_the_encoders() -> None:
    memory = Memory().add(ITEMS, ENCODER)
    exact = ENCODER.encode([item.text for item in ITEMS])
    assert np.abs(memory.vectors - exact).max() <= np.abs(exact).max() / 254 + 1e-7


def test_long_texts_are_kept_by_their_beginning() -> None:
    memory = Memory().add([Item("word " * 400_000 + "needle")], None)
    assert len(memory[0].text) == MAX_READ
    assert not len(memory.matches("needle").items)
    assert memory.matches("words").counts.tolist() == [MAX_READ / 5]


def test_what_does_not_fit_is_refused() -> None:
    memory = Memory().add(ITEMS, ENCODER)
    with pytest.raises(InputError, match="24 dimensions and the encoder's 0"):
        memory.add(ITEMS, None)
    with pytest.raises(InputError, match="not a number"):
        memory.add([Item("x", time=float("nan"))], ENCODER)
    with pytest.raises(InputError, match="at least one item"):
        Memory(limit=0)


def test_damaged_bytes_are_refused() -> None:
    data = Memory().add(ITEMS, ENCODER).to_bytes()
    damaged = [b"", b"not a memory" * 9, data[:-1], data + b"x", data[:20], b"XXXX" + data[4:]]
    for place in range(4, len(data) - len(b"rule" + ITEMS[4].text.encode())):
        changed = bytearray(data)
        changed[place] ^= 0xFF
        damaged.append(bytes(changed))
    refused = 0
    for bad in damaged:
        try:
            memory = Memory.from_bytes(bad)
        except StateError:
            refused += 1
        else:
            # What cannot be told from sound bytes must at least be usable.
            assert [memory[i] for i in range(len(memory))]
            memory.matches("tea")
    assert refused > 30
