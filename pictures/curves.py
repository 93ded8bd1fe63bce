"""Charts of lines: the funnel of one survey result over all reviews, and an indicator over the years.

Every function gives the text of an SVG file (see pictures.plots). Lines are named where they end, points
differ in shape, and what the chart says stands under it in words. All lengths are CSS pixels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

from comparison.funnel import BEYOND_95, BEYOND_998, INSIDE
from comparison.indicators import PeriodReadings, Series, shown
from comparison.surveys import Drawn, Funnel, Place, describe_spread
from pictures.plots import (
    ACCENT,
    GROUND,
    INK,
    MARGIN,
    QUIET,
    SMALL,
    WIDE,
    Paper,
    as_svg,
    paper,
    text_width,
    wrapped,
)
from rules.words import listed, percent

if TYPE_CHECKING:
    from pictures.plots import Axes

HIGH, LEFT, LINE_HEIGHT, GAP = 300, 48, 15, 6
"""Of the field, of the room for its numbers, of a line of text, and between names."""
MOST_NAMED = 8
"""Authorities beyond the limits that are named in the chart at most; all are in its description."""
LONGEST_NAME = 110
"""Room for the name of an authority in the field, before it goes on in the next line."""
SIGNS = {INSIDE: ("o", GROUND), BEYOND_95: ("^", GROUND), BEYOND_998: ("^", INK)}
"""Shape and filling of a point above the pooled share; below it triangles stand on their head."""


def funnel_plot(found: Funnel, width: int = WIDE) -> str:
    """Every authority's share by its base, between the limits with over-dispersion and by chance alone.

    The review's own point is a named diamond. Raises ValueError for a funnel that is not drawn.
    """
    if found.drawn is None:
        raise ValueError("this funnel is not drawn")
    drawn = found.drawn
    labels = _line_labels(drawn)
    room = max(text_width(text, SMALL) for text, *_ in labels) + 2 * GAP
    under = wrapped(_funnel_words(found), width - 2 * MARGIN, SMALL)
    title = f"{found.question}: {found.group}"
    with paper(title, width, HIGH, left=LEFT, below=48 + len(under) * LINE_HEIGHT) as page:
        axes = page.axes
        seen = [place for place in found.places if place.position]
        last = max(drawn.limits.base)
        inner = page.width - LEFT - MARGIN
        axes.set_xlim(0, last * inner / (inner - room))
        axes.set_ylim(*_reach([place.share for place in seen], drawn))
        for _, values, style in labels:
            axes.plot(drawn.limits.base, values, **style)
        _name_ends(axes, last, [(text, values[-1], style["color"]) for text, values, style in labels])
        for place in seen:
            _point(axes, place, drawn.target)
        _name_points(axes, seen, last)
        axes.set_xlabel("how many answered")
        axes.xaxis.set_major_formatter(lambda value, _: shown(value))
        axes.set_ylabel("percent positive")
        _shown_ticks(axes, last)
        _under(page, under)
        return as_svg(page, _funnel_described(found))


class Look(TypedDict):
    """How a line looks, as matplotlib is told."""

    color: str
    linewidth: float
    linestyle: NotRequired[str]


def _line_labels(drawn: Drawn) -> list[tuple[str, Sequence[float], Look]]:
    """The name, the heights and the style of every line."""
    allowed, chance = drawn.limits, drawn.by_chance_alone
    target = [drawn.target] * len(allowed.base)
    lines: list[tuple[str, Sequence[float], Look]] = [
        (f"pooled {percent(drawn.target / 100, decimals=1)}", target, {"color": INK, "linewidth": 1.5})
    ]
    for name, style, low, high in (
        ("95 %", "--", allowed.low_95, allowed.high_95),
        ("99.8 %", "-", allowed.low_998, allowed.high_998),
    ):
        look: Look = {"color": ACCENT, "linewidth": 1.2, "linestyle": style}
        lines += [(name, low, look), (name, high, look)]
    if drawn.tau:
        for name, low, high in (
            ("95 % by chance", chance.low_95, chance.high_95),
            ("99.8 % by chance", chance.low_998, chance.high_998),
        ):
            look = {"color": QUIET, "linewidth": 0.9, "linestyle": ":"}
            lines += [(name, low, look), (name, high, look)]
    return lines


def _reach(shares: Sequence[float], drawn: Drawn) -> tuple[float, float]:
    """The lowest and the highest percentage of the field."""
    low = min(*shares, *drawn.limits.low_998, *drawn.by_chance_alone.low_998)
    high = max(*shares, *drawn.limits.high_998, *drawn.by_chance_alone.high_998)
    return max(-2.0, low - 3), min(102.0, high + 3)


def _name_ends(axes: Axes, last: float, ends: Sequence[tuple[str, float, str]]) -> None:
    """Names beside the ends of lines, moved apart where they would touch."""
    bottom, top = axes.get_ylim()
    pixel = (top - bottom) / HIGH
    ordered = sorted(ends, key=lambda end: end[1])
    heights = [height for _, height, _ in ordered]
    heights[0] = max(heights[0], bottom + GAP * pixel)
    for number in range(1, len(heights)):
        heights[number] = max(heights[number], heights[number - 1] + 12 * pixel)
    heights[-1] = min(heights[-1], top - GAP * pixel)
    for number in range(len(heights) - 2, -1, -1):
        heights[number] = min(heights[number], heights[number + 1] - 12 * pixel)
    wide = _pixel_wide(axes)
    for (text, end, color), height in zip(ordered, heights, strict=True):
        axes.plot([last, last + GAP * wide], [end, height], color=color, linewidth=0.6)
        axes.text(last + (GAP + 2) * wide, height, text, size=SMALL, color=color, va="center")


def _pixel_wide(axes: Axes) -> float:
    start, end = axes.get_xlim()
    return float((end - start) / axes.get_window_extent().width)


def _point(axes: Axes, place: Place, target: float) -> None:
    shape, filling = SIGNS[place.position]
    if shape == "^" and place.share < target:
        shape = "v"
    size = 6.5
    if place.own:
        shape, filling, size = "D", ACCENT, 9
    axes.plot(
        [place.base or 0],
        [place.share],
        shape,
        color=ACCENT if place.own else INK,
        markerfacecolor=filling,
        markersize=size,
        zorder=4 if place.own else 3,
    )


def _named(seen: Sequence[Place]) -> list[Place]:
    """The review's own place, and those beyond the limits that may be named, the farthest limit first."""
    own = [place for place in seen if place.own]
    beyond = [place for place in seen if not place.own and place.position != INSIDE and place.review]
    return own + sorted(beyond, key=lambda place: place.position != BEYOND_998)[:MOST_NAMED]


