"""How long reading a profile takes in a large database: 100,000 users with 50 events each.

    python bench/profile_reads.py [--quick] [--store URL] [--json FILE]

Users rank three answers in 25 turns; forty are made in the loop, and the others are their copies
under new ids (`_made_users.py`), so that tables and indexes have their real sizes: 10 GB in all.
Then the profiles of users drawn at random are read, each by the facade (the store's rows, the
state, the explained profile) and over HTTP from `tailorlm serve`, one at a time. Without --store
the database is a SQLite file; a PostgreSQL URL must name an empty database. The processor's time
stands beside the wall time, because a busy machine changes it less.
"""

from __future__ import annotations

import argparse
import http.client
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import _one_core  # noqa: F401 - before numpy
import numpy as np
import sqlalchemy as sa
from _made_users import fill, originals, user_id
from _rows import Row, print_rows, write_rows
from _servers import first_line, process

from tailorlm.store.address import parse_address
from tailorlm.store.database import make_backend
from tailorlm.store.schema import events, states, users
from tailorlm.tailor import Tailor

BENCH = "profile_reads"
LIMIT_MS = 5.0


def timed(read: Callable[[str], object], names: list[str]) -> tuple[list[float], list[float]]:
    """Wall and processor milliseconds of every read."""
    wall, busy = [], []
    for name in names:
        start, cpu = time.perf_counter(), time.process_time()
        read(name)
        wall.append(1000 * (time.perf_counter() - start))
        busy.append(1000 * (time.process_time() - cpu))
    return wall, busy


def over_http(url: str, names: list[str]) -> list[float]:
    """Wall milliseconds of reads from a server, on one connection."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname or "", address.port)

    def read(name: str) -> None:
        connection.request("GET", f"/tailor/v1/profile?user={name}")
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise SystemExit(f"The server answered {answer.status}.")

    timed(read, names[:50])
    return timed(read, names)[0]


def sizes(url: str) -> dict[str, int]:
    """Rows of the tables."""
    engine = make_backend(parse_address(url)).make_engine()
    with engine.connect() as connection:
        found = {
            table.name: int(
                connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
            )
            for table in (users, states, events)
        }
    engine.dispose()
    return found


def measure(url: str, count: int, reads: int, rng: np.random.Generator) -> list[Row]:
    """Rows of one database."""
    kind = url.partition(":")[0]
    names = [user_id(int(number)) for number in rng.integers(1, count + 1, reads)]
    with Tailor(url) as tailor:
        timed(tailor.profile, names[:50])
        wall, busy = timed(tailor.profile, names)
    command = [str(Path(sys.executable).parent / "tailorlm"), "serve", "--port", "0"]
    command += ["--store", url, "--llm", "builtin"]
    with process(command, first_line, COLUMNS="200") as (line, _):
        address = next(word for word in line.split() if word.startswith("http"))
        served = over_http(address, names)
    return [
        Row(BENCH, f"{kind}, {case}", f"p{p}, ms", float(np.percentile(times, p)), limit)
        for case, times in (("facade", wall), ("facade, cpu", busy), ("over HTTP", served))
        for p, limit in ((50, None), (95, LIMIT_MS))
    ]


def main() -> None:
    """Build what is missing, read, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 users and fewer reads")
    parser.add_argument("--store", help="URL of an empty database, or of one built by this")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--reads", type=int, default=2_000)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    count, reads, people = given.users, given.reads, 40
    if given.quick:
        count, reads, people = 2_000, 300, 10
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        url = given.store or f"sqlite:///{folder}/tailor.db"
        with Tailor(url) as tailor:
            built = next(tailor.users(), None) is not None
        if not built:
            took = fill(url, count, originals(people, 25, rng))
            print(f"copied {people} users to {count:,} in {took:.0f} s")
        rows_there = sizes(url)
        print(", ".join(f"{n:,} {table}" for table, n in rows_there.items()))
        rows = measure(url, rows_there["users"], reads, rng)
    print_rows(BENCH, rows, "limit")
    write_rows(given.json, rows)


if __name__ == "__main__":
    main()
