"""The figures as plain numbers and texts: where templates put lines, marks and words.

All text of a figure is broken into lines that fit; nothing is rotated, overlapped or cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NotRequired, TypedDict

from rules.words import many

NARROW, SLIM, WIDE = "ijlI.,;:'| ", "frt!()[]-", "mwŵMWŴOQ@%&…←→↑↓"
LEAST, MOST, CELL_HEIGHT, LINE, FONT = 80.0, 125.0, 50.0, 14.0, 12.0
"""The width of a cell is between LEAST and MOST: as wide as the longest word that must stand in it."""


class TextAt(TypedDict):
    """A line of text, and where it goes."""

    x: float
    y: float
    text: str


class Block(TypedDict):
    """Lines of text; `here` where they name where the authority stands."""

    here: bool
    lines: list[TextAt]


class Label(Block):
    """The name of a level; `end`: whether its lines end at their x, or else are centred on it."""

    end: bool


class CrowdText(TextAt):
    """A line of text in a cell that several reviews share."""

    bold: bool


class CellAt(TypedDict):
    """A cell of the grid: its corner, its middle, and where its text goes."""

    x: float
    y: float
    cx: float
    cy: float
    ty: float
    here: bool
    shade: str
    chance: float | None
    texts: NotRequired[list[CrowdText]]
    """In `crowd_figure` alone."""


class Size(TypedDict):
    """How large every cell is."""

    width: float
    height: float


class GridFigure(TypedDict):
    """Where everything of the grid goes."""

    width: int
    height: int
    cell: Size
    axes: list[Block]
    cells: list[CellAt]
    labels: list[Label]
    mark: CellAt | None


class MiniCell(TypedDict):
    """A cell of a small grid."""

    x: int
    y: int
    here: bool


class MiniGrid(TypedDict):
    """A small grid."""

    width: int
    height: int
    cells: list[MiniCell]


class Step(TypedDict):
    """A step of a scale."""

    x: int
    y: float
    height: float
    filled: bool


class ScaleFigure(TypedDict):
    """Steps from worst to best."""

    width: int
    steps: list[Step]


class Band(TypedDict):
    """A stretch of a line."""

    x: float
    width: float


class Bar(TypedDict):
    """A number on a line; places are units of the figure, `low` and `high` the ends in the number's own."""

    value: float
    marks: list[float]
    band: Band | None
    low: float
    high: float


def text_width(text: str, font: float = FONT) -> float:
    """How wide a text is at the most, in the figure's units, in any of the usual fonts without serifs.

    The reader's machine chooses the font. DejaVu Sans in bold is the widest one that comes with an operating
    system: the widths are those of its letters, in four classes.
    """
    units = sum(
        0.4 if c in NARROW else 0.5 if c in SLIM else 1.11 if c in WIDE else 0.86 if c.isupper() else 0.72
        for c in text
    )
    return units * font


def wrap(text: str, width: float, font: float = FONT) -> list[str]:
    """The text in lines no wider than `width`; a word too long for a line is broken with a hyphen."""
    lines = [""]
    for word in text.split():
        while text_width(word, font) > width:
            fits = max(n for n in range(1, len(word)) if n == 1 or text_width(word[:n] + "-", font) <= width)
            lines.append(word[:fits] + "-")
            word = word[fits:]
        longer = f"{lines[-1]} {word}".strip()
        if text_width(longer, font) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return [line for line in lines if line]


def room_for(titles: Sequence[str], edge: float) -> float:
    """The width of a column whose titles wrap between words only, as far as MOST allows."""
    words = [word for title in titles for word in title.split()]
    widest = max((text_width(word) for word in words), default=0.0)
    return min(MOST, max(LEAST, widest + edge + 0.1))


def _block(lines: Sequence[str], x: float, y: float, here: bool = False) -> Block:
    return {"here": here, "lines": [{"x": x, "y": y + LINE * n, "text": t} for n, t in enumerate(lines)]}


