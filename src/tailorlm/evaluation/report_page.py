"""The page of a report: one HTML file without scripts that needs nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape

from tailorlm.evaluation.plots import svg
from tailorlm.evaluation.report import Bar, Cell, Grid, Report, Section

_CSS = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #5c6570; --line: #d9dee3; --page: #fff;
  --card: #f6f8fa; --good: #1a7f4b; --bad: #b3382c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa4ae; --line: #343b42;
  --page: #14181c; --card: #1c2126; --good: #55c58c; --bad: #f0857a; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1rem 1rem 4rem; background: var(--page);
  color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 1rem 0; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; padding-top: .75rem;
  border-top: 1px solid var(--line); }
p { max-width: 44rem; margin: .5rem 0; }
nav ul { columns: 16rem; padding-left: 1.2rem; }
a { color: inherit; }
.scroll { overflow-x: auto; margin: 1rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { text-align: left; font-weight: 600; padding-bottom: .35rem; }
th, td { padding: .35rem .7rem; text-align: right; border-bottom: 1px solid var(--line);
  vertical-align: top; }
th { font-weight: 600; color: var(--soft); vertical-align: bottom; }
th:first-child, td:first-child { text-align: left; padding-left: 0; min-width: 7rem; }
td small { display: block; color: var(--soft); font-size: .78rem; white-space: nowrap; }
.prose th, .prose td { text-align: left; white-space: pre-line; }
figure { margin: 1.25rem 0; }
figcaption { font-weight: 600; font-size: .92rem; }
svg { width: 100%; height: auto; max-width: 46rem; display: block; }
ol.bars { list-style: none; padding: 0; }
ol.bars li { background: var(--card); border-left: 4px solid var(--soft); margin: .5rem 0;
  padding: .5rem .75rem; border-radius: 0 .3rem .3rem 0; }
ol.bars li.met { border-color: var(--good); }
ol.bars li.missed { border-color: var(--bad); }
ol.bars b { display: block; }
.met b::after { content: " – met"; color: var(--good); }
.missed b::after { content: " – not met"; color: var(--bad); }
.unknown b::after { content: " – not measured"; color: var(--soft); }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; font-size: .92rem; }
dt { color: var(--soft); } dd { margin: 0; }
@media (max-width: 30rem) { th, td { padding: .3rem .45rem; } table { font-size: .85rem; }
  dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
""".strip()


def page(report: Report) -> str:
    """The whole page.

    Raises:
        MissingExtraError: If the report has plots and matplotlib is not installed.
    """
    sections = [_section(section, place) for place, section in enumerate(report.sections)]
    links = "".join(
        f'<li><a href="#part{place}">{escape(section.title)}</a></li>'
        for place, section in enumerate(report.sections)
    )
    body = [
        f"<h1>{escape(report.title)}</h1>",
        *_paragraphs(report.lead),
        _bars(report.bars),
        f'<nav aria-label="Contents"><ul>{links}</ul></nav>' if links else "",
        *sections,
        _about(report),
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>\n{_CSS}\n</style>\n</head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )


def _section(section: Section, place: int) -> str:
    parts = [f'<h2 id="part{place}">{escape(section.title)}</h2>', *_paragraphs(section.text)]
    parts += [_table(grid) for grid in section.grids]
    for number, plot in enumerate(section.plots):
        drawn = svg(plot, f"p{place}-{number}")
        parts.append(f"<figure><figcaption>{escape(plot.title)}</figcaption>{drawn}</figure>")
    return "\n".join(parts)


def _paragraphs(text: str) -> list[str]:
    return [f"<p>{escape(part)}</p>" for part in text.split("\n\n") if part.strip()]


def _table(grid: Grid) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in grid.header)
    lines = "".join(f"<tr>{''.join(map(_cell, line))}</tr>\n" for line in grid.lines)
    kind = ' class="prose"' if grid.prose else ""
    return (
        f'<div class="scroll" tabindex="0"><table{kind}><caption>{escape(grid.caption)}</caption>\n'
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{lines}</tbody></table></div>"
    )


def _cell(cell: Cell) -> str:
    small = f"<small>{escape(cell.interval)}</small>" if cell.interval else ""
    return f"<td>{escape(cell.text)}{small}</td>"


def _bars(bars: Iterable[Bar]) -> str:
    kinds = {True: "met", False: "missed", None: "unknown"}
    items = "".join(
        f'<li class="{kinds[bar.met]}"><b>{escape(bar.name)}</b>{escape(bar.measured)}</li>\n'
        for bar in bars
    )
    return f'<h2>Bars</h2>\n<ol class="bars">\n{items}</ol>' if items else ""


def _about(report: Report) -> str:
    items = "".join(
        f"<dt>{escape(name.replace('_', ' '))}</dt><dd>{escape(_said(value))}</dd>\n"
        for name, value in report.metadata.items()
    )
    return f"<h2>How this was made</h2>\n<dl>\n{items}</dl>" if items else ""


def _said(value: object) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{key.replace('_', ' ')} {_said(item)}" for key, item in value.items())
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value is None else str(value)
