"""Plots as SVG that stands inside a page and takes its text colour from there."""

from __future__ import annotations

import io
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from tailorlm.errors import MissingExtraError
from tailorlm.evaluation.report import Dots, Heat, Plot

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLORS = ("#3b7dd8", "#d9772b", "#2e9d6a", "#8f63c9", "#8a8a8a", "#c2456f")
"""Of the curves, in order; each can be told apart on a white and on a black page."""
_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
_LEGEND_LETTERS = 72
"""As many letters of labels fit beside each other, in a font of the page's."""
_HEAT = "RdBu"
_DARK = 0.6
"""Share of the largest value from which a square is too dark for black figures."""
_INK = "#010203"
"""Stands for the page's text colour while matplotlib draws."""


def check_installed() -> None:
    """Raise `MissingExtraError` if plots cannot be drawn."""
    if find_spec("matplotlib") is None:
        raise MissingExtraError("The report's plots", "evaluation")


def svg(plot: Plot | Heat | Dots, key: str) -> str:
    """A plot as an SVG element.

    Args:
        plot: What to draw.
        key: Put before every id in it, so that several plots can stand in one page.

    Raises:
        MissingExtraError: If matplotlib is not installed.
    """
    check_installed()
    from matplotlib import style as styles
    from matplotlib.figure import Figure

    style: dict[str, Any] = {
        "svg.fonttype": "none",
        "svg.hashsalt": key,
        "font.size": 11,
        "text.color": _INK,
        "axes.labelcolor": _INK,
        "axes.edgecolor": _INK,
        "xtick.color": _INK,
        "ytick.color": _INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
    }
    stream = io.StringIO()
    with styles.context(style):
        if isinstance(plot, Heat):
            figure = Figure(figsize=(5.4, 4.2), layout="constrained")
            _draw_heat(figure, plot)
        elif isinstance(plot, Dots):
            height = 0.9 + 0.32 * len(plot.points)
            figure = Figure(figsize=(7.0, height), layout="constrained")
            _draw_dots(figure, plot)
        else:
            figure = Figure(figsize=(7.0, 3.6), layout="constrained")
            _draw(figure, plot)
        metadata: dict[str, str | None] = {"Date": None, "Creator": None}
        figure.savefig(stream, format="svg", transparent=True, metadata=metadata)
    return _inline(stream.getvalue(), plot.title, key)


def _draw(figure: Figure, plot: Plot) -> None:
    axes = figure.add_subplot()
    for place, curve in enumerate(plot.curves):
        color = COLORS[place % len(COLORS)]
        # The second time round, a colour comes with another style.
        style = _STYLES[(place + place // len(COLORS)) % len(_STYLES)]
        axes.fill_between(curve.x, curve.low, curve.high, color=color, alpha=0.15, linewidth=0)
        axes.plot(curve.x, curve.y, color=color, linestyle=style, linewidth=2, label=curve.label)
    for at, text in plot.marks:
        axes.axvline(at, color=_INK, linewidth=1, alpha=0.5)
        axes.annotate(text, (at, 1.02), ha="center", va="bottom", fontsize=9, color=_INK)
    axes.set_ylim(0, 1.04)
    axes.set_xlabel(plot.x_label)
    axes.set_ylabel(plot.y_label)
    axes.grid(axis="y", alpha=0.2)
    longest = max((len(curve.label) for curve in plot.curves), default=1)
    columns = min(3, max(1, _LEGEND_LETTERS // longest))
    figure.legend(loc="outside lower center", ncols=columns, frameon=False)


def _draw_heat(figure: Figure, heat: Heat) -> None:
    axes = figure.add_subplot()
    largest = max((abs(value) for line in heat.values for value in line), default=1.0) or 1.0
    axes.pcolormesh(heat.values, cmap=_HEAT, vmin=-largest, vmax=largest, edgecolors="white")
    axes.invert_yaxis()
    axes.set_aspect("equal")
    for y, line in enumerate(heat.values):
        for x, value in enumerate(line):
            color = "white" if abs(value) > _DARK * largest else "black"
            axes.text(x + 0.5, y + 0.5, f"{value:.2f}", ha="center", va="center", color=color)
    axes.set_xticks([x + 0.5 for x in range(len(heat.columns))], heat.columns)
    axes.set_yticks([y + 0.5 for y in range(len(heat.rows))], heat.rows)
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.set_xlabel(heat.column_label)
    axes.set_ylabel(heat.row_label)


def _draw_dots(figure: Figure, dots: Dots) -> None:
    axes = figure.add_subplot()
    for place, (_, value, low, high) in enumerate(dots.points):
        axes.plot([low, high], [place, place], color=COLORS[0], linewidth=2, alpha=0.6)
        axes.plot([value], [place], color=COLORS[0], marker="o", markersize=7)
    axes.set_yticks(range(len(dots.points)), [point[0] for point in dots.points])
    axes.set_ylim(len(dots.points) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel(dots.x_label)
    axes.grid(axis="x", alpha=0.2)


def _inline(text: str, title: str, key: str) -> str:
    """The SVG element alone, described, with ids of its own and the page's text colour."""
    text = text[text.index("<svg") :]
    text = re.sub(r'\bid="', f'id="{key}-', text)
    text = text.replace("url(#", f"url(#{key}-").replace('href="#', f'href="#{key}-')
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = text.replace(_INK, "currentColor")
    label = title.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)