Box = tuple[float, float, float, float]
"""Left, bottom, right and top of a text."""


def _name_points(axes: Axes, seen: Sequence[Place], last: float) -> None:
    """Names beside points, the review's own first; a name that would lie over another one is left out."""
    field = axes.get_window_extent()
    taken: list[Box] = []
    for place in _named(seen):
        lines = wrapped(place.authority, LONGEST_NAME, SMALL, bold=place.own)
        wide = max(text_width(line, SMALL, bold=place.own) for line in lines)
        high = len(lines) * LINE_HEIGHT
        x, y = axes.transData.transform((place.base or 0, place.share))
        before = (place.base or 0) > last / 2
        for to_left, up in product((before, not before), (0, high, -high)):
            left = x - 8 - wide if to_left else x + 8
            box = (left, y + up - high / 2, left + wide, y + up + high / 2)
            inside = box[0] >= field.x0 and box[2] <= field.x1 and box[1] >= field.y0 and box[3] <= field.y1
            if (inside or (place.own and not taken)) and not any(_touch(box, other) for other in taken):
                taken.append(box)
                _write_name(axes, place, "\n".join(lines), (-8 if to_left else 8, up))
                break


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _write_name(axes: Axes, place: Place, name: str, away: tuple[float, float]) -> None:
    axes.annotate(
        name,
        (place.base or 0, place.share),
        xytext=away,
        textcoords="offset points",
        ha="right" if away[0] < 0 else "left",
        va="center",
        size=SMALL,
        weight="bold" if place.own else "normal",
        color=INK,
        zorder=5,
        bbox={"facecolor": GROUND, "edgecolor": "none", "pad": 0.8, "alpha": 0.75},
    )