def grid_figure(grid: Mapping[str, Any], least: float = LEAST) -> GridFigure:
    """Where everything of the grid goes: axis questions, level names, cells, and the mark.

    `grid` is what `Shown.grid` gives; where its cells have a `chance` (0 to 1), they are shaded by it. A
    cell is at least `least` wide.
    """
    columns, rows = grid["columns"], grid["rows"]
    left = room_for([row["title"] for row in rows], 8) if grid["up"] else 1.0
    across_cell = max(least, room_for(columns, 2))
    width = left + across_cell * len(columns) + 1
    up = wrap(f"↑ {grid['up']}", width - 4) if grid["up"] else []
    top = LINE * len(up) + (8 if up else 2)
    cells: list[CellAt] = []
    labels: list[Label] = []
    mark: CellAt | None = None
    for r, row in enumerate(rows):
        y = top + r * CELL_HEIGHT
        here_row = any(cell["here"] for cell in row["cells"])
        if row["title"]:
            lines = wrap(row["title"], left - 8)
            first = y + CELL_HEIGHT / 2 + 4 - LINE * (len(lines) - 1) / 2
            labels.append({**_block(lines, left - 8, first, here_row), "end": True})
        for c, cell in enumerate(row["cells"]):
            x = left + c * across_cell
            good = c / max(len(columns) - 1, 1) + (len(rows) - 1 - r) / max(len(rows) - 1, 1)
            shade = f"shade-{min(3, int(good / (2 if len(rows) > 1 else 1) * 4))}"
            chance = cell.get("chance")
            if chance is not None:
                shade = f"chance-{heat_of(chance)}"
            cells.append(
                {
                    "x": x,
                    "y": y,
                    "cx": x + across_cell / 2,
                    "cy": y + 19,
                    "ty": y + CELL_HEIGHT - 6,
                    "here": cell["here"],
                    "shade": shade,
                    "chance": chance,
                }
            )
            if cell["here"]:
                mark = cells[-1]
    bottom = top + len(rows) * CELL_HEIGHT
    deepest = 0
    for c, title in enumerate(columns):
        lines = wrap(title, across_cell - 2)
        deepest = max(deepest, len(lines))
        here = bool(grid["position"]) and any(row["cells"][c]["here"] for row in rows)
        block = _block(lines, left + (c + 0.5) * across_cell, bottom + LINE, here)
        labels.append({**block, "end": False})
    across_y = bottom + LINE * (deepest + 1) + 8
    across = wrap(f"{grid['across']} →", width - 4)
    return {
        "width": round(width),
        "height": round(across_y + LINE * (len(across) - 1) + 8),
        "cell": {"width": across_cell, "height": CELL_HEIGHT},
        "axes": [_block(up, 2, LINE - 2), _block(across, 2, across_y)],
        "cells": cells,
        "labels": labels,
        "mark": mark,
    }


def crowd_figure(grid: Mapping[str, Any]) -> GridFigure:
    """The grid with several reviews in a cell: `grid_figure`, and in every cell `texts` {x, y, text, bold}.

    `grid` is what web.compare gives: its cells hold `numbers`, those of the reviews in the list beside it. A
    cell says how many reviews it holds and is shaded by that; their numbers stand below as far as they fit.
    """
    held = [cell["numbers"] for row in grid["rows"] for cell in row["cells"]]
    figure = grid_figure(grid, least=max(text_width(many(len(numbers), "review")) + 6 for numbers in held))
    most = max(map(len, held), default=0)
    width = figure["cell"]["width"]
    for cell, numbers in zip(figure["cells"], held, strict=True):
        cell["shade"] = f"chance-{heat(len(numbers), most)}"
        count = many(len(numbers), "review")
        lines = wrap(", ".join(map(str, numbers)), width - 6)
        lines = [count, *(lines if len(lines) < 3 else ())] if numbers else []
        first = cell["y"] + CELL_HEIGHT / 2 + 4 - LINE * (len(lines) - 1) / 2
        cell["texts"] = [
            {"x": cell["cx"], "y": first + LINE * n, "text": line, "bold": n == 0}
            for n, line in enumerate(lines)
        ]
    return figure


