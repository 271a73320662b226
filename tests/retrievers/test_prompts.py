"""What is found goes into a prompt as far as a budget allows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.methods.logs import HashEncoder

from tailorlm.errors import InputError
from tailorlm.methods.base import count_tokens
from tailorlm.retrievers import Hit, Item, Memory
from tailorlm.retrievers._layout import laid_out
from tailorlm.retrievers.prompts import Fitted, fit

ENCODER = HashEncoder()


def found(*items: Item) -> tuple[Memory, list[Hit]]:
    """A memory and hits of all its items in their order."""
    memory = Memory().add(items, ENCODER)
    return memory, [Hit(i, 1.0 / (1 + i), memory[i]) for i in range(len(memory))]


def fitted(*items: Item, budget: int = 500, **settings: object) -> Fitted:
    memory, hits = found(*items)
    return fit(memory, hits, budget, count=count_tokens, **settings)


@given(
    st.lists(st.text(alphabet="ab c,;", min_size=1, max_size=40), max_size=30),
    st.integers(0, 60),
    st.booleans(),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_the_budget_holds_and_nothing_is_lost(
    texts: list[str], budget: int, grouped: bool, coverage: float
) -> None:
    memory, hits = found(*(Item(text) for text in texts))
    result = fit(memory, hits, budget, count=count_tokens, grouped=grouped, coverage=coverage)
    assert count_tokens(result.text) <= budget
    assert bool(result.text.strip()) <= bool(result.kept)
    everything = [*result.kept, *result.left_out, *result.joined]
    assert sorted(hit.index for hit in everything) == list(range(len(texts)))


def test_each_item_stands_on_a_line_with_what_it_shows() -> None:
    result = fitted(Item("I like tea very much", "tea"), Item("two\nlines"), title="Known:")
    assert result.text == "Known:\n- tea\n- two lines"
    assert [hit.index for hit in result.kept] == [0, 1]


def test_a_long_item_gives_way_to_shorter_ones_behind_it() -> None:
    result = fitted(Item("short one"), Item("long " * 50), Item("brief one"), budget=10)
    assert result.text == "- short one\n- brief one"
    assert [hit.index for hit in result.left_out] == [1]


def test_nothing_fits_and_nothing_found() -> None:
    assert fitted(Item("words"), budget=0) == Fitted("", (), fitted(Item("words")).kept, ())
    assert fitted().text == ""
    assert fitted(title="Known:").text == ""


def test_the_newest_of_near_duplicates_speaks_for_all() -> None:
    result = fitted(Item("bake rye bread"), Item("chess"), Item("bread rye bake"))
    assert [hit.item.text for hit in result.kept] == ["bread rye bake", "chess"]
    assert [hit.item.text for hit in result.joined] == ["bake rye bread"]
    apart = fitted(Item("bake rye bread"), Item("bread rye bake"), alike=2.0)
    assert len(apart.kept) == 2
    same = fitted(Item("a b", "said"), Item("c d", "said"), alike=2.0)
    assert [hit.item.text for hit in same.kept] == ["c d"]
    kinds = fitted(Item("tea", kind="rule"), Item("tea", kind="turn"))
    assert len(kinds.kept) == 2


def test_coverage_takes_the_unlike_first() -> None:
    items = (Item("tea cake milk"), Item("tea cake sugar"), Item("chess club"))
    order = [hit.index for hit in fitted(*items, coverage=0.9).kept]
    assert order == [0, 2, 1]
    assert [hit.index for hit in fitted(*items).kept] == [0, 1, 2]


@pytest.mark.parametrize(
    ("wordings", "expected"),
    [
        (["no hotels near bars", "prefer small hotels"], "hotels: no near bars | prefer small"),
        (["no fish", "no tea"], "no fish\nno tea"),
        (["no seafood", "no fried seafood"], "no seafood\nno fried seafood"),
        (["no loud music shows", "no rap music shows", "no fish"],
         "music: no loud shows | no rap shows\nno fish"),
        ([], ""),
    ],
)  # fmt: skip
def test_items_that_share_a_word_stand_behind_it(wordings: list[str], expected: str) -> None:
    assert laid_out(wordings, "", grouped=True) == expected


@given(st.lists(st.text(alphabet="no cats dogs,;-", min_size=1, max_size=30), max_size=12))
def test_grouping_never_makes_the_text_longer(wordings: list[str]) -> None:
    grouped = laid_out(wordings, "- ", grouped=True)
    assert len(grouped) <= len(laid_out(wordings, "- ", grouped=False))


@pytest.mark.parametrize("settings", [{"budget": -1}, {"coverage": -0.1}, {"coverage": 1.1}])
def test_numbers_out_of_range_are_refused(settings: dict) -> None:
    with pytest.raises(InputError, match="but got"):
        fitted(Item("x"), **settings)