def _shown_ticks(axes: Axes, last: float) -> None:
    """Numbers under the lines only, not under their names."""
    axes.set_xticks([tick for tick in axes.get_xticks() if 0 <= tick <= last])
    low, high = axes.get_ylim()
    axes.set_yticks([tick for tick in axes.get_yticks() if max(0, low) <= tick <= min(100, high)])


def _under(page: Paper, lines: Sequence[str]) -> None:
    for number, line in enumerate(reversed(lines)):
        at = (MARGIN / 2 + 4 + number * LINE_HEIGHT) / page.height
        page.figure.text(MARGIN / page.width, at, line, size=SMALL, color=QUIET)


def _funnel_words(found: Funnel) -> str:
    """What stands under the chart."""
    said = (
        f"Diamond: this review. Triangles: beyond the 95 % limits; filled: beyond 99.8 %. {_own_words(found)}"
    )
    missing = [place for place in found.places if place.not_shown and not place.own]
    if missing:
        said += f" Not shown, for an unknown base or too few answers: {len(missing)}."
    return f"{said} {describe_spread(found)}"


def _own_words(found: Funnel) -> str:
    own = next((place for place in found.places if place.own), None)
    if own is None:
        return ""
    if own.not_shown:
        return f"This review is not shown: {own.not_shown}."
    where = own.position if own.position == INSIDE else f"{own.position}, {own.side} the pooled share"
    return f"This review: {shown(own.share)} % of {shown(own.base)}, {where}."


def _funnel_described(found: Funnel) -> str:
    """All the chart shows, for those who do not see it."""
    beyond = [
        f"{place.authority} {shown(place.share)} % of {shown(place.base)} ({place.position}, {place.side})"
        for place in found.places
        if place.position not in ("", INSIDE)
    ]
    inside = sum(place.position == INSIDE for place in found.places)
    listed = f"Beyond the limits: {'; '.join(beyond) or 'none'}. Inside them: {inside}."
    return f"{describe_spread(found)} {_own_words(found)} {listed}"


def trend_plot(found: Series, width: int = WIDE) -> str:
    """An indicator over its periods with its comparators; which direction is better stands under it."""
    under = wrapped(found.said, width - 2 * MARGIN, SMALL)
    title = f"{found.name} ({found.strand.replace('-', ' ')})"
    compared = _compared(found)
    names = {reading.comparator_name or "comparator" for _, readings in compared for reading in readings}
    room = max([text_width(name, SMALL) for name in names], default=0) + 3 * GAP
    largest = text_width(shown(_largest(found)), SMALL)
    left = max(LEFT + 12, largest + 30)
    with paper(title, width, HIGH * 2 / 3, left=left, below=30 + len(under) * LINE_HEIGHT) as page:
        axes = page.axes
        when = _times(found)
        inner = page.width - left - MARGIN
        space = when[-1] - when[0]
        before = (max(largest, 40) / 2 + 8) * space / inner or 0.5
        axes.set_xlim(when[0] - before, when[0] - before + (space + 2 * before) * inner / (inner - room))
        values = [
            [reading.value for reading in period.readings if reading.value is not None]
            for period in found.periods
        ]
        # Where nothing is published the line has a gap.
        means = [sum(some) / len(some) if some else math.nan for some in values]
        axes.plot(when, means, color=ACCENT, linewidth=1.8)
        for number, (time, some) in enumerate(zip(when, values, strict=True)):
            axes.plot([time] * len(some), some, "o", color=ACCENT, markersize=6)
            beside = [means[at] for at in (number - 1, number + 1) if 0 <= at < len(means) and values[at]]
            # At the foot of a fall the line comes from above.
            above = -16 if beside and min(beside) > means[number] else 9
            for value in sorted(set(some)):
                _number(axes, time, value, above)
        _draw_comparators(axes, when, compared)
        low, high = axes.get_ylim()
        axes.set_ylim(low - (high - low) * 0.12, high + (high - low) * 0.12)
        axes.yaxis.set_major_formatter(lambda value, _: shown(value))
        _period_ticks(axes, when, found.periods, inner - room)
        axes.set_ylabel(found.unit)
        _under(page, under)
        return as_svg(page, _trend_described(found))


