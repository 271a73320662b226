"""Tokens, masks and order: arithmetic without a model."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailorlm.training.batches import (
    IGNORED,
    Example,
    collate,
    epoch_order,
    fit_example,
    hold_out,
    steps_per_epoch,
)


def test_prompts_are_read_and_not_learned() -> None:
    batch = collate([Example((5, 6, 7, 8), 2), Example((9, 9), 1)], fill=0)
    np.testing.assert_array_equal(batch.ids, [[5, 6, 7, 8], [9, 9, 0, 0]])
    np.testing.assert_array_equal(batch.mask, [[1, 1, 1, 1], [1, 1, 0, 0]])
    hidden = IGNORED
    np.testing.assert_array_equal(
        batch.labels, [[hidden, hidden, 7, 8], [hidden, 9, hidden, hidden]]
    )
    assert batch.targets == 3


@pytest.mark.parametrize(
    ("longest", "expected"),
    [(9, (1, 2, 3, 7, 8)), (5, (1, 2, 3, 7, 8)), (4, (1, 2, 3, 7)), (3, None)],
)
def test_a_long_target_is_cut_at_its_end(longest: int, expected: tuple[int, ...] | None) -> None:
    example = fit_example([1, 2, 3], [7, 8], longest)
    assert (None if example is None else example.ids) == expected
    assert fit_example([1], [], 9) is None


examples = st.builds(
    lambda prompt, target: Example((*prompt, *target), len(prompt)),
    st.lists(st.integers(1, 50), max_size=6),
    st.lists(st.integers(1, 50), min_size=1, max_size=6),
)


@given(st.lists(examples, min_size=1, max_size=5))
def test_a_batch_holds_every_example_and_nothing_else(batch: list[Example]) -> None:
    made = collate(batch, fill=0)
    assert made.mask.sum() == sum(len(example.ids) for example in batch)
    assert (made.labels != IGNORED).sum() == made.targets
    for row, example in enumerate(batch):
        assert tuple(made.ids[row][made.mask[row] == 1]) == example.ids
        learned = made.labels[row][made.labels[row] != IGNORED]
        assert tuple(learned) == example.ids[example.prompt :]


@given(st.integers(1, 60), st.floats(0, 0.99), st.integers(0, 5))
def test_what_is_held_out_is_not_learned(count: int, share: float, seed: int) -> None:
    learned, held = hold_out(count, share, seed)
    assert sorted([*learned, *held]) == list(range(count))
    assert learned
    assert bool(held) == (share > 0 and count > 1)
    assert (learned, held) == hold_out(count, share, seed)


def test_each_epoch_has_an_order_of_its_own_that_the_seed_decides() -> None:
    orders = [epoch_order(20, seed, epoch) for seed in (0, 1) for epoch in (1, 2)]
    assert all(sorted(order) == list(range(20)) for order in orders)
    assert len({tuple(order) for order in orders}) == 4
    assert epoch_order(20, 1, 2) == orders[-1]
    assert [steps_per_epoch(count, 4) for count in (1, 4, 5)] == [1, 1, 2]
