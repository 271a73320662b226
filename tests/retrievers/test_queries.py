"""Query construction."""

from __future__ import annotations

from tailorlm.retrievers import Item, Memory
from tailorlm.retrievers.queries import expanded, with_attributes, with_history
from tailorlm.types import Context, Message

HISTORY = (
    Message("user", "I need a bread recipe"),
    Message("assistant", "Here is one with wheat."),
    Message("user", "Less salt"),
)


def test_history_is_the_users_own() -> None:
    context = Context("And for two?", HISTORY)
    assert with_history(context) == "I need a bread recipe\nLess salt\nAnd for two?"
    assert with_history(context, latest=1) == "Less salt\nAnd for two?"
    assert with_history(context, latest=0) == "And for two?"
    assert with_history(Context("Hi")) == "Hi"


def test_attributes_stand_behind_the_query_by_name() -> None:
    assert with_attributes("Hi", {"job": "cook", "city": "Porto"}) == "Hi\ncity: Porto\njob: cook"
    assert with_attributes("Hi", {}) == "Hi"


def test_a_query_grows_by_what_the_first_items_share() -> None:
    texts = ["rye bread with seeds", "wheat bread with seeds", "a dog with a ball"]
    memory = Memory().add([Item(text) for text in texts], None)
    query = expanded("bread", memory, [0, 1], words=1)
    assert query == "bread\nseed"
    assert expanded("bread", memory, []) == "bread"
    assert expanded("rye bread with seeds", memory, [0]) == "rye bread with seeds"
