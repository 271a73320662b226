"""Where units run: here, in threads, in processes, or on Ray."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from multiprocessing import get_context, parent_process
from multiprocessing.process import BaseProcess
from threading import Thread
from typing import Any, Literal, TypeVar, get_args

from tailorlm.errors import MissingExtraError, UnknownNameError

Item = TypeVar("Item")
Result = TypeVar("Result")
Engine = Literal["auto", "threads", "processes", "ray"]
ENGINES: tuple[str, ...] = get_args(Engine)


def fan_out(
    perform: Callable[[Item], Result], items: Sequence[Item], engine: str, workers: int
) -> Iterator[Result]:
    """What `perform` makes of every item, as each is finished, in any order.

    Args:
        perform: For processes and Ray it must be possible to pickle it, the items and the results.
        items: What is to be done.
        engine: "threads", "processes" or "ray".
        workers: How many run side by side, from 1; one that is not Ray's runs here.

    Raises:
        UnknownNameError: If there is no such engine.
        MissingExtraError: If it is not installed.
    """
    if engine not in ENGINES:
        raise UnknownNameError("engine", engine, ENGINES)
    if engine == "ray":
        yield from _on_ray(perform, items, workers)
    elif workers == 1 or len(items) < 2:
        yield from map(perform, items)
    elif engine == "processes":
        # Started anew rather than forked: a copy of a process with threads may hang.
        pool = ProcessPoolExecutor(workers, get_context("spawn"), initializer=_watch_parent)
        yield from _in(pool, perform, items)
    else:
        yield from _in(ThreadPoolExecutor(workers, "tailorlm-grid"), perform, items)


def _in(
    pool: Executor, perform: Callable[[Item], Result], items: Iterable[Item]
) -> Iterator[Result]:
    try:
        for future in as_completed([pool.submit(perform, item) for item in items]):
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _watch_parent() -> None:
    """Have this process end when the one that started it was killed; else it would wait for it."""
    parent = parent_process()
    if parent is not None:
        Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: BaseProcess) -> None:
    parent.join()
    os._exit(1)


def _on_ray(
    perform: Callable[[Item], Result], items: Sequence[Item], workers: int
) -> Iterator[Result]:
    try:
        import ray
    except ImportError:
        raise MissingExtraError("The engine ray", "ray") from None
    started = not ray.is_initialized()
    if started:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is sent to anybody
        # A cluster that is there already has as many processors as it has.
        size: dict[str, Any] = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": workers}
        ray.init(include_dashboard=False, log_to_driver=False, configure_logging=False, **size)
    try:
        task = ray.remote(perform_one)
        shared, waiting = ray.put(perform), list(reversed(items))
        running: list[Any] = []
        while waiting or running:
            while waiting and len(running) < workers:
                running.append(task.remote(shared, waiting.pop()))
            (done, *_), running = ray.wait(running)
            yield ray.get(done)
    finally:
        if started:
            ray.shutdown()


def perform_one(perform: Callable[[Item], Result], item: Item) -> Result:
    """What Ray calls."""
    return perform(item)
