"""Several processes at once, and processes that are killed in the middle of their work."""

import os
import random
import subprocess
import sys
import time
from itertools import chain

import pytest
from tests.store.turns import make_turn

from tailorlm.store import open_store
from tailorlm.types import Statement

pytestmark = pytest.mark.whole

APPEND = """
import sys
from tailorlm.store import open_store
from tailorlm.types import Statement
url, name, count = sys.argv[1:]
store = open_store(url)
print("ready", flush=True)
sys.stdin.readline()
for i in range(int(count)):
    event = store.append("ana", Statement(f"{name} {i}"), key=f"{name} {i}")
    print(event.id, flush=True)
"""

RANK = """
import sys
from tailorlm.store import open_store
from tailorlm.types import Ranking
store = open_store(sys.argv[1])
for i in range(200):
    event = store.append("ana", Ranking("t1", ((2,), (0,), (1,))), key=f"{sys.argv[2]} {i}")
    print(event.id, flush=True)
"""


def start(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_together(processes):
    for process in processes:
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate() for process in processes]
    assert [errors for _, errors in outputs] == [""] * len(processes)
    return [output.split() for output, _ in outputs]


def test_writers_on_one_user_lose_nothing(store_url, store):
    names = ["one", "two", "three"]
    printed = run_together([start(APPEND, store_url, name, "60") for name in names])
    log = list(store.events("ana"))
    assert [event.position for event in log] == list(range(1, 181))
    assert sorted(event.id for event in log) == sorted(chain.from_iterable(printed))
    for name in names:  # each writer's own order is kept
        texts = [e.payload.text for e in log if e.payload.text.startswith(name)]
        assert texts == [f"{name} {i}" for i in range(60)]


def test_the_same_keys_at_once_are_one_event_each(store_url, store):
    printed = run_together([start(APPEND, store_url, "same", "40") for _ in range(2)])
    assert printed[0] == printed[1]
    assert [event.id for event in store.events("ana")] == printed[0]


def test_killed_writers_lose_nothing_acknowledged(store_url, store):
    store.append("ana", make_turn("t1"))
    rng = random.Random(11)
    acknowledged = []
    for round_ in range(3):
        process = start(RANK, store_url, str(round_))
        goal = rng.randrange(5, 120)
        lines = [process.stdout.readline() for _ in range(goal)]
        time.sleep(rng.random() * 0.003)
        process.kill()
        # Not communicate(), which leaves out what a buffer of readline() holds already.
        rest = process.stdout.read()
        assert process.stderr.read() == ""
        process.wait()
        process.stdout.close()
        process.stderr.close()
        process.stdin.close()
        # A line cut off by the kill was acknowledged all the same, but cannot be read whole.
        lines += [line for line in rest.splitlines(keepends=True) if line.endswith("\n")]
        acknowledged += [line.strip() for line in lines]
    log = list(store.events("ana"))
    ids = [event.id for event in log]
    assert set(acknowledged) <= set(ids)
    assert len(acknowledged) <= len(ids) - 1 <= len(acknowledged) + 2 * 3
    assert [event.position for event in log] == list(range(1, len(log) + 1))
    assert len({event.key for event in log}) == len(log)
    again = open_store(store_url)
    assert again.append("ana", Statement("Still here.")).position == len(log) + 1
    again.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_uses_connections_of_its_own(store_url, store):
    store.append("ana", Statement("Parent."))
    child = os.fork()
    if child == 0:
        try:
            store.append("ana", Statement("Child."))
            store.close()
        finally:
            os._exit(0)
    for _ in range(5):
        store.append("ana", Statement("Parent."))
    os.waitpid(child, 0)
    texts = [event.payload.text for event in store.events("ana")]
    assert sorted(texts) == ["Child."] + ["Parent."] * 6