def _largest(found: Series) -> float:
    """The number that takes most room on the axis."""
    numbers = [
        abs(number)
        for period in found.periods
        for reading in period.readings
        for number in (reading.value, reading.comparator)
        if number is not None
    ]
    return max(numbers)


Compared = list[tuple[int, list[Any]]]
"""Which period, and its values that have a comparator."""


def _compared(found: Series) -> Compared:
    all_of = [
        (number, [reading for reading in period.readings if reading.comparator is not None])
        for number, period in enumerate(found.periods)
    ]
    return [(number, readings) for number, readings in all_of if readings]


def _draw_comparators(axes: Axes, when: Sequence[float], compared: Compared) -> None:
    """A dashed line for every name, named at its last point."""
    names = sorted({reading.comparator_name for _, readings in compared for reading in readings})
    for name in names:
        points = [
            (when[number], reading.comparator)
            for number, readings in compared
            for reading in readings
            if reading.comparator_name == name
        ]
        times, heights = [time for time, _ in points], [height for _, height in points]
        axes.plot(times, heights, "--s", color=QUIET, markersize=5, markerfacecolor=GROUND, linewidth=1.2)
        for time, height in sorted(set(points)):
            _number(axes, time, height, -14)
        axes.annotate(
            name or "comparator",
            (times[-1], heights[-1]),
            xytext=(8, 0),
            textcoords="offset points",
            size=SMALL,
            color=QUIET,
            va="center",
        )


def _number(axes: Axes, time: float, value: float, above: float) -> None:
    axes.annotate(
        shown(value), (time, value), xytext=(0, above), textcoords="offset points", size=SMALL, ha="center"
    )


def _times(found: Series) -> list[float]:
    """Where the periods stand: in the middle of the time they mean, or one after another."""
    by_time = found.ordered_by == "time"
    return [period.middle if by_time else float(number) for number, period in enumerate(found.periods)]


def _period_ticks(axes: Axes, when: Sequence[float], periods: Sequence[PeriodReadings], room: float) -> None:
    """The periods under their points; where they would touch, those in between are left out."""
    wide = _pixel_wide(axes)
    kept: list[int] = []
    for number in reversed(range(len(periods))):
        gap = (text_width(periods[number].period, SMALL) + 8) * wide
        if not kept or when[kept[-1]] - when[number] >= gap:
            kept.append(number)
    axes.set_xticks([when[number] for number in kept], [periods[number].period for number in kept])


def _trend_described(found: Series) -> str:
    values = "; ".join(
        f"{period.period}: " + listed(_with_comparator(reading) for reading in period.readings)
        for period in found.periods
    )
    return f"{found.said} Values: {values}."


def _with_comparator(reading: Any) -> str:
    if reading.comparator is None:
        return str(reading.words)
    return f"{reading.words} ({reading.comparator_name or 'comparator'} {shown(reading.comparator)})"
