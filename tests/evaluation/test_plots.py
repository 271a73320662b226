"""Plots: what is drawn can be told apart."""

from __future__ import annotations

import re

import pytest

from tailorlm.evaluation.plots import COLORS, svg
from tailorlm.evaluation.report import Curve, Plot

pytest.importorskip("matplotlib")


def test_no_two_curves_look_alike() -> None:
    curves = tuple(
        Curve(f"number {n}", [0, 1], [n / 12, n / 12], [n / 12] * 2, [n / 12] * 2)
        for n in range(12)
    )
    drawn = svg(Plot("Twelve", "step", "share", curves), "twelve")
    lines = re.findall(r'fill: none;( stroke-dasharray: [^;]+;)?[^"]*stroke: (#\w{6})', drawn)
    assert len({line for line in lines if line[1] in COLORS}) == len(curves)


@pytest.mark.parametrize(("label", "columns"), [("short", 3), ("a label that is rather long", 2)])
def test_a_legend_has_as_many_columns_as_fit(label: str, columns: int) -> None:
    curves = tuple(Curve(f"{label} {n}", [0, 1], [0, 1], [0, 1], [0, 1]) for n in range(4))
    drawn = svg(Plot("Four", "step", "share", curves), "four")
    places = re.findall(rf'x="([\d.]+)"[^>]*>{label} \d<', drawn)
    assert len(set(places)) == columns
