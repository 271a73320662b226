"""How far a grid is, as a table that is drawn again while it runs."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tailorlm.evaluation.metrics.scored import Unscored

if TYPE_CHECKING:
    from rich.console import RenderableType

    from tailorlm.evaluation.grid.performing import Given
    from tailorlm.evaluation.grid.scoring import Scores
    from tailorlm.evaluation.grid.tasks import Tasks


class _Line:
    """What one row has given by now."""

    def __init__(self) -> None:
        self.done = self.asked = self.found = self.failed = 0
        self.sums: dict[str, tuple[float, int]] = {}

    def add(self, given: Given, scores: Scores) -> None:
        self.done += 1
        self.asked += given.asked
        self.found += given.found
        self.failed += bool(given.failure)
        for metric, score in scores.items():
            if not isinstance(score, Unscored):
                total, n = self.sums.get(metric, (0.0, 0))
                self.sums[metric] = (total + score, n + 1)


class Board:
    """Rows of the grid with what they have given; rich can draw it."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._metrics: dict[str, None] = {}
        self._total = 0
        self._start = time.monotonic()

    def start(self, rows: Sequence[tuple[str, str]], tasks: Tasks) -> None:
        """Begin with every row at nothing."""
        self._lines = {row: _Line() for row, _ in rows}
        self._total = len(tasks.tasks)

    def add(self, given: Given, scores: Scores) -> None:
        """Take in what was given."""
        self._lines[given.row].add(given, scores)
        self._metrics.update(dict.fromkeys(scores))

    def __rich__(self) -> RenderableType:
        from rich import box
        from rich.table import Table

        seconds = time.monotonic() - self._start
        table = Table(box=box.SIMPLE_HEAD, caption=f"{seconds:,.0f} s", caption_justify="left")
        table.add_column("Method")
        for column in ("Queries", "Asked", "Known", "Failed", *self._metrics):
            table.add_column(column, justify="right")
        for row, line in self._lines.items():
            means = [
                f"{line.sums[name][0] / line.sums[name][1]:.3f}" if name in line.sums else "-"
                for name in self._metrics
            ]
            counts = (f"{line.asked:,}", f"{line.found:,}", f"{line.failed:,}")
            table.add_row(row, f"{line.done:,}/{self._total:,}", *counts, *means)
        return table
