"""A chart of shares, as a report shows them: one bar a row, its interval, and the range of other reviews."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pictures.plots import (
    ACCENT,
    EDGE,
    GROUND,
    INK,
    LINE,
    MARGIN,
    NARROW,
    PALE,
    QUIET,
    SMALL,
    TEXT,
    WIDE,
    Paper,
    as_png,
    as_svg,
    paper,
    wrapped,
)

if TYPE_CHECKING:
    from pictures.plots import Axes

BESIDE, SHOWN, GAP, LINE_HEIGHT, BAR, AXIS = 214, 52, 9, 15, 16, 40
"""Room for names beside the bars, for values behind them, between rows; heights of lines, bars, the scale."""
STEPS = 5


@dataclass(frozen=True)
class Share:
    """One row: its name, its value as it is read, and where its bar ends."""

    name: str
    shown: str
    value: float
    interval: tuple[float, float] | None = None
    others: tuple[float, float] | None = None
    """The lowest and the highest value of the other reviews."""


@dataclass(frozen=True)
class Shares:
    """A chart of shares with all its words, in whichever language."""

    title: str
    described: str
    """The chart in words, for those who do not see it."""
    axis: str
    rows: Sequence[Share]
    interval: str = "95 % interval"
    others: str = "Lowest to highest of the other reviews"
    most: float = 100.0


def shares_plot(chart: Shares, width: int = WIDE) -> str:
    """The chart as the text of an SVG file, without its title, which the page shows."""
    with _sheet(chart, width) as page:
        _draw(page, chart)
        return as_svg(page, chart.described)


def shares_picture(chart: Shares, width: int = WIDE, dots: int = 200) -> bytes:
    """The chart as a PNG file with so many dots to the inch, for what shows no SVG."""
    with _sheet(chart, width) as page:
        _draw(page, chart)
        return as_png(page, dots)


def _start(width: int) -> int:
    """Where bars begin: beside the names, or at the edge, below them, where the chart is narrow."""
    return BESIDE if width >= (WIDE + NARROW) / 2 else 0


def _names(width: int) -> int:
    return BESIDE - 12 if _start(width) else width - 2 * MARGIN


def _height(width: int, name: str) -> float:
    lines = len(wrapped(name, _names(width))) * LINE_HEIGHT
    return (max(lines, BAR) if _start(width) else lines + 3 + BAR) + GAP


def _signs(chart: Shares) -> list[tuple[str, str]]:
    said = []
    if any(row.others for row in chart.rows):
        said.append(("others", chart.others))
    if any(row.interval for row in chart.rows):
        said.append(("interval", chart.interval))
    return said


def _sheet(chart: Shares, width: int) -> Any:
    height = (
        sum(_height(width, row.name) for row in chart.rows) + AXIS + len(_signs(chart)) * (LINE_HEIGHT + 4)
    )
    return paper(chart.title, width, height, below=MARGIN, title_drawn=False)


def _draw(page: Paper, chart: Shares) -> None:
    width, whole = page.width - 2 * MARGIN, sum(_height(page.width, row.name) for row in chart.rows)
    axes = page.axes
    axes.set_axis_off()
    axes.set_xlim(0, width)
    axes.set_ylim(whole + AXIS + len(_signs(chart)) * (LINE_HEIGHT + 4), 0)
    start = _start(page.width)
    per = (width - start - SHOWN) / chart.most
    words = partial(axes.text, size=SMALL, color=QUIET)
    for number in range(STEPS + 1):
        x = start + per * chart.most * number / STEPS
        axes.plot([x, x], [0, whole], color=LINE, linewidth=0.8, zorder=0)
        words(x, whole + 13, f"{chart.most * number / STEPS:g}", ha="center" if number else "left")
    words(start, whole + 30, chart.axis)
    y = 0.0
    for row in chart.rows:
        _draw_row(axes, row, page.width, y, per)
        y += _height(page.width, row.name)
    y = whole + AXIS
    for sign, said in _signs(chart):
        if sign == "others":
            _range(axes, start + 2, start + 28, y)
        else:
            _whisker(axes, start + 2, start + 28, y + BAR / 2)
        words(start + 36, y + 12, said)
        y += LINE_HEIGHT + 4


def _draw_row(axes: Axes, row: Share, width: int, y: float, per: float) -> None:
    lines, start = wrapped(row.name, _names(width)), _start(width)
    high = len(lines) * LINE_HEIGHT
    at = y + max(0.0, (BAR - high) / 2) if start else y
    for number, line in enumerate(lines):
        axes.text(0, at + 11 + number * LINE_HEIGHT, line, size=TEXT)
    top = y + max(0.0, (high - BAR) / 2) if start else y + high + 3
    if row.others:
        _range(axes, start + per * row.others[0], start + per * row.others[1], top)
    axes.barh(top + 4, per * row.value, BAR - 8, start, align="edge", facecolor=ACCENT)
    furthest = max([row.value, *(row.interval or ()), *(row.others or ())])
    if row.interval:
        _whisker(axes, start + per * row.interval[0], start + per * row.interval[1], top + BAR / 2)
    axes.text(start + per * furthest + 6, top + 12, row.shown, size=TEXT, weight="bold")


def _range(axes: Axes, left: float, right: float, top: float) -> None:
    axes.barh(
        top, right - left, BAR, left, align="edge", facecolor=PALE, edgecolor=EDGE, linewidth=0.8, zorder=0.5
    )


def _whisker(axes: Axes, left: float, right: float, y: float) -> None:
    # Light around dark: it is seen on a bar as well as beside it.
    for colour, wide in ((GROUND, 3.6), (INK, 1.3)):
        axes.plot([left, right], [y, y], color=colour, linewidth=wide, solid_capstyle="butt")
        for end in (left, right):
            axes.plot([end, end], [y - 4, y + 4], color=colour, linewidth=wide)
