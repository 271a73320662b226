"""What finding a user's own texts by meaning takes: every vector compared, against an index.

    python bench/vectors.py [--quick] [--json FILE]

Prints the time of one search for the ten nearest of 1,000 to 100,000 unit vectors of 256 and of
384 dimensions, on one core: by comparing all of them, as `retrievers/dense.py` does, and in
usearch's index (`pip install usearch`, left out where it is missing) with how many of the true ten
it finds. Making the index is timed too, because a memory in a state is read back for every turn,
and an index of it would have to be made or read back with it. A user's memory keeps 2,000 items
(`retrievers.memory.LIMIT`); the limit is 5 ms, below which nobody waits for a search.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import _one_core  # noqa: F401 - before numpy
import numpy as np
import numpy.typing as npt
from _rows import Row, print_rows, write_rows

from tailorlm.retrievers.base import best_first
from tailorlm.retrievers.memory import LIMIT

BENCH = "vectors"
LIMIT_MS = 5.0
NEAREST = 10
INDEXED = 10_000
"""Largest index that is made here; one of 100,000 takes minutes on one core."""
Floats = npt.NDArray[np.float32]


def unit(rng: np.random.Generator, count: int, dim: int) -> Floats:
    """Unit vectors around a hundred centres, as texts gather around topics."""
    centres = rng.standard_normal((100, dim))
    drawn = centres[rng.integers(100, size=count)] + rng.standard_normal((count, dim))
    found: Floats = (drawn / np.linalg.norm(drawn, axis=1, keepdims=True)).astype(np.float32)
    return found


def exact(vectors: Floats, query: Floats) -> list[int]:
    """Places of the nearest, found by comparing all."""
    scores = (vectors @ query).astype(np.float64)
    return [int(place) for place in best_first(scores)[:NEAREST]]


def median_ms(search: Callable[[Floats], object], queries: Floats) -> float:
    """Median milliseconds of a search."""
    took = []
    for query in queries:
        start = time.perf_counter()
        search(query)
        took.append(1000 * (time.perf_counter() - start))
    return float(np.median(took))


def indexed(vectors: Floats, queries: Floats, case: str) -> list[Row]:
    """What an approximate index takes to make and to search, and how much it finds."""
    from usearch.index import Index  # type: ignore[import-not-found]

    start = time.perf_counter()
    index: Any = Index(ndim=vectors.shape[1], metric="cos", dtype="f32")
    index.add(np.arange(len(vectors)), vectors, threads=1)
    made = 1000 * (time.perf_counter() - start)
    hits = [
        len(set(exact(vectors, q)) & {int(key) for key in index.search(q, NEAREST, threads=1).keys})
        for q in queries
    ]
    took = median_ms(lambda query: index.search(query, NEAREST, threads=1), queries)
    return [
        Row(BENCH, case, "usearch, ms a search", took, LIMIT_MS),
        Row(BENCH, case, "usearch, ms to make the index", made, None),
        Row(BENCH, case, "usearch, share of the true ten", float(np.mean(hits)) / NEAREST, 1.0),
    ]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="up to 10,000 vectors")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    rng = np.random.default_rng(0)
    rows: list[Row] = []
    for dim in (256, 384):
        for count in (1_000, LIMIT, 10_000) if given.quick else (1_000, LIMIT, 10_000, 100_000):
            vectors, queries = unit(rng, count, dim), unit(rng, 50, dim)
            case = f"{count:,} of {dim}"
            took = median_ms(lambda query, v=vectors: exact(v, query), queries)  # type: ignore[misc]
            rows.append(Row(BENCH, case, "all compared, ms a search", took, LIMIT_MS))
            if find_spec("usearch") and count <= INDEXED:
                rows += indexed(vectors, queries, case)
    print_rows(BENCH, rows, "limit")
    write_rows(given.json, rows)


if __name__ == "__main__":
    main()
