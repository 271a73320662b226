"""What is on disk when: feedback at once, a turn at the latest with the feedback on it."""

import threading

import pytest
import sqlalchemy as sa
from tests.store.turns import make_turn, rank

from tailorlm.errors import StoreError
from tailorlm.store import StoredState, open_store
from tailorlm.types import Statement

STATE = StoredState(method="bayes_tags", fingerprint="f1", position=2, data=b"two")


@pytest.fixture
def statements():
    """Every statement that any database runs."""
    seen = []

    def note(connection, cursor, statement, *_):
        seen.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", note)
    yield seen
    sa.event.remove(sa.Engine, "before_cursor_execute", note)


def test_feedback_is_synced_and_a_turn_with_it(store, statements, request):
    def settings_of(given):
        statements.clear()
        store.save_state("ana", given) if given is STATE else store.append("ana", given)
        return [one for one in statements if "synchronous" in one]

    relaxed, strict = {
        "sqlite": ("PRAGMA synchronous = NORMAL", "PRAGMA synchronous = FULL"),
        "postgresql": ("SET LOCAL synchronous_commit = off", None),
    }[request.node.callspec.params["store_url"]]
    assert settings_of(make_turn("t1")) == [relaxed]
    assert settings_of(rank("t1")) == [strict] * (strict is not None)
    assert settings_of(Statement("Hello.")) == []
    assert settings_of(make_turn("t2")) == [relaxed]
    again = {"PRAGMA synchronous = NORMAL": []}.get(relaxed, [relaxed])  # set once a connection
    assert settings_of(STATE) == again


def test_threads_of_a_process_wait_for_each_other_for_a_while(tmp_path):
    url = f"sqlite:///{tmp_path}/tailor.db?timeout=0"
    store = open_store(url)
    inside, done = threading.Event(), threading.Event()

    def hold():
        with store._database.write():
            inside.set()
            done.wait(10)

    holder = threading.Thread(target=hold)
    holder.start()
    inside.wait(10)
    try:
        with pytest.raises(StoreError, match="locked"):
            store.append("ana", Statement("Hello."))
    finally:
        done.set()
        holder.join()
    assert store.append("ana", Statement("Hello.")).position == 1
    store.close()