def mini_grid(position: Sequence[Mapping[str, Any]]) -> MiniGrid:
    """A small grid for lists: cells of 11 units, and the filled one. Its words stand beside it."""
    levels = [max(p["levels"], p["level"] or 1) for p in position]
    placed = all(p["level"] for p in position)
    columns, rows = levels[0], levels[1] if len(levels) > 1 else 1
    here = None
    if placed:
        up = position[1]["level"] if len(levels) > 1 else 1
        here = (position[0]["level"] - 1, rows - up)
    cells: list[MiniCell] = [
        {"x": 1 + 11 * c, "y": 1 + 11 * r, "here": (c, r) == here}
        for r in range(rows)
        for c in range(columns)
    ]
    return {"width": 2 + 11 * columns, "height": 2 + 11 * rows, "cells": cells}


def scale_figure(level: int | None, levels: int) -> ScaleFigure:
    """Steps rising from worst to best, filled up to the level."""
    steps: list[Step] = [
        {
            "x": 1 + 9 * n,
            "y": round(15 - h, 1),
            "height": round(h, 1),
            "filled": level is not None and n < level,
        }
        for n, h in ((n, 4 + 10 * (n + 1) / levels) for n in range(levels))
    ]
    return {"width": 9 * levels + 1, "steps": steps}


def bar_figure(
    value: float | None,
    *,
    percent: bool,
    marks: Sequence[float] = (),
    ends: Sequence[float] = (),
    limits: tuple[float, float] | None = None,
) -> Bar | None:
    """A number on a line: the value, marks (comparator, thresholds) and a band (interval, worst to best).

    Percentages stand on 0 to 100, others on `limits` or on a line that holds 0 and everything given. None
    where there is nothing to show the value against.
    """
    if value is None or not (percent or limits or marks or len(ends) == 2):
        return None
    everything = [value, *marks, *ends]
    low, high = (0.0, 100.0) if percent else limits or (min(0.0, *everything), max(everything) * 1.1)
    low, high = min(low, *everything), max(high, *everything)
    span = (high - low) or 1.0

    def x(number: float) -> float:
        return round(8 + 304 * (number - low) / span, 1)

    band: Band | None = None
    if len(ends) == 2:
        band = {"x": x(min(ends)), "width": round(x(max(ends)) - x(min(ends)), 1)}
    return {
        "value": x(value),
        "marks": [x(mark) for mark in marks],
        "band": band,
        "low": low,
        "high": high,
    }


def item_bar(item: Mapping[str, Any]) -> Bar | None:
    """The bar of an evidence item's number; None for findings and for numbers that stand alone."""
    known = [item["worst"], item["best"]]
    return bar_figure(
        item["value"],
        percent=item["unit"] == "percent" and (item["value"] or 0) <= 100,
        marks=[item["comparator"]] if item["comparator"] is not None else [],
        ends=known if None not in known else [],
        limits=(1, item["scale_max"]) if item["scale_max"] else None,
    )


def measure_bar(measure: Mapping[str, Any]) -> Bar | None:
    """The bar of a measure that is a percentage, with its interval and the thresholds tested against."""
    if measure["unit"] != "%":
        return None
    known = [measure["low"], measure["high"]]
    return bar_figure(
        measure["value"],
        percent=True,
        marks=measure["thresholds"],
        ends=known if None not in known else [],
    )


def heat_of(chance: float) -> int:
    """0 for none, else 1 to 5 by fifths of certainty."""
    return 0 if not chance else min(5, 1 + int(5 * chance))


def heat(count: int, most: int) -> int:
    """0 for none, else 1 to 5 by the count's share of the largest count."""
    return 0 if not count else min(5, 1 + int(5 * (count - 1) / most))
