"""A stream whose pieces are made in a thread of its own, at the pace of whoever makes them."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator

Emit = Callable[[str], None]
Stopped = Callable[[], bool]


def in_background(work: Callable[[Emit, Stopped], None]) -> Iterator[str]:
    """The pieces that `work` puts out, as they come.

    A reader that is slow, or reads two streams by turns, holds nothing up that others wait for. A
    reader that leaves makes the second argument of `work` say so; `work` then returns when it can.

    Raises:
        Exception: What `work` raised.
    """
    pieces: queue.SimpleQueue[str | BaseException | None] = queue.SimpleQueue()
    left = threading.Event()

    def run() -> None:
        try:
            work(pieces.put, left.is_set)
        except BaseException as error:  # noqa: BLE001 - it is raised again where it is read
            pieces.put(error)
        else:
            pieces.put(None)

    threading.Thread(target=run, name="tailorlm-stream", daemon=True).start()
    try:
        while (piece := pieces.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            if piece:
                yield piece
    finally:
        left.set()
