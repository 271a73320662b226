"""Curves as lines of text, for a terminal and for a page of plain text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

Points = Sequence[tuple[float, float]]

MARKS = "*o+x#"
"""What the curves are drawn with, in order."""


def smoothed(points: Points, window: int) -> list[tuple[float, float]]:
    """Points whose height is the mean of up to `window` finite ones that end there."""
    kept = [(x, y) for x, y in points if math.isfinite(y)]
    means = []
    for place, (x, _) in enumerate(kept):
        near = [y for _, y in kept[max(0, place + 1 - window) : place + 1]]
        means.append((x, sum(near) / len(near)))
    return means


def draw(
    series: Mapping[str, Points],
    *,
    x_label: str,
    y_label: str,
    width: int = 68,
    height: int = 14,
) -> str:
    """Curves over one pair of axes, the vertical one from 0.

    Args:
        series: The points of each curve, with finite heights from 0.
        x_label: What is counted along.
        y_label: What is counted upwards.
        width: Columns of the drawing, without the axis.
        height: Lines of the drawing, without the axis.
    """
    points = [point for curve in series.values() for point in curve]
    right = max((x for x, _ in points), default=1.0)
    left = min((x for x, _ in points), default=0.0)
    top = max((y for _, y in points), default=1.0) or 1.0
    cells = [[" "] * width for _ in range(height)]
    for mark, curve in zip(MARKS * len(series), series.values(), strict=False):
        for x, y in curve:
            column = round((x - left) / ((right - left) or 1) * (width - 1))
            line = height - 1 - round(y / top * (height - 1))
            cells[line][column] = mark
    lines = [y_label]
    for number, cell in enumerate(cells):
        value = top * (height - 1 - number) / (height - 1)
        label = f"{value:6.2f}" if number % 3 == 0 or number == height - 1 else " " * 6
        lines.append(f"{label} |{''.join(cell)}".rstrip())
    lines.append(" " * 6 + " +" + "-" * width)
    ends = f"{left:g}" + f"{right:g}".rjust(width - len(f"{left:g}"))
    lines.append(" " * 8 + ends)
    marked = zip(MARKS * len(series), series, strict=False)
    legend = "   ".join(f"{mark} {name}" for mark, name in marked)
    lines.append(" " * 8 + f"{x_label}   {legend}")
    return "\n".join(lines)
